//! A rank alone: what is put out on one side lies on the other.

use crate::fields::Aligned;
use crate::parallel::{SharedSlice, ThreadPool};
use crate::real::Real;

use super::super::row_array::RowPointer;
use super::super::transpose::Transpose;
use super::transport::Transport;

/// The rows of both sides.
pub struct Local<S: Real>(Aligned<S>);

impl<S: Real> Local<S> {
    /// Room for the rows of a transpose.
    pub fn new(transpose: &Transpose, pool: &ThreadPool) -> Self {
        Local(pool.zeros(transpose.numbers()))
    }
}

impl<T: Real, S: Real> Transport<T> for Local<S> {
    fn side_from(&mut self) -> RowPointer<'_, T> {
        RowPointer::new(SharedSlice::new(&mut self.0))
    }

    fn side_to(&mut self) -> RowPointer<'_, T> {
        RowPointer::new(SharedSlice::new(&mut self.0))
    }

    fn clear(&mut self) {}

    fn transpose(&mut self, _: usize) {}

    fn transpose_back(&mut self, _: usize) {}
}
