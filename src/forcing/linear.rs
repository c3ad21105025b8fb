//! Linear forcing of all modes: f = A u' (Lundgren 2003, CTR Annual Research Briefs, 461; Rosales &
//! Meneveau 2005, Phys. Fluids 17, 095106), u' the velocity without its mean.
//!
//! With an energy K_0 it is f = A (K_0 / K) u', K the present energy of u' (Carroll & Blanquart
//! 2013, Phys. Fluids 25, 105114): the power is 2 A K_0 at all times. The energy settles where that is
//! dissipated, without the long oscillations of the plain form: at K_0 if K / epsilon is 1 / (2 A) there,
//! and at A K_0 / (nu k^2) in a flow on which viscosity alone acts.
//!
//! As any force that multiplies û, it amplifies the round-off by which û(-k) and conj û(k) differ on
//! the nx = 0 plane, at the rate A - nu k^2. So its [`Band`] are the modes there that may grow, whose symmetry is
//! restored after each step; no other force acts on them.

use super::band::{Band, BandField};
use super::bounds::Bounds;
use super::force::Force;
use crate::integrator::Damping;
use crate::modes::Modes;

/// A force proportional to the velocity.
pub struct Linear {
    /// A, one over a time.
    pub rate: f64,
    /// K_0, if the force is to steer towards it.
    pub energy: Option<f64>,
    bounds: Bounds,
}

impl Linear {
    /// A force of this rate that may steer towards an energy.
    pub fn new(rate: f64, energy: Option<f64>) -> Self {
        Linear { rate, energy, bounds: Bounds::NONE }
    }
}

impl Force for Linear {
    /// The modes whose symmetry must be restored. The margin is for a rate that fluctuates about A.
    fn band(&self, layout: &Modes, damping: Damping) -> Band {
        const MARGIN: f64 = 4.0;
        Band::mirror(layout, (MARGIN * self.rate / damping.diffusivity).sqrt())
    }

    fn amplifies(&self) -> bool {
        true
    }

    fn amplification(&self, square: f64) -> f64 {
        match self.energy {
            Some(wanted) => self.bounds.rate(2.0 * self.rate * wanted, square),
            None => self.rate,
        }
    }

    /// The plain force changes the energy at the rate 2 A, whatever that is.
    fn frequency(&self, _decay: f64) -> f64 {
        if self.energy.is_some() { 0.0 } else { 2.0 * self.rate }
    }

    fn bound(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    fn force(
        &self,
        _band: &Band,
        _velocity: &BandField,
        _tendency: &BandField,
        force: &mut BandField,
    ) {
        force.fill(Default::default());
    }
}
