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

/// A notice of a rank to the others before a step. Of all ranks' the one with the largest
/// [code](Self::code) counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Nothing.
    Nothing,
    /// Time is up if the last step is to be taken for a usual one; another rank that was suspended
    /// overrules it.
    TimeUpUnlessSuspended,
    /// The rank was suspended for a while. It asks for nothing.
    Suspended,
    /// The stop file is there.
    StopFile,
    /// The wall-clock time is up.
    TimeUp,
    /// A signal came.
    Signal(libc::c_int),
    /// The run directory is no longer ours: nothing more may be written.
    Lost,
}

/// The notices but signals, and their codes.
const CODES: [(Notice, i64); 6] = [
    (Notice::Nothing, 0),
    (Notice::TimeUpUnlessSuspended, 1),
    (Notice::Suspended, 2),
    (Notice::StopFile, 3),
    (Notice::TimeUp, 4),
    (Notice::Lost, 1000),
];
/// The code of a signal is its number and this.
const SIGNAL_CODE: i64 = 100;

impl Notice {
    /// Its code in messages.
    pub fn code(self) -> i64 {
        match self {
            Notice::Signal(signal) => SIGNAL_CODE + i64::from(signal),
            _ => CODES.iter().find(|(notice, _)| *notice == self).map_or(0, |(_, code)| *code),
        }
    }

    /// The notice of a code.
    pub fn of_code(code: i64) -> Self {
        let signal = || Notice::Signal((code - SIGNAL_CODE) as libc::c_int);
        CODES.iter().find(|(_, of)| *of == code).map_or_else(signal, |(notice, _)| *notice)
    }

    /// Returns whether it asks the run to stop.
    pub fn asks_to_stop(self) -> bool {
        !matches!(self, Notice::Nothing | Notice::Suspended)
    }

    /// Tells why the run stops.
    pub fn reason(self) -> &'static str {
        match self {
            Notice::StopFile => "the file `stop` is there",
            Notice::TimeUp | Notice::TimeUpUnlessSuspended => "its wall-clock time is up",
            Notice::Nothing | Notice::Suspended | Notice::Lost => "it cannot go on",
            Notice::Signal(signal) => SIGNALS
                .iter()
                .find(|(number, _)| *number == signal)
                .map_or("a signal came", |(_, name)| name),
        }
    }
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

    /// Returns the notice of this rank before a step. `is_lost` says that the run directory is no
    /// longer ours.
    pub fn notice(&mut self, is_lost: bool) -> Notice {
        let was_suspended = self.end_step();
        let now = Instant::now();
        match SIGNAL.load(Ordering::Relaxed) {
            _ if is_lost => Notice::Lost,
            0 if self.is_root && self.time_is_up(now, self.longest_step) => Notice::TimeUp,
            0 if self.is_root && self.file_is_there(now) => Notice::StopFile,
            0 if was_suspended => Notice::Suspended,
            0 if self.is_root && self.time_is_up(now, self.last_step) => {
                Notice::TimeUpUnlessSuspended
            }
            0 => Notice::Nothing,
            signal => Notice::Signal(signal),
        }
    }

    /// Takes account of the notice that all ranks agree on.
    pub fn agreed(&mut self, notice: Notice) {
        if notice == Notice::Suspended {
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

    /// News about the time that is left.
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

    /// Returns whether one more `step` after the next would be too much.
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
        // A machine that is busy may make of a step what it likes: it is bounded by clocks beside it.
        let started = Instant::now();
        let mut watch = watch();
        std::thread::sleep(STEP);
        watch.begin_checkpoint();
        let first = started.elapsed();
        assert!((STEP..=first).contains(&watch.last_step), "{:?}", watch.last_step);
        std::thread::sleep(STEP);
        let took = started.elapsed();
        let started = Instant::now();
        watch.end_checkpoint(took);
        assert_eq!(watch.notice(false), Notice::Nothing);
        watch.agreed(Notice::Nothing);
        let bound = first.max(started.elapsed());
        assert!((STEP..=bound).contains(&watch.longest_step), "{:?}", watch.longest_step);
        assert_eq!(watch.checkpoint, took);
    }

    /// A step in which any rank was suspended does not count.
    #[test]
    fn a_step_of_a_suspended_rank_does_not_count() {
        let mut watch = watch();
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(watch.notice(false), Notice::Nothing);
        assert!(watch.last_step > Duration::ZERO);
        // Another rank says so.
        watch.agreed(Notice::Suspended);
        assert!(!Notice::Suspended.asks_to_stop());
        assert_eq!(watch.notice(false), Notice::Nothing);
        assert_eq!(watch.longest_step, Duration::ZERO);
    }

    /// What counts most has the largest code, and comes back from it.
    #[test]
    fn notices_come_back_from_their_codes() {
        use Notice::*;
        let all = [Nothing, TimeUpUnlessSuspended, Suspended, StopFile, TimeUp, Signal(15), Lost];
        assert_eq!(all.map(|notice| Notice::of_code(notice.code())), all);
        assert!(all.map(Notice::code).is_sorted());
    }
}
