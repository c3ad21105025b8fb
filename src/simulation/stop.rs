//! Requests to stop: signals, a file, and the end of the time that the run may take.
//!
//! Each rank looks for what it can see; at the next step all agree, finish the step, and write a
//! checkpoint.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

use super::deadline::Deadline;
use crate::parallel::Communicator;

/// Whether this rank was suspended, by SIGSTOP or by Slurm, since it last looked.
static WAS_SUSPENDED: AtomicBool = AtomicBool::new(false);

/// The last signal that asked this rank to stop, or 0.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// The signals that ask a run to stop.
const SIGNALS: [(libc::c_int, &str); 3] =
    [(libc::SIGINT, "SIGINT"), (libc::SIGTERM, "SIGTERM"), (libc::SIGUSR1, "SIGUSR1")];

/// Time between two looks for the stop file.
const LOOK: Duration = Duration::from_secs(2);

/// Notices, see [`Watch::notice`]; a signal's is its number plus [`BY_SIGNAL`]. The largest one of
/// all ranks counts.
///
/// The first says that time is up if the last step is to be taken for a usual one, which the second
/// overrules, for it says that the rank was suspended for a while; it asks for nothing else.
const BY_TIME_UNLESS_SUSPENDED: i64 = 1;
const SUSPENDED: i64 = 2;
const BY_FILE: i64 = 3;
const BY_TIME: i64 = 4;
const BY_SIGNAL: i64 = 100;
/// The notice that the run directory is no longer ours: nothing more may be written.
pub const LOST: i64 = 1000;

/// Whether a notice asks the run to stop.
pub fn asks(notice: i64) -> bool {
    notice != 0 && notice != SUSPENDED
}

extern "C" fn note(signal: libc::c_int) {
    SIGNAL.store(signal, Ordering::Relaxed);
}

extern "C" fn note_continuation(_: libc::c_int) {
    WAS_SUSPENDED.store(true, Ordering::Relaxed);
}

/// From now on signals that ask to stop are noted. A second SIGINT ends the process as usual.
pub fn catch_signals() {
    for (signal, _) in SIGNALS {
        catch(signal, note, if signal == libc::SIGINT { libc::SA_RESETHAND } else { 0 });
    }
    catch(libc::SIGCONT, note_continuation, 0);
}

fn catch(signal: libc::c_int, handler: extern "C" fn(libc::c_int), flags: libc::c_int) {
    // SAFETY: a zeroed sigaction is valid; the handlers only store to an atomic, which is allowed in
    // a handler.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        // Reads and writes under way go on, in libraries too.
        action.sa_flags = libc::SA_RESTART | flags;
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
}

/// Looks for requests to stop, once a step.
pub struct Watch {
    /// The stop file and the deadline are for rank 0 to see.
    is_root: bool,
    stop_file: PathBuf,
    looked_at_file: Option<Instant>,
    deadline: Option<Deadline>,
    /// The longest that a checkpoint took.
    checkpoint: Duration,
    last_look: Option<Instant>,
    /// The longest that a step took, with its output; and the last one, until all ranks have said
    /// that they were not suspended.
    longest_step: Duration,
    last_step: Duration,
}

impl Watch {
    /// Looks for `stop_file`, and for the time by which the run must have ended.
    pub fn new(comm: &Communicator, stop_file: PathBuf, deadline: Option<Deadline>) -> Self {
        Watch {
            is_root: comm.is_root(),
            stop_file,
            looked_at_file: None,
            deadline,
            checkpoint: Duration::ZERO,
            last_look: None,
            longest_step: Duration::ZERO,
            last_step: Duration::ZERO,
        }
    }

    /// The run begins now, with the output of its start.
    pub fn begin(&mut self) {
        self.last_look = Some(Instant::now());
    }

    /// What this rank knows before a step: 0, or a notice for all ranks, of which [`asks`] tells
    /// whether to stop after the step. `is_lost` says that the run directory is no longer ours.
    pub fn notice(&mut self, is_lost: bool) -> i64 {
        let was_suspended = self.end_step();
        let now = Instant::now();
        match SIGNAL.load(Ordering::Relaxed) {
            _ if is_lost => LOST,
            0 if self.is_root && self.time_is_up(now, self.longest_step) => BY_TIME,
            0 if self.is_root && self.file_is_there(now) => BY_FILE,
            0 if was_suspended => SUSPENDED,
            0 if self.is_root && self.time_is_up(now, self.last_step) => BY_TIME_UNLESS_SUSPENDED,
            0 => 0,
            signal => BY_SIGNAL + i64::from(signal),
        }
    }

    /// Takes account of the notice that all ranks agree on.
    pub fn agreed(&mut self, notice: i64) {
        if notice == SUSPENDED {
            self.last_step = Duration::ZERO;
        }
    }

    /// Takes account of the step before a checkpoint, which begins now.
    pub fn begin_checkpoint(&mut self) {
        self.end_step();
    }

    /// Takes account of a checkpoint that was written, in `time`.
    pub fn end_checkpoint(&mut self, time: Duration) {
        if !WAS_SUSPENDED.swap(false, Ordering::Relaxed) {
            self.expect_checkpoint(time);
        }
        self.last_look = Some(Instant::now());
    }

    /// A checkpoint will take about this `time`.
    pub fn expect_checkpoint(&mut self, time: Duration) {
        self.checkpoint = self.checkpoint.max(time);
    }

    /// What there is to tell about the time that is left.
    pub fn news(&mut self) -> Option<String> {
        self.deadline.as_mut()?.news()
    }

    /// Measures a step, from the look before to now, and says whether this rank was suspended.
    fn end_step(&mut self) -> bool {
        let was_suspended = WAS_SUSPENDED.swap(false, Ordering::Relaxed);
        let now = Instant::now();
        self.longest_step = self.longest_step.max(self.last_step);
        let step = self.last_look.replace(now).map(|before| now - before);
        self.last_step = step.filter(|_| !was_suspended).unwrap_or_default();
        was_suspended
    }

    /// Whether one more `step` after the next would be too much.
    fn time_is_up(&mut self, now: Instant, step: Duration) -> bool {
        /// For the end of the program, and for clocks that do not quite agree.
        const MARGIN: Duration = Duration::from_secs(1);
        let needed = 2 * (step + self.checkpoint) + MARGIN;
        self.deadline.as_mut().is_some_and(|deadline| deadline.is_within(needed, now))
    }

    fn file_is_there(&mut self, now: Instant) -> bool {
        if self.looked_at_file.is_some_and(|before| now < before + LOOK) {
            return false;
        }
        self.looked_at_file = Some(now);
        self.stop_file.symlink_metadata().is_ok()
    }

    /// Removes the stop file, or an empty directory of its name, so that the run can be continued.
    /// Returns a warning if it stays.
    pub fn clear(&self) -> Option<String> {
        if !self.is_root {
            return None;
        }
        let gone = |e: &std::io::Error| e.kind() == std::io::ErrorKind::NotFound;
        let removed = fs::remove_file(&self.stop_file).or_else(|e| match gone(&e) {
            true => Ok(()),
            false => fs::remove_dir(&self.stop_file),
        });
        let path = self.stop_file.display();
        removed.err().map(|e| {
            format!("cannot remove {path}: {e}; remove it, else it stops the run when that goes on")
        })
    }
}

/// Why the run stops: a notice of [`Watch::notice`] in words.
pub fn reason(notice: i64) -> &'static str {
    match notice {
        BY_FILE => "the file `stop` is there",
        BY_TIME | BY_TIME_UNLESS_SUSPENDED => "its wall-clock time is up",
        _ => SIGNALS
            .iter()
            .find(|(signal, _)| BY_SIGNAL + i64::from(*signal) == notice)
            .map_or("a signal came", |(_, name)| name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        let mut watch = Watch::new(&Communicator::serial(), PathBuf::from("no/such/stop"), None);
        watch.begin();
        watch
    }

    /// A step counts with its output, whether a checkpoint follows or not.
    #[test]
    fn a_step_before_a_checkpoint_counts() {
        const STEP: Duration = Duration::from_millis(30);
        let mut watch = watch();
        std::thread::sleep(STEP);
        watch.begin_checkpoint();
        assert!(watch.last_step >= STEP, "{:?}", watch.last_step);
        std::thread::sleep(5 * STEP);
        watch.end_checkpoint(5 * STEP);
        assert_eq!(watch.notice(false), 0);
        watch.agreed(0);
        assert!(watch.longest_step >= STEP && watch.longest_step < 5 * STEP);
        assert_eq!(watch.checkpoint, 5 * STEP);
    }

    /// A step in which any rank was suspended does not count.
    #[test]
    fn a_step_of_a_suspended_rank_does_not_count() {
        let mut watch = watch();
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(watch.notice(false), 0);
        assert!(watch.last_step > Duration::ZERO);
        // Another rank says so.
        watch.agreed(SUSPENDED);
        assert!(!asks(SUSPENDED));
        assert_eq!(watch.notice(false), 0);
        assert!(watch.longest_step < Duration::from_millis(30), "{:?}", watch.longest_step);
    }
}
