//! Which rank has which bundles.

use std::ops::Range;

use crate::grid::Region;
use crate::modes::Modes;
use crate::parallel::{RankGrid, share};

/// The bundles of a rank: members of a group have different bundles along x, and what a member
/// of all groups has is dealt to these.
pub fn bundles_of(modes: &Modes, rank: usize, grid: RankGrid) -> Range<usize> {
    let (group, member) = grid.place(rank);
    let section = share(modes.bundles_along_x(), member, grid.members);
    within(&modes.bundles_at(section), group, grid.groups)
}

/// The grid points of a rank: planes of its group, and of these whole blocks of rows.
pub fn points_of(modes: &Modes, rank: usize, grid: RankGrid) -> Region {
    let ([nx, ny, nz], (group, member)) = (modes.grid.points, grid.place(rank));
    let rows = rows_of(ny, modes.row_len(), member, grid.members);
    Region { ranges: [0..nx, rows, share(nz, group, grid.groups)] }
}

/// Rows of a member among `members` when `rows` rows are dealt in blocks.
pub(super) fn rows_of(rows: usize, block: usize, member: usize, members: usize) -> Range<usize> {
    let blocks = share(rows.div_ceil(block), member, members);
    (blocks.start * block).min(rows)..(blocks.end * block).min(rows)
}

/// The share of `rank` when a range is dealt to `size` ranks.
pub(super) fn within(range: &Range<usize>, rank: usize, size: usize) -> Range<usize> {
    let share = share(range.len(), rank, size);
    range.start + share.start..range.start + share.end
}

/// Which rank has each bundle.
pub struct Owners {
    /// In the order of bundles.
    runs: Vec<(Range<usize>, usize)>,
}

impl Owners {
    /// Of the bundles of a layout on some ranks.
    pub fn new(modes: &Modes, grid: RankGrid) -> Self {
        let run = |rank| (bundles_of(modes, rank, grid), rank);
        let mut runs: Vec<_> = (0..grid.ranks()).map(run).filter(|run| !run.0.is_empty()).collect();
        runs.sort_by_key(|run| run.0.start);
        Owners { runs }
    }

    /// The rank that has `bundle`.
    pub fn of(&self, bundle: usize) -> usize {
        self.runs[self.runs.partition_point(|run| run.0.end <= bundle)].1
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
                let owners = Owners::new(&modes, grid);
                let mut count = 0;
                for rank in 0..grid.ranks() {
                    let mut bundles = bundles_of(&modes, rank, grid);
                    count += bundles.len();
                    assert!(bundles.all(|bundle| owners.of(bundle) == rank));
                }
                assert_eq!(count, modes.bundles());
            }
        }
    }
}
