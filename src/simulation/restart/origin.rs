//! The origin of a run: where it begins or goes on.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::io::checkpoint::Accumulated;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::solver::Solver;

use super::initial::{self, Start};
use super::resume::{ResumeRequest, Resumed};
use super::state::{Clock, RunState, Saved};

/// The options of the command line on where a run begins or goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestartOptions {
    /// Set a run that is in the directory aside, and start over.
    pub fresh: bool,
    /// Continue from this checkpoint instead of the newest one of the directory.
    pub from: Option<PathBuf>,
    /// Keys and tables of the configuration that may differ from those of the run to continue.
    pub allowed_changes: Vec<String>,
}

/// The origin of a run: where it begins or goes on.
pub enum Origin<T: Real> {
    /// The initial field, in a directory from which an old run `is_fresh` sets aside.
    Beginning {
        /// The field.
        start: Start,
        /// True when an old run is to be set aside.
        is_fresh: bool,
    },
    /// A run that was stopped.
    Checkpoint(Resumed<T>),
}

/// The entry into a run directory: what is done to it before anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It is made, for a new run.
    New,
    /// An old run is set aside before.
    Fresh,
    /// Later steps than this go, as far as they are there.
    After(u64),
}

impl<T: Real> Origin<T> {
    /// Finds what the run in `directory`, if there is one, and `options` mean. Nothing is touched.
    /// Collective.
    pub fn find(
        comm: &Communicator,
        config: &Config,
        options: &RestartOptions,
        directory: &RunDirectory,
        log: &mut Log,
    ) -> Result<Self> {
        let request = ResumeRequest { config, directory, allowed: &options.allowed_changes };
        let resumed = match &options.from {
            _ if options.fresh => None,
            Some(path) => Some(request.given(comm, path)?),
            None => request.newest(comm, log)?,
        };
        if let Some(resumed) = resumed {
            let Clock { time, step } = resumed.run.clock;
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
        let Clock { time, step } = resumed.run.clock;
        (time >= end).then(|| {
            format!(
                "the run is complete: {} is of t = {time}, step {step}, and time.end is {end}; to \
                 go on raise time.end, to start over give --fresh",
                resumed.path.display()
            )
        })
    }

    /// Returns how long the checkpoint took to read, if it is one.
    pub fn took(&self) -> Option<Duration> {
        match self {
            Origin::Beginning { .. } => None,
            Origin::Checkpoint(resumed) => Some(resumed.took),
        }
    }

    /// Gives `solver` the fields, and its forces what they remember. Returns what the run remembers, and
    /// the checkpoint that it goes on from. Collective.
    ///
    /// # Errors
    /// A file is damaged, a force could never act or does not fit what was remembered.
    pub fn restore(
        self,
        comm: &Communicator,
        config: &Config,
        solver: &mut Solver<T>,
        log: &mut Log,
    ) -> Result<(RunState, Option<Saved>)> {
        let Resumed { path, mut run, state, .. } = match self {
            Origin::Checkpoint(resumed) => resumed,
            Origin::Beginning { start, .. } => {
                let mut state = solver.state().clone();
                let said = start.fill(config, comm, &mut state)?;
                said.lines.iter().for_each(|line| log.line(line));
                said.warnings.iter().for_each(|warning| log.warn(warning));
                solver.set_state(state);
                initial::check_forces(solver, config)?;
                return Ok((RunState::default(), None));
            }
        };
        solver.set_state(state);
        let forces = std::mem::take(&mut run.forces);
        solver.forces_mut().restore(forces).map_err(|state| {
            Error::input(format!(
                "cannot use checkpoint {}: what the force on the {} remembers, {} numbers, is not for \
                 [forcing]",
                path.display(),
                state.name,
                state.memory.len()
            ))
        })?;
        restore_particles(comm, &mut run, solver, log)?;
        if let Some(controller) = run.controller {
            solver.set_controller(controller);
        }
        let saved = Saved { path, clock: run.clock };
        Ok((run, Some(saved)))
    }

    /// Returns what is to be done to the run directory.
    pub fn entry(&self) -> Entry {
        match self {
            Origin::Beginning { is_fresh: false, .. } => Entry::New,
            Origin::Beginning { is_fresh: true, .. } => Entry::Fresh,
            // Also when the checkpoint comes from elsewhere, into a directory without a run.
            Origin::Checkpoint(resumed) => Entry::After(resumed.run.clock.step),
        }
    }
}

/// Puts the particles where they were; those of a set that was not there, or had others, are new. Collective.
fn restore_particles<T: Real>(
    comm: &Communicator,
    run: &mut RunState,
    solver: &mut Solver<T>,
    log: &mut Log,
) -> Result<()> {
    for set in solver.particles_mut().sets_mut() {
        let name = &set.set().name;
        let of_root = |parts: &mut Accumulated| -> Result<Vec<f64>> {
            let mine = parts.remove(name).unwrap_or_default();
            let bytes = || mine.iter().flat_map(|number| number.to_le_bytes()).collect();
            let bytes = comm.from_root(|| Ok(bytes()))?;
            Ok(bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect())
        };
        let positions = of_root(&mut run.parts.particles)?;
        let past = of_root(&mut run.parts.past)?;
        if !set.restore(&positions, &past) {
            let name = &set.set().name;
            log.line(&format!("the particles of {name} are new, and placed as at the start"));
        }
    }
    Ok(())
}

impl Entry {
    /// Returns whether it can be done, as far as that can be known without doing it. Collective.
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
