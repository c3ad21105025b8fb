//! One stage of one step: which right-hand side it takes, and when.

use super::scheme::Scheme;

/// A stage of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// The scheme.
    pub scheme: Scheme,
    /// The number of the stage, from 0.
    pub index: usize,
    /// The time at which the step begins.
    pub start: f64,
    /// The time step.
    pub dt: f64,
}

impl Stage {
    /// Returns the time at which the right-hand side is taken.
    pub fn time(self) -> f64 {
        self.start + self.scheme.node(self.index) * self.dt
    }

    /// Returns the time that the right-hand side counts for in the whole step: those of all stages add
    /// up to the time step.
    pub fn weight(self) -> f64 {
        self.scheme.weight(self.index) * self.dt
    }

    /// Returns whether the step ends with it.
    pub fn is_last(self) -> bool {
        self.index + 1 == self.scheme.stages()
    }
}
