//! Many sums of numbers that are not negative, in no order, in little memory.
//!
//! As [`crate::exact_sum`], but with one bound for the total of all sums together, of which every
//! term is rounded to the same fraction, 2^-120: integers, whose order does not matter. A sum takes
//! 16 bytes instead of more than 500.

use crate::parallel::Communicator;

/// Bits of a sum that is as large as the bound allows.
const BITS: i32 = 122;

/// The sums.
#[derive(Clone, Debug)]
pub struct FixedSums {
    /// What a term is multiplied with; a power of two.
    scale: f64,
    sums: Vec<i128>,
}

impl FixedSums {
    /// `count` sums of zero, which will never add up to more than about `bound`. Where that is NaN the
    /// sums are NaN.
    pub fn new(count: usize, bound: f64) -> Self {
        let exponent = ((bound.to_bits() >> 52) & 0x7ff) as i32 - 1022;
        let scale =
            if bound.is_finite() { 2f64.powi((BITS - exponent).min(1023)) } else { f64::NAN };
        FixedSums { scale, sums: vec![0; count] }
    }

    /// Adds a term to one of the sums.
    pub fn add(&mut self, index: usize, term: f64) {
        self.sums[index] += (term * self.scale) as i128;
    }

    /// Adds other sums of the same count and bound.
    pub fn merge(&mut self, other: &FixedSums) {
        self.sums.iter_mut().zip(&other.sums).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// The sums over all ranks: the same bits for any number of them. Collective.
    pub fn total(&self, communicator: &Communicator) -> Vec<f64> {
        // Parts of 32 bits have room for the carries of as many ranks as there can be.
        let part = |sum: &i128, index: usize| (sum >> (32 * index)) as i64 & 0xffff_ffff;
        let mut parts: Vec<i64> = self
            .sums
            .iter()
            .flat_map(|sum| std::array::from_fn::<_, 4, _>(|i| part(sum, i)))
            .collect();
        communicator.sum_integers(&mut parts);
        let whole =
            |parts: &[i64]| parts.iter().rev().fold(0, |sum, &part| (sum << 32) + i128::from(part));
        parts.chunks_exact(4).map(|parts| whole(parts) as f64 / self.scale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(terms: &[(usize, f64)], bound: f64) -> Vec<f64> {
        let mut sums = FixedSums::new(2, bound);
        terms.iter().for_each(|&(index, term)| sums.add(index, term));
        sums.total(&Communicator::serial())
    }

    #[test]
    fn sums_are_exact_as_far_as_the_bound_lets_them_be() {
        for bound in [1.0, 0.7, 3e200, 5e-200] {
            let tiny = bound * 2f64.powi(-60);
            assert_eq!(total(&[(0, 0.75 * bound), (1, tiny)], bound), [0.75 * bound, tiny]);
            // What a sum of doubles would lose.
            let found = total(&[(0, 0.5 * bound), (0, tiny), (0, tiny)], bound);
            assert_eq!(found, total(&[(0, tiny), (0, 0.5 * bound), (0, tiny)], bound));
            assert_eq!(found, [0.5 * bound + 2.0 * tiny, 0.0]);
        }
    }

    #[test]
    fn parts_are_put_together() {
        let mut one = FixedSums::new(1, 4.0);
        let mut other = one.clone();
        one.add(0, 1.0);
        other.add(0, 2f64.powi(-80));
        one.merge(&other);
        assert_eq!(one.sums[0], (1 << 120 >> 1) + (1 << 39));
        assert!(total(&[(0, 1.0)], f64::NAN)[0].is_nan());
        assert_eq!(total(&[], 0.0), [0.0, 0.0]);
    }
}
