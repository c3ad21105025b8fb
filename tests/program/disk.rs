//! Disks that are full or cannot be written to, and ranks that fail alone. What was written before
//! stays whole, nothing hangs, and once there is room the same command goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::restart::FORCED;
use super::running::{
    Case, Output, SOLVER, children, read_checkpoint, run_mpi, send, wait, wait_until,
};

/// A small file system in memory, gone when this is dropped.
struct Disk(PathBuf);

impl Disk {
    /// At `path`, of so many kB; `None`, and a word about it, where mounting is not allowed.
    fn mount(path: PathBuf, size: usize) -> Option<Self> {
        fs::create_dir(&path).unwrap();
        let options = format!("size={size}k");
        let line = ["-t", "tmpfs", "-o", &options, "tmpfs", path.to_str().unwrap()];
        if Command::new("mount").args(line).output().is_ok_and(|output| output.status.success()) {
            return Some(Disk(path));
        }
        println!("SKIPPED: mounting a tmpfs is not allowed here");
        None
    }

    fn remount(&self, options: &str) {
        let line = ["-o", &format!("remount,{options}"), self.0.to_str().unwrap()];
        assert!(Command::new("mount").args(line).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Exit code 1 and one message, which names something in the directory `name` and has the `text`.
fn assert_fails(case: &Case, output: &Output, name: &str, text: &str) {
    output.assert_error(1, "dns-solver: error: cannot ");
    let message = output.stderr.split("dns-solver: error: ").nth(1).unwrap();
    assert!(message.contains(case.path(name).to_str().unwrap()), "{message}");
    assert!(message.contains(text), "{message}");
}

/// The last checkpoint is whole, if there is any.
fn assert_whole(path: Option<&PathBuf>) {
    path.map(|path| read_checkpoint(path));
}

/// Sizes at which another file is the first that has no room each time.
#[test]
fn a_full_disk() {
    let case = Case::new(FORCED);
    case.solve(1, "whole", &["--quiet"]);
    let mut messages = Vec::new();
    for (n, size) in [16, 100, 250, 400, 440, 480, 530, 580, 600, 680, 900].into_iter().enumerate()
    {
        let name = format!("disk{n}");
        let Some(disk) = Disk::mount(case.path(&name), size) else { return };
        let run = format!("{name}/run");
        let ranks = [1, 3][n % 2];
        let output = case.run(ranks, &run, &["--quiet"]);
        assert_fails(&case, &output, &run, "");
        messages.push(output.stderr);
        assert_whole(case.checkpoints(&run).last());
        // Again it is the same, and nothing gets worse.
        assert_eq!(case.run(1, &run, &["--quiet"]).code(), 1);
        assert_whole(case.checkpoints(&run).last());
        disk.remount("size=20m");
        case.solve(1, &run, &["--quiet"]);
        case.assert_same("whole", &run);
    }
    for (file, reason) in [
        ("checkpoint_", "is the disk full"),
        ("snapshot_", "is the disk full"),
        ("spectra", "No space left on device"),
    ] {
        let of_file = |text: &&String| text.contains(file);
        assert!(messages.iter().any(|text| of_file(&text)), "{file}: {messages:?}");
        for message in messages.iter().filter(of_file) {
            assert!(message.contains(reason), "{message}");
        }
    }
}

#[test]
fn a_disk_that_is_read_only() {
    let case = Case::new(FORCED);
    let Some(disk) = Disk::mount(case.path("disk"), 20_000) else { return };
    case.solve(1, "disk/run", &["--quiet", "--set", "time.end=0.5"]);
    disk.remount("ro");
    for ranks in [1, 3] {
        for name in ["disk/run", "disk/new"] {
            let output = case.run(ranks, name, &[]);
            assert_fails(&case, &output, name, "Read-only file system");
        }
    }
    disk.remount("rw");
    case.solve(3, "disk/run", &["--quiet"]);
    case.solve(1, "whole", &["--quiet"]);
    case.assert_same("whole", "disk/run");
}

/// A mount point cannot be renamed: said so, and no lock stays.
#[test]
fn a_mount_point_is_not_set_aside() {
    let case = Case::new(FORCED);
    let Some(_disk) = Disk::mount(case.path("run"), 20_000) else { return };
    case.solve(1, "run", &["--quiet"]);
    let output = case.run(1, "run", &["--fresh"]);
    output.assert_error(2, "it is a mount point");
    assert!(!case.path("run/lock").exists() && !case.path("run.old-1").exists());
    assert!(case.solve(1, "run", &[]).stdout.contains("the run is complete"));
}

/// A file takes the place of a directory while the run is at work.
#[test]
fn a_directory_that_can_no_longer_be_written_to() {
    let case = Case::new(FORCED);
    let endless = ["--set", "time.end=1e6", "--set", "output.snapshots.every=0.1"];
    for (n, directory) in ["checkpoints", "snapshots"].into_iter().enumerate() {
        let name = format!("run{n}");
        let path = case.path(&name).join(directory);
        let mut child = case.start([1, 3][n], &name, &endless);
        assert!(wait_until(&mut child, || case.rows(&name) > 3));
        fs::rename(&path, case.path("aside")).unwrap();
        fs::write(&path, "").unwrap();
        assert_eq!(wait(child).code(), Some(1));
        let message = fs::read_to_string(case.path(&format!("{name}.err"))).unwrap();
        assert_eq!(message.matches("dns-solver: error: cannot write").count(), 1, "{message}");
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        fs::remove_file(&path).unwrap();
        fs::rename(case.path("aside"), &path).unwrap();
        let end = format!("time.end={}", (case.rows(&name) + 4) as f64 * 0.05);
        let rest = ["--quiet", "--set", "output.snapshots.every=0.1", "--set", &end];
        case.solve(1, &name, &rest);
        case.solve(1, "whole", &rest);
        case.assert_same("whole", &name);
        fs::remove_dir_all(case.path("whole")).unwrap();
    }
}

/// Runs on three ranks with a `limit` of the shell on rank 1.
fn run_limited(case: &Case, limit: &str, arguments: &[&str]) -> (Output, Duration) {
    let script = format!("[ $OMPI_COMM_WORLD_RANK = 1 ] && {limit}; exec \"$@\"");
    let line = case.line("run", arguments);
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let started = Instant::now();
    let script = ["-c", &script, "sh", SOLVER];
    let output = run_mpi(3, Path::new("/bin/bash"), &[&script[..], &line].concat(), &[]);
    (output, started.elapsed())
}

/// From now on a process cannot write beyond so many bytes of a file.
fn limit_files(process: u32, bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    let process = process as libc::pid_t;
    // SAFETY: a plain system call on a child that was not waited for.
    let limited = unsafe {
        libc::prlimit(process, libc::RLIMIT_FSIZE, &raw const limit, std::ptr::null_mut())
    };
    assert_eq!(limited, 0);
}

/// Only one rank cannot write beyond the first kB of a file, once MPI has its own.
#[test]
fn one_rank_that_cannot_write() {
    // Each rank writes for itself, so that it is one that has nothing else to do with files.
    let [snapshots, checkpoints, writers] =
        ["output.snapshots.every=0.1", "output.checkpoints.every=1e5", "output.writers=3"];
    let endless = ["time.end=1e6", snapshots, checkpoints, writers];
    let endless = endless.map(|setting| ["--set", setting]).concat();
    for (slices, file) in [(&[][..], "plane_"), (&["--set", "output.slices=[]"], "snapshot_")] {
        let case = Case::new(FORCED);
        let mut child = case.start(3, "run", &[slices, &endless].concat());
        assert!(wait_until(&mut child, || case.rows("run") > 3));
        limit_files(children(child.id())[1], 1 << 14);
        let started = Instant::now();
        assert_eq!(wait(child).code(), Some(1));
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        let message = fs::read_to_string(case.path("run.err")).unwrap();
        assert_eq!(message.matches("dns-solver: error: cannot write").count(), 1, "{message}");
        assert!(message.contains(file) && message.contains("File too large"), "{message}");
        assert!(!message.contains("is the disk full"), "{message}");
        // Without any limit the run goes on.
        let end = format!("time.end={}", (case.rows("run") + 4) as f64 * 0.05);
        case.solve(3, "run", &[slices, &endless[2..], &["--quiet", "--set", &end]].concat());
    }
}

/// Only one rank has not enough memory.
#[test]
fn one_rank_without_memory() {
    let case = Case::new(FORCED);
    // What the address space of a rank is before the large arrays come.
    let mut child = case.start(3, "run", &["--set", "time.end=1e6"]);
    assert!(wait_until(&mut child, || case.rows("run") > 3));
    let status = fs::read_to_string(format!("/proc/{}/status", children(child.id())[1])).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:")?.strip_suffix(" kB"));
    let limit = peak.unwrap().trim().parse::<usize>().unwrap() + 20_000;
    send(child.id(), libc::SIGUSR1);
    wait(child);

    for (exchange, message) in
        [("all_to_all", "memory allocation of"), ("auto", "Cannot allocate memory")]
    {
        let exchange = format!("parallel.exchange={exchange}");
        let large = ["--fresh", "--set", "grid.points=[192,160,160]", "--set", &exchange];
        let (output, took) = run_limited(&case, &format!("ulimit -v {limit}"), &large);
        assert_ne!(output.code(), 0, "{output:?}");
        assert!(took < Duration::from_secs(30), "{took:?}");
        assert!(output.stderr.contains(message), "{}", output.stderr);
    }
}
