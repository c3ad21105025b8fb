//! Multiples of a decimal number that are the decimal numbers that were meant.

/// Most that is exact in a double: all whole numbers up to here are.
const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;

/// The multiples of a time interval, as somebody who wrote it down would write them: of 0.2 the 41st is
/// 8.2, where 41 * 0.2 is 8.200000000000001 in doubles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Multiples {
    interval: f64,
    /// The interval as a fraction of whole numbers, both exact in a double.
    fraction: Option<(u64, u64)>,
}

impl Multiples {
    /// Those of the `parts`-th part of `interval`, which is above 0.
    pub fn of_part(interval: f64, parts: usize) -> Self {
        let fraction = fraction(interval).and_then(|(numerator, denominator)| {
            let denominator = denominator.checked_mul(parts as u64)?;
            (denominator <= EXACT).then_some((numerator, denominator))
        });
        Multiples { interval: interval / parts as f64, fraction }
    }

    /// The interval.
    pub fn interval(&self) -> f64 {
        self.interval
    }

    /// The `n`-th multiple, rounded once where numerator and denominator are exact.
    pub fn at(&self, n: u64) -> f64 {
        let exact = self.fraction.and_then(|(numerator, denominator)| {
            let product = numerator.checked_mul(n).filter(|product| *product <= EXACT)?;
            Some(product as f64 / denominator as f64)
        });
        exact.unwrap_or(n as f64 * self.interval)
    }
}

impl From<f64> for Multiples {
    fn from(interval: f64) -> Self {
        Multiples::of_part(interval, 1)
    }
}

/// The shortest decimal that reads as `number`, as a fraction with a power of ten; `None` when these
/// are too large.
fn fraction(number: f64) -> Option<(u64, u64)> {
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: u64 = format!("{whole}{decimals}").parse().ok()?;
    let power = exponent.parse::<i32>().ok()? - decimals.len() as i32;
    let ten = 10_u64.checked_pow(power.unsigned_abs())?;
    let fraction = if power < 0 { (digits, ten) } else { (digits.checked_mul(ten)?, 1) };
    (fraction.0 <= EXACT && fraction.1 <= EXACT).then_some(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a person would write: the decimal product.
    #[test]
    fn multiples_are_the_decimals_that_were_meant() {
        for (interval, n, meant) in [
            (0.2, 41, 8.2),
            (0.1, 3, 0.3),
            (0.7, 3, 2.1),
            (1e-3, 1001, 1.001),
            (2.5e5, 3, 7.5e5),
            (1e-12, 7, 7e-12),
            (0.25, 5, 1.25),
        ] {
            assert_eq!(Multiples::from(interval).at(n), meant, "{n} times {interval}");
        }
        assert_eq!(Multiples::of_part(0.3, 3).at(41), 4.1);
        assert_eq!(Multiples::of_part(1.0, 3).at(1), 1.0 / 3.0);
    }

    #[test]
    fn numbers_without_a_short_decimal_have_multiples_too() {
        for interval in [1.0 / 3.0, std::f64::consts::PI, 1e-300, 1e280, f64::MIN_POSITIVE] {
            let multiples = Multiples::from(interval);
            for n in [0, 1, 2, 1 << 40] {
                let (found, expected) = (multiples.at(n), n as f64 * interval);
                assert!(
                    (found - expected).abs() <= 2.0 * f64::EPSILON * expected,
                    "{n} {interval}"
                );
            }
        }
    }
}
