//! Equations of motion, each written as a few formulas at one point.
//!
//! An equation states [`Formulas`]: which products of field values its nonlinear terms need at one
//! point of physical space; how these products shrink under the in-plane part of the divergence;
//! and how what is left, and the state, assemble into the tendency of one mode. The formulas see
//! neither ranks nor indices nor the order of arrays; `apply` runs them at full SIMD speed over
//! whatever the sweep hands out. Damping is not part of the tendency: the integrator treats it
//! exactly.
//!
//! [`NavierStokes`] is the velocity alone, [`Mhd`] velocity and magnetic field; [`Coupled`] adds
//! rotation, stratification and scalars to either.

mod algebra;
mod apply;
mod coupled;
mod mhd;
mod navier_stokes;
pub mod physics;

use crate::integrator::Damping;
use crate::modes::Modes;
use crate::real::Real;
use crate::simd::Vector;

pub use algebra::Complex;
pub use apply::{Equation, NonlinearTerms};
pub use coupled::{Coupled, wave_frequency};
pub use mhd::Mhd;
pub use navier_stokes::NavierStokes;
pub use physics::Physics;

/// How many fields an equation has on each leg of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Fields that evolve, and go to physical space.
    pub fields: usize,
    /// Products formed at each point.
    pub products: usize,
    /// Fields that come back after the in-plane contraction.
    pub contracted: usize,
}

/// An equation as formulas. `V` stands for one number or for several in lock-step. The first three
/// fields are the velocity.
pub trait Formulas: Send + Sync {
    /// The counts of fields.
    fn counts(&self) -> Counts;

    /// The damping of each field, which is left to the integrator.
    fn damping(&self, field: usize) -> Damping;

    /// Whether [`Self::assemble`] reads the state. Keeping it at hand costs memory.
    fn uses_state(&self) -> bool {
        false
    }

    /// Products at one point: `field(i)` reads a field, `product(j, value)` writes a product.
    fn products<V: Vector>(&self, field: impl Fn(usize) -> V, product: impl FnMut(usize, V));

    /// What limits the time step at one point: the sum of |u_i| / dx_i over the axes, with u_i the
    /// speed of whatever moves fastest, plus 3 / (2 pi) times the frequency of waves that are there
    /// without motion. The time step times its maximum is the CFL number; the factor makes a wave
    /// count as an advected mode at the cutoff does, for there k_i u_i = 2 pi / 3 u_i / dx_i.
    /// `inverse_spacing` holds 1 / dx_i.
    fn frequency<V: Vector>(&self, field: impl Fn(usize) -> V, inverse_spacing: [V; 3]) -> V;

    /// In-plane contraction of one mode (kx, ky): `product(j)` reads a transformed product,
    /// `contracted(i, value)` writes a field that goes back. Must be linear.
    fn contract<V: Vector>(
        &self,
        k: [V; 2],
        product: impl Fn(usize) -> Complex<V>,
        contracted: impl FnMut(usize, Complex<V>),
    );

    /// Tendency of one mode k: `state(i)` reads a field, `contracted(i)` what came back,
    /// `tendency(j, value)` writes d(field j)/dt without damping.
    fn assemble<V: Vector>(
        &self,
        k: [V; 3],
        state: impl Fn(usize) -> Complex<V>,
        contracted: impl Fn(usize) -> Complex<V>,
        tendency: impl FnMut(usize, Complex<V>),
    );
}

/// The equation of `physics`, ready to run on a layout.
pub fn build<T: Real>(physics: &Physics, modes: &Modes) -> Box<dyn Equation<T>> {
    let flow = NavierStokes { damping: physics.velocity_damping() };
    let mhd = physics.magnetic_damping().map(|damping| Mhd { flow, damping });
    // The plain equations stay as lean as they are.
    match (mhd, physics.is_coupled()) {
        (None, false) => run(flow, modes),
        (None, true) => run(Coupled::new(flow, physics), modes),
        (Some(mhd), false) => run(mhd, modes),
        (Some(mhd), true) => run(Coupled::new(mhd, physics), modes),
    }
}

/// Any formulas, ready to run on a layout.
pub fn run<T: Real>(formulas: impl Formulas + 'static, modes: &Modes) -> Box<dyn Equation<T>> {
    Box::new(apply::Apply::new(formulas, modes))
}

/// The Navier-Stokes equations, ready to run on a layout.
pub fn navier_stokes<T: Real>(modes: &Modes, viscosity: f64) -> Box<dyn Equation<T>> {
    build(&Physics::navier_stokes(viscosity), modes)
}
