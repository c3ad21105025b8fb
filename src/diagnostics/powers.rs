//! Sums of powers of values at grid points.

use crate::real::{Real, Vector};
use crate::simd::{self, Kernel, doubles};

/// Returns the sums of t, t^2, .. over all values of a block, where t is `factor` times the value. They
/// are summed in an order that depends on nothing but the block.
pub fn power_sums<T: Real, const N: usize>(values: &[T], factor: f64) -> [f64; N] {
    simd::run::<f64, _>(Powers::<T, N> { values, factor, absolute: false })
}

/// As [`power_sums`], of the magnitudes of the values.
pub fn absolute_power_sums<T: Real, const N: usize>(values: &[T]) -> [f64; N] {
    simd::run::<f64, _>(Powers::<T, N> { values, factor: 1.0, absolute: true })
}

/// Returns the sum of g h^2 over pairs of values, each with its factor.
pub fn mixed_sum<T: Real>(g: &[T], h: &[T], factors: [f64; 2]) -> f64 {
    simd::run::<f64, _>(Mixed { g, h, factors })
}

/// Returns the largest sum of the squares of fields at a point, `[field][point]` with `points` of each.
pub fn largest_square<T: Real>(values: &[T], fields: usize, points: usize) -> f64 {
    simd::run::<f64, _>(LargestSquare { values, fields, points })
}

/// Writes the sum of the squares of fields at each point, `values` being `[field][point]`.
pub fn sum_squares<T: Real>(values: &[T], sums: &mut [f64]) {
    simd::run::<f64, _>(Squares { values, sums });
}

struct Squares<'a, T> {
    values: &'a [T],
    sums: &'a mut [f64],
}

impl<T: Real> Kernel<f64> for Squares<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        let points = self.sums.len();
        for point in (0..points).step_by(V::WIDTH) {
            let square = square_at::<T, V>(self.values, self.values.len() / points, points, point);
            doubles::store(square, self.sums, point);
        }
    }
}

struct LargestSquare<'a, T> {
    values: &'a [T],
    fields: usize,
    points: usize,
}

impl<T: Real> Kernel<f64> for LargestSquare<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) -> f64 {
        let mut largest = V::zero();
        for point in (0..self.points).step_by(V::WIDTH) {
            largest = largest.max(square_at::<T, V>(self.values, self.fields, self.points, point));
        }
        largest.largest()
    }
}

/// The sum of the squares of fields at some points.
#[inline(always)]
fn square_at<T: Real, V: Vector<Scalar = f64>>(
    values: &[T],
    fields: usize,
    points: usize,
    point: usize,
) -> V {
    let mut square = V::zero();
    for field in 0..fields {
        let value = doubles::load::<T, V>(values, field * points + point);
        square = square + value * value;
    }
    square
}

struct Powers<'a, T, const N: usize> {
    values: &'a [T],
    factor: f64,
    absolute: bool,
}

impl<T: Real, const N: usize> Kernel<f64> for Powers<'_, T, N> {
    type Output = [f64; N];

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) -> [f64; N] {
        let factor = V::splat(self.factor);
        let mut sums = [V::zero(); N];
        for index in (0..self.values.len()).step_by(V::WIDTH) {
            let value = doubles::load::<T, V>(self.values, index) * factor;
            let value = if self.absolute { value.abs() } else { value };
            let mut power = value;
            sums[0] = sums[0] + power;
            for sum in &mut sums[1..] {
                power = power * value;
                *sum = *sum + power;
            }
        }
        let mut whole = [0.0; N];
        for (whole, sum) in whole.iter_mut().zip(sums) {
            *whole = sum.sum();
        }
        whole
    }
}

struct Mixed<'a, T> {
    g: &'a [T],
    h: &'a [T],
    factors: [f64; 2],
}

impl<T: Real> Kernel<f64> for Mixed<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) -> f64 {
        let [of_g, of_h] = self.factors.map(V::splat);
        let mut sum = V::zero();
        for index in (0..self.g.len()).step_by(V::WIDTH) {
            let g = doubles::load::<T, V>(self.g, index) * of_g;
            let h = doubles::load::<T, V>(self.h, index) * of_h;
            sum = sum + g * h * h;
        }
        sum.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_values_one_by_one() {
        let g: Vec<f64> = (0..32).map(|n| f64::from(n * n % 7) - 3.0).collect();
        let h: Vec<f64> = (0..32).map(|n| f64::from(n % 5) - 1.0).collect();
        let plain = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            g.iter().zip(&h).map(|(g, h)| of(*g, *h)).sum()
        };
        let sums: [f64; 4] = power_sums(&g, 0.5);
        assert_eq!(sums, [1, 2, 3, 4].map(|p| plain(&|g, _| (0.5 * g).powi(p))));
        let single: Vec<f32> = g.iter().map(|g| *g as f32).collect();
        assert_eq!(power_sums::<f32, 4>(&single, 0.5), sums);
        let sums: [f64; 3] = absolute_power_sums(&g);
        assert_eq!(sums, [1, 2, 3].map(|p| plain(&|g, _| g.abs().powi(p))));
        let square = |n: usize| g[n] * g[n] + g[16 + n] * g[16 + n];
        assert_eq!(largest_square(&g, 2, 16), (0..16).map(square).fold(0.0, f64::max));
        assert_eq!(mixed_sum(&g, &h, [2.0, 0.5]), plain(&|g, h| 2.0 * g * (0.5 * h).powi(2)));
    }
}
