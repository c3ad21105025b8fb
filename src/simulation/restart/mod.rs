//! Where a run begins or goes on.

pub mod changes;
pub mod file_fields;
pub mod initial;
pub mod resume;
pub mod state;

use crate::config::Config;
use crate::error::Result;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::parallel::Communicator;
use crate::real::Real;

use self::initial::Start;
use self::resume::{Request, Resumed};
use self::state::RunState;
use super::Options;

/// Where a run begins or goes on.
pub enum Origin<T: Real> {
    /// The initial field, in a directory from which an old run `is_fresh` sets aside.
    Beginning {
        /// The field.
        start: Start,
        /// Whether an old run is to be set aside.
        is_fresh: bool,
    },
    /// A run that was stopped.
    Checkpoint(Resumed<T>),
}

/// What is to be done to the run directory before anything is written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It is made, for a new run.
    New,
    /// An old run is set aside before.
    Fresh,
    /// What is there of later steps than this goes.
    After(u64),
}

impl<T: Real> Origin<T> {
    /// What the run in `directory`, if there is one, and `options` mean. Nothing is touched.
    /// Collective.
    pub fn find(
        comm: &Communicator,
        config: &Config,
        options: &Options,
        directory: &RunDirectory,
        log: &mut Log,
    ) -> Result<Self> {
        let request = Request { config, directory, allowed: &options.allowed_changes };
        let resumed = match &options.restart {
            _ if options.fresh => None,
            Some(path) => Some(request.given(comm, path)?),
            None => request.newest(comm, log)?,
        };
        if let Some(resumed) = resumed {
            let RunState { time, step, .. } = resumed.run;
            log.line(&format!(
                "continues from {} at t = {time}, step {step}",
                resumed.path.display()
            ));
            for change in &resumed.changes {
                log.line(&format!("changed, as allowed: {change}"));
            }
            return Ok(Origin::Checkpoint(resumed));
        }
        Ok(Origin::Beginning { start: Start::open(config, comm)?, is_fresh: options.fresh })
    }

    /// A word to the user when the run that goes on has reached its end, `end`.
    pub fn is_complete(&self, end: f64) -> Option<String> {
        let Origin::Checkpoint(resumed) = self else { return None };
        let RunState { time, step, .. } = resumed.run;
        (time >= end).then(|| {
            format!(
                "the run is complete: {} is of t = {time}, step {step}, and time.end is {end}; to \
                 go on raise time.end, to start over give --fresh",
                resumed.path.display()
            )
        })
    }

    /// What is to be done to the run directory.
    pub fn entry(&self) -> Entry {
        match self {
            Origin::Beginning { is_fresh: false, .. } => Entry::New,
            Origin::Beginning { is_fresh: true, .. } => Entry::Fresh,
            // Also when the checkpoint comes from elsewhere, into a directory without a run.
            Origin::Checkpoint(resumed) => Entry::After(resumed.run.step),
        }
    }
}

impl Entry {
    /// Whether it can be done, as far as that can be known without doing it. Collective.
    pub fn check(
        self,
        comm: &Communicator,
        config: &Config,
        directory: &RunDirectory,
    ) -> Result<()> {
        if let Entry::After(step) = self {
            directory.check_leftovers(comm, step)?;
        }
        directory.check(comm, &config.to_toml()?, self == Entry::New)
    }

    /// Makes what no output of the run looks after end where the run goes on, when all outputs have
    /// begun. Collective.
    pub fn complete(self, comm: &Communicator, directory: &RunDirectory) -> Result<()> {
        match self {
            Entry::After(step) => directory.cut_back(comm, step),
            Entry::New | Entry::Fresh => Ok(()),
        }
    }

    /// Makes the directory ready to be written to. Collective.
    pub fn make(
        self,
        comm: &Communicator,
        config: &Config,
        directory: &RunDirectory,
        log: &mut Log,
    ) -> Result<()> {
        let text = config.to_toml()?;
        match self {
            Entry::After(step) => directory.reopen(comm, step, &text),
            Entry::New => directory.begin(comm, &text),
            Entry::Fresh => {
                if let Some(name) = directory.set_aside(comm, log)? {
                    log.line(&format!("the run that was there is now {}", name.display()));
                }
                directory.begin(comm, &text)
            }
        }
    }
}
