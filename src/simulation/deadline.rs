//! The time by which a run must have ended: `--walltime`, and the end of the Slurm job that it is in.

use std::env;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::io::log::Log;
use crate::parallel::Communicator;

/// The longest that `squeue` may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The time before the end of a Slurm job at which it is asked for more, beside the
/// time that is needed to end in good order.
const LEAD: Duration = Duration::from_secs(20);

/// The answer of `squeue` while the run goes on: the time left, `None` without a limit.
type Answer = Result<Option<Duration>, String>;

/// The time by which the run must have ended. Lives on rank 0.
pub struct Deadline {
    /// By the command line.
    walltime: Option<Instant>,
    /// By Slurm, which may grant more time, and does after a suspension.
    job_end: Option<Instant>,
    /// The end that Slurm was last asked about, and its answer to come.
    asked_about: Option<Instant>,
    answer: Option<Receiver<(Instant, Answer)>>,
    news: Option<String>,
}

impl Deadline {
    /// That of `walltime` and of the Slurm job, if any. Only rank 0 looks, and gets one.
    pub fn find(comm: &Communicator, walltime: Option<Instant>, log: &mut Log) -> Option<Self> {
        if !comm.is_root() {
            return None;
        }
        let left = match slurm_time_left(walltime.is_some()) {
            Ok(left) => left,
            Err(cause) => {
                log.warn(&format!(
                    "cannot tell when this Slurm job ends: {cause}; give --walltime HH:MM:SS to stop \
                     before with a checkpoint"
                ));
                None
            }
        };
        if let Some(left) = left {
            log.line(&format!("the Slurm job ends in {} s, the run before that", left.as_secs()));
        }
        let job_end = left.and_then(|left| Instant::now().checked_add(left));
        let none = walltime.is_none() && job_end.is_none();
        let (asked_about, answer, news) = (None, None, None);
        (!none).then_some(Deadline { walltime, job_end, asked_about, answer, news })
    }

    /// Returns whether no more than `needed` is left. Never waits.
    pub fn is_within(&mut self, needed: Duration, now: Instant) -> bool {
        self.hear();
        if self.job_end.is_some_and(|end| now + needed + LEAD >= end) {
            self.ask();
        }
        self.walltime.into_iter().chain(self.job_end).any(|end| now + needed >= end)
    }

    /// News for the log, each told once.
    pub fn news(&mut self) -> Option<String> {
        self.news.take()
    }

    /// Asks Slurm for the end of the job, once for each that it has told.
    fn ask(&mut self) {
        if self.asked_about == self.job_end {
            return;
        }
        self.asked_about = self.job_end;
        let Ok(job) = env::var("SLURM_JOB_ID") else { return };
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let left = ask_squeue(&job).and_then(|text| parse_time_left(&text));
            // Nobody listens any more when the run has ended.
            let _ = sender.send((Instant::now(), left));
        });
        self.answer = Some(receiver);
    }

    /// Takes the answer, if it is there. Without a good one the end is what it was.
    fn hear(&mut self) {
        let Some((then, Ok(left))) = self.answer.as_ref().and_then(|answer| answer.try_recv().ok())
        else {
            return;
        };
        let end = left.and_then(|left| then.checked_add(left));
        // Slurm counts whole seconds.
        let is_later = match (end, self.job_end) {
            (Some(end), Some(before)) => end > before + Duration::from_secs(2),
            _ => true,
        };
        if is_later {
            self.job_end = end;
            self.news = Some(match left {
                Some(left) => format!("the Slurm job has more time: {} s from now", left.as_secs()),
                None => "the Slurm job has no limit any more".into(),
            });
        }
    }
}

/// Time until the end of the Slurm job, if this is in one and its time is limited. Slurm is not
/// asked when `has_walltime`.
fn slurm_time_left(has_walltime: bool) -> Result<Option<Duration>, String> {
    // Since Slurm 22.05.
    if let Ok(text) = env::var("SLURM_JOB_END_TIME") {
        let end: u64 = text.parse().map_err(|_| format!("SLURM_JOB_END_TIME is {text}"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // A variable that outlived its job, as in a shell that goes on.
        return match Duration::from_secs(end).checked_sub(now) {
            None => Err(format!("SLURM_JOB_END_TIME is {end}, which has passed")),
            left => Ok(left),
        };
    }
    match env::var("SLURM_JOB_ID") {
        Ok(job) if !has_walltime => parse_time_left(&ask_squeue(&job)?),
        _ => Ok(None),
    }
}

/// Asks `squeue` for the time left to a job.
fn ask_squeue(job: &str) -> Result<String, String> {
    let failed = |e: std::io::Error| format!("squeue: {e}");
    let mut child = Command::new("squeue")
        .args(["--noheader", "--format=%L", "--jobs", job])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let started = Instant::now();
    while child.try_wait().map_err(failed)?.is_none() {
        if started.elapsed() > PATIENCE {
            child.kill().and_then(|()| child.wait()).map_err(failed)?;
            return Err(format!("squeue does not answer within {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut text = String::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_string(&mut text).map_err(failed)?;
    }
    Ok(text.trim().to_string())
}

/// Reads `days-hours:minutes:seconds`, of which the first parts may be missing.
fn parse_time_left(text: &str) -> Result<Option<Duration>, String> {
    if matches!(text, "UNLIMITED" | "NOT_SET") {
        return Ok(None);
    }
    let wrong = || format!("squeue says \"{text}\"");
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let parts = days.parse::<u64>().into_iter().chain(clock.split(':').flat_map(str::parse));
    let parts: Vec<u64> = parts.collect();
    if parts.len() != clock.split(':').count() + 1 || !(3..=4).contains(&parts.len()) {
        return Err(wrong());
    }
    let seconds = parts[1..]
        .iter()
        .try_fold(0_u64, |sum, part| sum.checked_mul(60).and_then(|sum| sum.checked_add(*part)));
    let days = parts[0].checked_mul(86400);
    let total = days.zip(seconds).and_then(|(days, seconds)| days.checked_add(seconds));
    total.map(|total| Some(Duration::from_secs(total))).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_squeue_are_read() {
        for (text, seconds) in
            [("5:07", 307), ("0:00", 0), ("1:00:00", 3600), ("2-03:04:05", 183_845)]
        {
            assert_eq!(parse_time_left(text), Ok(Some(Duration::from_secs(seconds))), "{text}");
        }
        assert_eq!(parse_time_left("UNLIMITED"), Ok(None));
        for wrong in ["", "INVALID", "7", "1-2", "1:2:3:4", "-1:00", "99999999999999999999:00"] {
            assert!(parse_time_left(wrong).is_err(), "{wrong}");
        }
    }
}
