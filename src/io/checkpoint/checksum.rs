//! Checksums that do not depend on who computes which part.

use num_complex::Complex;

/// Finalizer of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
/// generators", OOPSLA): every bit of the result depends on every bit of `x`.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Checksum of `numbers`, of which the first is number `first` of its field. Those of all parts
/// of a field, added with wrap-around, are the checksum of the field.
pub fn of_numbers(first: usize, numbers: &[Complex<f64>]) -> i64 {
    let terms = numbers.iter().enumerate().map(|(i, number)| {
        mix(mix(mix((first + i) as u64) ^ number.re.to_bits()) ^ number.im.to_bits())
    });
    terms.fold(0, u64::wrapping_add) as i64
}

/// Checksum of a text.
pub fn of_text(text: &str) -> i64 {
    text.bytes().fold(text.len() as u64, |sum, byte| mix(sum ^ u64::from(byte))) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_every_bit_counts() {
        let numbers: Vec<_> = (0..9).map(|i| Complex::new(1.0 / (i as f64 + 1.0), 0.5)).collect();
        let whole = of_numbers(0, &numbers);
        let parts = of_numbers(0, &numbers[..4]).wrapping_add(of_numbers(4, &numbers[4..]));
        assert_eq!(whole, parts);
        for bit in 0..64 {
            let mut changed = numbers.clone();
            changed[5].im = f64::from_bits(changed[5].im.to_bits() ^ (1 << bit));
            assert_ne!(of_numbers(0, &changed), whole, "bit {bit}");
        }
        let mut swapped = numbers.clone();
        swapped.swap(2, 3);
        assert_ne!(of_numbers(0, &swapped), whole);
        assert_ne!(of_text("time = 1.0"), of_text("time = 1.1"));
    }
}
