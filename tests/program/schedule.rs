//! Times of output and the end are hit exactly.

use super::running::{Case, DECAYING, read_snapshot};

/// What is changed in [`DECAYING`].
const SETTINGS: [&str; 7] = [
    "grid={ points=[8,8,8] }",
    "physics.viscosity=0.1",
    "initial={ kind='taylor_green' }",
    "time.dt=0.03",
    "time.end=1",
    "output.history.every=0.1",
    "output.snapshots.every=0.3",
];

/// Rows at all multiples of 0.1, snapshots at all of 0.3 and at the end, whatever the step.
fn check(settings: &[&str], longest: f64) {
    let case = Case::with(DECAYING, &SETTINGS);
    case.solve(1, "run", &[&["--quiet"], settings].concat());
    let times = case.column("run", "time");
    assert_eq!(times.len(), 11);
    for (n, time) in times.iter().enumerate() {
        // The decimal that was meant: 0.3, and not 3 * 0.1 = 0.30000000000000004.
        assert_eq!(*time, n as f64 / 10.0, "{settings:?}: {times:?}");
    }
    assert_eq!(times[10], 1.0);
    let steps = case.column("run", "dt");
    for (interval, step) in steps[1..].iter().enumerate() {
        let count = (0.1 / step).round();
        assert!(*step <= longest * (1.0 + 1e-9), "{settings:?}: {steps:?}");
        assert!((step * count - 0.1).abs() < 1e-12, "a sliver in interval {interval}: {steps:?}");
    }
    let snapshots: Vec<_> = case.snapshots("run").iter().map(|path| read_snapshot(path)).collect();
    assert_eq!(snapshots.len(), 5);
    for (n, (time, ..)) in snapshots[..4].iter().enumerate() {
        assert_eq!(*time, 3.0 * n as f64 / 10.0);
        assert!(times.contains(time), "{time} in {times:?}");
    }
    assert_eq!(snapshots[4].0, 1.0);
    assert_eq!(Some(&(snapshots[4].1 as f64)), case.column("run", "step").last());
}

#[test]
fn with_a_fixed_step() {
    check(&[], 0.03);
    check(&["--set", "time.dt=0.1"], 0.1);
    check(&["--set", "time.dt=0.7"], 0.7);
}

/// A step that divides the intervals is never another one, however many there are, and across a
/// restart at a time that is no multiple.
#[test]
fn a_fixed_step_is_kept() {
    let case = Case::with(DECAYING, &SETTINGS);
    let mut arguments = vec!["--quiet"];
    for setting in [
        "grid.points=[4,4,4]",
        "time.dt=1e-3",
        "output.snapshots=",
        "output.history.every=1",
        "output.spectra={ every=5, samples=10 }",
        "output.checkpoints={ every=0.7777 }",
    ] {
        arguments.extend(["--set", setting]);
    }
    let until = |end| [&arguments[..], &["--set", end]].concat();
    case.solve(1, "run", &until("time.end=5"));
    let checkpoint = case.checkpoints("run").remove(0);
    let restart = ["--restart", checkpoint.to_str().unwrap()];
    case.solve(1, "run", &[&until("time.end=20")[..], &restart].concat());
    assert_eq!(case.column("run", "dt")[1..], [1e-3; 20]);
    let whole: Vec<_> = (0..=20).map(f64::from).collect();
    assert_eq!(case.column("run", "time"), whole);
    let steps: Vec<_> = whole.iter().map(|time| 1000.0 * time).collect();
    assert_eq!(case.column("run", "step"), steps);
}

#[test]
fn with_a_courant_number() {
    check(&["--set", "time.dt=", "--set", "time.cfl=0.4", "--set", "time.dt_max=0.04"], 0.04);
}

/// The Courant number asked for is the one taken, where neither dt_max nor an output cuts it.
#[test]
fn the_courant_number_is_kept() {
    let case = Case::with(DECAYING, &SETTINGS);
    let settings = ["time.dt=", "time.cfl=0.1", "output.history.every=0.7", "physics.viscosity=0"];
    let mut arguments = vec!["--quiet"];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    case.solve(1, "run", &arguments);
    let cfl = case.column("run", "cfl");
    assert!(cfl[1..].iter().all(|cfl| *cfl <= 0.1 && *cfl > 0.06), "{cfl:?}");
}
