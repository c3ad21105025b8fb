//! The fields at one mode, and products of them: the terms of sums over modes.

use num_complex::Complex;

use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::ModeIndex;
use crate::real::Real;

/// A coefficient, whatever the precision of the fields.
pub type C = Complex<f64>;

/// Calls `visit(index, mode, values)` for every mode of a bundle, with the values of all fields.
pub fn each_mode<T: Real>(
    fields: &SpectralFields<T>,
    bundle: usize,
    mut visit: impl FnMut(ModeIndex, [i64; AXES], &[C]),
) {
    let mut values = vec![C::ZERO; fields.count];
    for (mode, index) in fields.modes.of_bundle(bundle) {
        for (field, value) in values.iter_mut().enumerate() {
            *value = fields.double_at(index, field);
        }
        visit(index, mode, &values);
    }
}

/// |f|^2.
pub fn norm(f: &[C]) -> f64 {
    f.iter().map(|f| f.norm_sqr()).sum()
}
