//! A force and what it acts on.

use std::ops::Range;

use super::force::Force;

/// The name of the [`ForcingTerm`] of the velocity.
pub const VELOCITY: &str = "velocity";
/// The name of that of the magnetic field.
pub const MAGNETIC: &str = "magnetic";

/// A force on a vector or scalar of the state, ready to run.
pub struct ForcingTerm {
    /// The name of what it acts on: [`VELOCITY`], [`MAGNETIC`] or that of a scalar.
    pub name: String,
    /// Its fields in the state: three of a vector, one of a scalar.
    pub fields: Range<usize>,
    /// The law by which it acts.
    pub force: Box<dyn Force>,
}
