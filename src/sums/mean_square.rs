//! The mean square of a vector or scalar.

use std::ops::Range;

use super::over_bundles::exact_sums_over_bundles;
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;

/// The mean square of the vector or scalar that the fields `of` are, its mean included. Collective:
/// every rank must call this.
pub fn mean_square<T: Real>(
    fields: &SpectralFields<T>,
    of: Range<usize>,
    pool: &ThreadPool,
    communicator: &Communicator,
) -> f64 {
    let modes = fields.modes;
    let part = of.start * modes.column_len()..of.end * modes.column_len();
    let zero = || [ExactSum::default()];
    let sums = exact_sums_over_bundles(fields, zero, pool, communicator, |bundle, sums| {
        let (nx0, _) = modes.bundle_mode(bundle);
        let mut square = 0.0;
        for row in fields.bundle(bundle)[part.clone()].chunks_exact(modes.lanes) {
            for (nx, value) in (nx0 as i64..).zip(row) {
                square += Modes::weight(nx) * value.double().powi(2);
            }
        }
        sums[0].add(square);
    });
    sums[0].value()
}
