//! The bins of all densities, and where those of each are among all.

use std::ops::Range;

use crate::diagnostics::pdfs::Bins;
use crate::grid::AXES;

/// Averages over the points: both productions, s_ij s_ij, and the eigenvalues.
pub(super) const AVERAGES: usize = 3 + AXES;

/// The densities, and where the bins of each are among all.
#[derive(Clone, Debug, PartialEq)]
pub struct Densities {
    /// Of what is over several units on both sides of 0.
    pub wide: Bins,
    /// Of what is between -1 and 1.
    pub cosine: Bins,
    /// Of what is between 0 and 1.
    pub magnitude: Bins,
}

impl Densities {
    /// Densities over `bins`, those of what has no bounds up to `span` on both sides.
    pub fn new(bins: usize, span: f64) -> Self {
        let of = |low, high| Bins { low, high, count: bins };
        Densities { wide: of(-span, span), cosine: of(-1.0, 1.0), magnitude: of(0.0, 1.0) }
    }

    /// Bins along one variable.
    pub(super) fn each(&self) -> usize {
        self.wide.count
    }

    /// Number of all bins.
    pub(super) fn bins(&self) -> usize {
        let each = self.each();
        each * each + (4 + 2 * AXES) * each
    }

    /// The bins of density `number` of one variable.
    pub(super) fn range(&self, number: usize) -> Range<usize> {
        let start = self.each() * (self.each() + number);
        start..start + self.each()
    }

    pub(super) fn joint(&self, q: f64, r: f64) -> Option<usize> {
        Some(self.wide.bin(q)? * self.each() + self.wide.bin(r)?)
    }

    pub(super) fn enstrophy_production(&self, value: f64) -> Option<usize> {
        Some(self.range(0).start + self.wide.bin(value)?)
    }

    pub(super) fn strain_production(&self, value: f64) -> Option<usize> {
        Some(self.range(1).start + self.wide.bin(value)?)
    }

    pub(super) fn shape(&self, value: f64) -> Option<usize> {
        Some(self.range(2).start + self.cosine.bin(value)?)
    }

    pub(super) fn helicity(&self, value: f64) -> Option<usize> {
        Some(self.range(3).start + self.cosine.bin(value)?)
    }

    pub(super) fn eigenvalue(&self, axis: usize, value: f64) -> Option<usize> {
        Some(self.range(4 + axis).start + self.wide.bin(value)?)
    }

    pub(super) fn alignment(&self, axis: usize, value: f64) -> Option<usize> {
        Some(self.range(4 + AXES + axis).start + self.magnitude.bin(value)?)
    }
}
