//! The shares of all ranks: bundles of columns of modes, and grid points.
//!
//! z-planes are dealt to the rows of the process grid. The ranks of a process row share its planes: each
//! has the lines along y of some of the bundles along x, and the lines along x of some rows y. What a
//! process column has of the bundles along x is dealt on, bundle by bundle, to its ranks. A slab, the
//! usual case, is a process row of one rank, which has all lines of its planes.

use std::ops::Range;

use crate::grid::Region;
use crate::modes::Modes;
use crate::parallel::ProcessGrid;

use super::distribution::Distribution;

/// A spectral layout on ranks in some arrangement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decomposition {
    /// The spectral layout.
    pub modes: Modes,
    /// Arrangement of the ranks.
    pub grid: ProcessGrid,
}

impl Decomposition {
    /// The deal of the bundles along x to process columns.
    pub(super) fn along_x(&self) -> Distribution {
        Distribution::new(0..self.modes.bundles_along_x(), self.grid.columns)
    }

    /// The deal of the bundles of a process column to its ranks.
    pub(super) fn bundles(&self, process_column: usize) -> Distribution {
        let along_x = self.along_x().of(process_column);
        Distribution::new(self.modes.bundles_at(along_x), self.grid.rows)
    }

    /// The deal of the planes to process rows.
    pub(super) fn planes(&self) -> Distribution {
        Distribution::new(0..self.modes.grid.points[2], self.grid.rows)
    }

    /// The deal of the rows y of a plane to the ranks of a process row, in the blocks that are
    /// transformed along x together.
    pub(super) fn rows(&self) -> Distribution {
        let [_, ny, _] = self.modes.grid.points;
        Distribution::in_blocks(0..ny, self.modes.row_len(), self.grid.columns)
    }

    /// The bundles of a rank.
    pub fn bundles_of(&self, rank: usize) -> Range<usize> {
        let (process_row, process_column) = self.grid.coordinates(rank);
        self.bundles(process_column).of(process_row)
    }

    /// The grid points of a rank.
    pub fn points_of(&self, rank: usize) -> Region {
        let (process_row, process_column) = self.grid.coordinates(rank);
        let [nx, ..] = self.modes.grid.points;
        let (rows, planes) = (self.rows().of(process_column), self.planes().of(process_row));
        Region { ranges: [0..nx, rows, planes] }
    }

    /// The rank that has a bundle.
    pub fn owner(&self, bundle: usize) -> usize {
        let process_column = self.along_x().owner(self.modes.along_x(bundle));
        self.bundles(process_column).owner(bundle) * self.grid.columns + process_column
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    #[test]
    fn every_bundle_has_one_owner() {
        for grid in [Grid::two_thirds([30, 7, 33], [1.0; 3]), Grid::spherical([16; 3], [1.0; 3])] {
            let modes = Modes::new(grid, 4);
            for (rows, columns) in [(1, 1), (7, 1), (2, 3), (1, 5), (50, 2)] {
                let grid = ProcessGrid { rows, columns };
                let decomposition = Decomposition { modes, grid };
                let mut count = 0;
                for rank in 0..grid.ranks() {
                    let mut bundles = decomposition.bundles_of(rank);
                    count += bundles.len();
                    assert!(bundles.all(|bundle| decomposition.owner(bundle) == rank));
                }
                assert_eq!(count, modes.bundles());
            }
        }
    }
}
