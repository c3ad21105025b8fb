//! The abscissa that a density is counted over: its bins, its variable, and the scale of that.

/// The order of the moments that are measured: 1 to 4.
pub(super) const ORDERS: usize = 4;

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
    /// The width of each.
    pub fn width(&self) -> f64 {
        (self.high - self.low) / self.count as f64
    }

    /// The bin of a value, if it is in any; the end of the last bin belongs to it.
    pub fn bin(&self, value: f64) -> Option<usize> {
        let is_inside = value >= self.low && value <= self.high;
        let bin = ((value - self.low) / self.width()) as usize;
        is_inside.then(|| bin.min(self.count - 1))
    }

    /// The middle of each bin.
    pub fn centres(&self) -> Vec<f64> {
        (0..self.count).map(|bin| self.low + (bin as f64 + 0.5) * self.width()).collect()
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
    /// Returns o and f of a variable t = f (q - o), or t = ln(f (q - o)).
    pub fn origin_and_factor(&self, normalization: Normalization) -> [f64; 2] {
        match normalization {
            Normalization::Plain => [0.0, 1.0],
            Normalization::Standard if self.rms > 0.0 => [self.mean, 1.0 / self.rms],
            Normalization::Logarithm if self.mean > 0.0 => [0.0, 1.0 / self.mean],
            // Nothing but zeros.
            Normalization::Standard | Normalization::Logarithm => [0.0, 0.0],
        }
    }
}
