//! Where a run begins or goes on.

use crate::config::Config;
use crate::error::Result;
use crate::io::run_directory::RunDirectory;
use crate::parallel::Communicator;
use crate::real::Real;

use super::Options;
use super::checkpoints::RunState;
use super::restart::{self, Resumed};
use super::start::Start;

/// What the user is to know, from before there is a log.
#[derive(Default)]
pub struct Notes {
    /// For the log.
    pub lines: Vec<String>,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// Where a run begins or goes on.
pub enum Origin<T: Real> {
    /// The initial field.
    Beginning(Start),
    /// A run that was stopped.
    Checkpoint(Resumed<T>),
}

impl<T: Real> Origin<T> {
    /// What the run in `directory`, if there is one, and `options` mean. Collective.
    pub fn find(
        comm: &Communicator,
        config: &Config,
        options: &Options,
        directory: &RunDirectory,
        notes: &mut Notes,
    ) -> Result<Self> {
        let resumed = match &options.restart {
            _ if options.fresh => None,
            Some(path) => Some(restart::given(comm, config, directory, path)?),
            None => restart::newest(comm, config, directory, &mut notes.warnings)?,
        };
        if let Some(resumed) = resumed {
            let RunState { time, step, .. } = resumed.run;
            notes.lines.push(format!(
                "continues from {} at t = {time}, step {step}",
                resumed.path.display()
            ));
            return Ok(Origin::Checkpoint(resumed));
        }
        let start = Start::open(config, comm)?;
        if options.fresh
            && let Some(name) = directory.set_aside(comm)?
        {
            notes.lines.push(format!("the run that was there is now {}", name.display()));
        }
        Ok(Origin::Beginning(start))
    }
}
