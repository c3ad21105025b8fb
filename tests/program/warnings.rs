//! What is wrong with the physics of a run is said once, with a remedy.

use super::running::{Case, DECAYING};

/// Too coarse, in a flat box, with too long steps, and with energy at the end of the spectrum.
const BAD: [&str; 6] = [
    "grid={ points=[16, 16, 16], lengths=[1.0, 1.0, 0.25] }",
    "physics.viscosity=1e-4",
    "initial.spectrum={ model='exponential', peak=5.0 }",
    "time={ scheme='rk2', dt=0.1, end=0.3 }",
    "output.history.every=0.1",
    "output.spectra.every=0.1",
];

const WARNINGS: [&str; 4] = [
    "warning: k_max*eta is 0.",
    "of the shortest side of the box",
    "warning: the Courant number is",
    "warning: the energy spectrum rises towards its end",
];

#[test]
fn each_warning_is_given_once() {
    let case = Case::with(DECAYING, &BAD);
    let output = case.solve(2, "bad", &["--quiet"]);
    let log = case.read("bad", "log.txt");
    for warning in WARNINGS {
        assert_eq!(output.stderr.matches(warning).count(), 1, "{warning}: {}", output.stderr);
        assert_eq!(log.matches(warning).count(), 1, "{warning}: {log}");
    }
}

#[test]
fn a_resolved_run_is_not_warned_of() {
    let settings = ["physics.viscosity=0.5", "output.spectra.every=0.1"];
    let case = Case::with(DECAYING, &settings);
    let output = case.solve(1, "good", &["--quiet"]);
    assert_eq!(output.stderr, "");
}

/// The step is set by waves, by the longest one, or by the outputs: each is named with its remedy.
#[test]
fn what_limits_the_step_is_named() {
    let adapted = "time={ cfl = 0.5, end = 0.2 }";
    let rotation = "physics.rotation=[0.0, 0.0, 40.0]";
    let mhd = ["physics.equation=mhd", "physics.magnetic={ prandtl = 1.0 }"];
    let field = "initial.mean_magnetic_field=[0.0, 0.0, 20.0]";
    let cases: [(&[&str], &str); 4] = [
        (&[adapted, rotation], "waves of rotation and stratification make up"),
        (&[adapted, mhd[0], mhd[1], field], "Alfven waves on the mean magnetic field make up"),
        (&["time={ cfl = 0.5, dt_max = 0.01, end = 0.2 }"], "because of time.dt_max = 0.01"),
        (&[adapted, "output.history.every=0.01"], "because of the next output"),
    ];
    let quiet = ["physics.viscosity=0.5", "output.snapshots=", "output.history.every=0.2"];
    for (settings, warning) in cases {
        let case = Case::with(DECAYING, &[&quiet[..], settings].concat());
        let output = case.solve(1, "run", &["--quiet"]);
        assert_eq!(
            output.stderr.matches("warning: ").count(),
            1,
            "{settings:?}: {}",
            output.stderr
        );
        assert_eq!(output.stderr.matches(warning).count(), 1, "{settings:?}: {}", output.stderr);
    }
    let case = Case::with(DECAYING, &[&quiet[..], &[adapted]].concat());
    assert_eq!(case.solve(1, "run", &["--quiet"]).stderr, "");
}

/// More threads than cores wait for each other, however many ranks there are.
#[test]
fn more_threads_than_cores_are_warned_of() {
    let settings = ["physics.viscosity=0.5", "time.end=0.04", "output.snapshots="];
    let case = Case::with(DECAYING, &settings);
    let cores = std::thread::available_parallelism().unwrap().get();
    let (all, more) = (cores.to_string(), (cores + 1).to_string());
    let warning =
        format!("parallel.threads is {more}, but a rank may use {cores} of the cores only");
    for ranks in [1, 2] {
        let output = case.solve(ranks, &format!("more{ranks}"), &["--quiet", "--threads", &more]);
        assert_eq!(output.stderr.matches(&warning).count(), 1, "{}", output.stderr);
        assert!(case.read(&format!("more{ranks}"), "log.txt").contains(&warning));
    }
    let output = case.solve(1, "all", &["--quiet", "--threads", &all]);
    assert_eq!(output.stderr, "");
}
