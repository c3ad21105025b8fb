//! The periodic box, its points, and the wavenumbers that are kept.
//!
//! The box has sides 2 pi `lengths[i]` and `points[i]` points along axis i = x, y, z. Mode number
//! n along axis i has wavenumber k = n / `lengths[i]`. With two-thirds truncation only modes
//! |n| <= K with 3 K < N are kept, so that no product of two kept modes aliases onto a kept one
//! (Orszag 1971, J. Atmos. Sci. 28, 1074). The Nyquist mode is never among them, whatever the
//! truncation.

use std::f64::consts::TAU;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// The axes' count: x, y, z.
pub const AXES: usize = 3;

/// The choice of the modes up to the cutoffs that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncation {
    /// All.
    Box,
    /// Those in the ellipsoid whose half-axes are the cutoffs: a sphere if the sides are equal.
    Ellipsoid,
}

/// The way in which aliasing errors are kept out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dealias {
    /// Modes |n| with 3 |n| < N are kept along each axis of N points.
    #[default]
    TwoThirds,
    /// All modes below N/2 are kept, and products alias.
    None,
    /// Modes in a sphere of radius sqrt(2)/3 N are kept; aliasing cancels between stages.
    PhaseShift,
}

impl Dealias {
    /// The grid that keeps the modes for it. `points` are at least 1 and `lengths` positive.
    pub fn grid(self, points: [usize; AXES], lengths: [f64; AXES]) -> Grid {
        match self {
            Dealias::TwoThirds => Grid::two_thirds(points, lengths),
            Dealias::None => Grid::full(points, lengths),
            Dealias::PhaseShift => Grid::spherical(points, lengths),
        }
    }
}

/// A periodic box with its grid points and its kept modes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Points along x, y, z.
    pub points: [usize; AXES],
    /// Side lengths along x, y, z in units of 2 pi.
    pub lengths: [f64; AXES],
    /// Largest kept mode number along x, y, z.
    pub cutoff: [usize; AXES],
    /// The modes up to the cutoff that are kept.
    pub truncation: Truncation,
}

impl Grid {
    /// Returns the axis that alone has no waves, as with one point along it: flows are two-dimensional.
    pub fn flat_axis(&self) -> Option<usize> {
        let mut flat = (0..AXES).filter(|&axis| self.cutoff[axis] == 0);
        let axis = flat.next()?;
        flat.next().is_none().then_some(axis)
    }

    /// A grid with two-thirds truncation. `points` are at least 1 and `lengths` positive.
    pub fn two_thirds(points: [usize; AXES], lengths: [f64; AXES]) -> Self {
        let cutoff = points.map(|n| n.div_ceil(3) - 1);
        Grid { points, lengths, cutoff, truncation: Truncation::Box }
    }

    /// A grid whose modes are all kept, but for those at N/2: products alias.
    pub fn full(points: [usize; AXES], lengths: [f64; AXES]) -> Self {
        let cutoff = points.map(|n| (n - 1) / 2);
        Grid { points, lengths, cutoff, truncation: Truncation::Box }
    }

    /// A grid for modes within a sphere of the radius sqrt(2)/3 N, for dealiasing by phase shifts.
    pub fn spherical(points: [usize; AXES], lengths: [f64; AXES]) -> Self {
        // The integer part of sqrt(2 n^2 / 9), which is never a whole number.
        let cutoff = points.map(|n| (2 * n * n / 9).isqrt());
        Grid { points, lengths, cutoff, truncation: Truncation::Ellipsoid }
    }

    /// The square of mode number `n` along `axis` in units of the cutoff. In the ellipsoid those of
    /// the three axes sum to 1 at most.
    pub fn relative_square(&self, axis: usize, n: i64) -> f64 {
        (n as f64 / self.cutoff[axis].max(1) as f64).powi(2)
    }

    /// 1, with room for rounding.
    const ELLIPSOID: f64 = 1.0 + 1e-12;

    /// Returns whether a mode within the cutoffs is kept.
    pub fn keeps(&self, mode: [i64; AXES]) -> bool {
        let square = || (0..AXES).map(|axis| self.relative_square(axis, mode[axis])).sum::<f64>();
        self.truncation == Truncation::Box || square() <= Grid::ELLIPSOID
    }

    /// Number of grid points as a float: it may exceed any integer type's comfort.
    pub fn point_count(&self) -> f64 {
        self.points.iter().map(|&n| n as f64).product()
    }

    /// Grid spacing along each axis.
    pub fn spacing(&self) -> [f64; AXES] {
        std::array::from_fn(|i| TAU * self.lengths[i] / self.points[i] as f64)
    }

    /// Wavenumber of mode number `n` along `axis`.
    pub fn wavenumber(&self, axis: usize, n: i64) -> f64 {
        n as f64 / self.lengths[axis]
    }

    /// The wavevector of a mode.
    pub fn wavevector(&self, mode: [i64; AXES]) -> [f64; AXES] {
        std::array::from_fn(|axis| self.wavenumber(axis, mode[axis]))
    }

    /// The largest wavenumber resolved in every direction: the smallest cutoff of the three axes
    /// (axes with a single mode, as in a two-dimensional run, do not count).
    pub fn k_max(&self) -> f64 {
        (0..AXES)
            .filter(|&i| self.cutoff[i] > 0)
            .map(|i| self.wavenumber(i, self.cutoff[i] as i64))
            .fold(f64::INFINITY, f64::min)
            .min(f64::MAX)
    }
}

/// A box of grid points: a plane, a line or a point if it is thin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its points along x, y, z.
    pub ranges: [Range<usize>; AXES],
}

impl Region {
    /// Whole planes of a grid of `points`.
    pub fn of_planes(points: [usize; AXES], planes: Range<usize>) -> Self {
        let [nx, ny, _] = points;
        Region { ranges: [0..nx, 0..ny, planes] }
    }

    /// All points of a grid.
    pub fn whole(grid: &Grid) -> Self {
        Region { ranges: grid.points.map(|n| 0..n) }
    }

    /// Points along z, y, x, as arrays have them.
    pub fn shape(&self) -> [usize; AXES] {
        let [x, y, z] = &self.ranges;
        [z.len(), y.len(), x.len()]
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of points in one z-plane of it.
    pub fn plane_len(&self) -> usize {
        let [_, ny, nx] = self.shape();
        ny * nx
    }

    /// The points that it shares with another one; none along an axis is an empty range inside it.
    pub fn common(&self, other: &Region) -> Region {
        let ranges = std::array::from_fn(|axis| {
            let (Range { start, end }, other) = (self.ranges[axis].clone(), &other.ranges[axis]);
            other.start.clamp(start, end)..other.end.clamp(start, end)
        });
        Region { ranges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutoff_obeys_three_k_below_n() {
        for n in 1..200 {
            let k = Grid::two_thirds([n; 3], [1.0; 3]).cutoff[0];
            assert!(3 * k < n && 3 * (k + 1) >= n, "n = {n}, cutoff = {k}");
        }
    }

    #[test]
    fn wavenumbers_scale_with_the_box() {
        let grid = Grid::two_thirds([12, 24, 48], [1.0, 2.0, 0.5]);
        assert_eq!(grid.wavevector([1, -4, 3]), [1.0, -2.0, 6.0]);
        assert_eq!(grid.k_max(), 3.0);
    }
}
