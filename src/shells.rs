//! Spherical shells in wavenumber space.
//!
//! Shell s holds the modes whose |k| is nearest to s times the width, (s - 1/2) <= |k| / width <
//! s + 1/2. The width is the smallest wavenumber that the box holds.

use crate::grid::{AXES, Grid};

/// The shells of a box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shells {
    grid: Grid,
    /// Width of a shell, in units of the wavenumber.
    pub width: f64,
}

impl Shells {
    /// The shells of `grid`'s box. Axes with a single mode, as in a two-dimensional run, do not
    /// count for the width.
    pub fn new(grid: Grid) -> Self {
        let width = (0..AXES)
            .filter(|&axis| grid.cutoff[axis] > 0)
            .map(|axis| grid.wavenumber(axis, 1))
            .fold(f64::INFINITY, f64::min)
            .min(f64::MAX);
        Shells { grid, width }
    }

    /// The shell of a mode.
    pub fn of_mode(&self, mode: [i64; AXES]) -> usize {
        let [x, y, z] = self.grid.wavevector(mode).map(|k| k * k);
        self.at(x + y + z)
    }

    /// The shell of a mode with this |k|^2, which must be summed as (kx^2 + ky^2) + kz^2: a mode
    /// on the border of two shells is then always put into the same one.
    pub fn at(&self, k_squared: f64) -> usize {
        (k_squared.sqrt() / self.width).round() as usize
    }

    /// The wavenumber in the middle of a shell.
    pub fn wavenumber(&self, shell: usize) -> f64 {
        shell as f64 * self.width
    }

    /// Number of shells, from 0, that the grid's kept modes lie in.
    pub fn count(&self) -> usize {
        self.of_mode(self.grid.cutoff.map(|n| n as i64)).saturating_add(1)
    }

    /// The smallest |k|^2 that [`Self::at`] puts beyond `shell`.
    fn border(&self, shell: usize) -> f64 {
        // A few roundings away from the exact border.
        let mut border = ((shell as f64 + 0.5) * self.width).powi(2);
        while self.at(border) <= shell {
            border = border.next_up();
        }
        while self.at(border.next_down()) > shell {
            border = border.next_down();
        }
        border
    }

    /// Returns whether [`Self::populations`] of so many shells can be counted: their modes in the plane
    /// nz = 0, which it holds, are no more than a machine has room for. In a box whose sides differ by
    /// orders of magnitude a shell is as narrow as the longest one asks for, and there are ever more.
    pub fn can_be_counted(&self, count: usize) -> bool {
        const MOST: f64 = 3e8;
        let along = |axis: usize| match self.grid.cutoff[axis] {
            0 => 1.0,
            _ => self.wavenumber(count) * self.grid.lengths[axis] + 1.0,
        };
        along(0) * along(1) <= MOST
    }

    /// Counts the modes of the infinite lattice (k and -k both) that each of the first `count` >= 1 shells
    /// holds.
    ///
    /// For S shells the cost is of order S^2 log S: the modes of the plane nz = 0 are sorted by |k|
    /// once, and for each nz and shell a binary search counts those within the shell.
    pub fn populations(&self, count: usize) -> Vec<u64> {
        let borders: Vec<f64> = (0..count).map(|shell| self.border(shell)).collect();
        let end = borders[count - 1];
        // k^2 of n = 0, 1, .. along an axis, with the number of modes n and -n.
        let squares = |axis: usize| {
            let last = if self.grid.cutoff[axis] > 0 { i64::MAX } else { 0 };
            (0..=last)
                .map(move |n| (self.grid.wavenumber(axis, n).powi(2), if n == 0 { 1 } else { 2 }))
                .take_while(move |&(square, _)| square < end)
        };
        let mut plane: Vec<(f64, u64)> = squares(0)
            .flat_map(|(x, nx)| squares(1).map(move |(y, ny)| (x + y, nx * ny)))
            .filter(|&(square, _)| square < end)
            .collect();
        plane.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // Modes of the plane before each entry.
        let mut before = vec![0];
        before.extend(plane.iter().scan(0, |sum, &(_, modes)| {
            *sum += modes;
            Some(*sum)
        }));
        let plane: Vec<f64> = plane.into_iter().map(|(square, _)| square).collect();
        let mut populations = vec![0; count];
        for (z, nz) in squares(2) {
            let mut start = 0;
            for shell in self.at(z)..count {
                let inside = |&square: &f64| square + z < borders[shell];
                // The end is near: double the window until it is inside, then search.
                let mut window = 64;
                while start + window < plane.len() && inside(&plane[start + window]) {
                    window *= 2;
                }
                let window = &plane[start..plane.len().min(start + window)];
                let end = start + window.partition_point(inside);
                populations[shell] += nz * (before[end] - before[start]);
                start = end;
            }
        }
        populations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted_one_by_one(grid: Grid) -> Vec<u64> {
        let shells = Shells::new(grid);
        let mut populations = vec![0; shells.count()];
        let reach: [i64; 3] = std::array::from_fn(|axis| match grid.cutoff[axis] {
            0 => 0,
            _ => (shells.count() as f64 * shells.width * grid.lengths[axis]) as i64 + 1,
        });
        for x in -reach[0]..=reach[0] {
            for y in -reach[1]..=reach[1] {
                for z in -reach[2]..=reach[2] {
                    if let Some(p) = populations.get_mut(shells.of_mode([x, y, z])) {
                        *p += 1;
                    }
                }
            }
        }
        populations
    }

    #[test]
    fn populations_equal_a_count_one_by_one() {
        for (points, lengths) in [
            ([64, 64, 64], [1.0; 3]),
            ([16, 12, 8], [1.0, 2.0, 0.5]),
            ([12, 10, 14], [0.7, 1.3, 1.1]),
            ([20, 20, 1], [1.0, 1.0, 9.0]),
            ([1, 1, 1], [1.0; 3]),
        ] {
            let grid = Grid::two_thirds(points, lengths);
            let shells = Shells::new(grid);
            assert_eq!(shells.populations(shells.count()), counted_one_by_one(grid), "{grid:?}");
        }
    }

    #[test]
    fn low_shells_of_the_cube_are_the_known_ones() {
        let shells = Shells::new(Grid::two_thirds([32; 3], [1.0; 3]));
        // |n|^2 = 0; 1 and 2; 3 to 6 (sums of three squares: OEIS A005875).
        assert_eq!(shells.populations(3), [1, 6 + 12, 8 + 6 + 24 + 24]);
        assert_eq!(shells.width, 1.0);
        assert_eq!(shells.of_mode([-2, 1, 1]), 2);
    }

    #[test]
    fn width_is_the_smallest_wavenumber_of_the_axes_that_have_modes() {
        assert_eq!(Shells::new(Grid::two_thirds([8; 3], [1.0, 4.0, 2.0])).width, 0.25);
        assert_eq!(Shells::new(Grid::two_thirds([8, 8, 1], [1.0, 2.0, 4.0])).width, 0.5);
    }
}
