//! Natural logarithms of many numbers at a time.

use crate::real::{Real, Vector};
use crate::simd::Kernel;

/// Writes ln(`factor` q) of values q; that of the smallest normal number where this is less.
pub(super) struct Logarithms<'a, T> {
    pub values: &'a [T],
    pub factor: f64,
    pub to: &'a mut [f64],
}

impl<T: Real> Kernel<f64> for Logarithms<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        // The compiler makes vectors of this loop, with the instructions that the kernel may use.
        for (to, value) in self.to.iter_mut().zip(self.values) {
            let number = self.factor * value.double();
            // NaN becomes that as well: what is not a number is told by the moments of its field.
            *to = ln(if number > f64::MIN_POSITIVE { number } else { f64::MIN_POSITIVE });
        }
    }
}

/// The logarithm of a positive normal number, without a branch: that of 2^k m is
/// k ln 2 + ln(1 + f), f = m - 1, with m between 1/sqrt(2) and sqrt(2) and
/// ln(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), s = f / (2 + f). The polynomial R and the two parts of ln 2
/// are those of FreeBSD's `e_log.c`; the error is below one unit in the last place.
#[inline(always)]
fn ln(x: f64) -> f64 {
    const LN2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    const R: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    const MANTISSA: u64 = (1 << 52) - 1;
    let above = x.to_bits().wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits());
    let k = (above as i64 >> 52) as f64;
    let f = f64::from_bits(x.to_bits().wrapping_sub(above & !MANTISSA)) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (R[1] + w * (R[3] + w * R[5]));
    let odd = z * (R[0] + w * (R[2] + w * (R[4] + w * R[6])));
    let half = 0.5 * f * f;
    k * LN2[0] - ((half - (s * (half + even + odd) + k * LN2[1])) - f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd;

    #[test]
    fn they_are_those_of_the_standard_library() {
        let powers = (-1074..1024).map(|k| 2_f64.powi(k));
        let numbers: Vec<f64> =
            powers.flat_map(|p| (0..40).map(move |n| p * (1.0 + f64::from(n) * 0.0251))).collect();
        let mut found = vec![0.0; numbers.len()];
        simd::run::<f64, _>(Logarithms { values: &numbers, factor: 0.5, to: &mut found });
        for (number, found) in numbers.iter().zip(found) {
            let expected = (0.5 * number).max(f64::MIN_POSITIVE).ln();
            let error = (found - expected).abs();
            assert!(
                error <= 2.0 * f64::EPSILON * expected.abs().max(f64::EPSILON),
                "{number}: {error}"
            );
        }
        let mut of_nothing = [0.0; 3];
        let values = [0.0, -1.0, f64::NAN];
        simd::run::<f64, _>(Logarithms { values: &values, factor: 1.0, to: &mut of_nothing });
        let least = f64::MIN_POSITIVE.ln();
        assert!(of_nothing.iter().all(|found| (found - least).abs() < 1e-12), "{of_nothing:?}");
    }
}
