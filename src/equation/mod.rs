//! Equations of motion, each written as a few formulas at one point.
//!
//! An equation states [`Formulas`]: which products of field values its nonlinear terms need at one
//! point of physical space; how these products shrink under the in-plane part of the divergence;
//! and how what is left assembles into the tendency of one mode. The formulas see neither ranks
//! nor indices nor the order of arrays; `apply` runs them at full SIMD speed over whatever the
//! sweep hands out. Linear diffusion is not part of the tendency: the integrator treats it exactly.

mod apply;
pub mod navier_stokes;

use crate::modes::Modes;
use crate::real::Real;
use crate::simd::Vector;

pub use apply::{Equation, NonlinearTerms};
pub use navier_stokes::NavierStokes;

/// A complex number, or a vector of them: real and imaginary part.
pub type Complex<V> = (V, V);

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

/// An equation as formulas. `V` stands for one number or for several in lock-step.
pub trait Formulas: Send + Sync {
    /// The counts of fields.
    fn counts(&self) -> Counts;

    /// Diffusivity of each field: it decays as exp(-diffusivity k^2 t).
    fn diffusivity(&self, field: usize) -> f64;

    /// Products at one point: `field(i)` reads a field, `product(j, value)` writes a product.
    fn products<V: Vector>(&self, field: impl Fn(usize) -> V, product: impl FnMut(usize, V));

    /// Largest advection frequency at one point, the sum of |u_i| / dx_i: the time step times its
    /// maximum is the CFL number. `inverse_spacing` holds 1 / dx_i.
    fn frequency<V: Vector>(&self, field: impl Fn(usize) -> V, inverse_spacing: [V; 3]) -> V;

    /// In-plane contraction of one mode (kx, ky): `product(j)` reads a transformed product,
    /// `contracted(i, value)` writes a field that goes back. Must be linear.
    fn contract<V: Vector>(
        &self,
        k: [V; 2],
        product: impl Fn(usize) -> Complex<V>,
        contracted: impl FnMut(usize, Complex<V>),
    );

    /// Tendency of one mode k: `contracted(i)` reads what came back, `tendency(j, value)` writes
    /// d(field j)/dt without diffusion.
    fn assemble<V: Vector>(
        &self,
        k: [V; 3],
        contracted: impl Fn(usize) -> Complex<V>,
        tendency: impl FnMut(usize, Complex<V>),
    );
}

/// An equation ready to run on a layout.
pub fn navier_stokes<T: Real>(modes: &Modes, viscosity: f64) -> Box<dyn Equation<T>> {
    Box::new(apply::Apply::new(NavierStokes { viscosity }, modes))
}
