//! The demands of a flow on the length of a step, and the fate of one.

use super::forces::Pace;

/// The knowledge of the flow at the start of a step, the same on every rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepEstimate {
    /// Largest sum of |u_i| / dx_i over all points; NaN when any value is.
    pub frequency: f64,
    /// The longest step that is likely to keep to the tolerance; infinite without error control.
    pub longest: f64,
    /// The demands of forces.
    pub forces: Pace,
    /// Number of times that this step was tried and not found accurate.
    pub rejected: u32,
}

impl StepEstimate {
    /// The largest frequency that a Courant number is about: that of the flow, and that of the flow
    /// which forces make in one such time.
    pub fn courant_frequency(&self) -> f64 {
        self.frequency.max(self.forces.acceleration)
    }
}

/// The fate of a step that was tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attempt {
    /// It counts.
    Accepted,
    /// It was not accurate, and all is as before it; what is known about the next try.
    Rejected(StepEstimate),
}

/// A step that was tried so often, each time a shorter one, is beyond help.
pub const MOST_REJECTIONS: u32 = 30;
