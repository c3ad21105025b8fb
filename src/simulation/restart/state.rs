//! The state of a run beside its fields, and how both are written as a checkpoint.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{Config, kept_checkpoints};
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::integrator::Controller;
use crate::io::checkpoint::{self, Header, Parts};
use crate::io::run_directory::RunDirectory;
use crate::parallel::Communicator;
use crate::real::{Precision, Real};

use crate::solver::Solver;
use crate::solver::forces::ForceState;

/// An instant of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Clock {
    /// Time.
    pub time: f64,
    /// Steps taken.
    pub step: u64,
}

/// The start of the last step: the flow was seen to be finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LastGood {
    /// The instant.
    #[serde(flatten)]
    pub clock: Clock,
    /// Courant number of the step that it took.
    pub cfl: f64,
}

/// The last checkpoint that was written or read.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// Its path.
    pub path: PathBuf,
    /// The instant that it holds.
    pub clock: Clock,
}

/// All that a run needs beside its fields to go on as if it had never stopped. What is due next
/// follows from the time: a checkpoint is written after everything else of its step.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunState {
    /// The instant that it has reached.
    #[serde(flatten)]
    pub clock: Clock,
    /// Last time step; 0 at the start.
    pub dt: f64,
    /// Time of the last history row.
    pub row_time: f64,
    /// The start of the last step.
    pub last_good: LastGood,
    /// The length of the next step, with error control.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<Controller>,
    /// The forces; their accounts began with the last history row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forces: Vec<ForceState>,
    /// The sums of averages since their last record, and the particles; on rank 0 alone after a restart,
    /// which is the one that writes them.
    #[serde(skip)]
    pub parts: Parts,
}

impl RunState {
    /// The state of a run at an instant of which nothing but the fields is known.
    pub fn at(clock: Clock) -> Self {
        let last_good = LastGood { clock, cfl: 0.0 };
        RunState { clock, row_time: clock.time, last_good, ..RunState::default() }
    }

    /// Reads what `to_toml` wrote, to the same bits.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Makes it what it is when other forces take over. What the old ones have put in since the last
    /// history row stays in the accounts.
    pub fn forget_forces(&mut self) {
        self.forces.iter_mut().for_each(|force| force.memory.clear());
    }

    fn to_toml(&self) -> Result<String> {
        toml::to_string(self)
            .map_err(|e| Error::input(format!("cannot write the state of the run as TOML: {e}")))
    }
}

/// Writes a checkpoint and removes those that are no longer wanted. Collective.
pub fn write<T: Real>(
    comm: &Communicator,
    config: &Config,
    directory: &RunDirectory,
    solver: &Solver<T>,
    run: &RunState,
) -> Result<()> {
    let path = directory.files().checkpoint(run.clock.step);
    save(comm, &path, config, config.precision, solver.state(), run)?;
    let keep = config.output.checkpoints.map_or_else(kept_checkpoints, |c| c.keep);
    directory.keep_checkpoints(comm, keep)
}

/// Writes a checkpoint of `state` at `path`, its numbers rounded to `precision`. Collective.
pub fn save<T: Real>(
    comm: &Communicator,
    path: &Path,
    config: &Config,
    precision: Precision,
    state: &SpectralFields<T>,
    run: &RunState,
) -> Result<()> {
    let grid = state.modes.grid;
    let header = Header {
        time: run.clock.time,
        step: run.clock.step,
        points: grid.points,
        lengths: grid.lengths,
        cutoff: grid.cutoff,
        precision,
        fields: config.physics.fields().into_iter().map(|field| field.name).collect(),
        code_version: crate::VERSION.into(),
        config: config.to_toml()?,
        run_state: run.to_toml()?,
    };
    checkpoint::write(comm, path, &header, state, &run.parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in checkpoints of every version: an instant is no table of its own.
    const TEXT: &str = "time = 0.1\nstep = 7\ndt = 0.0125\nrow_time = 0.05\n\n\
                        [last_good]\ntime = 0.0875\nstep = 6\ncfl = 0.3\n";

    #[test]
    fn the_keys_of_checkpoints_stay() {
        let last_good = LastGood { clock: Clock { time: 0.0875, step: 6 }, cfl: 0.3 };
        let run = RunState { dt: 0.0125, row_time: 0.05, last_good, ..Default::default() };
        let run = RunState { clock: Clock { time: 0.1, step: 7 }, ..run };
        assert_eq!(run.to_toml().unwrap(), TEXT);
        assert_eq!(RunState::from_toml(TEXT).unwrap(), run);
        for line in ["cfl = 0.3\n", "time = 0.1\n"] {
            let more = TEXT.replace(line, &format!("{line}news = 1\n"));
            let error = RunState::from_toml(&more).unwrap_err().to_string();
            assert!(error.contains("unknown field `news`"), "{error}");
            assert!(RunState::from_toml(&TEXT.replace(line, "")).is_err(), "without {line}");
        }
    }
}
