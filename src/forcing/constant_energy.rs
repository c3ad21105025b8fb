//! Constant energy of the forced modes, as in JHTDB's isotropic1024 (Li et al. 2008, J. Turbul. 9,
//! N31: "energy is injected by keeping constant the total energy in modes |k| <= 2").
//!
//! f = a û with a = -sum Re(r . conj û) / (2 E_f), where r is everything else that changes û:
//! then dE_f/dt = 0. After each step the band is scaled to the energy exactly; that closes the
//! error of the time step only, so the scheme keeps its order (projection onto an invariant,
//! Hairer, Lubich & Wanner 2006, Geometric Numerical Integration, IV.4).

use super::band::{Band, BandField};
use super::bounds::Bounds;
use super::force::{Force, Part, set};
use crate::integrator::Damping;
use crate::modes::Modes;

/// The band's energy is held at a value.
pub struct ConstantEnergy {
    /// The value; `None` until the initial field has set it.
    pub energy: Option<f64>,
    /// k_f.
    pub wavenumber: f64,
    bounds: Bounds,
}

impl ConstantEnergy {
    /// A force that holds this energy in the modes up to a wavenumber.
    pub fn new(energy: Option<f64>, wavenumber: f64) -> Self {
        ConstantEnergy { energy, wavenumber, bounds: Bounds::NONE }
    }
}

impl Force for ConstantEnergy {
    fn band(&self, layout: &Modes, _damping: Damping) -> Band {
        Band::new(layout, self.wavenumber)
    }

    fn parts(&self, band: &Band, field: &BandField) -> [Option<Part>; 2] {
        let square = band.square(field.iter().copied());
        [Some(Part { name: "", rate: 0.0, square }), None]
    }

    fn bound(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

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

    fn force(
        &self,
        band: &Band,
        velocity: &BandField,
        tendency: &BandField,
        force: &mut BandField,
    ) {
        let rate = self.bounds.rate(-band.inner(tendency, velocity), 2.0 * band.energy(velocity));
        set(force, velocity.iter().map(|u| u.map(|component| component * rate)));
    }

    fn constrain(&self, band: &Band, velocity: &mut BandField) {
        let energy = band.energy(velocity);
        if let Some(target) = self.energy.filter(|_| 2.0 * energy > self.bounds.absent) {
            let factor = (target / energy).sqrt();
            velocity.iter_mut().flatten().for_each(|component| *component *= factor);
        }
    }
}
