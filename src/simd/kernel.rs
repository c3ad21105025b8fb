//! Kernels: work that is compiled for every instruction set.

use crate::real::{Real, Vector};

/// Work that is compiled once for every instruction set.
pub trait Kernel<T: Real> {
    /// The result of the work.
    type Output;
    /// Does the work with vectors of one kind. Must be `#[inline(always)]`.
    fn run<V: Vector<Scalar = T>>(self) -> Self::Output;
}
