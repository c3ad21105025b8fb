//! Bounds on forces that multiply: f = a û with a = P / (2 E) has no bound of its own as E falls.

/// Bounds on a force within a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Mean square up to which a part of a band is absent: it is rounding, and nothing goes into it.
    pub absent: f64,
    /// Largest rate at which a part may grow. A step can follow no more than one over its length; the
    /// part then gets less than it should, until it has grown.
    pub rate: f64,
}

impl Bounds {
    /// No part is absent, and any rate will do.
    pub const NONE: Bounds = Bounds { absent: 0.0, rate: f64::INFINITY };

    /// a = `power` / `square`, within the bounds: the rate at which f = a û puts the power into a
    /// part of that mean square.
    pub fn rate(&self, power: f64, square: f64) -> f64 {
        if square <= self.absent { 0.0 } else { (power / square).clamp(-self.rate, self.rate) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_parts_get_nothing_and_small_ones_no_more_than_a_step_can_follow() {
        let bounds = Bounds { absent: 1e-20, rate: 50.0 };
        assert_eq!(bounds.rate(0.1, 0.2), 0.1 / 0.2);
        assert_eq!(bounds.rate(0.1, 1e-19), 50.0);
        assert_eq!(bounds.rate(-0.1, 1e-19), -50.0);
        assert_eq!(bounds.rate(0.1, 1e-20), 0.0);
        assert_eq!(Bounds::NONE.rate(0.1, 0.0), 0.0);
        assert!(bounds.rate(0.1, f64::NAN).is_nan());
    }
}
