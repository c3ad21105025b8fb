//! Constant power: f = P û / (2 E_f), so that the sum of f . conj û is P at every instant.
//!
//! Ghosal, Lund, Moin & Akselvoll 1995, J. Fluid Mech. 286, 229 (their f = eps û / (2 E) with the
//! energy E_f of the forced modes). A band at rest cannot be pushed this way: no power then.
//!
//! With a `helicity` h the velocity is split into its helical parts, i k x û± = ±k û± (Waleffe 1992,
//! Phys. Fluids A 4, 350), and power (1 ± h) P / 2 goes into each: f = P+ û+ / (2 E+) +
//! P- û- / (2 E-). h = 1 drives one handedness only.

use num_complex::Complex;

use super::{Band, BandField, Force, Vector, set};
use crate::grid::AXES;

/// Power P into the band.
pub struct ConstantPower {
    /// P, energy per mass and time.
    pub power: f64,
    /// h, from -1 to 1; the helicity of the flow's own when left out.
    pub helicity: Option<f64>,
}

impl Force for ConstantPower {
    fn force(&self, band: &Band, velocity: &BandField, _rest: &BandField, force: &mut BandField) {
        let rate = |part: &mut dyn Iterator<Item = Vector>, power: f64| {
            let twice_energy = band.square(part);
            if twice_energy > 0.0 { power / twice_energy } else { 0.0 }
        };
        let Some(helicity) = self.helicity else {
            let rate = rate(&mut velocity.iter().copied(), self.power);
            return set(force, velocity.iter().map(|u| u.map(|component| component * rate)));
        };
        let part = |sign| helical(band, velocity, sign);
        let [plus, minus] = [1.0, -1.0]
            .map(|sign| rate(&mut part(sign), 0.5 * (1.0 + sign * helicity) * self.power));
        set(
            force,
            part(1.0)
                .zip(part(-1.0))
                .map(|(a, b)| std::array::from_fn(|axis| a[axis] * plus + b[axis] * minus)),
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
