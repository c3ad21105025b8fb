//! A run goes on with another grid, viscosity, step or force when the user allows it, and only
//! then.

use std::fs;

use super::running::{Case, DECAYING, read_checkpoint};

/// Forced, and with steps and times that are exact in binary.
const SETTINGS: [&str; 6] = [
    "forcing={ kind='constant_power', power=0.3, wavenumber=1.5 }",
    "initial.mean_flow=[0,0,0]",
    "time.dt=0.015625",
    "time.end=0.125",
    "output.history.every=0.0625",
    "output.snapshots=",
];

/// The same run directory once more.
fn copy(case: &Case, from: &str, to: &str) {
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([case.path(from), case.path(to)])
        .status()
        .unwrap();
    assert!(copied.success());
}

/// What goes on with changes is what a new run, that starts from the checkpoint with them, is.
#[test]
fn what_is_allowed_goes_on_as_a_new_run_would() {
    let case = Case::with(DECAYING, &SETTINGS);
    case.solve(2, "first", &["--quiet"]);
    let before = case.read("first", "history.csv");
    let checkpoint = case.checkpoints("first").pop().unwrap();
    let start = format!("initial={{ kind='file', path='{}' }}", checkpoint.display());
    let none = "forcing={ kind='none' }";
    let held = "forcing={ kind='constant_energy', wavenumber=2 }";
    for (n, (allowed, settings)) in [
        ("physics.viscosity", &["physics.viscosity=0.07"][..]),
        ("grid.points", &["grid.points=[36,18,30]"]),
        ("grid", &["grid.points=[12,24,10]"]),
        ("forcing", &[none]),
        ("forcing.kind,forcing.power,forcing.wavenumber", &[held]),
        ("time.scheme,time.dt", &["time.scheme=rk3", "time.dt=0.0078125"]),
        ("precision", &["precision=single"]),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("changed{n}");
        copy(&case, "first", &name);
        let mut arguments = Vec::new();
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        let refused = case.run(1, &name, &[&arguments[..], &["--set", "time.end=0.25"]].concat());
        refused.assert_error(2, "to go on with this, add `--allow-change ");
        assert_eq!(case.read(&name, "history.csv"), before);

        let go_on = ["--set", "time.end=0.25", "--allow-change", allowed];
        let ranks = [1, 3][n % 2];
        let output = case.solve(ranks, &name, &[&arguments[..], &go_on].concat());
        assert!(output.stdout.contains("changed, as allowed: "), "{output:?}");
        assert!(case.read(&name, "history.csv").starts_with(&before));
        let new = format!("new{n}");
        case.solve(1, &new, &[&arguments[..], &["--quiet", "--set", &start]].concat());
        let last = |name: &str| read_checkpoint(case.checkpoints(name).last().unwrap());
        assert!(last(&name).2 == last(&new).2, "{settings:?}");
        let ends = |name: &str| case.column(name, "kinetic_energy").pop();
        assert_eq!(ends(&name), ends(&new));
        let power = |name: &str| case.column(name, "injected_power").pop().unwrap();
        let (changed, new) = (power(&name), power(&new));
        assert!((changed - new).abs() < 1e-6 && (settings[0] == none) == (new == 0.0), "{changed}");
        // The same command goes on, as long as it says so.
        let more = ["--set", "time.end=0.3125", "--allow-change", allowed];
        case.solve(2, &name, &[&arguments[..], &more, &["--quiet"]].concat());
    }
}

/// Between two rows one force gives way to another: the row counts what each of them did.
#[test]
fn the_account_of_the_force_goes_over() {
    let case = Case::with(DECAYING, &SETTINGS);
    // One step each, as there is always less time left than the margin.
    for _ in 0..5 {
        case.solve(1, "run", &["--quiet", "--walltime", "00:00:01"]);
    }
    assert_eq!(case.column("run", "time"), [0.0, 0.0625]);
    let off = ["--set", "forcing={ kind='none' }", "--allow-change", "forcing"];
    case.solve(1, "run", &[&off[..], &["--quiet"]].concat());
    let power = case.column("run", "injected_power");
    // One of four steps was forced.
    assert!((power[2] - 0.3 / 4.0).abs() < 1e-3, "{power:?}");
}

#[test]
fn what_is_not_allowed_is_refused_with_the_differences() {
    let case = Case::new(super::restart::FORCED);
    case.solve(1, "run", &["--quiet", "--set", "time.end=0.1"]);
    let history = case.read("run", "history.csv");
    for (settings, difference) in [
        (vec!["physics.viscosity=0.1"], "physics.viscosity: 0.05 -> 0.1"),
        (vec!["grid.points=[24,15,15]"], "grid.points: [24, 15, 12] -> [24, 15, 15]"),
        (vec!["precision=single"], "precision: \"double\" -> \"single\""),
        (vec!["forcing.energy=0.4"], "forcing.energy: not set -> 0.4"),
        (vec!["time.cfl=", "time.dt=0.01"], "time.cfl: 0.3 -> not set"),
        (vec!["time.scheme=rk3"], "time.scheme: \"rk4\" -> \"rk3\""),
    ] {
        let mut arguments = vec!["--set", "time.end=2", "--allow-change", "initial,output"];
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        let output = case.run(if settings.len() == 2 { 3 } else { 1 }, "run", &arguments);
        output.assert_error(2, difference);
        assert!(!output.stderr.contains("time.end:"), "{}", output.stderr);
    }
    // Whatever is allowed.
    for (setting, difference) in [
        ("initial.seed=9", "initial.seed: 0 -> 9"),
        ("grid.lengths=[2,2,1]", "grid.lengths: [2.0, 1.0, 1.0] -> [2.0, 2.0, 1.0]"),
    ] {
        let allow = ["--set", setting, "--allow-change", "initial,grid"];
        let output = case.run(1, "run", &allow);
        output.assert_error(2, difference);
        output.assert_error(2, "this cannot change within a run");
    }
    assert_eq!(case.read("run", "history.csv"), history);
    assert!(fs::read_dir(case.path("run")).unwrap().all(|e| e.unwrap().file_name() != "lock"));
}
