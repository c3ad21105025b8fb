//! What a flow asks of the length of a step.

use super::forced_modes::Pace;

/// What is known about the flow at the start of a step, the same on every rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepEstimate {
    /// Largest sum of |u_i| / dx_i over all points; NaN when any value is.
    pub frequency: f64,
    /// The longest step that is likely to keep to the tolerance; infinite without error control.
    pub longest: f64,
    /// What forces ask for.
    pub forces: Pace,
    /// How often this step was tried and not found accurate.
    pub rejected: u32,
}

impl StepEstimate {
    /// The largest frequency that a Courant number is about: that of the flow, and that of the flow
    /// which forces make in one such time.
    pub fn courant_frequency(&self) -> f64 {
        self.frequency.max(self.forces.acceleration)
    }
}
