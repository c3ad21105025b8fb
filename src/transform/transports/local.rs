//! A rank alone: what is put out on one side lies on the other.

use crate::fields::Aligned;
use crate::parallel::{SharedSlice, Team};
use crate::real::Real;

use super::super::transpose::Transpose;
use super::transport::Transport;

/// The rows of both sides.
pub struct Local<T: Real>(Aligned<T>);

impl<T: Real> Local<T> {
    /// Room for the rows of a transpose.
    pub fn new(transpose: &Transpose, team: &Team) -> Self {
        Local(team.zeros(transpose.numbers()))
    }
}

impl<T: Real> Transport<T> for Local<T> {
    fn side_from(&mut self) -> SharedSlice<'_, T> {
        SharedSlice::new(&mut self.0)
    }

    fn side_to(&mut self) -> SharedSlice<'_, T> {
        SharedSlice::new(&mut self.0)
    }

    fn clear(&mut self) {}

    fn transpose(&mut self, _: usize) {}

    fn transpose_back(&mut self, _: usize) {}
}
