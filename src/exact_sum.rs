//! A sum of doubles that does not depend on the order of its terms.
//!
//! Every term is added, without any rounding, to one long fixed-point number (Kulisch & Miranker
//! 1986, SIAM Rev. 28, 1: the "long accumulator"). Ranks and threads may add their terms in any
//! order and in any grouping: the rounded result is the same to the last bit.

/// Bits of the fixed-point number held by one limb; the rest of an `i64` takes up carries.
const LIMB_BITS: usize = 32;
/// The smallest power of two that a double can hold, 2^-1074, is bit 0 of limb 0.
const LOWEST_EXPONENT: i32 = -1074;
/// From 2^-1074 to beyond 2^1024.
const LIMBS: usize = 67;
/// Carries are passed on after so many additions; 2^31 would still be safe.
const ADDITIONS_BETWEEN_CARRIES: u32 = 1 << 29;

/// An exact sum of finite doubles. A term that is not finite makes the result NaN.
#[derive(Clone)]
pub struct ExactSum {
    /// Limbs of the fixed-point number and, last, the number of terms that were not finite.
    limbs: [i64; LIMBS + 1],
    additions: u32,
}

impl Default for ExactSum {
    fn default() -> Self {
        ExactSum { limbs: [0; LIMBS + 1], additions: 0 }
    }
}

impl ExactSum {
    /// The number of integers that [`Self::limbs_mut`] shows.
    pub const LEN: usize = LIMBS + 1;

    /// Adds one term.
    pub fn add(&mut self, term: f64) {
        if !term.is_finite() {
            self.limbs[LIMBS] += 1;
            return;
        }
        let bits = term.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, power) = if exponent == 0 {
            (fraction, LOWEST_EXPONENT)
        } else {
            (fraction | (1 << 52), exponent - 1075)
        };
        let shift = (power - LOWEST_EXPONENT) as usize;
        let (limb, offset) = (shift / LIMB_BITS, shift % LIMB_BITS);
        let wide = u128::from(mantissa) << offset;
        let sign = if term.is_sign_negative() { -1 } else { 1 };
        for i in 0..3 {
            self.limbs[limb + i] += sign * ((wide >> (LIMB_BITS * i)) & 0xffff_ffff) as i64;
        }
        self.additions += 1;
        if self.additions == ADDITIONS_BETWEEN_CARRIES {
            self.carry();
        }
    }

    /// Adds another exact sum.
    pub fn merge(&mut self, other: &ExactSum) {
        self.carry();
        let mut other = other.clone();
        other.carry();
        for (a, b) in self.limbs.iter_mut().zip(other.limbs) {
            *a += b;
        }
    }

    /// The integers that hold the sum, carried so that up to 2^30 such sums may be added integer
    /// by integer (an all-reduce) and the result written back here.
    pub fn limbs_mut(&mut self) -> &mut [i64; LIMBS + 1] {
        self.carry();
        &mut self.limbs
    }

    /// Brings every limb but the highest into 0 .. 2^32.
    fn carry(&mut self) {
        let mut carry = 0;
        for limb in &mut self.limbs[..LIMBS - 1] {
            let value = *limb + carry;
            *limb = value & 0xffff_ffff;
            carry = value >> LIMB_BITS;
        }
        self.limbs[LIMBS - 1] += carry;
        self.additions = 0;
    }

    /// The sum, rounded once to within one unit in the last place.
    pub fn value(&self) -> f64 {
        if self.limbs[LIMBS] != 0 {
            return f64::NAN;
        }
        let mut magnitude = self.clone();
        magnitude.carry();
        let negative = magnitude.limbs[LIMBS - 1] < 0;
        if negative {
            magnitude.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            magnitude.carry();
        }
        // The four highest non-zero limbs hold more bits than a double keeps.
        let top = (0..LIMBS).rev().find(|&i| magnitude.limbs[i] != 0).unwrap_or(0);
        let sum = (top.saturating_sub(3)..=top)
            .map(|i| scale(magnitude.limbs[i] as f64, (LIMB_BITS * i) as i32 + LOWEST_EXPONENT))
            .sum::<f64>();
        if negative { -sum } else { sum }
    }
}

/// `x` times 2^`power`, for powers beyond a double's own range too.
fn scale(x: f64, power: i32) -> f64 {
    let half = power / 2;
    x * 2f64.powi(half) * 2f64.powi(power - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
        let mut sum = ExactSum::default();
        terms.into_iter().for_each(|term| sum.add(term));
        sum.value()
    }

    #[test]
    fn cancellation_is_exact() {
        assert_eq!(sum([1e300, 1.0, -1e300, 1e-300, -1.0]), 1e-300);
        assert_eq!(
            sum([f64::MIN_POSITIVE / 8.0, f64::MIN_POSITIVE / 8.0]),
            f64::MIN_POSITIVE / 4.0
        );
        assert_eq!(sum([-3.5, 1.25]), -2.25);
        assert_eq!(sum([0.0, -0.0]), 0.0);
        assert!(sum([1.0, f64::NAN]).is_nan());
        assert!(sum([f64::INFINITY]).is_nan());
    }

    proptest::proptest! {
        #[test]
        fn order_and_grouping_do_not_matter(mut terms: Vec<f64>, cut: usize) {
            terms.retain(|t| t.abs() < 1e300);
            let forward = sum(terms.iter().copied());
            let backward = sum(terms.iter().rev().copied());
            let cut = if terms.is_empty() { 0 } else { cut % terms.len() };
            let (mut a, mut b) = (ExactSum::default(), ExactSum::default());
            terms[..cut].iter().for_each(|&t| a.add(t));
            terms[cut..].iter().for_each(|&t| b.add(t));
            a.merge(&b);
            assert_eq!(forward.to_bits(), backward.to_bits());
            assert_eq!(forward.to_bits(), a.value().to_bits());
            let naive: f64 = terms.iter().sum();
            let magnitude: f64 = terms.iter().map(|t| t.abs()).sum();
            assert!((forward - naive).abs() <= 1e-13 * magnitude);
        }
    }
}
