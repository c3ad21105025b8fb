//! Ranks and threads share the work, and change no bit of the result.

use super::running::{Case, read_checkpoint, read_snapshot};

/// Two bundles of columns along x, sizes that nothing divides, and a box of unequal sides.
const FORCED: &str = "
[grid]
points = [50, 15, 12]
lengths = [2.0, 1.0, 1.0]
[physics]
viscosity = 0.05
[initial]
kind = \"random\"
seed = 7
energy = 0.5
spectrum = { model = \"exponential\", peak = 2.0 }
mean_flow = [0.3, 0.0, -0.1]
[time]
cfl = 0.6
end = 0.5
[output]
directory = \"replaced\"
history = { every = 0.1 }
spectra = { every = 0.2, samples = 2 }
gradients = { every = 0.3, acceleration = true }
pdfs = { every = 0.4, samples = 2, bins = 50, acceleration = true, ranges = { v = [-2.0, 2.0] } }
invariants = { every = 0.4, samples = 2, bins = 20 }
structure_functions = { every = 0.5, separations = [0.3, 1.0], axes = [\"z\", \"x\"] }
snapshots = { every = 0.25, precision = \"double\" }
modes = { every = 0.5 }
[[output.slices]]
name = \"box\"
every = 0.1
x = [0.5, 6.0]
z = [1.0, 4.0]
precision = \"double\"
fields = [\"v\", \"vorticity\", \"pressure\", \"acceleration\", \"dissipation\"]
";

/// Ranks and threads to compare with one rank of one thread.
const LAYOUTS: [(usize, &str, &str); 6] = [
    (1, "2", "auto"),
    (2, "1", "auto"),
    (3, "2", "auto"),
    (4, "1", "auto"),
    (5, "1", "auto"),
    (7, "2", "auto"),
];

fn check(settings: &[&str]) {
    check_on(&LAYOUTS, settings);
}

/// Compares runs on `layouts`: ranks, threads and groups of ranks.
fn check_on(layouts: &[(usize, &str, &str)], settings: &[&str]) {
    let case = Case::new(FORCED);
    let solve = |ranks: usize, name: &str, threads: &str, grid: &str| {
        let grid = if grid == "auto" { String::new() } else { format!("parallel.grid={grid}") };
        let mut arguments = vec!["--quiet", "--threads", threads];
        if !grid.is_empty() {
            arguments.extend(["--set", &grid]);
        }
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        case.solve(ranks, name, &arguments);
    };
    solve(1, "reference", "1", "auto");
    let history = case.read("reference", "history.csv");
    let reference = case.snapshots("reference");
    assert_eq!(reference.len(), 3);
    assert!(case.column("reference", "step").last() > Some(&10.0), "{history}");
    assert!(case.column("reference", "injected_power")[1..].iter().all(|power| *power != 0.0));
    for &(ranks, threads, grid) in layouts {
        let name = format!("{ranks}x{threads} {grid}");
        solve(ranks, &name, threads, grid);
        assert_eq!(case.read(&name, "history.csv"), history, "{settings:?} on {name}");
        case.assert_same_records("reference", &name);
        assert_eq!(case.read(&name, "gradients.csv"), case.read("reference", "gradients.csv"));
        case.assert_same_slice("reference", &name, "box", 6);
        for (a, b) in case.modes("reference").iter().zip(case.modes(&name)) {
            assert_eq!(read_checkpoint(a), read_checkpoint(&b));
        }
        for (a, b) in reference.iter().zip(case.snapshots(&name)) {
            assert_eq!(a.file_name(), b.file_name());
            let ((time_a, step_a, a), (time_b, step_b, b)) = (read_snapshot(a), read_snapshot(&b));
            assert_eq!((time_a, step_a), (time_b, step_b));
            let same = a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()));
            assert!(same, "{settings:?} on {name}: velocities differ at t = {time_a}");
        }
    }
}

#[test]
fn with_constant_power() {
    let forcing = "forcing={ kind = 'constant_power', power = 0.2, wavenumber = 1.5 }";
    check(&[forcing]);
    check(&[forcing, "precision=single", "time.scheme=rk3"]);
}

/// Four planes with three bundles along x and three blocks of rows, of which the slice has points in one.
const GROUPED: [&str; 2] = [
    "grid={ points = [50, 40, 4], lengths = [2.0, 1.0, 0.25] }",
    "output.slices=[{ name = 'box', every = 0.1, x = [0.5, 6.0], y = [0.3, 1.5], z = [0.3, 1.2], \
     precision = 'double', fields = ['v', 'pressure', 'dissipation', 'acceleration', 'vorticity'] }]",
];

/// Groups of ranks share planes. Some members have nothing to do.
#[test]
fn in_groups_of_ranks() {
    let layouts = [
        (4, "1", "[2, 2]"),
        (4, "1", "[4, 1]"),
        (6, "2", "[2, 3]"),
        // More ranks than planes: the program makes groups.
        (8, "1", "auto"),
        (8, "1", "[1, 8]"),
    ];
    let forcing = "forcing={ kind = 'constant_power', power = 0.2, wavenumber = 1.5 }";
    let settings = [&GROUPED[..], &[forcing]].concat();
    check_on(&layouts, &settings);
    check_on(&layouts, &[&settings[..], &["parallel.exchange=all_to_all"]].concat());
    let shifted = ["grid.dealias=phase_shift", "precision=single", "time.cfl=0.4"];
    check_on(&layouts[..3], &[&settings[..], &shifted].concat());
}

#[test]
fn groups_of_ranks_are_named_and_impossible_ones_refused() {
    let case = Case::new(FORCED);
    let settings = GROUPED.map(|setting| ["--set", setting]).concat();
    let output = case.solve(8, "run", &[&settings[..], &["--dry-run"]].concat());
    assert!(output.stdout.contains("8 in 4 groups of 2 with 1 thread each"), "{}", output.stdout);
    assert!(!output.stderr.contains("warning"), "{}", output.stderr);
    for (grid, cause) in [
        (
            "[2, 3]",
            "parallel.grid = [2, 3] is not for 5 ranks; give two numbers whose product is 5",
        ),
        ("[5, 1]", "parallel.grid = [5, 1] has 5 groups of ranks for 4 z-planes"),
        ("[0, 4]", "parallel.grid[0]: is 0, must be 1 or more"),
    ] {
        let grid = format!("parallel.grid={grid}");
        let arguments = [&settings[..], &["--dry-run", "--set", &grid]].concat();
        case.run(5, "run", &arguments).assert_error(2, cause);
    }
}

/// Ranks of one node share memory by default; messages between nodes give the same.
#[test]
fn with_messages_instead_of_shared_memory() {
    let forcing = "forcing={ kind = 'constant_power', power = 0.2, wavenumber = 1.5 }";
    check(&[forcing, "parallel.exchange=all_to_all"]);
}

/// Rows are rounded to single precision in every layout, whether they travel or not.
#[test]
fn with_single_precision_transposes() {
    let forcing = "forcing={ kind = 'constant_power', power = 0.2, wavenumber = 1.5 }";
    let settings = [&GROUPED[..], &[forcing, "transpose_precision=single"]].concat();
    let layouts = [(1, "2", "auto"), (3, "1", "auto"), (4, "1", "[2, 2]"), (6, "2", "[2, 3]")];
    check_on(&layouts, &settings);
    let messages = [&settings[..], &["parallel.exchange=all_to_all"]].concat();
    check_on(&[(2, "1", "auto"), (4, "1", "[2, 2]")], &messages);
}

#[test]
fn with_constant_energy() {
    let forcing = "forcing={ kind = 'constant_energy', wavenumber = 1.5 }";
    check(&[forcing, "time.scheme=rk2"]);
    check(&[forcing, "precision=single"]);
}

/// Everything at once: a magnetic field, rotation, stratification, scalars, all kinds of damping.
const COMPOSED: [&str; 7] = [
    "physics.equation=mhd",
    "physics.magnetic={ prandtl = 0.5, hyper = { coefficient = 1e-5, order = 2.0 } }",
    "physics.rotation=[0.5, 0.0, 2.0]",
    "physics.stratification={ frequency = 3.0, prandtl = 1.0 }",
    "physics.scalars=[{ name = 'dye', schmidt = 2.0, gradient = [0.0, 1.0, 0.5] }, \
     { name = 'heat', diffusivity = 0.1, initial = { variance = 0.5, peak = 2.0 }, \
     forcing = { injection = 0.1, wavenumber = 2.0 } }]",
    "physics.drag={ coefficient = 0.1, order = 1.0 }",
    "initial.magnetic={ kind = 'beltrami', energy = 0.2 }",
];

#[test]
fn with_all_physics() {
    let stochastic = "forcing={ kind = 'stochastic', power = 0.2, wavenumber = 1.5, \
                      correlation_time = 0.3 }";
    let magnetic = "forcing.magnetic={ kind = 'constant_power', power = 0.1, wavenumber = 1.5, \
                    helicity = 0.5 }";
    check(&[&COMPOSED[..], &[stochastic, magnetic]].concat());
    let linear = "forcing={ kind = 'linear', rate = 0.2, energy = 0.5 }";
    check(&[&COMPOSED[..], &[linear, "precision=single", "time.scheme=rk3"]].concat());
}

/// The error of a step is an exact sum, so that all decide alike; some steps do not count.
#[test]
fn with_error_control() {
    let forcing = "forcing={ kind = 'constant_power', power = 0.2, wavenumber = 1.5 }";
    check(&[forcing, "time.cfl=", "time.tolerance=1e-6"]);
    check(&[forcing, "time.cfl=", "time.tolerance=1e-5", "precision=single"]);
}

/// Single precision solves the same equations: it differs from double by its own round-off.
#[test]
fn single_and_double_precision_agree() {
    // Steps of their own: those of a Courant number differ in the last digits.
    let steps = ["time.cfl=", "time.dt=0.02"];
    for physics in [&[][..], &COMPOSED] {
        let case = Case::new(FORCED);
        let mut common = vec!["--quiet"];
        physics.iter().chain(&steps).for_each(|setting| common.extend(["--set", setting]));
        for precision in ["double", "single"] {
            let setting = format!("precision={precision}");
            case.solve(1, precision, &[&common[..], &["--set", &setting]].concat());
        }
        let last = |name| read_snapshot(case.snapshots(name).last().unwrap()).2;
        let (double, single) = (last("double"), last("single"));
        let largest = double.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let error = double.iter().zip(&single).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(error > 0.0 && error < 1e-5 * largest, "error {error}, largest velocity {largest}");
    }
}

#[test]
fn idle_ranks_are_allowed_and_named() {
    let case = Case::new(FORCED);
    let settings = [
        ["--set", "grid.points=[8, 6, 4]"],
        // Viscous enough for so few points.
        ["--set", "physics.viscosity=1"],
        ["--set", "initial={ kind = 'taylor_green' }"],
        ["--set", "time.end=0.2"],
        // Outputs are closer than the steps of a Courant number would be.
        ["--set", "time.cfl="],
        ["--set", "time.dt=0.05"],
    ]
    .concat();
    let output = case.solve(1, "reference", &settings);
    assert!(!output.stderr.contains("warning"), "{}", output.stderr);
    let output = case.solve(7, "idle", &settings);
    for (things, count) in [("z-planes", 4), ("columns of modes", 3)] {
        let warning = format!("warning: {} of 7 ranks have no {things}", 7 - count);
        assert_eq!(output.stderr.matches(&warning).count(), 1, "{}", output.stderr);
        let remedy = format!("use at most {count} ranks, and more --threads");
        assert_eq!(output.stderr.matches(&remedy).count(), 1, "{}", output.stderr);
        assert!(case.read("idle", "log.txt").contains(&warning));
    }
    assert_eq!(case.read("idle", "history.csv"), case.read("reference", "history.csv"));
}
