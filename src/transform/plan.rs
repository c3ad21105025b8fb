//! Who owns what, and where it lies: pure arithmetic, no data.
//!
//! z-planes are dealt to groups of ranks in balanced contiguous runs. The members of a group share its
//! planes: each has the lines along y of a *section*, some of the bundles along x, and the lines along
//! x of some rows (see [`super::turn`] for what is between them). The bundles of a section are dealt
//! to the ranks that have it, one in each group, in balanced contiguous runs too. A slab, the usual
//! case, is a group of one rank, which has a single section of everything.
//!
//! Between bundles and planes lies the exchange, among the ranks of one section: the rows of `slots`
//! fields, in blocks that MPI can send as they are.
//!
//! - On the columns' side a block holds what goes to one destination.
//! - On the planes' side a block holds what came from one source.
//!
//! The bundles of a rank form a few *parts*, which are sent one by one while others are worked on.
//! A block is `[part][field][bundle of the part][plane]`.
//!
//! Each field and bundle has `plane_stride` rows whatever the number of planes, so that a row's
//! place is a table look-up plus a shift. Fields beyond those in use are not sent.
//!
//! Ranks that share memory (and a single group) have one array for both sides: one segment for the
//! planes of each rank, `[field][any bundle][plane]`, and nothing is moved at all.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::modes::Modes;
use crate::parallel::{Counts, RankGrid, share};

use super::exchange::Blocks;
use super::lines::ABSENT;
use super::owners::{bundles_of, within};

/// The decomposition as one rank sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The spectral layout.
    pub modes: Modes,
    /// How ranks are arranged.
    pub grid: RankGrid,
    /// This rank's group, and its number in the group.
    pub place: (usize, usize),
    /// Fields that the exchange has room for.
    pub slots: usize,
    /// Whether all ranks of the exchange share one array.
    pub shared: bool,
    /// Bundles of this rank.
    pub bundles: Range<usize>,
    /// Planes of this rank and its group.
    pub planes: Range<usize>,
    /// Bundles along x of which this rank has the lines along y.
    pub section: Range<usize>,
    /// Bundles of the section, whoever has them.
    section_bundles: Range<usize>,
    /// Rows from one field and bundle to the next.
    pub plane_stride: usize,
    /// Parts of a rank's bundles.
    pub parts: usize,
}

/// Parts when messages are passed: more overlap better, but each costs a latency.
const MOST_PARTS: usize = 4;

/// A message of fewer rows is not worth a part of its own: 32 KiB, which a network moves in the
/// time of a few latencies.
const ROWS_WORTH_A_MESSAGE: usize = 256;

/// Rows of a power-of-two distance fall into the same cache sets; such strides get one row more.
const ALIASING_ROWS: usize = 16;

impl Plan {
    /// The share of `rank` in `grid`, with room for `slots` fields in the exchange; `shared` says
    /// whether the ranks of the exchange share memory. Refused when a block would have more rows than
    /// MPI can count.
    pub fn new(
        modes: Modes,
        (rank, grid): (usize, RankGrid),
        slots: usize,
        shared: bool,
    ) -> Result<Self> {
        let share_of = |rank| {
            let (nz, place) = (modes.grid.points[2], grid.place(rank));
            let section = share(modes.bundles_along_x(), place.1, grid.members);
            let tallest = share(nz, 0, grid.groups).len();
            let shared = shared || grid.groups == 1;
            let mut plan = Plan {
                modes,
                grid,
                place,
                slots,
                shared,
                bundles: bundles_of(&modes, rank, grid),
                planes: share(nz, place.0, grid.groups),
                section_bundles: modes.bundles_at(section.clone()),
                section,
                plane_stride: tallest + usize::from(tallest.is_multiple_of(ALIASING_ROWS)),
                parts: 1,
            };
            if !shared {
                let most = share(plan.section_bundles.len(), 0, grid.groups).len();
                let message = slots * most * plan.plane_stride;
                plan.parts = (message / ROWS_WORTH_A_MESSAGE).clamp(1, MOST_PARTS);
            }
            plan
        };
        // The first rank has the largest share of everything.
        let largest = share_of(0);
        if !largest.shared {
            check_rows(&modes, grid, largest.columns_len().max(largest.planes_len()))?;
        }
        Ok(share_of(rank))
    }

    /// What part of the lines of its planes this rank has, as far as the section tells.
    pub fn section_share(&self) -> f64 {
        self.section.len() as f64 / self.modes.bundles_along_x() as f64
    }

    /// Number of groups that have planes.
    fn groups_with_planes(&self) -> usize {
        self.grid.groups.min(self.modes.grid.points[2])
    }

    /// Numbers in a block of `fields` fields of `bundles` bundles.
    fn block_len(&self, fields: usize, bundles: usize) -> usize {
        fields * bundles * self.plane_stride * self.modes.row_len()
    }

    /// Bundles that the columns' side has room for: this rank's, or in a shared array the section's.
    fn column_bundles(&self) -> Range<usize> {
        if self.shared { self.section_bundles.clone() } else { self.bundles.clone() }
    }

    /// One part of the bundles that some group has of the section.
    fn part_of(&self, group: usize, part: usize) -> Range<usize> {
        within(&within(&self.section_bundles, group, self.grid.groups), part, self.parts)
    }

    /// One part of this rank's bundles.
    pub fn part(&self, part: usize) -> Range<usize> {
        self.part_of(self.place.0, part)
    }

    /// Offset of a field's rows of `bundle`, which belongs to the run `run` of bundles that lie
    /// together, counted from where that of the section's first bundle begins.
    fn shift(&self, run: &Range<usize>, field: usize, bundle: usize) -> usize {
        self.block_len(self.slots, run.start - self.section_bundles.start)
            + self.block_len(1, field * run.len() + bundle - run.start)
    }

    /// Columns' side: offset of the row of each plane, for field 0 and this rank's first bundle.
    pub fn column_rows(&self) -> Vec<usize> {
        let block = self.block_len(self.slots, self.column_bundles().len());
        let mut rows = Vec::with_capacity(self.modes.grid.points[2]);
        for destination in 0..self.groups_with_planes() {
            let planes = share(self.modes.grid.points[2], destination, self.grid.groups).len();
            rows.extend((0..planes).map(|z| destination * block + z * self.modes.row_len()));
        }
        rows
    }

    /// Columns' side: what to add to [`Self::column_rows`] for a field and bundle of this rank.
    pub fn column_shift(&self, field: usize, bundle: usize) -> usize {
        let all = self.column_bundles();
        let mut parts = (0..self.parts).map(|part| self.part(part));
        let run = if self.shared { None } else { parts.find(|run| run.contains(&bundle)) };
        self.shift(&run.unwrap_or(all.clone()), field, bundle)
            - self.block_len(self.slots, all.start - self.section_bundles.start)
    }

    /// Planes' side: offset of the rows of a y-line of this rank's first plane, in the order of
    /// the transform along y; rows of cut-off ny are [`ABSENT`]. The bundle along x is of the section.
    pub fn plane_rows(&self, field: usize, bundle_along_x: usize) -> Vec<usize> {
        let first = self.modes.bundles_at(bundle_along_x..bundle_along_x + 1).start;
        let runs: Vec<_> = if self.shared {
            vec![self.column_bundles()]
        } else {
            let parts = |group| (0..self.parts).map(move |part| self.part_of(group, part));
            (0..self.grid.groups).flat_map(parts).collect()
        };
        transform_order(self.modes.grid.points[1], self.modes.cutoff_y(bundle_along_x))
            .map(|index| {
                let Some(index) = index else { return ABSENT };
                let bundle = first + index;
                self.shift(&runs[runs.partition_point(|run| run.end <= bundle)], field, bundle)
            })
            .collect()
    }

    /// Bytes that this rank sends to other ranks when `fields` fields of `number_size`-byte
    /// numbers go from columns to planes.
    pub fn bytes_sent(&self, fields: usize, number_size: usize) -> usize {
        let others = self.groups_with_planes() - usize::from(!self.planes.is_empty());
        let rows = others * fields * self.bundles.len() * self.plane_stride;
        rows * self.modes.row_len() * number_size
    }
}

impl Blocks for Plan {
    fn peers(&self) -> usize {
        self.grid.groups
    }

    fn shared(&self) -> bool {
        self.shared
    }

    fn row_len(&self) -> usize {
        self.modes.row_len()
    }

    fn columns_len(&self) -> usize {
        self.groups_with_planes() * self.block_len(self.slots, self.column_bundles().len())
    }

    fn planes_len(&self) -> usize {
        if self.planes.is_empty() {
            return 0;
        }
        self.block_len(self.slots, self.section_bundles.len())
    }

    fn first_plane_number(&self) -> usize {
        let before = self.place.0.min(self.groups_with_planes());
        before * self.block_len(self.slots, self.section_bundles.len())
    }

    fn fields(&self) -> usize {
        self.slots
    }

    fn parts(&self) -> Vec<usize> {
        (0..self.parts).map(|part| self.part(part).len()).collect()
    }

    fn column_counts(&self, part: usize, fields: usize) -> Counts {
        let bundles = self.part(part);
        let block = self.slots * self.bundles.len() * self.plane_stride;
        let start = self.slots * (bundles.start - self.bundles.start) * self.plane_stride;
        let rows = fields * bundles.len() * self.plane_stride;
        let has_planes = |group| group < self.groups_with_planes();
        let all = || 0..self.grid.groups;
        Counts {
            counts: all().map(|g| if has_planes(g) { rows as i32 } else { 0 }).collect(),
            offsets: all()
                .map(|g| if has_planes(g) { (g * block + start) as i32 } else { 0 })
                .collect(),
        }
    }

    fn plane_counts(&self, part: usize, fields: usize) -> Counts {
        let mut counts = Counts::default();
        for source in 0..self.grid.groups {
            let bundles = self.part_of(source, part);
            let before = bundles.start - self.section_bundles.start;
            let rows = |fields, bundles| (fields * bundles * self.plane_stride) as i32;
            let used = !self.planes.is_empty();
            counts.counts.push(if used { rows(fields, bundles.len()) } else { 0 });
            counts.offsets.push(if used { rows(self.slots, before) } else { 0 });
        }
        counts
    }
}

/// Refuses an exchange of `numbers` numbers a rank when MPI cannot count its rows.
pub(super) fn check_rows(modes: &Modes, grid: RankGrid, numbers: usize) -> Result<()> {
    let (rows, ranks, [nx, ny, nz]) = (numbers / modes.row_len(), grid.ranks(), modes.grid.points);
    if i32::try_from(rows).is_ok() {
        return Ok(());
    }
    Err(Error::input(format!(
        "grid.points = [{nx}, {ny}, {nz}] on {ranks} ranks needs an exchange of {rows} rows a rank, \
         and MPI counts to {}; use at least {} ranks",
        i32::MAX,
        (rows as u64 * ranks as u64).div_ceil(i32::MAX as u64)
    )))
}

/// For each position in a transform of `points` values: the index of its mode number among the
/// kept ones 0, 1, .. K, -K, .. -1, or `None` when it is cut off.
pub fn transform_order(points: usize, cutoff: usize) -> impl Iterator<Item = Option<usize>> {
    (0..points).map(move |j| {
        if j <= cutoff {
            Some(j)
        } else if j + cutoff >= points {
            Some(j + 2 * cutoff + 1 - points)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    /// Points and groups.
    const CASES: [([usize; 3], usize); 5] =
        [([12, 10, 16], 1), ([12, 10, 7], 3), ([16, 9, 4], 6), ([8, 2, 5], 7), ([30, 7, 33], 2)];

    /// For each truncation, group size and member: the plans of the ranks that exchange.
    fn plans(points: [usize; 3], groups: usize, shared: bool) -> Vec<Vec<Plan>> {
        let mut all = Vec::new();
        for grid in [Grid::two_thirds(points, [1.0; 3]), Grid::spherical(points, [1.0; 3])] {
            let modes = Modes::new(grid, 4);
            for members in 1..=3 {
                let grid = RankGrid { groups, members };
                let plan = |rank| Plan::new(modes, (rank, grid), 3, shared).unwrap();
                let of_member = |m| (0..groups).map(|g| plan(g * members + m)).collect();
                all.extend((0..members).map(of_member));
            }
        }
        all
    }

    /// Every row that a rank sends lands where the receiver looks for it: the exchange is played
    /// through with rows that carry their own (field, bundle, plane).
    #[test]
    fn rows_arrive_where_they_are_looked_for() {
        for (points, groups) in CASES {
            let cases = [(1, 1), (2, 4), (3, 1), (3, 3)];
            let plans = plans(points, groups, false);
            for (mut plans, (fields, parts)) in
                plans.iter().flat_map(|p| cases.map(|c| (p.clone(), c)))
            {
                plans.iter_mut().filter(|p| !p.shared).for_each(|p| p.parts = parts);
                let row_len = plans[0].modes.row_len();
                let mut received: Vec<_> =
                    plans.iter().map(|p| vec![None; p.planes_len() / row_len]).collect();
                for plan in &plans {
                    let mut send = vec![None; plan.columns_len() / row_len];
                    let rows = plan.column_rows();
                    for field in 0..fields {
                        for bundle in plan.bundles.clone() {
                            for (z, row) in rows.iter().enumerate() {
                                let at = (row + plan.column_shift(field, bundle)) / row_len;
                                assert_eq!(send[at], None, "two rows in one place");
                                send[at] = Some((field, bundle, z));
                            }
                        }
                    }
                    for part in 0..plan.parts {
                        let from = plan.column_counts(part, fields);
                        for (rank, receiver) in plans.iter().enumerate() {
                            let to = receiver.plane_counts(part, fields);
                            assert_eq!(from.counts[rank], to.counts[plan.place.0]);
                            let count = from.counts[rank] as usize;
                            let a = from.offsets[rank] as usize;
                            let b = to.offsets[plan.place.0] as usize;
                            received[rank][b..b + count].copy_from_slice(&send[a..a + count]);
                        }
                    }
                }
                for (plan, received) in plans.iter().zip(&received) {
                    for field in 0..fields {
                        for along_x in plan.section.clone() {
                            let rows = plan.plane_rows(field, along_x);
                            let kept = rows.iter().filter(|&&r| r != ABSENT);
                            let cutoff_y = plan.modes.cutoff_y(along_x);
                            let first = plan.modes.bundles_at(along_x..along_x + 1).start;
                            for (index, row) in transform_order(points[1], cutoff_y).zip(&rows) {
                                let Some(index) = index else { continue };
                                let bundle = first + index;
                                for z in plan.planes.clone() {
                                    let at = row / row_len + z - plan.planes.start;
                                    assert_eq!(received[at], Some((field, bundle, z)));
                                }
                            }
                            assert_eq!(kept.count(), 2 * cutoff_y + 1);
                        }
                    }
                }
            }
        }
    }

    /// In a shared array every row is where the planes look for it from the start.
    #[test]
    fn shared_rows_are_where_they_are_looked_for() {
        for plans in CASES.iter().flat_map(|&(points, groups)| plans(points, groups, true)) {
            let row_len = plans[0].modes.row_len();
            let mut array = vec![None; plans[0].columns_len() / row_len];
            for plan in &plans {
                for (z, row) in plan.column_rows().iter().enumerate() {
                    for field in 0..3 {
                        for bundle in plan.bundles.clone() {
                            let at = (row + plan.column_shift(field, bundle)) / row_len;
                            assert_eq!(array[at].replace((field, bundle, z)), None);
                        }
                    }
                }
            }
            for plan in &plans {
                let section = || plan.section.clone();
                for (field, bundle) in (0..3).flat_map(|f| section().map(move |b| (f, b))) {
                    let rows = plan.plane_rows(field, bundle);
                    let first = plan.modes.bundles_at(bundle..bundle + 1).start;
                    for (index, row) in rows.iter().filter(|&&r| r != ABSENT).enumerate() {
                        for z in plan.planes.clone() {
                            let row = plan.first_plane_number() + row;
                            let at = row / row_len + z - plan.planes.start;
                            assert_eq!(array[at], Some((field, first + index, z)));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn more_rows_than_mpi_can_count_are_refused() {
        let modes = Modes::new(Grid::two_thirds([16384; 3], [1.0; 3]), 8);
        let error = Plan::new(modes, (0, RankGrid::slabs(2)), 4, false).unwrap_err();
        assert!(error.message.contains("grid.points = [16384, 16384, 16384]"), "{error}");
        assert!(Plan::new(modes, (0, RankGrid::slabs(1024)), 4, false).is_ok());
        assert!(Plan::new(modes, (0, RankGrid::slabs(2)), 4, true).is_ok());
    }
}
