//! A long run takes no more memory and no more files than a short one.

use std::fs;

use super::restart::FORCED;
use super::running::{Case, children, send, wait, wait_until};

/// Resident memory in kB, and open files, of a process.
fn held(process: u32) -> (f64, usize) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix(" kB"));
    let files = fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    (resident.unwrap().trim().parse().unwrap(), files)
}

/// A run with a row for each 5 steps, a checkpoint for each 20 and a snapshot for each 50. Compares
/// what each rank holds after step `first`, when all buffers are there, and after step `last`.
fn check(ranks: usize, first: usize, last: usize) {
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
    let mut look = |steps: usize| -> Vec<_> {
        // In parts, each of which has its time limit.
        for part in (0..steps).step_by(100).chain([steps]) {
            assert!(wait_until(&mut child, || case.rows("run") > part / 5));
        }
        processes(child.id()).into_iter().map(held).collect()
    };
    let (early, late) = (look(first), look(last));
    send(child.id(), libc::SIGUSR1);
    assert_eq!(wait(child).code(), Some(0));
    assert_eq!(early.len(), ranks);
    for (rank, ((memory, files), (memory_late, files_late))) in
        early.into_iter().zip(late).enumerate()
    {
        println!(
            "rank {rank} of {ranks}: {memory} kB and {files} files after {first} steps, \
             {memory_late} kB and {files_late} files after {last}"
        );
        // A checkpoint or snapshot may be open at the moment.
        assert!(files_late <= files + 2);
        assert!(memory_late < 1.02 * memory + 300.0);
    }
}

#[test]
fn memory_and_files_stay_as_they_are() {
    check(1, 500, 2500);
    check(3, 250, 750);
}

/// `scripts/faults.sh` runs it.
#[test]
#[ignore = "takes minutes"]
fn memory_and_files_stay_as_they_are_for_10000_steps() {
    check(1, 1000, 10_000);
    check(3, 1000, 10_000);
}
