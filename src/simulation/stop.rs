//! Requests to stop: signals, a file, and the end of the time that the run may take.
//!
//! Each rank looks for what it can see; at the next step all agree, finish the step, and write a
//! checkpoint.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use crate::parallel::Communicator;

/// The last signal that asked this rank to stop, or 0.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// The signals that ask a run to stop.
const SIGNALS: [(libc::c_int, &str); 3] =
    [(libc::SIGINT, "SIGINT"), (libc::SIGTERM, "SIGTERM"), (libc::SIGUSR1, "SIGUSR1")];

/// Time between two looks for the stop file.
const LOOK: Duration = Duration::from_secs(2);

/// Notices, see [`Watch::notice`]; a signal's is its number plus [`BY_SIGNAL`]. The largest one of
/// all ranks counts.
const BY_FILE: i64 = 1;
const BY_TIME: i64 = 2;
const BY_SIGNAL: i64 = 100;
/// The notice that the run directory is no longer ours: nothing more may be written.
pub const LOST: i64 = 1000;

extern "C" fn note(signal: libc::c_int) {
    SIGNAL.store(signal, Ordering::Relaxed);
}

/// From now on signals that ask to stop are noted. A second SIGINT ends the process as usual.
pub fn catch_signals() {
    for (signal, _) in SIGNALS {
        // SAFETY: a zeroed sigaction is valid; the handler only stores to an atomic, which is
        // allowed in a handler.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = note as extern "C" fn(libc::c_int) as libc::sighandler_t;
            // Reads and writes under way go on, in libraries too.
            action.sa_flags = libc::SA_RESTART;
            if signal == libc::SIGINT {
                action.sa_flags |= libc::SA_RESETHAND;
            }
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// Looks for requests to stop, once a step.
pub struct Watch {
    /// The stop file and the deadline are for rank 0 to see.
    is_root: bool,
    stop_file: PathBuf,
    looked_at_file: Option<Instant>,
    deadline: Option<Instant>,
    /// The longest that a checkpoint took.
    checkpoint: Duration,
    last_look: Option<Instant>,
    longest_step: Duration,
}

impl Watch {
    /// Looks for `stop_file`, and for the time `deadline` by which the run must have ended.
    pub fn new(comm: &Communicator, stop_file: PathBuf, deadline: Option<Instant>) -> Self {
        Watch {
            is_root: comm.is_root(),
            stop_file,
            looked_at_file: None,
            deadline,
            checkpoint: Duration::ZERO,
            last_look: None,
            longest_step: Duration::ZERO,
        }
    }

    /// What this rank knows before a step: 0, or the reason to stop after it. `is_lost` says that
    /// the run directory is no longer ours.
    pub fn notice(&mut self, is_lost: bool) -> i64 {
        let now = Instant::now();
        if let Some(before) = self.last_look.replace(now) {
            self.longest_step = self.longest_step.max(now - before);
        }
        match SIGNAL.load(Ordering::Relaxed) {
            _ if is_lost => LOST,
            0 if self.is_root && self.time_is_up(now) => BY_TIME,
            0 if self.is_root && self.file_is_there(now) => BY_FILE,
            0 => 0,
            signal => BY_SIGNAL + i64::from(signal),
        }
    }

    /// Takes account of a checkpoint that was written.
    pub fn checkpoint_took(&mut self, time: Duration) {
        self.checkpoint = self.checkpoint.max(time);
        // The step before it is over.
        self.last_look = None;
    }

    /// Whether one more step after the next would be too much.
    fn time_is_up(&self, now: Instant) -> bool {
        /// For the end of the program, and for clocks that do not quite agree.
        const MARGIN: Duration = Duration::from_secs(1);
        let needed = 2 * (self.longest_step + self.checkpoint) + MARGIN;
        self.deadline.is_some_and(|deadline| now + needed >= deadline)
    }

    fn file_is_there(&mut self, now: Instant) -> bool {
        if self.looked_at_file.is_some_and(|before| now < before + LOOK) {
            return false;
        }
        self.looked_at_file = Some(now);
        self.stop_file.exists()
    }

    /// Removes the stop file, so that the run can be continued.
    pub fn clear(&self) {
        if self.is_root {
            // It need not be there.
            let _ = fs::remove_file(&self.stop_file);
        }
    }
}

/// Why the run stops: a notice of [`Watch::notice`] in words.
pub fn reason(notice: i64) -> &'static str {
    match notice {
        BY_FILE => "the file `stop` is there",
        BY_TIME => "its wall-clock time is up",
        _ => SIGNALS
            .iter()
            .find(|(signal, _)| BY_SIGNAL + i64::from(*signal) == notice)
            .map_or("a signal came", |(_, name)| name),
    }
}
