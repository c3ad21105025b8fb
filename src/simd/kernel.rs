//! What is compiled for every instruction set.

use crate::real::{Real, Vector};

/// Work that is compiled once for every instruction set.
pub trait Kernel<T: Real> {
    /// What the work returns.
    type Output;
    /// Does the work with vectors of one kind. Must be `#[inline(always)]`.
    fn run<V: Vector<Scalar = T>>(self) -> Self::Output;
}
