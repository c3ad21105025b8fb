//! The run log: what the user is told, kept in `log.txt` and shown on standard output.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::console::complain;
use crate::error::{Error, Result};
use crate::parallel::Communicator;

/// The log of a run. Only rank 0 writes.
pub struct Log {
    target: Target,
    is_root: bool,
    shown: bool,
}

/// The place where lines are kept.
enum Target {
    /// Here, until there is a file.
    Memory(String),
    File(File),
    /// There was a file, but it could no longer be written to.
    Nowhere,
}

impl Log {
    /// A log that has no file yet. Unless `quiet`, lines also go to standard output.
    pub fn new(comm: &Communicator, quiet: bool) -> Self {
        let is_root = comm.is_root();
        Log { target: Target::Memory(String::new()), is_root, shown: is_root && !quiet }
    }

    /// Opens the file, at its end if it is there, and writes to it what was logged so far.
    /// Collective.
    pub fn open(&mut self, comm: &Communicator, path: &Path) -> Result<()> {
        let open = || -> std::io::Result<Target> {
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            if let Target::Memory(text) = &self.target {
                file.write_all(text.as_bytes())?;
            }
            Ok(Target::File(file))
        };
        let opened = if self.is_root { open() } else { Ok(Target::Nowhere) };
        self.target = comm.agree(opened.map_err(|e| Error::io("open log", path, e)))?;
        Ok(())
    }

    /// Returns whether lines go to the standard output of this rank.
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
        if self.is_root {
            complain(&text);
        }
        self.record(&text);
    }

    /// Writes a line to the file only, as when a progress bar has the terminal.
    pub fn record(&mut self, text: &str) {
        let line = format!("{text}\n");
        match &mut self.target {
            Target::Memory(lines) => lines.push_str(&line),
            Target::File(file) => {
                if let Err(e) = file.write_all(line.as_bytes()) {
                    complain(format!(
                        "warning: cannot write to the run log: {e}; the run goes on without it"
                    ));
                    self.target = Target::Nowhere;
                }
            }
            Target::Nowhere => {}
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
            let mut log = Log::new(&Communicator::serial(), true);
            log.line(text);
            log.open(&Communicator::serial(), &path).unwrap();
            log.line("later");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nlater\nsecond\nlater\n");
    }

    #[test]
    fn a_log_that_cannot_be_opened_is_named() {
        let path = Path::new("/nowhere/log.txt");
        let serial = Communicator::serial();
        let error = Log::new(&serial, true).open(&serial, path).unwrap_err();
        assert!(error.message.contains("/nowhere/log.txt"), "{error}");
    }
}
