//! The owner of a lock: who it is, and whether it lives as far as the kernel shows.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

/// The owner of a lock, as its file says it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Owner {
    /// For people.
    host: String,
    /// Slurm job, if any, for people.
    job: Option<String>,
    pub(super) process: u32,
    /// The time at which the process was started: a number may be used again.
    pub(super) started: String,
    /// The running kernel and its table of processes. A name of a host would not tell containers
    /// apart.
    pub(super) machine: String,
    /// Counts the signs of life. A string of fixed length, so that the file is overwritten in
    /// place, also when the disk is full.
    beat: String,
}

impl Owner {
    /// The owner that this process is.
    pub fn this_process() -> Self {
        let line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_string();
        let table = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let process = std::process::id();
        Owner {
            host: line("/proc/sys/kernel/hostname"),
            job: std::env::var("SLURM_JOB_ID").ok(),
            process,
            started: match seen(process) {
                Seen::Started(started) => started,
                Seen::Ended | Seen::Hidden => String::new(),
            },
            machine: format!("{} {}", line("/proc/sys/kernel/random/boot_id"), table.display()),
            beat: String::new(),
        }
    }

    /// The file of a lock, with the number of a beat.
    pub fn with_beat(&self, beat: u64) -> String {
        let owner = Owner { beat: format!("{beat:012}"), ..self.clone() };
        // Plain strings and a number always have a form in TOML.
        toml::to_string(&owner).unwrap_or_default()
    }

    /// Returns whether the kernel knows that this process has ended; `None` if it is of another machine, or
    /// of another user whose processes it does not show (/proc with `hidepid`).
    pub fn has_ended(&self) -> Option<bool> {
        if self.machine != Owner::this_process().machine || self.started.is_empty() {
            return None;
        }
        match seen(self.process) {
            Seen::Ended => Some(true),
            Seen::Started(started) => Some(started != self.started),
            Seen::Hidden => None,
        }
    }

    /// A name for people.
    pub fn name(&self) -> String {
        let job = self.job.as_ref().map_or_else(String::new, |job| format!(", Slurm job {job}"));
        format!("process {} on {}{job}", self.process, self.host)
    }
}

/// The state of a process, as the kernel shows it.
enum Seen {
    Ended,
    /// The time at which it was started, in ticks since the kernel was.
    Started(String),
    /// It is there, and nothing else is known.
    Hidden,
}

/// Looks for a process.
fn seen(process: u32) -> Seen {
    let Ok(text) = fs::read_to_string(format!("/proc/{process}/stat")) else {
        // SAFETY: signal 0 is none; the kernel only looks for the process.
        let found = unsafe { libc::kill(process as libc::pid_t, 0) } == 0;
        let is_gone = !found && io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
        return if is_gone { Seen::Ended } else { Seen::Hidden };
    };
    // The name of the program, in parentheses, may hold anything; state and times follow it.
    let mut fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    if matches!(fields.next(), Some("Z" | "X")) {
        return Seen::Ended;
    }
    fields.nth(18).map_or(Seen::Hidden, |started| Seen::Started(started.into()))
}
