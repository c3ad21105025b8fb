//! `[grid]`: the points and the box, and which modes are cut off.

use serde::{Deserialize, Serialize};

use super::reader::{is_reported, required};
use crate::grid::{self, AXES, Dealias};
use crate::problems::Problems;

/// Most points along an axis: with this many along each, all their numbers can still be counted.
const MAX_POINTS: usize = 1 << 19;

/// `[grid]`: points and size of the periodic box.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Grid {
    /// Points along x, y, z; at least 1.
    pub points: [usize; AXES],
    /// Side lengths along x, y, z in units of 2 pi.
    pub lengths: [f64; AXES],
    /// The modes that are cut off.
    pub dealias: Dealias,
}

impl Grid {
    /// The numerical grid.
    pub fn build(&self) -> grid::Grid {
        self.dealias.grid(self.points, self.lengths)
    }
}

/// `[grid]` as the file has it.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawGrid {
    points: Option<[usize; AXES]>,
    lengths: [f64; AXES],
    dealias: Dealias,
}

impl Default for RawGrid {
    fn default() -> Self {
        RawGrid { points: None, lengths: [1.0; AXES], dealias: Dealias::default() }
    }
}

impl RawGrid {
    /// The grid; adds what is wrong to `problems`.
    pub fn check(self, problems: &mut Problems) -> Option<Grid> {
        let points =
            required(self.points, "grid.points", "for example points = [64, 64, 64]", problems);
        for (axis, n) in points.into_iter().flatten().enumerate() {
            let allowed = format!("1 to {MAX_POINTS}");
            problems.require(
                (1..=MAX_POINTS).contains(&n),
                &format!("grid.points[{axis}]"),
                n,
                &allowed,
            );
        }
        for (axis, length) in self.lengths.into_iter().enumerate() {
            problems.require_positive(&format!("grid.lengths[{axis}]"), length);
        }
        // A grid that is not valid cannot be used to check what depends on it.
        let usable = !is_reported(problems, "grid");
        points.filter(|_| usable).map(|points| Grid {
            points,
            lengths: self.lengths,
            dealias: self.dealias,
        })
    }
}
