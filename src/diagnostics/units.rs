//! Units of what follows from a quantity. They are texts such as `L^2/T^3`.

/// The unit times a length, as that of a density in wavenumber.
pub fn times_length(unit: &str) -> String {
    let (above, below) = unit.split_at(unit.find('/').unwrap_or(unit.len()));
    let above = if above == "1" { "L".to_string() } else { raised(above, 'L') };
    above + below
}

/// The unit divided by a time, as that of a rate of change.
pub fn per_time(unit: &str) -> String {
    match unit.split_once('/') {
        None => format!("{unit}/T"),
        Some((above, below)) => format!("{above}/{}", raised(below, 'T')),
    }
}

/// A power of `base` with one more.
fn raised(power: &str, base: char) -> String {
    let exponent = power.split_once('^').and_then(|(_, exponent)| exponent.parse::<u32>().ok());
    format!("{base}^{}", exponent.unwrap_or(1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_has_a_length_more() {
        for (unit, density) in
            [("1", "L"), ("1/T", "L/T"), ("L/T^2", "L^2/T^2"), ("L^3/T^2", "L^4/T^2")]
        {
            assert_eq!(times_length(unit), density);
        }
    }

    #[test]
    fn a_rate_has_a_time_less() {
        for (unit, rate) in [("1", "1/T"), ("1/T", "1/T^2"), ("L^2/T^2", "L^2/T^3")] {
            assert_eq!(per_time(unit), rate);
        }
    }
}
