//! `dns-solver convert`: snapshots become checkpoints, and the reverse.

use super::restart::FORCED;
use super::running::{Case, read_checkpoint, read_snapshot, run_solver};

/// Converts between files of a case.
fn convert(case: &Case, ranks: usize, from: &str, to: &str) {
    let [from, to] = [from, to].map(|name| case.path(name).display().to_string());
    let output = run_solver(ranks, &["convert", &from, &to]);
    assert_eq!(output.code(), 0, "{output:?}");
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn there_and_back_is_the_same_to_rounding() {
    for (precision, rounding) in [("double", 1e-15), ("single", 1e-6)] {
        let case = Case::with(FORCED, &[&format!("precision={precision}"), "time.end=0.25"]);
        case.solve(1, "run", &["--quiet"]);
        let name = |path: &std::path::Path| {
            path.strip_prefix(case.path("")).unwrap().display().to_string()
        };
        let checkpoint = name(case.checkpoints("run").last().unwrap());
        let snapshot = name(case.snapshots("run").last().unwrap());
        for ranks in [1, 3] {
            let [there, back] = ["there", "back"].map(|name| format!("{name}{ranks}.h5"));
            // The run has written both files at its end.
            convert(&case, ranks, &checkpoint, &there);
            let (of_run, converted) =
                (read_snapshot(&case.path(&snapshot)), read_snapshot(&case.path(&there)));
            assert_eq!((of_run.0, of_run.1), (converted.0, converted.1));
            assert!(difference(&of_run.2, &converted.2) < rounding);
            convert(&case, ranks, &there, &back);
            let (of_run, converted) =
                (read_checkpoint(&case.path(&checkpoint)), read_checkpoint(&case.path(&back)));
            assert_eq!(of_run.0, converted.0);
            let numbers =
                |bits: &[u64]| bits.iter().map(|x| f64::from_bits(*x)).collect::<Vec<_>>();
            let error = difference(&numbers(&of_run.2), &numbers(&converted.2));
            assert!(error < rounding, "{error}");
            // A run goes on from it.
            let back = case.path(&back).display().to_string();
            let more = ["--quiet", "--restart", &back, "--set", "time.end=0.35"];
            case.solve(ranks, &format!("more{ranks}"), &more);
        }
        assert_eq!(case.read("more1", "history.csv"), case.read("more3", "history.csv"));
        case.solve(2, "run", &["--quiet", "--set", "time.end=0.35"]);
        let energy = |name: &str| case.column(name, "kinetic_energy").pop().unwrap();
        assert!((energy("run") - energy("more1")).abs() < 10.0 * rounding);
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_made_up() {
    let case = Case::with(FORCED, &["time.end=0.05"]);
    case.solve(1, "run", &["--quiet"]);
    let [config, text, new] =
        ["config.toml", "run/log.txt", "new.h5"].map(|name| case.path(name).display().to_string());
    let checkpoint = case.checkpoints("run")[0].display().to_string();
    for ranks in [1, 3] {
        let output = run_solver(ranks, &["convert", &checkpoint, &config]);
        output.assert_error(2, "is not overwritten");
        let output = run_solver(ranks, &["convert", &text, &new]);
        output.assert_error(2, "log.txt: it is not an HDF5 file");
        assert!(!case.path("new.h5").exists());
    }
}
