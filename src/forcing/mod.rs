//! Forces that keep turbulence going. One file a kind; all act on a [`Band`] of low modes.

mod band;
mod constant_energy;
mod constant_power;

use serde::{Deserialize, Serialize};

use crate::problems::Problems;

pub use band::{Band, BandField};

/// A force on the modes of a band.
pub trait Force {
    /// Called once with the velocity that the run starts from.
    fn start(&mut self, band: &Band, velocity: &BandField) {
        let _ = (band, velocity);
    }

    /// What the force remembers beside its parameters, such as what [`Self::start`] took from the
    /// velocity: numbers for a checkpoint, from which [`Self::restore`] goes on to the same bits.
    fn state(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Takes up what [`Self::state`] gave, of a force of the same kind and band, after
    /// [`Self::start`]. False when it is not that.
    fn restore(&mut self, state: &[f64]) -> bool {
        state.is_empty()
    }

    /// The force on each mode, given its velocity and everything else that changes it (nonlinear
    /// terms, pressure and viscosity).
    fn force(&self, band: &Band, velocity: &BandField, tendency: &BandField) -> BandField;

    /// Called after each step with the new velocity, which it may correct by what the time step's
    /// error made of it.
    fn constrain(&self, band: &Band, velocity: &mut BandField) {
        let _ = (band, velocity);
    }
}

/// `[forcing]`: what drives the flow.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Forcing {
    /// Nothing: the flow decays.
    #[default]
    None,
    /// f = P û / (2 E_f) on the modes 0 < k <= k_f, whose energy is E_f: power P at all times.
    ConstantPower {
        /// P, energy per mass and time.
        power: f64,
        /// k_f, in units of the wavenumber.
        wavenumber: f64,
    },
    /// The energy of the modes 0 < k <= k_f is held, as in JHTDB's isotropic1024.
    ConstantEnergy {
        /// The energy to hold; that of the initial field when left out.
        energy: Option<f64>,
        /// k_f, in units of the wavenumber.
        wavenumber: f64,
    },
}

impl Forcing {
    /// Adds what is wrong with the parameters to `problems`.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            Forcing::None => {}
            Forcing::ConstantPower { power, wavenumber } => {
                problems.require_not_negative("forcing.power", *power);
                problems.require_positive("forcing.wavenumber", *wavenumber);
            }
            Forcing::ConstantEnergy { energy, wavenumber } => {
                if let Some(energy) = energy {
                    problems.require_positive("forcing.energy", *energy);
                }
                problems.require_positive("forcing.wavenumber", *wavenumber);
            }
        }
    }

    /// The force and the largest wavenumber it acts on; `None` without forcing.
    pub fn build(&self) -> Option<(Box<dyn Force>, f64)> {
        match *self {
            Forcing::None => None,
            Forcing::ConstantPower { power, wavenumber } => {
                Some((Box::new(constant_power::ConstantPower { power }), wavenumber))
            }
            Forcing::ConstantEnergy { energy, wavenumber } => {
                Some((Box::new(constant_energy::ConstantEnergy { energy }), wavenumber))
            }
        }
    }
}
