//! The wavenumber up to which a force acts.

use crate::format::plain;
use crate::grid::{AXES, Grid};
use crate::problems::Problems;

/// Notes in the table at `path` a forced band without modes, or one that reaches to the cutoff.
pub(super) fn check_wavenumber(
    wavenumber: f64,
    path: &str,
    grid: Option<&Grid>,
    problems: &mut Problems,
) {
    let path = format!("{path}.wavenumber");
    let known = problems.list.len();
    problems.require_positive(&path, wavenumber);
    let Some(grid) = grid.filter(|_| problems.list.len() == known) else { return };
    let lowest = (0..AXES)
        .filter(|&axis| grid.cutoff[axis] > 0)
        .map(|axis| grid.wavenumber(axis, 1))
        .fold(f64::INFINITY, f64::min);
    let k_max = grid.k_max();
    let allowed = format!(
        "at least {}, the box's lowest, and below {}, the largest one kept",
        plain(lowest),
        plain(k_max)
    );
    let fits = (lowest..k_max).contains(&wavenumber);
    problems.require(fits, &path, wavenumber, &allowed);
}
