//! Constant power: f = P û / (2 E_f), so that the sum of f . conj û is P at every instant.
//!
//! Ghosal, Lund, Moin & Akselvoll 1995, J. Fluid Mech. 286, 229 (their f = eps û / (2 E) with the
//! energy E_f of the forced modes). A band at rest cannot be pushed this way: no power then.

use super::{Band, BandField, Force};

/// Power P into the band.
pub struct ConstantPower {
    /// P, energy per mass and time.
    pub power: f64,
}

impl Force for ConstantPower {
    fn force(&self, band: &Band, velocity: &BandField, _tendency: &BandField) -> BandField {
        let twice_energy = band.inner(velocity, velocity);
        let rate = if twice_energy > 0.0 { self.power / twice_energy } else { 0.0 };
        velocity.iter().map(|u| u.map(|component| component * rate)).collect()
    }
}
