//! A run that was interrupted and continued is the run that was not, to the last bit.

use std::fs;

use super::running::{Case, read_checkpoint};

/// Forced, with adapted steps, and with outputs that do not coincide.
pub const FORCED: &str = "
[grid]
points = [24, 15, 12]
lengths = [2.0, 1.0, 1.0]
[physics]
viscosity = 0.05
[initial]
kind = \"random\"
energy = 0.5
spectrum = { model = \"exponential\", peak = 2.0 }
mean_flow = [0.3, 0.0, -0.1]
[forcing]
kind = \"constant_energy\"
wavenumber = 1.5
[time]
cfl = 0.3
end = 1.0
[output]
directory = \"replaced\"
history = { every = 0.05 }
spectra = { every = 0.05, samples = 2 }
gradients = { every = 0.05 }
pdfs = { every = 0.05, samples = 2, bins = 20 }
invariants = { every = 0.25, samples = 2, bins = 10 }
structure_functions = { every = 0.05, samples = 2, separations = [0.7], axes = [\"y\"] }
snapshots = { every = 0.25, precision = \"double\" }
checkpoints = { every = 0.11, keep = 3 }
[[output.slices]]
name = \"plane\"
every = 0.05
y = 1.0
fields = [\"u\", \"pressure\", \"q_criterion\"]
";

/// Settings of the kinds of runs that are tried, beside [`FORCED`] itself.
pub const VARIANTS: [&[&str]; 4] = [
    &[
        "--set",
        "precision=single",
        "--set",
        "forcing={ kind='constant_power', power=0.2, wavenumber=1.5 }",
    ],
    &[
        "--set",
        "forcing={ kind='none' }",
        "--set",
        "time.cfl=",
        "--set",
        "time.dt=0.013",
        "--set",
        "time.scheme=rk3",
        "--set",
        "transpose_precision=single",
    ],
    &[
        "--set",
        "forcing={ kind='stochastic', power=0.2, wavenumber=1.5, correlation_time=0.2, \
         magnetic={ kind='constant_energy', wavenumber=1.5 } }",
        "--set",
        "physics={ equation='mhd', viscosity=0.05, magnetic={ prandtl=1.0 }, rotation=[0, 0, 1], \
         stratification={ frequency=2.0, prandtl=1.0 }, \
         scalars=[{ name='dye', schmidt=1.0, gradient=[0, 0, 1], \
         forcing={ injection=0.2, wavenumber=2.0 } }] }",
        "--set",
        "initial.magnetic={ kind='beltrami', energy=0.2 }",
    ],
    &[
        "--set",
        "forcing={ kind='stochastic', power=0.2, wavenumber=1.5, correlation_time=0.2 }",
        "--set",
        "time.cfl=",
        "--set",
        "time.tolerance=1e-7",
    ],
];

/// One step at a time, each by a new process on another number of ranks, groups and threads.
#[test]
fn in_pieces_of_one_step_on_changing_ranks() {
    for variant in [&[][..], VARIANTS[0], VARIANTS[1], VARIANTS[2], VARIANTS[3]] {
        let case = Case::new(FORCED);
        let short = [variant, &["--quiet", "--set", "time.end=0.2"]].concat();
        case.solve(2, "whole", &short);
        let steps = *case.column("whole", "step").last().unwrap() as usize;
        assert!(steps > 5, "{steps}");
        let layouts = [
            (1, "1", [1, 1]),
            (4, "1", [2, 2]),
            (1, "2", [1, 1]),
            (2, "2", [1, 2]),
            (3, "1", [3, 1]),
        ];
        for step in 0..steps.min(7) {
            let (ranks, threads, grid) = layouts[step % layouts.len()];
            let grid = format!("parallel.grid={grid:?}");
            // There is always less time left than the margin.
            let piece = ["--walltime", "00:00:01", "--threads", threads, "--set", &grid];
            let output = case.solve(ranks, "pieces", &[&short[..], &piece].concat());
            assert!(case.read("pieces", "log.txt").contains("stopped early"), "{output:?}");
            assert_eq!(
                read_checkpoint(case.checkpoints("pieces").last().unwrap()).0,
                step as u64 + 1
            );
        }
        case.solve(3, "pieces", &short);
        case.assert_same("whole", "pieces");
    }
}

#[test]
fn the_last_checkpoints_stay_and_change_no_step() {
    let case = Case::new(FORCED);
    case.solve(1, "run", &["--quiet"]);
    let kept = case.checkpoints("run");
    assert_eq!(kept.len(), 3);
    assert_eq!(read_checkpoint(&kept[2]).0 as f64, *case.column("run", "step").last().unwrap());
    // By default one at the start and one at the end.
    case.solve(1, "none", &["--quiet", "--set", "output.checkpoints="]);
    assert_eq!(case.read("none", "history.csv"), case.read("run", "history.csv"));
    let steps: Vec<_> = case.checkpoints("none").iter().map(|c| read_checkpoint(c).0).collect();
    assert_eq!(steps, [0, read_checkpoint(&kept[2]).0]);
}

#[test]
fn a_complete_run_has_nothing_to_do_until_its_end_is_moved() {
    let case = Case::new(FORCED);
    case.solve(1, "run", &["--quiet", "--set", "time.end=0.5"]);
    let before = (case.read("run", "history.csv"), case.read("run", "log.txt"));
    for ranks in [1, 3] {
        let output = case.solve(ranks, "run", &["--set", "time.end=0.5"]);
        assert_eq!(output.stdout.matches("the run is complete").count(), 1, "{output:?}");
    }
    assert_eq!((case.read("run", "history.csv"), case.read("run", "log.txt")), before);
    // 0.5 is a time of output anyway, so that the longer run passes it all the same.
    let output = case.solve(2, "run", &["--threads", "2"]);
    assert_eq!(output.stdout.matches("continues from").count(), 1, "{output:?}");
    case.solve(1, "whole", &["--quiet"]);
    case.assert_same("whole", "run");
}

#[test]
fn a_given_checkpoint_is_taken() {
    let case = Case::new(FORCED);
    case.solve(1, "whole", &["--quiet"]);
    let middle = case.checkpoints("whole")[0].clone();
    fs::copy(&middle, case.path("middle.h5")).unwrap();
    let file = case.path("middle.h5");
    let given = ["--quiet", "--restart", file.to_str().unwrap()];
    // In the run's own directory it is the run once more, from there.
    case.solve(2, "again", &["--quiet"]);
    case.solve(3, "again", &given);
    case.assert_same("whole", "again");
    // In another directory there is only what came after.
    case.solve(2, "other", &given);
    let rows = |name| {
        let text = case.read(name, "history.csv");
        text.lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
            .map(String::from)
            .collect::<Vec<_>>()
    };
    // Not in the directory of a run with another configuration.
    case.solve(1, "thick", &["--quiet", "--set", "physics.viscosity=0.5", "--set", "time.end=0.1"]);
    let output = case.run(1, "thick", &given);
    assert_eq!(output.code(), 2, "{output:?}");
    assert!(output.stderr.contains("physics.viscosity: 0.5 -> 0.05"), "{}", output.stderr);
    let (whole, other) = (rows("whole"), rows("other"));
    assert!(!other.is_empty() && other.len() < whole.len());
    assert_eq!(whole[whole.len() - other.len()..], other);
}

/// A path is a path, whatever MPI-IO would take the part before a colon for.
#[test]
fn paths_may_have_a_colon() {
    let case = Case::new(FORCED);
    let short = ["--quiet", "--set", "time.end=0.3"];
    case.solve(1, "whole", &short);
    case.solve(2, "nfs:run", &["--quiet", "--set", "time.end=0.25"]);
    case.solve(3, "nfs:run", &short);
    case.assert_same("whole", "nfs:run");
    let first = case.checkpoints("nfs:run")[1].clone();
    fs::copy(&first, case.path("ufs:middle:1.h5")).unwrap();
    let file = case.path("ufs:middle:1.h5");
    case.solve(2, "nfs:run", &[&short[..], &["--restart", file.to_str().unwrap()]].concat());
    case.assert_same("whole", "nfs:run");
}

#[test]
fn fresh_sets_the_old_run_aside() {
    let case = Case::new(FORCED);
    case.solve(1, "run", &["--quiet", "--set", "time.end=0.2"]);
    let old = case.read("run", "history.csv");
    for ranks in [1, 3] {
        let change = ["--fresh", "--set", "time.end=0.1", "--set", "physics.viscosity=0.1"];
        let output = case.solve(ranks, "run", &change);
        assert!(output.stdout.contains("the run that was there is now"), "{output:?}");
        assert_ne!(case.read("run", "history.csv"), old);
    }
    assert_eq!(case.read("run.old-1", "history.csv"), old);
    assert_eq!(case.read("run.old-2", "history.csv"), case.read("run", "history.csv"));
}

/// A new run can start from a checkpoint, on this or another grid.
#[test]
fn a_checkpoint_is_an_initial_field() {
    let case = Case::new(FORCED);
    let end = ["--quiet", "--set", "time.end=0.1"];
    case.solve(2, "first", &end);
    let path = case.checkpoints("first").last().unwrap().display().to_string();
    let start = format!("initial={{ kind = 'file', path = '{path}' }}");
    let energy = |name: &str| case.column(name, "kinetic_energy");
    let last = *energy("first").last().unwrap();
    for ranks in [1, 3] {
        let name = format!("same{ranks}");
        case.solve(ranks, &name, &[&end[..], &["--set", &start]].concat());
        assert_eq!(energy(&name)[0].to_bits(), last.to_bits());
        let name = format!("finer{ranks}");
        case.solve(
            ranks,
            &name,
            &[&end[..], &["--set", &start, "--set", "grid.points=[30,20,18]"]].concat(),
        );
        assert_eq!(energy(&name)[0].to_bits(), last.to_bits());
    }
    let output = case.run(1, "no", &["--set", &start, "--set", "grid.lengths=[1,1,1]"]);
    assert_eq!(output.code(), 2, "{output:?}");
    assert!(output.stderr.contains("make them equal"), "{}", output.stderr);
}
