//! The other sections, as far as the checks of `[output]` know them.

use crate::grid::Grid;
use crate::physics::Physics;

/// The other sections, as far as they could be read.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// `time.end`.
    pub end: Option<f64>,
    /// `[grid]`.
    pub grid: Option<&'a Grid>,
    /// `[physics]`.
    pub physics: Option<&'a Physics>,
}
