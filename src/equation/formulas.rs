//! An equation as formulas at one point of space and at one mode.

use super::algebra::Complex;
use crate::integrator::Damping;
use crate::simd::Vector;

/// The numbers of fields that an equation has on each leg of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldCounts {
    /// Fields that evolve, and go to physical space.
    pub fields: usize,
    /// Products formed at each point.
    pub products: usize,
    /// Fields that come back after the in-plane contraction.
    pub contracted: usize,
}

impl FieldCounts {
    /// Returns the transforms of one field in a right-hand side: fields to the points, and products back.
    pub fn transforms(self) -> usize {
        self.fields + self.products
    }
}

/// An equation as formulas. `V` stands for one number or for several in lock-step. The first three
/// fields are the velocity.
pub trait Formulas: Send + Sync {
    /// The counts of fields.
    fn counts(&self) -> FieldCounts;

    /// The damping of each field, which is left to the integrator.
    fn damping(&self, field: usize) -> Damping;

    /// Returns whether [`Self::assemble`] reads the state. Keeping it at hand costs memory.
    fn uses_state(&self) -> bool {
        false
    }

    /// Products at one point: `field(i)` reads a field, `product(j, value)` writes a product.
    fn products<V: Vector>(&self, field: impl Fn(usize) -> V, product: impl FnMut(usize, V));

    /// Returns what limits the time step at one point: the sum of |u_i| / dx_i over the axes, with u_i the
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
