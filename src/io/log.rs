//! The run log: what the user is told, kept in `log.txt` and shown on standard output.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};
use crate::parallel::Communicator;

/// The log of a run. Only rank 0 writes.
pub struct Log {
    file: Option<File>,
    shown: bool,
}

impl Log {
    /// Opens the log file, at its end if there is one. Unless `quiet`, lines also go to standard
    /// output. Collective.
    pub fn open(comm: &Communicator, path: &Path, quiet: bool) -> Result<Self> {
        let open = || OpenOptions::new().create(true).append(true).open(path);
        let opened = comm.is_root().then(open).transpose();
        let file = comm.agree(opened.map_err(|e| Error::io("open log", path, e)))?;
        Ok(Log { file, shown: comm.is_root() && !quiet })
    }

    /// Whether lines go to the standard output of this rank.
    pub fn is_shown(&self) -> bool {
        self.shown
    }

    /// Writes a line (or several). The run outlives its log: if the file can no longer be written
    /// to, that is said once on standard error; a closed standard output is ignored.
    pub fn line(&mut self, text: &str) {
        if self.shown {
            let _ = writeln!(std::io::stdout(), "{text}");
        }
        self.record(text);
    }

    /// Writes a warning: to the file, and to standard error also when quiet.
    pub fn warn(&mut self, text: &str) {
        let text = format!("warning: {text}");
        if self.file.is_some() {
            eprintln!("dns-solver: {text}");
        }
        self.record(&text);
    }

    /// Writes a line to the file only, as when a progress bar has the terminal.
    pub fn record(&mut self, text: &str) {
        if let Some(file) = &mut self.file
            && let Err(e) = file.write_all(format!("{text}\n").as_bytes())
        {
            eprintln!(
                "dns-solver: warning: cannot write to the run log: {e}; the run goes on without it"
            );
            self.file = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.txt");
        for text in ["first", "second"] {
            let mut log = Log::open(&Communicator::serial(), &path, true).unwrap();
            log.line(text);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nsecond\n");
    }

    #[test]
    fn a_log_that_cannot_be_opened_is_named() {
        let path = Path::new("/nowhere/log.txt");
        let error = Log::open(&Communicator::serial(), path, true).err().unwrap();
        assert!(error.message.contains("/nowhere/log.txt"), "{error}");
    }
}
