//! `[physics]` as a file has it.

use serde::Deserialize;

use super::reader::required;
use crate::grid::{AXES, Grid};
use crate::integrator::PowerLaw;
use crate::physics::{Kind, Magnetic, Physics, Scalar, Stratification};
use crate::problems::Problems;

/// `[physics]` as the file has it.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawPhysics {
    equation: Kind,
    viscosity: Option<f64>,
    hyper: Option<PowerLaw>,
    drag: Option<PowerLaw>,
    rotation: [f64; AXES],
    magnetic: Option<Magnetic>,
    stratification: Option<Stratification>,
    scalars: Vec<Scalar>,
}

impl RawPhysics {
    /// The physics; adds to `problems` what is wrong, or does not fit the grid.
    pub fn check(self, grid: Option<&Grid>, problems: &mut Problems) -> Option<Physics> {
        let viscosity = required(
            self.viscosity,
            "physics.viscosity",
            "the kinematic viscosity, for example viscosity = 1e-3",
            problems,
        )?;
        let RawPhysics {
            equation, hyper, drag, rotation, magnetic, stratification, scalars, ..
        } = self;
        let physics = Physics {
            equation,
            viscosity,
            hyper,
            drag,
            rotation,
            magnetic,
            stratification,
            scalars,
        };
        physics.check(grid, problems);
        Some(physics)
    }
}
