//! Requests to stop end a run in good order, and the same command continues it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::restart::{FORCED, assert_same};
use super::running::Case;

/// Starts the run `name` without waiting for its end. Its output goes to `name.out` and `name.err`.
pub fn start(case: &Case, ranks: usize, name: &str, arguments: &[&str]) -> Child {
    let program = env!("CARGO_BIN_EXE_dns-solver");
    let mut command = if ranks == 1 {
        Command::new(program)
    } else {
        let mut command = Command::new("mpirun");
        command.args(["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n"]);
        command.args([&ranks.to_string(), program]);
        command
    };
    let file = |ending: &str| fs::File::create(case.path(&format!("{name}.{ending}"))).unwrap();
    command.arg(case.path("config.toml")).arg("--output").arg(case.path(name)).args(arguments);
    command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err")).spawn().unwrap()
}

/// Sends a signal to a process.
pub fn send(process: u32, signal: libc::c_int) {
    // SAFETY: a plain system call on a child that was not waited for.
    assert_eq!(unsafe { libc::kill(process as libc::pid_t, signal) }, 0);
}

/// Waits until something is so; false when `child` has ended before. Panics after a minute.
pub fn wait_until(child: &mut Child, mut condition: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while !condition() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "waits in vain");
        std::thread::sleep(Duration::from_micros(200));
    }
    true
}

/// Waits for the end of a process, at most a minute.
fn wait(mut child: Child) -> std::process::ExitStatus {
    wait_until(&mut child, || false);
    child.wait().unwrap()
}

/// Rows of the history so far.
pub fn rows(case: &Case, name: &str) -> usize {
    let text = fs::read_to_string(case.path(name).join("history.csv")).unwrap_or_default();
    text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count()
}

/// A run that ends only when it is stopped.
const ENDLESS: [&str; 6] = [
    "--set",
    "time.end=1e6",
    "--set",
    "output.snapshots.every=10",
    "--set",
    "output.history.every=0.05",
];

/// Stops an endless run by `stop`, and compares it with one that goes there undisturbed.
fn check(ranks: usize, stop: impl Fn(&Case, &Child), because: &str) {
    let case = Case::new(FORCED);
    let mut child = start(&case, ranks, "run", &ENDLESS);
    assert!(wait_until(&mut child, || rows(&case, "run") > 3));
    stop(&case, &child);
    let status = wait(child);
    let text = |ending: &str| fs::read_to_string(case.path(&format!("run.{ending}"))).unwrap();
    assert_eq!(status.code(), Some(0), "{status:?} {} {}", text("out"), text("err"));
    let message = "continue with the same command";
    assert_eq!(text("out").matches(message).count(), 1, "{}", text("out"));
    assert!(text("out").contains(because), "{}", text("out"));
    assert!(!case.path("run").join("stop").exists());
    // A few rows further, in both ways.
    let end = format!("time.end={}", (rows(&case, "run") + 4) as f64 * 0.05);
    let rest = [&ENDLESS[2..], &["--quiet", "--set", &end]].concat();
    case.solve(2, "run", &rest);
    case.solve(1, "whole", &rest);
    assert_same(&case, "whole", "run");
}

#[test]
fn by_signals() {
    for (signal, name) in
        [(libc::SIGTERM, "SIGTERM"), (libc::SIGINT, "SIGINT"), (libc::SIGUSR1, "SIGUSR1")]
    {
        check(1, |_, child| send(child.id(), signal), name);
    }
    // mpirun passes it on to the ranks.
    check(3, |_, child| send(child.id(), libc::SIGUSR1), "SIGUSR1");
}

#[test]
fn by_the_stop_file() {
    let touch = |case: &Case, _: &Child| fs::write(case.path("run").join("stop"), "").unwrap();
    check(1, touch, "`stop`");
    check(3, touch, "`stop`");
}

#[test]
fn before_the_walltime() {
    let case = Case::new(FORCED);
    for ranks in [1, 3] {
        let started = Instant::now();
        let output =
            case.solve(ranks, "run", &[&ENDLESS[..], &["--walltime", "00:00:05"]].concat());
        assert!(output.stdout.contains("wall-clock time is up"), "{output:?}");
        assert!(case.column("run", "step").len() > 5, "{output:?}");
        if ranks == 1 {
            assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        }
    }
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let case = Case::new(FORCED);
    // Steps that take long.
    let arguments = [&ENDLESS[..], &["--set", "grid.points=[120,120,120]"]].concat();
    let mut child = start(&case, 1, "run", &arguments);
    assert!(wait_until(&mut child, || fs::read_dir(case.path("run").join("checkpoints"))
        .is_ok_and(|entries| entries
            .flatten()
            .any(|e| e.path().extension().is_some_and(|x| x == "h5")))));
    std::thread::sleep(Duration::from_millis(300));
    send(child.id(), libc::SIGINT);
    std::thread::sleep(Duration::from_millis(20));
    send(child.id(), libc::SIGINT);
    let status = wait(child);
    assert_eq!(status.signal(), Some(libc::SIGINT), "{status:?}");
}
