//! Two runs never write to one directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use super::restart::FORCED;
use super::running::{Case, SOLVER, children, send, wait, wait_until};

/// Nothing but the history is written soon.
const ENDLESS: [&str; 14] = [
    "--set",
    "time.end=1e6",
    "--set",
    "output.snapshots.every=1e5",
    "--set",
    "output.spectra.every=1e5",
    "--set",
    "output.pdfs.every=1e5",
    "--set",
    "output.invariants.every=1e5",
    "--set",
    "output.structure_functions.every=1e5",
    "--set",
    "output.slices=[]",
];

/// An endless run under way.
fn start(case: &Case, ranks: usize) -> Child {
    let before = case.rows("run");
    let mut child = case.start(ranks, "run", &ENDLESS);
    assert!(wait_until(&mut child, || case.rows("run") > before + 3));
    child
}

#[test]
fn a_second_run_is_refused_and_the_first_goes_on() {
    let case = Case::new(FORCED);
    let child = start(&case, 3);
    for (ranks, option) in [(1, "--quiet"), (3, "--quiet"), (1, "--fresh")] {
        let (started, rows) = (Instant::now(), case.rows("run"));
        let output = case.run(ranks, "run", &[&ENDLESS[..], &[option]].concat());
        output.assert_error(2, "another run is at work in this directory: process ");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        assert!(case.rows("run") > rows);
    }
    fs::write(case.path("run").join("stop"), "").unwrap();
    assert_eq!(wait(child).code(), Some(0));
    assert!(!case.path("run").join("lock").exists());
}

#[test]
fn a_run_that_was_killed_leaves_no_lock_that_matters() {
    let case = Case::new(FORCED);
    for ranks in [1, 3] {
        let child = start(&case, ranks);
        // All of them, and mpirun.
        for rank in children(child.id()) {
            send(rank, libc::SIGKILL);
        }
        send(child.id(), libc::SIGKILL);
        wait(child);
        assert!(case.path("run").join("lock").exists());
        let end = format!("time.end={}", (case.rows("run") + 2) as f64 * 0.05);
        let output = case.solve(ranks, "run", &["--quiet", "--set", &end]);
        assert_eq!(output.stderr.matches("is taken over: that run has ended").count(), 1);
        assert!(!case.path("run").join("lock").exists());
    }
}

/// The files that are open go on to exist, so that writing to them alone would not show it.
#[test]
fn a_run_whose_directory_is_gone_ends() {
    let case = Case::new(FORCED);
    let (gone, unwritable) = ("it was removed, or another run has taken it over", "cannot write");
    for (ranks, checkpoints, cause) in [(1, "1e5", gone), (3, "1e5", gone), (1, "0.1", unwritable)]
    {
        let every = format!("output.checkpoints.every={checkpoints}");
        let mut child = case.start(ranks, "run", &[&ENDLESS[..], &["--set", &every]].concat());
        assert!(wait_until(&mut child, || case.rows("run") > 3));
        fs::rename(case.path("run"), case.path("gone")).unwrap();
        let started = Instant::now();
        assert_eq!(wait(child).code(), Some(1));
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        let message = fs::read_to_string(case.path("run.err")).unwrap();
        assert_eq!(message.matches("dns-solver: error: cannot ").count(), 1, "{message}");
        assert!(message.contains(case.path("run").to_str().unwrap()), "{message}");
        assert!(message.contains(cause), "{message}");
        assert!(!case.path("run").exists());
        fs::remove_dir_all(case.path("gone")).unwrap();
    }
}

/// With `hidepid` /proc does not show the processes of other users, which are not dead for that.
#[test]
fn a_live_run_of_another_user_is_left_alone() {
    let case = Case::new(FORCED);
    let mut child = start(&case, 1);
    let open_to_all = |path: &Path| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    };
    [case.path(""), case.path("run")].iter().for_each(|path| open_to_all(path));
    let hide = "mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=65534 --clear-groups";
    let line = case.line("run", &ENDLESS).join("\" \"");
    let script = format!("{hide} \"{}\" \"{line}\"", case.path("solver").display());
    // The program itself may lie where other users cannot read it.
    fs::copy(SOLVER, case.path("solver")).unwrap();
    let mut unshare = std::process::Command::new("unshare");
    let output = unshare.args(["--mount", "sh", "-c", &script]).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    if !message.contains("dns-solver: ") {
        println!("SKIPPED: this needs root and namespaces: {message}");
    } else {
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("another run is at work"), "{message}");
        assert!(child.try_wait().unwrap().is_none());
    }
    send(child.id(), libc::SIGUSR1);
    assert_eq!(wait(child).code(), Some(0));
}
