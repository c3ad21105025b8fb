//! A run that cannot go on stops at once, says why, and leaves what it had readable.

use super::running::{Case, read_snapshot};

/// Steps far beyond the stability of the scheme.
const UNSTABLE: &str = "
[grid]
points = [16, 16, 16]
[physics]
viscosity = 1e-3
[initial]
kind = \"random\"
energy = 1.0
spectrum = { model = \"exponential\", peak = 3.0 }
[time]
dt = 3.0
end = 300.0
[output]
directory = \"replaced\"
history = { every = 300.0 }
snapshots = { every = 3.0, precision = \"double\" }
";

#[test]
fn stops_every_rank_within_a_step() {
    let case = Case::new(UNSTABLE);
    // With a row of the history in each step, and with nothing looked at in between.
    let watched = ["--set", "output.history.every=3", "--set", "output.snapshots="];
    let unwatched = ["--set", "output.snapshots="];
    let mut messages = Vec::new();
    for (kind, settings) in [("snapshots", &[][..]), ("watched", &watched), ("not", &unwatched)] {
        for ranks in [1, 3] {
            let name = format!("{kind}{ranks}");
            let output = case.run(ranks, &name, settings);
            assert_eq!(output.code(), 3, "{output:?}");
            let count = output.stderr.matches("error: the solution blew up: ").count();
            assert_eq!(count, 1, "{}", output.stderr);
            assert!(output.stderr.contains("take a smaller time.dt: rk4"), "{}", output.stderr);
            // The checkpoint of the start is named.
            let saved = case.checkpoints(&name)[0].display().to_string();
            let text = format!("last checkpoint: {saved}, t = 0, step 0;");
            assert_eq!(output.stderr.matches(&text).count(), 1, "{}", output.stderr);
            assert!(case.read(&name, "log.txt").contains("error: the solution blew up: "));
            let (_, good) = output.stderr.split_once("last good time: t = ").unwrap();
            messages.push(good.lines().next().unwrap().to_string());
            assert!(case.column(&name, "kinetic_energy").iter().all(|energy| energy.is_finite()));
        }
    }
    // However it is noticed, the last good step is the same one.
    assert!(messages.windows(2).all(|pair| pair[0] == pair[1]), "{messages:?}");
    let (_, step) = messages[0].split_once("after step ").unwrap();
    let step: usize = step.split(';').next().unwrap().parse().unwrap();
    assert!(step > 0, "{messages:?}");
    // Within one step: nothing is written of the step that failed.
    assert_eq!(case.column("watched1", "step").len(), step + 1);
    assert_eq!(case.column("snapshots1", "step"), [0.0]);
    let snapshots = case.snapshots("snapshots3");
    assert_eq!(snapshots.len(), step + 1);
    for (n, path) in snapshots.iter().enumerate() {
        let (time, found, velocity) = read_snapshot(path);
        assert_eq!((time, found), (3.0 * n as f64, n as u64));
        assert!(velocity.iter().all(|u| u.is_finite()), "{}", path.display());
    }
}

/// The longest stable step is named, and with less than that the run goes on from its checkpoint.
#[test]
fn the_advice_is_good() {
    let case = Case::new(UNSTABLE);
    let changes = ["--set", "time.end=9", "--set", "output.snapshots="];
    let output = case.run(1, "run", &changes);
    assert_eq!(output.code(), 3, "{output:?}");
    let (_, advice) = output.stderr.split_once("at t = 0 the limit was a step of ").unwrap();
    let step: f64 = advice.split(',').next().unwrap().parse().unwrap();
    assert!(step > 1e-3 && step < 1.0, "{}", output.stderr);
    let step = format!("time.dt={}", 0.2 * step);
    let again = ["--set", &step, "--allow-change", "time.dt"];
    let output = case.solve(1, "run", &[&changes[..], &again, &["--set", "time.end=1"]].concat());
    assert!(output.stdout.contains("changed, as allowed: time.dt: 3.0 -> "), "{output:?}");
}

#[test]
fn a_field_that_is_infinite_from_the_start_is_bad_input() {
    let case = Case::new(UNSTABLE);
    let field = ["--set", "initial={ kind = 'taylor_green', amplitude = 1e200 }"];
    for ranks in [1, 3] {
        let output = case.run(ranks, &format!("run{ranks}"), &field);
        assert_eq!(output.code(), 2, "{output:?}");
        assert!(output.stderr.contains("the initial field is not finite"), "{}", output.stderr);
    }
}

/// A flow so fast that steps by its Courant number never lead to the end does not run for ever.
#[test]
fn a_flow_too_fast_for_its_time_ends() {
    let case = Case::new(UNSTABLE);
    let fast = ["--set", "initial={ kind = 'taylor_green', amplitude = 1e20 }"];
    for step in ["cfl = 0.5", "tolerance = 1e-4"] {
        let time = format!("time={{ {step}, end = 300.0 }}");
        let output = case.run(1, "run", &[&fast[..], &["--fresh", "--set", &time]].concat());
        assert_eq!(output.code(), 3, "{output:?}");
        assert!(output.stderr.contains("the time step fell to "), "{}", output.stderr);
    }
}
