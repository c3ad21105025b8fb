//! The bins and powers of the values of a block, in vectors.

use super::bins::{Bins, ORDERS};
use crate::real::{Real, Vector};
use crate::simd::{Kernel, doubles};

/// 2^52: the last bits of it plus a small whole number are that number.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// Writes the slot of each value q of a block, `[x][lane]`, as `WHOLE` plus its number, and returns the sums
/// of the powers of t = factor (q - origin). Slot 0 is for what is below all bins of t and for lanes that are
/// not in use, the last one for what is above; NaN may be in either.
pub(super) struct Tabulate<'a, T> {
    pub values: &'a [T],
    pub origin: f64,
    pub factor: f64,
    /// Of each lane: 1, or 0 where it is not in use.
    pub in_use: &'a [f64],
    pub bins: Bins,
    pub slots: &'a mut [f64],
}

impl<T: Real> Kernel<f64> for Tabulate<'_, T> {
    type Output = [f64; ORDERS];

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) -> [f64; ORDERS] {
        let Tabulate { values, origin, factor, in_use, bins, slots } = self;
        let (origin, factor) = (V::splat(origin), V::splat(factor));
        let (low, per_value) = (V::splat(bins.low), V::splat(1.0 / bins.width()));
        let (below, above) = (V::splat(-1.0), V::splat(-(bins.count as f64)));
        let (one, whole) = (V::splat(1.0), V::splat(WHOLE));
        let mut sums = [V::zero(); ORDERS];
        let lanes = in_use.len();
        for row in (0..values.len()).step_by(lanes) {
            for lane in (0..lanes).step_by(V::WIDTH) {
                let q = doubles::load::<T, V>(values, row + lane);
                let is_used = doubles::load::<f64, V>(in_use, lane);
                let t = (q - origin) * factor * is_used;
                let bin = ((t - low) * per_value).floor();
                // The smaller of two numbers is the larger one of their opposites.
                let bin = -((-bin.max(below)).max(above));
                doubles::store((bin + one) * is_used + whole, slots, row + lane);
                let square = t * t;
                sums[0] = sums[0] + t;
                sums[1] = sums[1] + square;
                sums[2] = t.mul_add(square, sums[2]);
                sums[3] = square.mul_add(square, sums[3]);
            }
        }
        let mut totals = [0.0; ORDERS];
        for order in 0..ORDERS {
            totals[order] = sums[order].sum();
        }
        totals
    }
}

/// Counts how many values of a block have each slot, `[slot]`, of `slots` as [`Tabulate`] writes them.
pub(super) fn count_slots(slots: &[f64], bins: Bins) -> Vec<u32> {
    let len = bins.count + 2;
    // Neighbours often have the same slot: a table each, so that no addition waits for the one before.
    let mut tables = [(); 4].map(|()| vec![0_u32; len]);
    let [a, b, c, d] = &mut tables;
    let number = |slot: f64| slot.to_bits() as u32 as usize;
    for &[p, q, r, s] in slots.as_chunks().0 {
        a[number(p)] += 1;
        b[number(q)] += 1;
        c[number(r)] += 1;
        d[number(s)] += 1;
    }
    let [mut counts, others @ ..] = tables;
    for table in others {
        counts.iter_mut().zip(table).for_each(|(count, more)| *count += more);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd;

    /// Values in bins, on their edges, outside of all, not a number, and lanes that are not in use.
    #[test]
    fn values_are_counted_in_their_bins() {
        let bins = Bins { low: -1.0, high: 1.0, count: 4 };
        let numbers =
            [-1.0, -0.75, -0.5, 0.0, 0.0, 0.25, 0.5, 0.999, 1.0, 7.0, -1.001, f64::INFINITY, 0.1];
        let mut values = vec![0.0; 32];
        values[..13].copy_from_slice(&numbers);
        values[16..29].copy_from_slice(&numbers.map(|q| -q));
        values[17] = f64::NAN;
        let in_use: Vec<_> = (0..16).map(|lane| f64::from(u8::from(lane < 13))).collect();
        let mut slots = vec![0.0; 32];
        let work = Tabulate {
            values: &values,
            origin: 0.0,
            factor: 1.0,
            in_use: &in_use,
            bins,
            slots: &mut slots,
        };
        simd::run::<f64, _>(work);
        let counts = count_slots(&slots, bins);
        let all = || values[..13].iter().chain(&values[16..29]);
        let within =
            |low: f64, high: f64| all().filter(|q| (low..high).contains(*q)).count() as u32;
        let expected = [within(-1.0, -0.5), within(-0.5, 0.0), within(0.0, 0.5), within(0.5, 1.0)];
        assert_eq!(counts[1..5], expected);
        assert_eq!(counts.iter().sum::<u32>(), 32);
    }

    #[test]
    fn powers_are_summed_of_what_is_in_use() {
        let bins = Bins { low: 0.0, high: 1.0, count: 1 };
        let values: Vec<f32> = (0..32).map(|q| q as f32).collect();
        let in_use: Vec<_> = (0..16).map(|lane| f64::from(u8::from(lane < 5))).collect();
        let mut slots = vec![0.0; 32];
        let work = Tabulate {
            values: &values,
            origin: 2.0,
            factor: 0.5,
            in_use: &in_use,
            bins,
            slots: &mut slots,
        };
        let sums = simd::run::<f64, _>(work);
        let used = [0, 1, 2, 3, 4, 16, 17, 18, 19, 20].map(|q| 0.5 * (f64::from(q) - 2.0));
        let plain = |power: i32| used.iter().map(|t| t.powi(power)).sum::<f64>();
        assert_eq!(sums, [1, 2, 3, 4].map(plain));
    }
}
