//! Constant power: f = P û / (2 E_f), so that the sum of f . conj û is P at every instant.
//!
//! Ghosal, Lund, Moin & Akselvoll 1995, J. Fluid Mech. 286, 229 (their f = eps û / (2 E) with the
//! energy E_f of the forced modes). What is not there cannot be pushed this way: no power then.
//!
//! With a `helicity` h the velocity is split into its helical parts, i k x û± = ±k û± (Waleffe 1992,
//! Phys. Fluids A 4, 350), and power (1 ± h) P / 2 goes into each: f = P+ û+ / (2 E+) +
//! P- û- / (2 E-). h = 1 drives one handedness only.

use num_complex::Complex;

use super::band::{Band, BandField, ModeVector};
use super::bounds::Bounds;
use super::force::{Force, Part, set};
use crate::grid::AXES;
use crate::integrator::Damping;
use crate::modes::Modes;

/// Power P into the band.
pub struct ConstantPower {
    /// P, energy per mass and time.
    pub power: f64,
    /// h, from -1 to 1; the helicity of the flow's own when left out.
    pub helicity: Option<f64>,
    /// k_f.
    pub wavenumber: f64,
    bounds: Bounds,
}

impl ConstantPower {
    /// A force of this power and helicity on the modes up to a wavenumber.
    pub fn new(power: f64, helicity: Option<f64>, wavenumber: f64) -> Self {
        ConstantPower { power, helicity, wavenumber, bounds: Bounds::NONE }
    }

    /// The whole band, or its parts of positive and negative helicity, in this order.
    fn shares(&self, band: &Band, field: &BandField) -> [Option<Share>; 2] {
        let Some(helicity) = self.helicity else {
            let square = band.square(field.iter().copied());
            return [Some(Share { name: "", power: self.power, square }), None];
        };
        [("positive helicity", 1.0), ("negative helicity", -1.0)].map(|(name, sign)| {
            let power = 0.5 * (1.0 + sign * helicity) * self.power;
            Some(Share { name, power, square: band.square(helical(band, field, sign)) })
        })
    }
}

/// A part of the band, and the power that is to go into it.
struct Share {
    name: &'static str,
    power: f64,
    square: f64,
}

impl Force for ConstantPower {
    fn band(&self, layout: &Modes, _damping: Damping) -> Band {
        Band::new(layout, self.wavenumber)
    }

    fn bound(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    fn parts(&self, band: &Band, field: &BandField) -> [Option<Part>; 2] {
        self.shares(band, field).map(|share| {
            let Share { name, power, square } = share.filter(|share| share.power > 0.0)?;
            Some(Part { name, rate: 2.0 * power / square, square })
        })
    }

    fn force(
        &self,
        band: &Band,
        velocity: &BandField,
        _tendency: &BandField,
        force: &mut BandField,
    ) {
        let rate = |share: Share| self.bounds.rate(share.power, share.square);
        let [first, second] = self.shares(band, velocity).map(|share| share.map_or(0.0, rate));
        if self.helicity.is_none() {
            return set(force, velocity.iter().map(|u| u.map(|component| component * first)));
        }
        let part = |sign| helical(band, velocity, sign);
        set(
            force,
            part(1.0)
                .zip(part(-1.0))
                .map(|(a, b)| std::array::from_fn(|axis| a[axis] * first + b[axis] * second)),
        );
    }
}

/// û± = (û ± i k x û / k) / 2.
fn helical(band: &Band, velocity: &BandField, sign: f64) -> impl Iterator<Item = ModeVector> {
    velocity.iter().zip(band.wavevectors()).map(move |(u, k)| {
        let length = k.iter().map(|k| k * k).sum::<f64>().sqrt();
        let factor = Complex::new(0.0, sign / length);
        std::array::from_fn(|axis| {
            let (next, last) = ((axis + 1) % AXES, (axis + 2) % AXES);
            let cross = u[last] * k[next] - u[next] * k[last];
            (u[axis] + cross * factor) * 0.5
        })
    })
}
