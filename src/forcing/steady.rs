//! Steady forces in the shape of a flow: f = A u(x), the same at all times.
//!
//! `kolmogorov` f = A sin ky along x (Meshalkin & Sinai 1961, J. Appl. Math. Mech. 25, 1700;
//! Musacchio & Boffetta 2014, Phys. Rev. E 89, 023004), `taylor_green` (Nore et al. 1997, Phys.
//! Plasmas 4, 1) and `abc` (Galanti & Sulem 1991, Phys. Fluids A 3, 1778). The power is what the
//! flow makes of it.

use super::band::{Band, BandField};
use super::force::Force;
use crate::grid::Grid;
use crate::initial::Mode;
use crate::integrator::Damping;
use crate::modes::Modes;

/// The force on a few modes.
pub struct Steady {
    /// The modes; their conjugates are added.
    pub modes: Vec<Mode>,
    /// The largest |k| of any.
    pub wavenumber: f64,
    field: BandField,
}

impl Steady {
    /// A force that is a sum of modes of a grid.
    pub fn new(modes: Vec<Mode>, grid: &Grid) -> Self {
        let square = |m: &Mode| -> f64 { grid.wavevector(m.mode).iter().map(|k| k * k).sum() };
        let wavenumber = modes.iter().map(square).fold(0.0, f64::max).sqrt();
        Steady { modes, wavenumber, field: BandField::new() }
    }
}

impl Force for Steady {
    fn band(&self, layout: &Modes, _damping: Damping) -> Band {
        Band::new(layout, self.wavenumber)
    }

    fn acts_from_rest(&self) -> bool {
        true
    }

    fn start(&mut self, band: &Band, _velocity: &BandField) {
        let value = |numbers: [i64; 3]| {
            let here = self.modes.iter().find(|mode| mode.mode == numbers).map(Mode::coefficients);
            let opposite = || {
                let mode = self.modes.iter().find(|m| m.mode == numbers.map(|n| -n))?;
                Some(mode.coefficients().map(|c| c.conj()))
            };
            here.or_else(opposite).unwrap_or_default()
        };
        self.field = band.mode_numbers().map(value).collect();
    }

    fn force(
        &self,
        _band: &Band,
        _velocity: &BandField,
        _tendency: &BandField,
        force: &mut BandField,
    ) {
        force.copy_from_slice(&self.field);
    }
}
