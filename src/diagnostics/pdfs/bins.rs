//! The abscissa that a density is counted over: its bins, its variable, and the scale of that.

use crate::diagnostics::powers::shift_and_scale;
use crate::real::Real;

/// The bins of a density, all of the same width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bins {
    /// The beginning of the first one.
    pub low: f64,
    /// The end of the last one.
    pub high: f64,
    /// Their number.
    pub count: usize,
}

impl Bins {
    pub(super) fn width(&self) -> f64 {
        (self.high - self.low) / self.count as f64
    }

    /// The middle of each bin.
    pub fn centres(&self) -> Vec<f64> {
        (0..self.count).map(|bin| self.low + (bin as f64 + 0.5) * self.width()).collect()
    }

    /// Counts each value in its bin; outside of all it is not counted.
    pub(super) fn count(&self, values: &[f64], counts: &mut [i64]) {
        let (low, per_value, end) = (self.low, 1.0 / self.width(), self.count as f64);
        for value in values {
            let bin = (value - low) * per_value;
            if bin >= 0.0 && bin < end {
                counts[bin as usize] += 1;
            }
        }
    }
}

/// The variable t of a density, given a quantity q.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalization {
    /// `(q - <q>) / rms(q)`.
    Standard,
    /// `ln(q / <q>)`.
    Logarithm,
    /// q itself.
    Plain,
}

/// The units that values of a density are measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Scale {
    pub mean: f64,
    pub rms: f64,
    /// Fields that share the density.
    pub fields: usize,
}

impl Scale {
    /// Writes the variable for each value to `to`.
    pub fn apply<T: Real>(&self, normalization: Normalization, values: &[T], to: &mut [f64]) {
        match normalization {
            Normalization::Plain => shift_and_scale(values, 0.0, 1.0, to),
            Normalization::Standard if self.rms > 0.0 => {
                shift_and_scale(values, self.mean, 1.0 / self.rms, to);
            }
            Normalization::Logarithm if self.mean > 0.0 => {
                let factor = 1.0 / self.mean;
                for (to, value) in to.iter_mut().zip(values) {
                    // A difference of squares may be less than nothing by rounding.
                    *to = (value.double() * factor).max(f64::MIN_POSITIVE).ln();
                }
            }
            Normalization::Standard | Normalization::Logarithm => to.fill(0.0),
        }
    }
}
