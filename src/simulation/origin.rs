//! Where a run begins or goes on.

use crate::config::Config;
use crate::error::Result;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::parallel::Communicator;
use crate::real::Real;

use super::Options;
use super::checkpoints::RunState;
use super::restart::{Request, Resumed};
use super::start::Start;

/// Where a run begins or goes on.
pub enum Origin<T: Real> {
    /// The initial field.
    Beginning(Start),
    /// A run that was stopped.
    Checkpoint(Resumed<T>),
}

impl<T: Real> Origin<T> {
    /// What the run in `directory`, if there is one, and `options` mean. An old run may be set
    /// aside, else nothing is changed yet. Collective.
    pub fn find(
        comm: &Communicator,
        config: &Config,
        options: &Options,
        directory: &mut RunDirectory,
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
        let start = Start::open(config, comm)?;
        if options.fresh
            && let Some(name) = directory.set_aside(comm, log)?
        {
            log.line(&format!("the run that was there is now {}", name.display()));
        }
        Ok(Origin::Beginning(start))
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

    /// Makes the directory ready to be written to: what is there of later times goes. Collective.
    pub fn prepare(
        &self,
        comm: &Communicator,
        config: &Config,
        directory: &RunDirectory,
    ) -> Result<()> {
        match self {
            Origin::Beginning(_) => directory.begin(comm, &config.to_toml()?),
            // Also when the checkpoint comes from elsewhere, into a directory without a run.
            Origin::Checkpoint(resumed) => {
                directory.reopen(comm, resumed.run.step, &config.to_toml()?)
            }
        }
    }
}
