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
        // 3 * 0.1 and 0.3 are one time, to the last digit or the last but one.
        let error = (time - n as f64 * 0.1).abs();
        assert!(error <= f64::EPSILON * time, "{settings:?}: {times:?}");
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
        assert!((time - 0.3 * n as f64).abs() < 1e-15, "{time}");
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
