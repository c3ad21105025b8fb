//! A long run takes no more memory and no more files than a short one.

use std::fs;
use std::time::Duration;

use super::restart::FORCED;
use super::running::{Case, children, send, wait, wait_until};

/// The least resident memory in kB, and open files, of a process in a few looks: at one of them it may be
/// writing a file, which takes some more for the moment.
fn held(process: u32) -> (f64, usize) {
    const LOOKS: usize = 20;
    let look = |_| {
        std::thread::sleep(Duration::from_millis(5));
        held_now(process)
    };
    (0..LOOKS).map(look).fold((f64::MAX, usize::MAX), |a, b| (a.0.min(b.0), a.1.min(b.1)))
}

/// The same at this moment.
fn held_now(process: u32) -> (f64, usize) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix(" kB"));
    let files = fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    (resident.unwrap().trim().parse().unwrap(), files)
}

/// What memory may grow by, in kB, after all buffers are there: what the allocator leaves in between, and
/// the parts of a megabyte in which files of records are copied when they outgrow their room (a file of
/// records alone made 0.8 MB of it by the time that it had 65 MB, and none from there to 259 MB). A leak of
/// a kB with each checkpoint and snapshot would be 2.8 MB in the long test.
const ALLOWED: f64 = 1500.0;

/// A run with a row for each 5 steps, a checkpoint for each 20 and a snapshot for each 50. Compares
/// what each rank holds after the first of the `steps`, when all buffers are there, and after each of
/// the others, so that growth shows as growth.
fn check(ranks: usize, steps: [usize; 3]) {
    let case = Case::new(FORCED);
    let mut arguments = vec!["--quiet"];
    for setting in [
        "time.cfl=",
        "time.dt=0.01",
        "time.end=1e6",
        "output.history.every=0.05",
        "output.checkpoints.every=0.2",
        "output.snapshots.every=0.5",
        "output.spectra.every=0.5",
        "output.pdfs.every=1",
        "output.structure_functions.every=1",
    ] {
        arguments.extend(["--set", setting]);
    }
    let mut child = case.start(ranks, "run", &arguments);
    let processes = |child: u32| if ranks == 1 { vec![child] } else { children(child) };
    let looks = steps.map(|steps| -> Vec<_> {
        // In parts, each of which has its time limit.
        for part in (0..steps).step_by(100).chain([steps]) {
            assert!(wait_until(&mut child, || case.rows("run") > part / 5));
        }
        processes(child.id()).into_iter().map(held).collect()
    });
    send(child.id(), libc::SIGUSR1);
    assert_eq!(wait(child).code(), Some(0));
    let [first, second, third] = looks;
    for (rank, ((first, second), third)) in first.into_iter().zip(second).zip(third).enumerate() {
        println!(
            "rank {rank} of {ranks}: {first:?}, {second:?}, {third:?} (kB, files) at {steps:?}"
        );
        assert!(second.1 <= first.1 && third.1 <= first.1);
        assert!(second.0 < 1.02 * first.0 + ALLOWED, "{first:?}, {second:?}");
        assert!(third.0 < second.0 + ALLOWED, "{second:?}, {third:?}");
    }
}

#[test]
fn memory_and_files_stay_as_they_are() {
    check(1, [500, 1500, 2500]);
    check(3, [250, 500, 750]);
}

/// `scripts/faults.sh` runs it.
#[test]
#[ignore = "takes minutes"]
fn memory_and_files_stay_as_they_are_for_50000_steps() {
    check(1, [1000, 10_000, 50_000]);
    check(3, [1000, 10_000, 50_000]);
}
