//! Numbers, sizes and times as people read them.

use std::fmt::Display;
use std::time::Duration;

/// A number as in C: a mantissa with `digits` decimals, exponent of two digits.
pub fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
            format!("{mantissa}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

/// A value as it is; a number that would take a line of digits, such as 1e300, with an exponent.
pub fn plain(value: impl Display) -> String {
    /// More than any number has that was typed digit by digit.
    const MOST: usize = 24;
    let text = value.to_string();
    match text.parse::<f64>() {
        Ok(number) if text.len() > MOST => format!("{number:e}"),
        _ => text,
    }
}

/// A positive number with three digits that count.
pub fn three_digits(value: f64) -> String {
    let decimals = (2.0 - value.log10().floor()).clamp(0.0, 6.0);
    format!("{value:.*}", decimals as usize)
}

/// "1 thread", "2 threads".
pub fn number(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A time span for people.
pub fn duration(seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{seconds:.2}s");
    }
    let seconds = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{:02}h", seconds / 86400, seconds % 86400 / 3600),
    }
}

/// Bytes for people.
pub fn size(bytes: f64) -> String {
    let (mut value, mut unit) = (bytes, "B");
    for larger in ["kB", "MB", "GB", "TB", "PB"] {
        if value < 1000.0 {
            break;
        }
        (value, unit) = (value / 1000.0, larger);
    }
    if unit == "B" { format!("{value:.0} B") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        let rates = [0.012345, 0.5, 2.0, 12.345, 542.4, 12345.0].map(three_digits);
        assert_eq!(rates, ["0.0123", "0.500", "2.00", "12.3", "542", "12345"]);
        let numbers = [0.0, 0.0129, 1.5e-12, 2.25e123].map(|x| scientific(x, 2));
        assert_eq!(numbers, ["0.00e+00", "1.29e-02", "1.50e-12", "2.25e+123"]);
        let typed = [0.1 + 0.2, 1e300, -1e-300, 1e6, f64::NAN].map(plain);
        assert_eq!(typed, ["0.30000000000000004", "1e300", "-1e-300", "1000000", "NaN"]);
        assert_eq!(plain("[0, 1]"), "[0, 1]");
        let times = [0.25, 9.96, 59.0, 61.0, 3600.0, 90_000.0].map(duration);
        assert_eq!(times, ["0.25s", "9.96s", "59s", "1m01s", "1h00m", "1d01h"]);
    }
}
