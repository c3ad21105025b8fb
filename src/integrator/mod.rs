//! Runge-Kutta schemes with an integrating factor.
//!
//! For du/dt = N(u) - lambda u the variable u exp(lambda t) has no linear term left, so decay is
//! exact and puts no limit on the time step (Canuto et al. 2007, appendix D.3; Rogallo 1981, NASA
//! TM 81315). Two registers are kept besides the tendency: the state `u` and a running `sum`. A
//! stage is one small update of each mode that also gives the velocity the next stage starts from.
//! [`Controller`] adapts the step to an estimate of its error.

mod control;
mod integrating_factor;
mod update;

use serde::{Deserialize, Serialize};

pub use control::{Controller, EMBEDDED_WEIGHT};
pub use integrating_factor::{Damping, IntegratingFactor, IntegratingFactors, PowerLaw};
pub use update::Stage;

/// Time integration scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Heun's second-order scheme, two stages.
    Rk2,
    /// Third-order low-storage scheme of Williamson 1980, J. Comput. Phys. 35, 48 (case 7).
    Rk3,
    /// The classical fourth-order scheme.
    #[default]
    Rk4,
}

impl Scheme {
    /// Right-hand sides per step.
    pub fn stages(self) -> usize {
        match self {
            Scheme::Rk2 => 2,
            Scheme::Rk3 => 3,
            Scheme::Rk4 => 4,
        }
    }

    /// Weight of each stage's right-hand side in the whole step; they add up to 1.
    pub fn weight(self, stage: usize) -> f64 {
        match self {
            Scheme::Rk2 => 0.5,
            Scheme::Rk3 => [1.0 / 6.0, 3.0 / 10.0, 8.0 / 15.0][stage],
            Scheme::Rk4 => [1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0][stage],
        }
    }

    /// Time over which each stage's integrating factor acts, as a fraction of the step. For `rk4` it is
    /// half a step in every stage; a whole step is its square.
    pub fn factor_time(self, stage: usize) -> f64 {
        match self {
            Scheme::Rk2 => 1.0,
            Scheme::Rk3 => [1.0 / 3.0, 5.0 / 12.0, 1.0 / 4.0][stage],
            Scheme::Rk4 => 0.5,
        }
    }

    /// Whether the last stage leaves the new state in the `sum`, and what the step started from
    /// untouched.
    pub fn ends_in_sum(self) -> bool {
        self != Scheme::Rk3
    }

    /// How many different times [`Self::factor_time`] gives.
    pub fn factor_times(self) -> usize {
        match self {
            Scheme::Rk2 | Scheme::Rk4 => 1,
            Scheme::Rk3 => 3,
        }
    }

    /// Which of these times a stage has.
    pub fn factor_slot(self, stage: usize) -> usize {
        stage.min(self.factor_times() - 1)
    }
}
