//! What the checks of `[output]` know of the other sections.

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
