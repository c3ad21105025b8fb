//! Ranks that share memory: one side writes where the other one reads.
//!
//! To move rows means to wait for each other.

use std::ops::Range;

use crate::error::Result;
use crate::parallel::{Communicator, Window};
use crate::real::Real;

use super::super::row_array::RowPointer;
use super::super::transpose::Transpose;
use super::transport::Transport;

/// The rows of all ranks.
pub struct Shared<S: Real> {
    window: Window<S>,
    /// Those of this rank on the side `to`.
    segment: Range<usize>,
}

impl<S: Real> Shared<S> {
    /// Room for the rows of a transpose. Collective.
    ///
    /// # Errors
    /// The memory cannot be had.
    pub fn new(transpose: &Transpose, communicator: &Communicator) -> Result<Self> {
        let (start, len) = (transpose.segment_start(), transpose.to_len());
        Ok(Shared { window: Window::new(communicator, len)?, segment: start..start + len })
    }
}

impl<T: Real, S: Real> Transport<T> for Shared<S> {
    fn side_from(&mut self) -> RowPointer<'_, T> {
        RowPointer::new(self.window.slice())
    }

    fn side_to(&mut self) -> RowPointer<'_, T> {
        RowPointer::new(self.window.slice().part(self.segment.clone()))
    }

    fn clear(&mut self) {
        self.window.synchronize();
    }

    fn transpose(&mut self, _: usize) {
        self.window.synchronize();
    }

    fn transpose_back(&mut self, _: usize) {
        self.window.synchronize();
    }
}
