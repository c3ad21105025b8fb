//! Constant power: f = P û / (2 E_f), so that the sum of f . conj û is P at every instant.
//!
//! Ghosal, Lund, Moin & Akselvoll 1995, J. Fluid Mech. 286, 229 (their f = eps û / (2 E) with the
//! energy E_f of the forced modes). What is not there cannot be pushed this way: no power then.
//!
//! With a `helicity` h the velocity is split into its helical parts, i k x û± = ±k û± (Waleffe 1992,
//! Phys. Fluids A 4, 350), and power (1 ± h) P / 2 goes into each: f = P+ û+ / (2 E+) +
//! P- û- / (2 E-). h = 1 drives one handedness only.

use num_complex::Complex;

use super::band::{Band, BandField, Vector};
use super::bounds::Bounds;
use super::force::{Force, Part, set};
use crate::grid::AXES;

/// Power P into the band.
pub struct ConstantPower {
    /// P, energy per mass and time.
    pub power: f64,
    /// h, from -1 to 1; the helicity of the flow's own when left out.
    pub helicity: Option<f64>,
    bounds: Bounds,
}

impl ConstantPower {
    /// A force of this power and helicity.
    pub fn new(power: f64, helicity: Option<f64>) -> Self {
        ConstantPower { power, helicity, bounds: Bounds::NONE }
    }

    /// The whole band, or its parts of positive and negative helicity, in this order.
    fn shares(&self, band: &Band, field: &BandField) -> [Option<Part>; 2] {
        let Some(helicity) = self.helicity else {
            let square = band.square(field.iter().copied());
            return [Some(Part { name: "", power: self.power, square }), None];
        };
        [("positive helicity", 1.0), ("negative helicity", -1.0)].map(|(name, sign)| {
            let power = 0.5 * (1.0 + sign * helicity) * self.power;
            Some(Part { name, power, square: band.square(helical(band, field, sign)) })
        })
    }
}

impl Force for ConstantPower {
    fn bound(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    fn parts(&self, band: &Band, field: &BandField) -> [Option<Part>; 2] {
        self.shares(band, field).map(|part| part.filter(|part| part.power > 0.0))
    }

    fn force(&self, band: &Band, velocity: &BandField, _rest: &BandField, force: &mut BandField) {
        let rate = |part: Part| self.bounds.rate(part.power, part.square);
        let [first, second] = self.shares(band, velocity).map(|part| part.map_or(0.0, rate));
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
fn helical(band: &Band, velocity: &BandField, sign: f64) -> impl Iterator<Item = Vector> {
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
