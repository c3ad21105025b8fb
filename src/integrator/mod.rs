//! Runge-Kutta schemes with an integrating factor.
//!
//! For du/dt = N(u) - lambda u the variable u exp(lambda t) has no linear term left, so decay is
//! exact and puts no limit on the time step (Canuto et al. 2007, appendix D.3; Rogallo 1981, NASA
//! TM 81315). Two registers are kept besides the tendency: the state `u` and a running `sum`. A
//! stage is one small update of each mode that also gives the velocity the next stage starts from.
//!
//! | file | what it has |
//! |---|---|
//! | `scheme` | [`Scheme`], and the coefficients of each as a table |
//! | `stage` | [`Stage`], one stage of a step: its time and its weight |
//! | `damping` | [`Damping`], the rate lambda of a field |
//! | `integrating_factor` | [`IntegratingFactors`] of all fields, made when the time step changes |
//! | `update` | the update of the modes of one bundle in a stage |
//! | `control` | [`Controller`], which adapts the step to an estimate of its error |

mod control;
mod damping;
mod integrating_factor;
mod scheme;
mod stage;
mod update;

pub use control::{Controller, EMBEDDED_WEIGHT};
pub use damping::{Damping, PowerLaw};
pub use integrating_factor::{IntegratingFactor, IntegratingFactors};
pub use scheme::Scheme;
pub use stage::Stage;
