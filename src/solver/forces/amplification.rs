//! Forces on all modes, in proportion to them.

use std::ops::Range;

use crate::modes::Modes;
use crate::real::Real;

/// The force a u' of a stage on all modes of a vector or scalar; u' is without the mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Amplification {
    /// The fields that it acts on.
    pub fields: Range<usize>,
    /// The rate a, one over a time.
    pub rate: f64,
}

impl Amplification {
    /// Adds the force to the `tendency` of a bundle; `state` has its fields at the same stage.
    pub fn add<T: Real>(&self, modes: &Modes, bundle: usize, state: &[T], tendency: &mut [T]) {
        let rate = T::from_double(self.rate);
        let column = modes.column_len();
        for field in self.fields.clone() {
            let part = field * column..(field + 1) * column;
            let (u, target) = (&state[part.clone()], &mut tendency[part]);
            let mean = target[0];
            for (target, u) in target.iter_mut().zip(u) {
                *target = *target + rate * *u;
            }
            if modes.bundle_mode(bundle) == (0, 0) {
                target[0] = mean;
            }
        }
    }
}
