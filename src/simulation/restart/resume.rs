//! The checkpoint that a run goes on from: the newest checkpoint that is good, or a given one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::io::check_readable;
use crate::io::checkpoint::CheckpointReader;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::transform::regrid::regrid;

use super::changes::{self, Change};
use super::state::RunState;

/// A run as a checkpoint has it.
pub struct Resumed<T: Real> {
    /// The checkpoint.
    pub path: PathBuf,
    /// The state of the run beside its fields.
    pub run: RunState,
    /// The modes, on the grid of the configuration.
    pub state: SpectralFields<T>,
    /// Changes since the checkpoint, all of it allowed.
    pub changes: Vec<Change>,
    /// The time that it took to read.
    pub took: Duration,
}

/// A run to be resumed.
pub struct ResumeRequest<'a> {
    /// The configuration that it is to go on with.
    pub config: &'a Config,
    /// Its directory.
    pub directory: &'a RunDirectory,
    /// Keys and tables of the configuration that may differ from what they were.
    pub allowed: &'a [String],
}

impl ResumeRequest<'_> {
    /// The newest good checkpoint in the directory, if there are any; `log` is told what is wrong
    /// with newer ones. Collective.
    ///
    /// # Errors
    /// None is good, or the configuration has changed in more than may change.
    pub fn newest<T: Real>(
        &self,
        comm: &Communicator,
        log: &mut Log,
    ) -> Result<Option<Resumed<T>>> {
        let steps = self.directory.checkpoints(comm)?;
        let mut unusable = Vec::new();
        for &step in steps.iter().rev() {
            let path = self.directory.files().checkpoint(step);
            // One that cannot be opened is not damaged, and may be the newest good one.
            check_readable_by_readers(comm, &path)?;
            let error = match CheckpointReader::open(comm, &path) {
                Err(error) => error,
                Ok(reader) => {
                    let changes = self.changes(comm, &reader.header().config, &path)?;
                    match self.load(&reader, &path, changes) {
                        Err(error) => error,
                        Ok(resumed) => return Ok(Some(resumed)),
                    }
                }
            };
            log.warn(&error.message);
            unusable.push(error.message);
        }
        if steps.is_empty() {
            return Ok(None);
        }
        Err(Error::input(format!(
            "no checkpoint of {} can be used, for the reasons above; give another with `--restart \
             FILE`, or start over with `--fresh`, which sets this run aside",
            self.directory.path().display(),
        )))
    }

    /// The checkpoint at `path`. Collective.
    ///
    /// # Errors
    /// It cannot be used, or the configuration differs from its own, or from that of a run in the
    /// directory, in more than may change.
    pub fn given<T: Real>(&self, comm: &Communicator, path: &Path) -> Result<Resumed<T>> {
        if let Some(text) = self.directory.config(comm)? {
            self.changes(comm, &text, self.directory.path())?;
        }
        check_readable_by_readers(comm, path)?;
        let reader = CheckpointReader::open(comm, path)?;
        let changes = self.changes(comm, &reader.header().config, path)?;
        self.load(&reader, path, changes)
    }

    /// The changes since the configuration `before` of the checkpoint or run at `path`. Collective.
    fn changes(&self, comm: &Communicator, before: &str, path: &Path) -> Result<Vec<Change>> {
        let source = path.display().to_string();
        let changes = self
            .config
            .to_toml()
            .and_then(|now| changes::allowed(before, &now, self.allowed, &source));
        comm.agree(changes)
    }

    /// Reads what the checkpoint holds, onto the grid of the run. Collective.
    fn load<T: Real>(
        &self,
        reader: &CheckpointReader,
        path: &Path,
        changes: Vec<Change>,
    ) -> Result<Resumed<T>> {
        let started = Instant::now();
        let mut run = RunState::from_toml(&reader.header().run_state)
            .map_err(|cause| reader.unusable(cause))?;
        run.parts = reader.parts()?;
        if changes.iter().any(|change| change.lies_in("forcing")) {
            run.forget_forces();
        }
        let (mut state, grid) = (reader.read()?, self.config.grid.build());
        if reader.header().grid() != grid {
            state = regrid(&state, Modes::new(grid, T::LANES), reader.comm());
        }
        Ok(Resumed { path: path.to_owned(), run, state, changes, took: started.elapsed() })
    }
}

/// Checks that the ranks that will read the file at `path` can open it. Collective.
fn check_readable_by_readers(comm: &Communicator, path: &Path) -> Result<()> {
    comm.agree(if comm.is_writer() { check_readable(path) } else { Ok(()) })
}
