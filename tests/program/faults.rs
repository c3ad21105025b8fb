//! Runs that are killed at any moment, and checkpoints that are damaged.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::restart::{FORCED, VARIANTS};
use super::running::{Case, children, send, wait_until};

/// Whether a file is being written in a directory of a run.
fn is_writing(case: &Case, directory: &str) -> bool {
    fs::read_dir(case.path("run").join(directory)).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.path().extension().is_some_and(|e| e == "tmp"))
    })
}

/// Kills `kills` times: while a checkpoint is written, while a snapshot is, and at other moments.
fn check(settings: &[&str], ranks: usize, kills: usize) {
    let case = Case::new(FORCED);
    let settings = [settings, &["--set", "output.snapshots.every=0.1"]].concat();
    let mut inside = 0;
    for kill in 0..kills {
        let mut child = case.start(ranks, "run", &settings);
        let before = case.rows("run");
        let running = wait_until(&mut child, || match kill % 4 {
            0 => case.rows("run") != before,
            1 | 2 => is_writing(&case, "checkpoints"),
            _ => is_writing(&case, "snapshots"),
        });
        // From within the first write to a few steps later.
        std::thread::sleep(Duration::from_micros(137 * (kill * kill * 7919 % 61) as u64));
        inside += usize::from(is_writing(&case, "checkpoints"));
        if !running {
            break;
        }
        let process = child.id();
        match children(process).get(kill % ranks) {
            Some(rank) if ranks > 1 => send(*rank, libc::SIGKILL),
            _ => send(process, libc::SIGKILL),
        }
        wait_until(&mut child, || false);
        child.wait().unwrap();
    }
    assert!(inside > 0, "no kill came inside a checkpoint");
    case.solve(2, "run", &[&settings[..], &["--quiet"]].concat());
    case.solve(1, "whole", &[&settings[..], &["--quiet"]].concat());
    case.assert_same("whole", "run");
}

#[test]
fn killed_on_one_rank() {
    check(&[], 1, 12);
    check(VARIANTS[0], 1, 6);
}

#[test]
fn killed_on_three_ranks() {
    check(&[], 3, 6);
    check(VARIANTS[1], 3, 4);
}

/// A way to damage a file, and its name.
type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 5] = [
    ("it is empty", |path| fs::write(path, "").unwrap()),
    ("it is not an HDF5 file", |path| fs::write(path, "step = 3").unwrap()),
    ("it is truncated", |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }),
    ("the numbers of v miss their checksum", |path| {
        let dataset = hdf5::File::open(path).unwrap().dataset("fields/v").unwrap();
        let at = dataset.offset().unwrap() as usize + 1234;
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= 16;
        fs::write(path, bytes).unwrap();
    }),
    ("it is not a checkpoint of this program", |path| {
        let directory = path.parent().unwrap().with_file_name("snapshots");
        fs::copy(directory.join("snapshot_00000000.h5"), path).unwrap();
    }),
];

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let case = Case::new(FORCED);
    case.solve(1, "whole", &["--quiet"]);
    case.solve(1, "run", &["--quiet", "--set", "time.end=0.5"]);
    for (n, (message, damage)) in DAMAGES.iter().enumerate() {
        let newest = case.checkpoints("run").pop().unwrap();
        damage(&newest);
        let end = format!("time.end={}", 0.55 + 0.05 * n as f64);
        let output = case.solve([1, 3][n % 2], "run", &["--set", &end]);
        let warning = format!("warning: cannot use checkpoint {}: ", newest.display());
        assert_eq!(output.stderr.matches(&warning).count(), 1, "{}", output.stderr);
        assert!(output.stderr.contains(message), "{}", output.stderr);
        assert_eq!(output.stdout.matches("continues from").count(), 1, "{}", output.stdout);
        assert!(newest.with_extension("h5.unused").exists() || newest.exists());
    }
    case.solve(2, "run", &["--quiet"]);
    case.assert_same("whole", "run");
}

#[test]
fn without_any_good_checkpoint_it_says_so() {
    let case = Case::new(FORCED);
    case.solve(1, "run", &["--quiet", "--set", "time.end=0.5"]);
    for (path, (_, damage)) in case.checkpoints("run").iter().zip(DAMAGES) {
        damage(path);
    }
    let history = case.read("run", "history.csv");
    for ranks in [1, 3] {
        let output = case.run(ranks, "run", &[]);
        assert_eq!(output.code(), 2, "{output:?}");
        for text in [
            "no checkpoint of",
            "it is empty",
            "it is not an HDF5 file",
            "it is truncated",
            "--fresh",
        ] {
            assert_eq!(output.stderr.matches(text).count(), 1, "{}", output.stderr);
        }
    }
    assert_eq!(case.read("run", "history.csv"), history);
    // Nor is anything overwritten when they are gone.
    case.checkpoints("run").iter().for_each(|path| fs::remove_file(path).unwrap());
    let output = case.run(1, "run", &[]);
    assert_eq!(output.code(), 2, "{output:?}");
    assert!(output.stderr.contains("holds a run already"), "{}", output.stderr);
    assert_eq!(case.read("run", "history.csv"), history);
}
