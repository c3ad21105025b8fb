//! Few ranks open files, however many there are, and no files appear but those of the run.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::FromRawFd;
use std::os::unix::ffi::OsStrExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::restart::FORCED;
use super::running::Case;

/// How often a file was opened, and whether it was made meanwhile.
#[derive(Clone, Copy, Debug, Default)]
struct Opened {
    times: usize,
    is_new: bool,
}

/// Files in some directories that are opened or made while `work` is done, by name. (The kernel may count
/// two opens as one when they follow each other before they are read.)
fn watch(directories: &[&Path], work: impl FnOnce()) -> BTreeMap<String, Opened> {
    // SAFETY: plain system calls with names that are alive; the descriptor is nobody else's.
    let mut events = unsafe {
        let descriptor = libc::inotify_init1(libc::IN_NONBLOCK);
        for directory in directories {
            let name = CString::new(directory.as_os_str().as_bytes()).unwrap();
            let mask = libc::IN_OPEN | libc::IN_CREATE | libc::IN_CLOSE | libc::IN_ACCESS;
            assert!(libc::inotify_add_watch(descriptor, name.as_ptr(), mask) >= 0, "{name:?}");
        }
        File::from_raw_fd(descriptor)
    };
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let counting = scope.spawn(|| {
            let mut opened = BTreeMap::<String, Opened>::new();
            let mut buffer = vec![0; 1 << 16];
            loop {
                let was_done = is_done.load(Ordering::SeqCst);
                match events.read(&mut buffer) {
                    Ok(length) => count(&buffer[..length], &mut opened),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        if was_done {
                            return opened;
                        }
                        thread::sleep(Duration::from_micros(100));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        });
        // Whatever comes of it, the counting must end.
        let worked = panic::catch_unwind(AssertUnwindSafe(work));
        is_done.store(true, Ordering::SeqCst);
        worked.unwrap_or_else(|cause| panic::resume_unwind(cause));
        counting.join().unwrap()
    })
}

/// Counts what is in some events: watch, mask, cookie, length of the name, and the name.
fn count(mut events: &[u8], opened: &mut BTreeMap<String, Opened>) {
    while let Some((head, rest)) = events.split_first_chunk::<16>() {
        let number = |at: usize| u32::from_ne_bytes(head[at..at + 4].try_into().unwrap());
        let (mask, length) = (number(4), number(12) as usize);
        let name = String::from_utf8_lossy(&rest[..length]);
        events = &rest[length..];
        if mask & libc::IN_ISDIR == 0 && mask & (libc::IN_OPEN | libc::IN_CREATE) != 0 {
            let file = opened.entry(name.trim_end_matches('\0').into()).or_default();
            file.times += usize::from(mask & libc::IN_OPEN != 0);
            file.is_new |= mask & libc::IN_CREATE != 0;
        }
    }
}

#[test]
fn few_ranks_open_files() {
    let case = Case::new(FORCED);
    case.solve(1, "whole", &["--quiet"]);
    case.solve(1, "run", &["--quiet", "--set", "time.end=0.5"]);
    let directories =
        ["checkpoints", "snapshots", "slices"].map(|name| case.path("run").join(name));
    let of_data: Vec<&Path> = directories.iter().map(|path| &**path).collect();
    let opened = watch(&of_data, || {
        // Many beside the writers, but no more than two cores carry within the limit of a test.
        case.solve(16, "run", &["--quiet"]);
    });
    case.assert_same("whole", "run");
    let kinds = ["checkpoint_", "snapshot_", "plane"];
    for kind in kinds {
        assert!(opened.keys().any(|name| name.starts_with(kind)), "{kind}: {opened:?}");
    }
    for (name, Opened { times, is_new }) in &opened {
        // One node has one writer. Rank 0 alone writes a line into the series at every record.
        assert!(*times <= 8 || name.ends_with(".xmf"), "{name} was opened {times} times");
        let is_ours = kinds.iter().any(|kind| name.starts_with(kind));
        assert!(!is_new || is_ours && name.ends_with(".tmp"), "{name} is no file of a run");
    }
}
