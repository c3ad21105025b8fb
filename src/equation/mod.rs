//! Equations of motion, each written as a few formulas at one point.
//!
//! An equation states [`Formulas`]: which products of field values its nonlinear terms need at one
//! point of physical space; how these products shrink under the in-plane part of the divergence;
//! and how what is left, and the state, assemble into the tendency of one mode. The formulas see
//! neither ranks nor indices nor the order of arrays. Damping is not part of the tendency: the
//! integrator treats it exactly.
//!
//! | file | what it has |
//! |---|---|
//! | `formulas` | [`Formulas`], what an equation must state, and [`FieldCounts`] of its fields |
//! | `navier_stokes` | the velocity alone |
//! | `mhd` | velocity and magnetic field |
//! | `coupled` | rotation, stratification and scalars, added to either |
//! | `algebra` | complex numbers in vectors, and the projection on solenoidal fields |
//! | `apply` | [`Equation`]: formulas run at full SIMD speed over what the sweep hands out |

mod algebra;
mod apply;
mod coupled;
mod formulas;
mod mhd;
mod navier_stokes;

use crate::integrator::Damping;
use crate::modes::Modes;
use crate::real::Real;

pub use algebra::Complex;
pub use apply::{Apply, Equation, NonlinearTerms};
pub use coupled::{Coupled, Scalar};
pub use formulas::{FieldCounts, Formulas};
pub use mhd::Mhd;
pub use navier_stokes::NavierStokes;

/// Any formulas, ready to run on a layout.
pub fn run<T: Real>(formulas: impl Formulas + 'static, modes: &Modes) -> Box<dyn Equation<T>> {
    Box::new(Apply::new(formulas, modes))
}

/// The Navier-Stokes equations, ready to run on a layout.
pub fn navier_stokes<T: Real>(modes: &Modes, viscosity: f64) -> Box<dyn Equation<T>> {
    run(NavierStokes { damping: Damping::diffusion(viscosity) }, modes)
}
