//! Spectral snapshots: the kept modes at one instant, in the form of a checkpoint.

use crate::error::Result;
use crate::real::{Precision, Real};

use super::{Moment, Output, Place};
use crate::simulation::restart::state::{self, RunState};

/// The spectral snapshots of a run that wants them.
pub struct ModesOutput {
    precision: Precision,
}

impl ModesOutput {
    /// Spectral snapshots with numbers of the given type.
    pub fn new(precision: Precision) -> Self {
        ModesOutput { precision }
    }
}

impl<T: Real> Output<T> for ModesOutput {
    /// Writes a spectral snapshot.
    fn write(&mut self, moment: &mut Moment<T>) -> Result<()> {
        let (Place { comm, config, directory, .. }, stamp) = (moment.place, moment.stamp);
        let path = directory.modes(comm, stamp.step)?;
        let (state, run) = (moment.solver.state(), RunState::at(stamp));
        state::save(comm, &path, config, self.precision, state, &run)
    }
}
