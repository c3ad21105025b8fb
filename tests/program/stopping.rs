//! Requests to stop end a run in good order, and the same command continues it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::restart::FORCED;
use super::running::{Case, children, send, wait, wait_until};

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
    let mut child = case.start(ranks, "run", &ENDLESS);
    assert!(wait_until(&mut child, || case.rows("run") > 3));
    stop(&case, &child);
    let status = wait(child);
    let text = |ending: &str| fs::read_to_string(case.path(&format!("run.{ending}"))).unwrap();
    assert_eq!(status.code(), Some(0), "{status:?} {} {}", text("out"), text("err"));
    let message = "continue with the same command";
    assert_eq!(text("out").matches(message).count(), 1, "{}", text("out"));
    assert!(text("out").contains(because), "{}", text("out"));
    assert!(!case.path("run").join("stop").exists());
    // A few rows further, in both ways.
    let end = format!("time.end={}", (case.rows("run") + 4) as f64 * 0.05);
    let rest = [&ENDLESS[2..], &["--quiet", "--set", &end]].concat();
    case.solve(2, "run", &rest);
    case.solve(1, "whole", &rest);
    case.assert_same("whole", "run");
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

/// Whatever has the name is a request, which ends with the run: also when the run is over before it
/// would stop.
#[test]
fn the_request_is_gone_afterwards() {
    check(1, |case, _| fs::create_dir(case.path("run").join("stop")).unwrap(), "`stop`");
    let case = Case::new(FORCED);
    let stop = case.path("run").join("stop");
    fs::create_dir(case.path("run")).unwrap();
    fs::write(&stop, "").unwrap();
    let output = case.solve(1, "run", &["--set", "time.end=1e-3"]);
    assert!(!output.stdout.contains("stopped early"), "{output:?}");
    assert!(!stop.exists());
    // What cannot be removed is said.
    fs::create_dir(&stop).unwrap();
    fs::write(stop.join("mine"), "").unwrap();
    let output = case.solve(1, "run", &["--set", "time.end=1"]);
    assert!(output.stdout.contains("stopped early"), "{output:?}");
    assert!(output.stderr.contains("run/stop: "), "{output:?}");
}

/// Six seconds of suspension are no step of six seconds, two of which must be left: the run would end with
/// the next step. A busy machine may take half of the rest to start.
#[test]
fn a_suspension_is_no_long_step() {
    for (ranks, suspended) in [(1, None), (3, Some(1))] {
        let case = Case::new(FORCED);
        let mut child =
            case.start(ranks, "run", &[&ENDLESS[..], &["--walltime", "00:00:16"]].concat());
        assert!(wait_until(&mut child, || case.rows("run") > 3));
        let process = suspended.map_or(child.id(), |rank: usize| children(child.id())[rank]);
        send(process, libc::SIGSTOP);
        std::thread::sleep(Duration::from_secs(6));
        let rows = case.rows("run");
        send(process, libc::SIGCONT);
        let status = wait(child);
        assert_eq!(status.code(), Some(0), "{status:?}");
        let text = fs::read_to_string(case.path("run.out")).unwrap();
        assert!(text.contains("wall-clock time is up"), "{text}");
        assert!(case.rows("run") > rows + 2, "{rows} rows, then {}", case.rows("run"));
    }
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
    let mut child = case.start(1, "run", &arguments);
    assert!(wait_until(&mut child, || !case.checkpoints("run").is_empty()));
    std::thread::sleep(Duration::from_millis(300));
    send(child.id(), libc::SIGINT);
    std::thread::sleep(Duration::from_millis(20));
    send(child.id(), libc::SIGINT);
    let status = wait(child);
    assert_eq!(status.signal(), Some(libc::SIGINT), "{status:?}");
}

/// Seconds since 1970, some from now.
fn seconds_from_now(seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    (now as i64 + seconds).to_string()
}

/// Checks that an endless run stops by itself, because its time is up, before `limit`.
fn check_time(case: &Case, ranks: usize, variables: &[(&str, &str)], limit: Duration) {
    let started = Instant::now();
    let code = ["--stopped-code", "75"];
    let output = case.run_with(variables, ranks, "run", &[&ENDLESS[..], &code].concat());
    assert_eq!(output.code(), 75, "{output:?}");
    assert!(output.stdout.contains("the Slurm job ends in "), "{output:?}");
    assert!(output.stdout.contains("wall-clock time is up"), "{output:?}");
    assert!(ranks > 1 || started.elapsed() < limit, "{:?}", started.elapsed());
}

#[test]
fn before_the_slurm_job_ends() {
    let (case, limit) = (Case::new(FORCED), Duration::from_secs(7));
    for ranks in [1, 3] {
        let end = seconds_from_now(6);
        check_time(&case, ranks, &[("SLURM_JOB_END_TIME", &end)], limit);
    }
    // An older Slurm is asked.
    let squeue = case.path("squeue");
    fs::write(&squeue, "#!/bin/sh\n[ \"$*\" = '--noheader --format=%L --jobs 12' ] && echo 0:06\n")
        .unwrap();
    fs::set_permissions(&squeue, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", case.path("").display(), std::env::var("PATH").unwrap());
    check_time(&case, 1, &[("SLURM_JOB_ID", "12"), ("PATH", &path)], limit);
    assert!(case.column("run", "step").len() > 5);
}

/// Slurm has given the job more time since it began.
#[test]
fn a_longer_slurm_job_is_used() {
    let case = Case::new(FORCED);
    let squeue = case.path("squeue");
    fs::write(&squeue, "#!/bin/sh\necho 0:08\n").unwrap();
    fs::set_permissions(&squeue, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", case.path("").display(), std::env::var("PATH").unwrap());
    let end = seconds_from_now(3);
    let variables = [("SLURM_JOB_END_TIME", &*end), ("SLURM_JOB_ID", "12"), ("PATH", &path)];
    let started = Instant::now();
    let output =
        case.run_with(&variables, 1, "run", &[&ENDLESS[..], &["--walltime", "00:00:07"]].concat());
    assert_eq!(output.code(), 0, "{output:?}");
    assert!(output.stdout.contains("the Slurm job has more time: 8 s from now"), "{output:?}");
    assert!(started.elapsed() > Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn a_slurm_job_whose_end_is_not_known_goes_on() {
    let case = Case::new(FORCED);
    let past = seconds_from_now(-1);
    for (variable, name) in [("SLURM_JOB_END_TIME", past.as_str()), ("SLURM_JOB_ID", "12")] {
        let output = case.run_with(&[(variable, name)], 1, variable, &["--set", "time.end=0.1"]);
        output.assert_error(0, "cannot tell when this Slurm job ends");
        assert!(!output.stdout.contains("stopped early"), "{output:?}");
    }
}
