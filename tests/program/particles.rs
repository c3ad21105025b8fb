//! Runs with particles: the same bits on any ranks, after a restart, and without them.

use std::fs;

use super::running::{Case, read_checkpoint};

const CARRIED: &str = "
[grid]
points = [20, 15, 12]
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
cfl = 0.6
end = 1.0
[output]
directory = \"replaced\"
history = { every = 0.25 }
checkpoints = { every = 0.3, keep = 9 }
[[particles]]
name = \"tracers\"
count = 200
every = 0.1
[[particles]]
name = \"grid\"
count = 64
placing = { kind = \"lattice\" }
interpolation = \"lagrange4\"
start = 0.33
every = 0.2
[[particles]]
name = \"exact\"
count = 3
interpolation = \"exact\"
every = 0.5
";

const FILES: [&str; 3] = ["particles/tracers.h5", "particles/grid.h5", "particles/exact.h5"];

/// Checks that two runs have the same particles, bit for bit, and so many records of the first set.
fn assert_same_particles(case: &Case, [a, b]: [&str; 2], records: usize) {
    for (index, file) in FILES.into_iter().enumerate() {
        let (of_a, of_b) = (case.records(a, file), case.records(b, file));
        assert!(index > 0 || of_a["time"].len() == records, "{:?}", of_a["time"]);
        assert_eq!(of_a["time"], of_b["time"], "{file} of {a} and {b}");
        for (name, numbers) in &of_a {
            let same = numbers.iter().zip(&of_b[name]).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same && numbers.len() == of_b[name].len(), "{name} in {file} of {a} and {b}");
        }
    }
}

const VARIANTS: [&[&str]; 3] = [
    &[],
    &["--set", "grid.dealias=phase_shift", "--set", "precision=single", "--set", "time.cfl=0.4"],
    &["--set", "time={ tolerance = 1e-4, end = 1.0 }"],
];

#[test]
fn any_ranks_and_a_restart_give_the_same_bits() {
    for variant in VARIANTS {
        let case = Case::new(CARRIED);
        let quiet = [&["--quiet"][..], variant].concat();
        case.solve(1, "whole", &quiet);
        let layouts =
            [(1, "3", "[1, 1]"), (2, "1", "[2, 1]"), (3, "1", "[3, 1]"), (4, "1", "[2, 2]")];
        for (ranks, threads, grid) in layouts {
            let name = format!("{ranks} {grid}");
            let grid = format!("parallel.grid={grid}");
            let arguments = [&quiet[..], &["--threads", threads, "--set", &grid]].concat();
            case.solve(ranks, &name, &arguments);
            assert_same_particles(&case, ["whole", &name], 11);
        }
        // It goes on on other ranks, from a checkpoint before the last records.
        case.solve(2, "parts", &[&quiet[..], &["--set", "time.end=0.75"]].concat());
        let last = case.checkpoints("parts").pop().unwrap();
        fs::remove_file(last).unwrap();
        case.solve(1, "parts", &quiet);
        assert_same_particles(&case, ["whole", "parts"], 11);
    }
}

/// The flow does not feel particles, nor do its files.
#[test]
fn particles_change_nothing_else() {
    let case = Case::new(CARRIED);
    let without = CARRIED.split("[[particles]]").next().unwrap();
    let same_times = "particles=[{ name = 'a', count = 5, every = 0.25 }]";
    let plain = Case::new(without);
    plain.solve(1, "run", &["--quiet"]);
    case.solve(1, "run", &["--quiet", "--set", same_times]);
    assert_eq!(case.read("run", "history.csv"), plain.read("run", "history.csv"));
    let last = |case: &Case| case.checkpoints("run").pop().unwrap();
    assert_eq!(read_checkpoint(&last(&case)).2, read_checkpoint(&last(&plain)).2);
    let has = |case: &Case| hdf5::File::open(last(case)).unwrap().link_exists("particles");
    assert!(has(&case) && !has(&plain) && !plain.path("run").join("particles").exists());
}

#[test]
fn other_particles_are_a_change_to_allow() {
    let case = Case::new(CARRIED);
    case.solve(1, "run", &["--quiet", "--set", "time.end=0.3"]);
    let more = [
        "--set",
        "particles=[{ name = 'tracers', count = 200, every = 0.1 }, { name = 'new', count = 5, every = 0.1 }]",
    ];
    case.run(1, "run", &more).assert_error(2, "--allow-change particles");
    let allowed = [&more[..], &["--allow-change", "particles", "--set", "time.end=0.6"]].concat();
    let output = case.solve(2, "run", &allowed);
    assert!(output.stdout.contains("the particles of new are new"), "{}", output.stdout);
    assert_eq!(case.records("run", FILES[0])["time"].len(), 7);
    let times = &case.records("run", "particles/new.h5")["time"];
    assert!(times[0] > 0.35 && times.len() == 3, "{times:?}");
    case.run(1, "dry", &["--dry-run"]);
}

#[test]
fn mistakes_are_named() {
    let case = Case::new(CARRIED);
    let dry = |particles: &str, text: &str| {
        let setting = format!("particles=[{{ name = 'a', {particles} }}]");
        case.run(1, "dry", &["--dry-run", "--set", &setting]).assert_error(2, text);
    };
    dry("count = 0, every = 0.1", "particles[0].count: is 0, must be 1 to");
    dry(
        "count = 5, every = 0.1, interpolation = 'spline5'",
        "particles[0].interpolation: is \"spline5\"",
    );
    dry("count = 5, every = 0.1, colour = 1", "particles[0].colour: unknown key");
    dry("count = 5, every = 0.1, placing = { kind = 'latice' }", "particles[0].placing");
}
