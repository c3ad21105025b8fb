//! Constant energy of the forced modes, as in JHTDB's isotropic1024 (Li et al. 2008, J. Turbul. 9,
//! N31: "energy is injected by keeping constant the total energy in modes |k| <= 2").
//!
//! f = a û with a = -sum Re(r . conj û) / (2 E_f), where r is everything else that changes û:
//! then dE_f/dt = 0. After each step the band is scaled to the energy exactly; that closes the
//! error of the time step only, so the scheme keeps its order (projection onto an invariant,
//! Hairer, Lubich & Wanner 2006, Geometric Numerical Integration, IV.4).

use super::{Band, BandField, Force, set};

/// The band's energy is held at a value.
pub struct ConstantEnergy {
    /// The value; `None` until the initial field has set it.
    pub energy: Option<f64>,
}

impl Force for ConstantEnergy {
    fn start(&mut self, band: &Band, velocity: &BandField) {
        self.energy.get_or_insert_with(|| band.energy(velocity));
    }

    fn state(&self) -> Vec<f64> {
        self.energy.into_iter().collect()
    }

    fn restore(&mut self, state: &[f64]) -> bool {
        self.energy = state.first().copied();
        state.len() == 1
    }

    fn force(&self, band: &Band, velocity: &BandField, rest: &BandField, force: &mut BandField) {
        let twice_energy = 2.0 * band.energy(velocity);
        let rate =
            if twice_energy > 0.0 { -band.inner(rest, velocity) / twice_energy } else { 0.0 };
        set(force, velocity.iter().map(|u| u.map(|component| component * rate)));
    }

    fn constrain(&self, band: &Band, velocity: &mut BandField) {
        let energy = band.energy(velocity);
        if let Some(target) = self.energy.filter(|_| energy > 0.0) {
            let factor = (target / energy).sqrt();
            velocity.iter_mut().flatten().for_each(|component| *component *= factor);
        }
    }
}
