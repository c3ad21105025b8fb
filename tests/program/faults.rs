//! Runs that are killed at any moment, and checkpoints that are damaged.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use super::restart::{FORCED, VARIANTS};
use super::running::{Case, children, send, wait, wait_until};

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    /// One process: the only one, or one of the ranks in turn.
    OneRank,
    /// All ranks and mpirun at once.
    All,
}

/// When it is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// At some time after the start.
    Any,
    /// When a checkpoint or a snapshot is being written.
    Inside(&'static str),
    /// When a row of the history has just appeared.
    AfterRow,
}

const MOMENTS: [Moment; 4] =
    [Moment::Any, Moment::Inside("checkpoints"), Moment::Inside("snapshots"), Moment::AfterRow];

/// Whether there is an unfinished file in a directory of the run.
fn is_unfinished(case: &Case, directory: &str) -> bool {
    let entries = fs::read_dir(case.path("run").join(directory));
    let mut paths = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    paths.any(|path| path.extension().is_some_and(|extension| extension == "tmp"))
}

/// Waits for the `moment`, and then for some microseconds, other ones for each `kill`. Whether the
/// run is still at work.
fn await_moment(case: &Case, child: &mut Child, moment: Moment, kill: usize) -> bool {
    let rows = case.rows("run");
    let spread = (kill * 7919 + kill * kill * 31) % 101;
    let (running, delay) = match moment {
        // The start of MPI is part of it.
        Moment::Any => (true, 5000 * spread),
        Moment::Inside(files) => (wait_until(child, || is_unfinished(case, files)), 40 * spread),
        Moment::AfterRow => (wait_until(child, || case.rows("run") != rows), 20 * spread),
    };
    std::thread::sleep(Duration::from_micros(delay as u64));
    running && child.try_wait().unwrap().is_none()
}

/// Kills a run `kills` times, continues it with the same command each time, and compares its end
/// with that of a run that nothing happened to. Returns how many kills left an unfinished file.
fn kill_often(
    settings: &[&str],
    ranks: usize,
    victim: Victim,
    moments: &[Moment],
    kills: usize,
) -> usize {
    let case = Case::new(FORCED);
    let settings = [settings, &["--set", "output.snapshots.every=0.1"]].concat();
    let endless = [&settings[..], &["--set", "time.end=1e6"]].concat();
    let mut unfinished = 0;
    for kill in 0..kills {
        let mut child = case.start(ranks, "run", &endless);
        let moment = moments[kill % moments.len()];
        if !await_moment(&case, &mut child, moment, kill) {
            panic!("{moment:?}: {}", fs::read_to_string(case.path("run.err")).unwrap());
        }
        let processes = children(child.id());
        if ranks > 1 && victim == Victim::OneRank && !processes.is_empty() {
            send(processes[kill % processes.len()], libc::SIGKILL);
        } else {
            processes.iter().for_each(|rank| send(*rank, libc::SIGKILL));
            send(child.id(), libc::SIGKILL);
        }
        wait(child);
        unfinished +=
            usize::from(["checkpoints", "snapshots"].iter().any(|f| is_unfinished(&case, f)));
    }
    // Once more the same command, as a run without any checkpoint cannot be given another end.
    let rows = case.rows("run");
    let mut child = case.start(1, "run", &endless);
    assert!(wait_until(&mut child, || case.rows("run") > rows + 1));
    send(child.id(), libc::SIGUSR1);
    assert_eq!(wait(child).code(), Some(0));
    // A few rows further, in both ways.
    let end = format!("time.end={}", (case.rows("run") + 4) as f64 * 0.05);
    let rest = [&settings[..], &["--quiet", "--set", &end]].concat();
    case.solve(2, "run", &rest);
    case.solve(1, "whole", &rest);
    case.assert_same("whole", "run");
    unfinished
}

#[test]
fn killed_on_one_rank() {
    let unfinished = kill_often(&[], 1, Victim::All, &MOMENTS, 12);
    assert!(unfinished > 0, "no kill came inside a file");
    kill_often(VARIANTS[0], 1, Victim::All, &MOMENTS, 6);
}

#[test]
fn killed_on_three_ranks() {
    kill_often(&[], 3, Victim::OneRank, &MOMENTS, 5);
    kill_often(VARIANTS[1], 3, Victim::All, &MOMENTS, 4);
}

/// Hundreds of kills, with a table for docs/restarting.md. `scripts/faults.sh` runs it.
#[test]
#[ignore = "takes minutes"]
fn killed_hundreds_of_times() {
    let kills = std::env::var("DNS_SOLVER_KILLS").map_or(30, |kills| kills.parse().unwrap());
    println!("\n| ranks | killed | when | kills | left an unfinished file | end |");
    println!("|---|---|---|---|---|---|");
    for (ranks, victim, who) in
        [(1, Victim::All, "the process"), (3, Victim::OneRank, "one rank"), (3, Victim::All, "all")]
    {
        for moment in MOMENTS {
            let when = match moment {
                Moment::Any => "any time".to_string(),
                Moment::Inside(files) => format!("while one of `{files}/` is written"),
                Moment::AfterRow => "as a row of `history.csv` is written".into(),
            };
            // Processes that share a core are slow to start.
            let kills = if ranks == 1 { kills } else { kills / 2 };
            let unfinished = kill_often(&[], ranks, victim, &[moment], kills);
            println!("| {ranks} | {who} | {when} | {kills} | {unfinished} | same bits |");
        }
    }
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
        for text in [
            "no checkpoint of",
            "it is empty",
            "it is not an HDF5 file",
            "it is truncated",
            "--fresh",
        ] {
            output.assert_error(2, text);
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
