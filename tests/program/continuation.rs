//! `initial.kind = "file"`: a run starts from a snapshot of another, on the same grid or not.

use std::fs;

use super::running::{Case, DECAYING, read_snapshot};

/// A case with a run "first" of 10 steps, and the setting that starts from its step 5.
fn first_run() -> (Case, String) {
    let case = Case::new(DECAYING);
    case.solve(2, "first", &["--quiet"]);
    // Relative to the configuration, wherever the program is started.
    let start = "initial={ kind = 'file', path = 'first/snapshots/snapshot_00000005.h5' }";
    (case, start.into())
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn on_the_same_grid_it_goes_on_as_before() {
    let (case, start) = first_run();
    for ranks in [1, 3] {
        let name = format!("second{ranks}");
        case.solve(ranks, &name, &["--quiet", "--set", &start, "--set", "time.end=0.1"]);
        for (before, after) in case.snapshots("first")[1..].iter().zip(case.snapshots(&name)) {
            let (before, after) = (read_snapshot(before).2, read_snapshot(&after).2);
            let error = difference(&before, &after);
            assert!(error < 1e-14, "{error} at {name}");
        }
    }
    assert_eq!(case.read("second1", "history.csv"), case.read("second3", "history.csv"));
}

/// Values at the points that a grid shares with one of twice or half as many points.
fn at_even_points(velocity: &[f64], [nx, ny, nz]: [usize; 3]) -> Vec<f64> {
    let even = |n: usize| (0..n).step_by(2);
    let mut values = Vec::new();
    for (field, z) in (0..3).flat_map(|field| even(nz).map(move |z| (field, z))) {
        for y in even(ny) {
            values.extend(even(nx).map(|x| velocity[((field * nz + z) * ny + y) * nx + x]));
        }
    }
    values
}

#[test]
fn on_another_grid_the_common_modes_are_kept() {
    let (case, start) = first_run();
    let refine = ["--quiet", "--set", &start, "--set", "grid.points=[48,36,40]"];
    let short = ["--set", "time.end=0.02", "--set", "time.dt=0.02"];
    case.solve(3, "finer", &[&refine[..], &short].concat());
    let coarse = read_snapshot(&case.snapshots("first")[1]).2;
    let fine = read_snapshot(&case.snapshots("finer")[0]).2;
    // All modes are there, so the field is the same one at every point they share.
    assert!(difference(&at_even_points(&fine, [48, 36, 40]), &coarse) < 1e-14);

    // And back: the fine field has only modes that the first grid keeps.
    let back = "initial={ kind = 'file', path = 'finer/snapshots/snapshot_00000000.h5' }";
    case.solve(2, "back", &[&["--quiet", "--set", back][..], &short].concat());
    assert!(difference(&read_snapshot(&case.snapshots("back")[0]).2, &coarse) < 1e-14);

    // A coarser grid loses modes, and with them energy, but no more than that.
    case.solve(
        3,
        "coarser",
        &[&["--quiet", "--set", &start, "--set", "grid.points=[12,18,10]"][..], &short].concat(),
    );
    let energy = |name: &str, row: usize| case.column(name, "kinetic_energy")[row];
    let whole = energy("finer", 0);
    assert!(energy("coarser", 0) < 0.999 * whole && energy("coarser", 0) > 0.5 * whole);
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let (case, start) = first_run();
    fs::write(case.path("text.h5"), "time = 3").unwrap();
    let from = |path: &str| format!("initial={{ kind = 'file', path = '{path}' }}");
    for (settings, message) in [
        (vec![from("missing.h5")], "missing.h5: No such file"),
        (vec![from("text.h5")], "text.h5: it is not an HDF5 file"),
        (vec![start.clone(), "grid.lengths=[1,1,1]".into()], "make them equal"),
    ] {
        let arguments: Vec<&str> =
            settings.iter().flat_map(|setting| ["--set", setting.as_str()]).collect();
        for ranks in [1, 3] {
            let output = case.run(ranks, "refused", &arguments);
            assert_eq!(output.code(), 2, "{output:?}");
            assert_eq!(output.stderr.matches(message).count(), 1, "{}", output.stderr);
            assert!(!case.path("refused").exists());
        }
    }
}

/// A run that its directory holds is left as it is by another configuration.
#[test]
fn a_run_is_never_overwritten() {
    let (case, _) = first_run();
    let files = || {
        ["config.toml", "history.csv", "log.txt", "snapshots.xmf"].map(|f| case.read("first", f))
    };
    let before = (files(), case.snapshots("first"));
    for ranks in [1, 3] {
        let output = case.run(ranks, "first", &["--set", "time.end=0.02", "--set", "time.dt=0.01"]);
        assert_eq!(output.code(), 2, "{output:?}");
        assert_eq!(output.stderr.matches("time.dt: 0.02 -> 0.01").count(), 1, "{}", output.stderr);
        assert!(!output.stderr.contains("time.end:"), "{}", output.stderr);
        assert!(output.stderr.contains("--output DIR"), "{}", output.stderr);
        assert_eq!(output.stdout, "");
    }
    assert_eq!((files(), case.snapshots("first")), before);
}
