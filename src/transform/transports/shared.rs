//! Ranks that share memory: one side writes where the other one reads.
//!
//! To move rows means to wait for each other.

use std::ops::Range;

use crate::error::Result;
use crate::parallel::{Communicator, SharedSlice, Window};
use crate::real::Real;

use super::super::transpose::Transpose;
use super::transport::Transport;

/// The rows of all ranks.
pub struct Shared<T: Real> {
    window: Window<T>,
    /// Those of this rank on the side `to`.
    segment: Range<usize>,
}

impl<T: Real> Shared<T> {
    /// Room for the rows of a transpose. Collective.
    ///
    /// # Errors
    /// The memory cannot be had.
    pub fn new(transpose: &Transpose, communicator: &Communicator) -> Result<Self> {
        let (start, len) = (transpose.segment_start(), transpose.to_len());
        Ok(Shared { window: Window::new(communicator, len)?, segment: start..start + len })
    }
}

impl<T: Real> Transport<T> for Shared<T> {
    fn side_from(&mut self) -> SharedSlice<'_, T> {
        self.window.slice()
    }

    fn side_to(&mut self) -> SharedSlice<'_, T> {
        self.window.slice().part(self.segment.clone())
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
