//! The pace at which forces change what they act on, and whether it is there.
//!
//! A force f = P û / (2 E) makes the energy E of what it multiplies grow at the rate P / E, which has
//! no bound as E falls; a steady force against a damping lambda is balanced at the rate 2 lambda; a
//! random one changes within its correlation time. Steps must be short beside the inverse of each.
//! And what E holds must be more than rounding: otherwise nothing is there.

use crate::real::Real;

/// Frequencies that forces ask steps to be short beside, as they must be beside that of the flow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// Largest rate at which a force changes what it acts on.
    pub rate: f64,
    /// sqrt(|f_x| / dx + ..), rms, of forces that act from rest: in one over it they make a flow that
    /// crosses a grid spacing in that time.
    pub acceleration: f64,
}

impl Pace {
    /// The larger of each frequency.
    pub fn max(self, other: Pace) -> Pace {
        Pace {
            rate: self.rate.max(other.rate),
            acceleration: self.acceleration.max(other.acceleration),
        }
    }
}

/// A remark on a force that the user should know.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Remark {
    /// The name of what it should multiply, but is absent in the present step, see
    /// [`Part::name`](crate::forcing::Part::name).
    pub absent: Option<&'static str>,
    /// Largest rate at which it changed what it acts on of steps that were too long for it; 0 if none
    /// was.
    pub too_fast: f64,
    /// The frequency beside which it asked the last step to be short.
    pub frequency: f64,
}

/// Rounding errors of the modes that are absent, in units of those of a single number: they are
/// sums of many.
const ROUNDING: f64 = 100.0;

/// The mean square up to which a part of a field with the mean square `total` is absent.
pub fn absent<T: Real>(total: f64) -> f64 {
    (ROUNDING * T::epsilon().double()).powi(2) * total
}
