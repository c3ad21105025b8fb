//! Who owns what: the bundles of columns of modes, and the grid points, of every rank.
//!
//! z-planes are dealt to groups of ranks. The members of a group share its planes: each has the lines
//! along y of some of the bundles along x, and the lines along x of some rows. What a member has of
//! the bundles along x is dealt on, bundle by bundle, to the ranks of all groups with its number. A
//! slab, the usual case, is a group of one rank, which has all lines of its planes.

use std::ops::Range;

use crate::grid::Region;
use crate::modes::Modes;
use crate::parallel::RankGrid;

use super::distribution::Distribution;

/// A spectral layout on ranks in some arrangement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decomposition {
    /// The spectral layout.
    pub modes: Modes,
    /// How ranks are arranged.
    pub grid: RankGrid,
}

impl Decomposition {
    /// The deal of the bundles along x to the members of a group.
    pub(super) fn along_x(&self) -> Distribution {
        Distribution::new(0..self.modes.bundles_along_x(), self.grid.members)
    }

    /// The deal of the bundles that one member of all groups has.
    pub(super) fn bundles(&self, member: usize) -> Distribution {
        Distribution::new(self.modes.bundles_at(self.along_x().of(member)), self.grid.groups)
    }

    /// The deal of the planes to groups.
    pub(super) fn planes(&self) -> Distribution {
        Distribution::new(0..self.modes.grid.points[2], self.grid.groups)
    }

    /// The deal of the rows y of a plane to the members of a group, in the blocks that are transformed
    /// along x together.
    pub(super) fn rows(&self) -> Distribution {
        let [_, ny, _] = self.modes.grid.points;
        Distribution::in_blocks(0..ny, self.modes.row_len(), self.grid.members)
    }

    /// The bundles of a rank.
    pub fn bundles_of(&self, rank: usize) -> Range<usize> {
        let (group, member) = self.grid.place(rank);
        self.bundles(member).of(group)
    }

    /// The grid points of a rank.
    pub fn points_of(&self, rank: usize) -> Region {
        let (group, member) = self.grid.place(rank);
        let [nx, ..] = self.modes.grid.points;
        Region { ranges: [0..nx, self.rows().of(member), self.planes().of(group)] }
    }

    /// The rank that has a bundle.
    pub fn owner(&self, bundle: usize) -> usize {
        let member = self.along_x().owner(self.modes.along_x(bundle));
        self.bundles(member).owner(bundle) * self.grid.members + member
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
            for (groups, members) in [(1, 1), (7, 1), (2, 3), (1, 5), (50, 2)] {
                let grid = RankGrid { groups, members };
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
