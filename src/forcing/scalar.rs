//! The force on a scalar, which keeps its variance up.

use serde::{Deserialize, Serialize};

use super::constant_power::ConstantPower;
use super::force::Force;
use super::wavenumber::check_wavenumber;
use crate::grid::Grid;
use crate::problems::Problems;

/// `forcing` of a scalar: variance is put in at a constant rate, in proportion to the modes
/// 0 < k <= k_f that are there, as `constant_power` does for the velocity.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScalarForcing {
    /// The rate at which <c^2> is put in, one over a time.
    pub injection: f64,
    /// k_f, in units of the wavenumber.
    pub wavenumber: f64,
}

impl ScalarForcing {
    /// Adds to `problems` what is wrong with the parameters in the table at `path`, or does not fit
    /// the grid.
    pub fn check(&self, path: &str, grid: Option<&Grid>, problems: &mut Problems) {
        problems.require_positive(&format!("{path}.injection"), self.injection);
        check_wavenumber(self.wavenumber, path, grid, problems);
    }

    /// The force, ready to run.
    pub fn build(&self) -> Box<dyn Force> {
        // d<c^2>/dt is twice the power <f c>.
        Box::new(ConstantPower::new(0.5 * self.injection, None, self.wavenumber))
    }
}
