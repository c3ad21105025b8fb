//! The abscissa that a density is counted over: its bins, its variable, and the scale of that.

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

    /// The bin of a value; `None` outside of all.
    pub(super) fn of(&self, value: f64) -> Option<usize> {
        let bin = (value - self.low) / self.width();
        (bin >= 0.0 && bin < self.count as f64).then_some(bin as usize)
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
    /// The variable for a value.
    pub fn apply(&self, normalization: Normalization, value: f64) -> f64 {
        match normalization {
            Normalization::Plain => value,
            Normalization::Standard if self.rms > 0.0 => (value - self.mean) / self.rms,
            Normalization::Standard => 0.0,
            Normalization::Logarithm if self.mean > 0.0 => {
                // A difference of squares may be less than nothing by rounding.
                (value / self.mean).max(f64::MIN_POSITIVE).ln()
            }
            Normalization::Logarithm => 0.0,
        }
    }
}
