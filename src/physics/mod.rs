//! The physics of a run, `[physics]`: which equation is solved, with which terms and coefficients.
//! The options combine freely.
//!
//! | file | what it has |
//! |---|---|
//! | here | [`Physics`] and its tables, as a configuration has them |
//! | `check` | what can be wrong with them |
//! | `fields` | the fields that they make |
//! | `build` | the equation and the forces that they ask for |

mod build;
mod check;
mod fields;

use serde::{Deserialize, Serialize};

use crate::forcing::ScalarForcing;
use crate::grid::AXES;
use crate::initial::ScalarField;
use crate::integrator::PowerLaw;

/// `[physics]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Physics {
    /// The equation.
    pub equation: Kind,
    /// Kinematic viscosity nu, 0 or more.
    pub viscosity: f64,
    /// Hyperviscosity: the velocity is damped at the rate coefficient k^(2 order) as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyper: Option<PowerLaw>,
    /// Large-scale drag: the velocity is damped at the rate coefficient k^(-2 order) as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drag: Option<PowerLaw>,
    /// Omega, the angular velocity of the frame.
    pub rotation: [f64; AXES],
    /// `[physics.magnetic]`, of `mhd` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magnetic: Option<Magnetic>,
    /// `[physics.stratification]`, if the fluid is stratified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stratification: Option<Stratification>,
    /// `[[physics.scalars]]`: passive scalars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scalars: Vec<Scalar>,
}

/// The equations there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Incompressible Navier-Stokes.
    #[default]
    NavierStokes,
    /// Incompressible magnetohydrodynamics.
    Mhd,
}

/// `[physics.magnetic]`: how the magnetic field is damped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Magnetic {
    /// Magnetic diffusivity eta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diffusivity: Option<f64>,
    /// Or: the magnetic Prandtl number nu / eta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prandtl: Option<f64>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyper: Option<PowerLaw>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drag: Option<PowerLaw>,
}

/// `[physics.stratification]`: a stable linear stratification. Its keys of damping are those of
/// [`Magnetic`] again, for a section has all its keys itself: one that it does not have is refused by name.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stratification {
    /// Buoyancy frequency N.
    pub frequency: f64,
    /// The axis that points up.
    #[serde(default)]
    pub vertical: Axis,
    /// Diffusivity of the buoyancy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diffusivity: Option<f64>,
    /// Or: the Prandtl number nu / diffusivity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prandtl: Option<f64>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyper: Option<PowerLaw>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drag: Option<PowerLaw>,
}

/// An axis of the box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// x
    X,
    /// y
    Y,
    /// z
    #[default]
    Z,
}

/// One of `[[physics.scalars]]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scalar {
    /// Its name in files: lower-case letters, digits and `_`.
    pub name: String,
    /// Diffusivity kappa.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diffusivity: Option<f64>,
    /// Or: the Schmidt number nu / kappa.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schmidt: Option<f64>,
    /// The gradient of its mean.
    #[serde(default)]
    pub gradient: [f64; AXES],
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyper: Option<PowerLaw>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drag: Option<PowerLaw>,
    /// Its initial field; zero when left out.
    #[serde(default)]
    pub initial: ScalarField,
    /// The force that keeps its variance up, beside the gradient of its mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forcing: Option<ScalarForcing>,
}

impl Physics {
    /// Navier-Stokes and nothing else.
    pub fn navier_stokes(viscosity: f64) -> Self {
        Physics { viscosity, ..Physics::default() }
    }

    /// Returns whether there is more than the plain equations.
    pub fn is_coupled(&self) -> bool {
        self.rotation != [0.0; AXES] || self.stratification.is_some() || !self.scalars.is_empty()
    }
}
