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

/// |k|^2.
pub fn square(k: [f64; AXES]) -> f64 {
    k.iter().map(|k| k * k).sum()
}

/// |f|^2.
pub fn norm(f: &[C]) -> f64 {
    f.iter().map(|f| f.norm_sqr()).sum()
}

/// Re(f . conj g).
pub fn dot(f: &[C], g: &[C]) -> f64 {
    f.iter().zip(g).map(|(f, g)| f.re * g.re + f.im * g.im).sum()
}

/// Re((i k x f) . conj f) = 2 k . (Re f x Im f).
pub fn curl_product(k: [f64; AXES], f: &[C]) -> f64 {
    let cross = |i: usize, j: usize| f[i].re * f[j].im - f[j].re * f[i].im;
    2.0 * (k[0] * cross(1, 2) + k[1] * cross(2, 0) + k[2] * cross(0, 1))
}
