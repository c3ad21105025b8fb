//! Spectral snapshots: the kept modes at one instant, in the form of a checkpoint.

use super::kind::{Opening, Output, OutputContext, OutputKind, RunContext, Volume};
use crate::config::{self, Config};
use crate::error::Result;
use crate::modes::Modes;
use crate::multiples::Multiples;
use crate::real::{Precision, Real};
use crate::simulation::restart::state::{self, RunState};

impl<T: Real> OutputKind<T> for config::SpectralSnapshots {
    fn times(&self) -> Multiples {
        self.every.into()
    }

    fn open(&self, _: Opening) -> Result<Box<dyn Output<T>>> {
        Ok(Box::new(ModesOutput { precision: self.precision }))
    }

    fn volume(&self, config: &Config, modes: &Modes) -> Result<Volume> {
        let (name, bytes) = ("spectral snapshots", bytes_of_modes(config, modes, self.precision));
        Ok(Volume { name: name.into(), every: self.every, bytes, transforms: 0.0 })
    }
}

/// Returns the bytes of the kept modes of all fields.
pub fn bytes_of_modes(config: &Config, modes: &Modes, precision: Precision) -> f64 {
    let complex = modes.ny() * (modes.grid.cutoff[0] + 1) * modes.rows();
    2.0 * (complex * config.physics.fields().len() * precision.bytes()) as f64
}

/// The spectral snapshots of a run that wants them.
struct ModesOutput {
    precision: Precision,
}

impl<T: Real> Output<T> for ModesOutput {
    /// Writes a spectral snapshot.
    fn write(&mut self, context: &mut OutputContext<T>) -> Result<()> {
        let (RunContext { comm, config, directory, .. }, clock) = (context.run, context.clock);
        let path = directory.modes(comm, clock.step)?;
        let (state, run) = (context.solver.state(), RunState::at(clock));
        state::save(comm, &path, config, self.precision, state, &run)
    }
}
