//! Parameters that several kinds have: an amplitude, and a wavenumber of which the box must hold
//! whole waves.

use crate::format::plain;
use crate::grid::Grid;
use crate::problems::Problems;

/// The amplitude when none is given.
pub(super) fn one() -> f64 {
    1.0
}

/// The mode number of `wavenumber` along `axis`, were the box to hold it.
pub(super) fn mode_number(wavenumber: f64, grid: &Grid, axis: usize) -> i64 {
    (wavenumber * grid.lengths[axis]).round() as i64
}

/// Notes at `path` when `axis` does not hold waves of this wavenumber, with the `remedy`.
pub(super) fn require_waves(
    wavenumber: f64,
    grid: &Grid,
    axis: usize,
    path: &str,
    remedy: &str,
    problems: &mut Problems,
) {
    /// Wavenumbers are typed as decimals: 0.3333333333 times 3 counts as one wave.
    const TOLERANCE: f64 = 1e-9;
    let waves = wavenumber * grid.lengths[axis];
    let n = mode_number(wavenumber, grid, axis);
    if n < 1 || (waves - n as f64).abs() > TOLERANCE * waves {
        problems.add(
            path,
            format!(
                "needs waves of wavenumber {}, but that makes {} waves along \
                 grid.lengths[{axis}] = {}, not a whole number; {remedy}",
                plain(wavenumber),
                plain(waves),
                plain(grid.lengths[axis])
            ),
        );
    } else if n > grid.cutoff[axis] as i64 {
        problems.add(
            path,
            format!(
                "needs mode number {n} along axis {axis}, but grid.points[{axis}] = {} keeps \
                 only up to {}; use at least {} points",
                grid.points[axis],
                grid.cutoff[axis],
                n.saturating_mul(3).saturating_add(1)
            ),
        );
    }
}
