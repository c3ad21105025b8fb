//! Linear forcing of all modes: f = A u' (Lundgren 2003, CTR Annual Research Briefs, 461; Rosales &
//! Meneveau 2005, Phys. Fluids 17, 095106), u' the velocity without its mean.
//!
//! With an energy K_0 it is f = A (K_0 / K) u', K the present energy of u' (Carroll & Blanquart
//! 2013, Phys. Fluids 25, 105114): the power is 2 A K_0 at all times. The energy settles where that is
//! dissipated, without the long oscillations of the plain form: at K_0 if K / epsilon is 1 / (2 A) there,
//! and at A K_0 / (nu k^2) in a flow on which viscosity alone acts.
//!
//! As any force that multiplies û, it amplifies the round-off by which û(-k) and conj û(k) differ on
//! the nx = 0 plane, at the rate A - nu k^2. So a [`Band`] of the modes there that may grow restores
//! the symmetry after each step; no other force acts on it.

use super::band::{Band, BandField};
use super::bounds::Bounds;
use super::force::Force;
use crate::integrator::Damping;
use crate::modes::Modes;
use crate::real::Real;

/// A force proportional to the velocity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// A, one over a time.
    pub rate: f64,
    /// K_0, if the force is to steer towards it.
    pub energy: Option<f64>,
}

impl Linear {
    /// f / u' in a flow whose fluctuations have the energy K, with the energy below which they are
    /// absent in `bounds`.
    pub fn rate(&self, energy: f64, bounds: Bounds) -> f64 {
        match self.energy {
            Some(wanted) => bounds.rate(self.rate * wanted, energy),
            None => self.rate,
        }
    }

    /// The modes whose symmetry must be restored, given the damping of the velocity. The margin is
    /// for a rate that fluctuates about A.
    pub fn mirror(&self, layout: &Modes, damping: Damping) -> Band {
        const MARGIN: f64 = 4.0;
        Band::mirror(layout, (MARGIN * self.rate / damping.diffusivity).sqrt())
    }

    /// Adds `rate` u' to the tendency of the velocity; both are fields of one bundle.
    pub fn add<T: Real>(modes: &Modes, bundle: usize, rate: f64, fields: &[T], tendency: &mut [T]) {
        let rate = T::from_double(rate);
        let column = modes.column_len();
        for axis in 0..3 {
            let velocity = &fields[axis * column..(axis + 1) * column];
            let target = &mut tendency[axis * column..(axis + 1) * column];
            let mean = target[0];
            for (target, u) in target.iter_mut().zip(velocity) {
                *target = *target + rate * *u;
            }
            if modes.bundle_mode(bundle) == (0, 0) {
                target[0] = mean;
            }
        }
    }
}

/// On the band of [`Linear::mirror`] acts no force of its own.
impl Force for Linear {
    fn frequency(&self, _decay: f64) -> f64 {
        0.0
    }

    fn force(&self, _band: &Band, _velocity: &BandField, _rest: &BandField, force: &mut BandField) {
        force.fill(Default::default());
    }
}
