//! The linear term: the rate at which modes decay.

use serde::{Deserialize, Serialize};

/// Rate at which the modes of a field decay:
/// lambda(k) = diffusivity k^2 + hyper k^(2 p) + drag k^(-2 q).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Damping {
    /// Viscosity or diffusivity.
    pub diffusivity: f64,
    /// Hyperviscosity, coefficient and order p (Borue & Orszag 1995, Phys. Rev. E 51, R856).
    pub hyper: Option<PowerLaw>,
    /// Drag at large scales, coefficient and order q; 0 is linear (Ekman) friction. The mean is
    /// not dragged.
    pub drag: Option<PowerLaw>,
}

/// A rate proportional to a power of k.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PowerLaw {
    /// The rate at k = 1.
    pub coefficient: f64,
    /// Half the power of k, or of 1 / k.
    pub order: f64,
}

impl Damping {
    /// Diffusion alone.
    pub fn diffusion(diffusivity: f64) -> Self {
        Damping { diffusivity, hyper: None, drag: None }
    }

    /// lambda(k), given k^2.
    pub fn rate(&self, k_squared: f64) -> f64 {
        self.diffusivity * k_squared + self.hyper_rate(k_squared) + self.drag_rate(k_squared)
    }

    /// The part of lambda(k) that hyperviscosity makes.
    pub fn hyper_rate(&self, k_squared: f64) -> f64 {
        self.hyper.map_or(0.0, |law| law.coefficient * k_squared.powf(law.order))
    }

    /// The part of lambda(k) that drag makes.
    pub fn drag_rate(&self, k_squared: f64) -> f64 {
        let law = self.drag.filter(|_| k_squared > 0.0);
        law.map_or(0.0, |law| law.coefficient * k_squared.powf(-law.order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_a_sum_of_powers() {
        let law = |coefficient, order| Some(PowerLaw { coefficient, order });
        let damping = Damping { diffusivity: 0.5, hyper: law(0.25, 2.0), drag: law(8.0, 1.0) };
        assert_eq!(damping.rate(4.0), 2.0 + 4.0 + 2.0);
        // The mean is not dragged.
        assert_eq!(damping.rate(0.0), 0.0);
    }
}
