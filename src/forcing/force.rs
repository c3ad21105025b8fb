//! The questions that a force must answer.

use super::band::{Band, BandField, ModeVector};
use super::bounds::Bounds;
use crate::integrator::Damping;
use crate::modes::Modes;

/// A part of a field that a force multiplies: it can put nothing into what is not there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The special kind of its modes, such as their helicity; empty when it is all that the force
    /// acts on.
    pub name: &'static str,
    /// Rate P / E at which its energy E is to grow.
    pub rate: f64,
    /// Its mean square, twice its energy.
    pub square: f64,
}

/// A force on a vector or scalar: on a band of modes, which every rank knows in full, and perhaps on
/// all modes, in proportion to them.
pub trait Force {
    /// The band that it acts on, of fields with this damping. Its symmetry is restored after each
    /// step.
    fn band(&self, layout: &Modes, damping: Damping) -> Band;

    /// Whether it acts on all modes as well, see [`Self::amplification`].
    fn amplifies(&self) -> bool {
        false
    }

    /// Rate a of the force a u' on all modes, where u' are the fluctuations of the field, whose mean
    /// square is `square`.
    fn amplification(&self, square: f64) -> f64 {
        let _ = square;
        0.0
    }

    /// Whether it is a force of its own, that no field changes, and acts on a fluid at rest.
    fn acts_from_rest(&self) -> bool {
        false
    }

    /// The parts of the band that it multiplies, if `field` is in the band; none for a force that
    /// acts from rest.
    fn parts(&self, band: &Band, field: &BandField) -> [Option<Part>; 2] {
        let _ = (band, field);
        [None; 2]
    }

    /// Rate at which the force, or its balance with damping, changes in a band whose modes decay at
    /// up to `decay`: their energy does so at twice that rate.
    fn frequency(&self, decay: f64) -> f64 {
        2.0 * decay
    }

    /// Called once with the velocity that the run starts from.
    fn start(&mut self, band: &Band, velocity: &BandField) {
        let _ = (band, velocity);
    }

    /// Returns the memory of the force beside its parameters, such as what [`Self::start`] took from the
    /// velocity: numbers for a checkpoint, from which [`Self::restore`] goes on to the same bits.
    fn state(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Takes up what [`Self::state`] gave, if that is not empty, of a force of the same kind and
    /// band; called after [`Self::start`]. False when it is not that.
    fn restore(&mut self, state: &[f64]) -> bool {
        let _ = state;
        false
    }

    /// Sets what bounds the force in the next stages, if it multiplies what is there.
    fn bound(&mut self, bounds: Bounds) {
        let _ = bounds;
    }

    /// Called at the start of each step, of length `dt`. A step that is too long is begun again with
    /// a shorter one, as if it had not been begun before.
    fn advance(&mut self, band: &Band, dt: f64) {
        let _ = (band, dt);
    }

    /// Called at the end of a step that counts.
    fn accept(&mut self) {}

    /// Makes `force` the force on each mode, given its velocity and its `tendency`: everything else
    /// that changes it (nonlinear terms, pressure and viscosity).
    fn force(&self, band: &Band, velocity: &BandField, tendency: &BandField, force: &mut BandField);

    /// Called after each step with the new velocity, which it may correct by what the time step's
    /// error made of it.
    fn constrain(&self, band: &Band, velocity: &mut BandField) {
        let _ = (band, velocity);
    }
}

/// Makes `field` of these vectors.
pub(super) fn set(field: &mut BandField, vectors: impl Iterator<Item = ModeVector>) {
    field.iter_mut().zip(vectors).for_each(|(to, from)| *to = from);
}
