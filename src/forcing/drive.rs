//! A force and what it acts on.

use std::ops::Range;

use super::force::Force;
use super::linear::Linear;

/// The name of the [`Drive`] of the velocity.
pub const VELOCITY: &str = "velocity";
/// The name of that of the magnetic field.
pub const MAGNETIC: &str = "magnetic";

/// A force, ready to run.
pub struct Drive {
    /// The name of what it acts on: [`VELOCITY`], [`MAGNETIC`] or that of a scalar.
    pub name: String,
    /// Its fields in the state: three of a vector, one of a scalar.
    pub fields: Range<usize>,
    /// How it acts.
    pub action: Action,
}

/// How a force acts.
pub enum Action {
    /// On the modes up to a wavenumber.
    Band(Box<dyn Force>, f64),
    /// On all modes of the velocity.
    Linear(Linear),
}
