//! Kinds of output, and what they are given.

use crate::config::Config;
use crate::diagnostics::{Momentum, MomentumPart};
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::grid::Grid;
use crate::io::checkpoint::Accumulated;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::multiples::Multiples;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::simulation::restart::state::Clock;
use crate::solver::Solver;
use crate::transform::plan::Plan;
use crate::transform::sweep::Sweep;

/// A section of `[output]`: one kind of output, with its parameters. The [registry](super::registry)
/// lists them.
pub trait OutputKind<T: Real> {
    /// Returns when it looks at the flow: every so often, from time 0 on, and at the end.
    fn times(&self) -> Multiples;

    /// Makes ready to create its files, or to go on with them, and touches nothing. Collective.
    ///
    /// # Errors
    /// What is there cannot be gone on with.
    fn open(&self, opening: Opening) -> Result<Box<dyn Output<T>>>;

    /// Returns what it writes, for `--dry-run`.
    fn volume(&self, config: &Config, modes: &Modes) -> Result<Volume>;

    /// Returns its file and all names of columns, datasets or fields in it, no two of which may be
    /// equal; `None` where another kind has the same.
    fn names(&self, _config: &Config, _grid: Grid) -> Result<Option<(String, Vec<String>)>> {
        Ok(None)
    }

    /// Returns the bytes that the rank with the largest share needs while it looks at the flow, beside
    /// the `others` that the solver needs.
    ///
    /// # Errors
    /// They are absurdly many.
    fn memory(&self, _config: &Config, _plan: &Plan, _others: f64) -> Result<f64> {
        Ok(0.0)
    }
}

/// The amount that an output writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// Its name, such as `records of spectra`.
    pub name: String,
    /// Time between two of them.
    pub every: f64,
    /// Bytes of each.
    pub bytes: f64,
    /// The time that each takes, less that of the writing, in transforms of one field: about, as
    /// docs/performance.md has measured it.
    pub transforms: f64,
}

/// The run that outputs belong to, and where they go.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// The ranks of the run.
    pub comm: &'a Communicator,
    /// Its configuration.
    pub config: &'a Config,
    /// Its directory.
    pub directory: &'a RunDirectory,
    /// Its modes.
    pub modes: Modes,
}

/// A run at an instant at which something is due.
pub struct OutputContext<'a, T: Real> {
    /// The run, and where outputs go.
    pub run: RunContext<'a>,
    /// The instant.
    pub clock: Clock,
    /// The flow.
    pub solver: &'a mut Solver<T>,
    /// The energy in each shell, once an output has measured it.
    pub energy_spectrum: Option<Vec<f64>>,
    /// Pressure and acceleration, once an output has needed them.
    pub momentum: Option<Momentum<T>>,
}

impl<T: Real> OutputContext<'_, T> {
    /// Returns the state, its momentum with the `part` that is needed, if any is, and the sweep. The
    /// outputs of one instant share the momentum. Collective.
    pub fn look(&mut self, part: Option<MomentumPart>) -> FlowAtPoints<'_, T> {
        let known = self.momentum.as_ref().map(Momentum::part);
        if part > known {
            let whole = part == Some(MomentumPart::Acceleration);
            let force = whole.then(|| self.solver.force_on_velocity());
            let (state, sweep) = self.solver.state_and_sweep();
            self.momentum = Some(Momentum::new(state, force, &self.run.config.physics, sweep));
        }
        let (state, sweep) = self.solver.state_and_sweep();
        FlowAtPoints { state, momentum: self.momentum.as_ref(), sweep }
    }
}

/// A flow, and the way to its points.
pub struct FlowAtPoints<'a, T: Real> {
    /// Its modes.
    pub state: &'a SpectralFields<T>,
    /// Its pressure and acceleration, as far as they are known.
    pub momentum: Option<&'a Momentum<T>>,
    /// The transforms.
    pub sweep: &'a mut Sweep<T>,
}

/// The beginning of a run's outputs, new or from what is there.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    /// The run, and where they go.
    pub run: RunContext<'a>,
    /// Everything up to this instant was written; `None` for a new run.
    pub after: Option<Clock>,
    /// The sums of averages by then, by the name of the output.
    pub accumulated: &'a Accumulated,
}

/// Something that a run writes every so often.
pub trait Output<T: Real> {
    /// Makes its files what they are to be at the start of this part of the run. Until then it has
    /// looked at them, and touched nothing. Collective.
    fn begin(&mut self, _: RunContext) -> Result<()> {
        Ok(())
    }

    /// Writes what the flow is at this context. Collective.
    fn write(&mut self, context: &mut OutputContext<T>) -> Result<()>;

    /// Brings everything written so far to the disk, for a checkpoint takes it for written. It does
    /// not communicate, so it may fail on one rank alone.
    fn sync(&self) -> Result<()> {
        Ok(())
    }

    /// Its name, and what it has summed up for an average that is not written yet: part of a
    /// checkpoint. `None` when there is nothing.
    fn accumulated(&self) -> Option<(&'static str, Vec<f64>)> {
        None
    }
}
