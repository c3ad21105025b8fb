//! Who owns what, and where it lies: pure arithmetic, no data.
//!
//! Bundles of columns are dealt to ranks in balanced contiguous runs, and so are z-planes. Between
//! the two lies the exchange: the rows of `slots` fields, in blocks that MPI can send as they are.
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
//! Ranks that share memory (and a single rank) have one array for both sides: one segment for the
//! planes of each rank, `[field][any bundle][plane]`, and nothing is moved at all.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::modes::Modes;
use crate::parallel::{Counts, RankGrid, share};

use super::lines::ABSENT;

/// The decomposition as one rank sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The spectral layout.
    pub modes: Modes,
    /// This rank.
    pub rank: usize,
    /// Number of ranks.
    pub ranks: usize,
    /// Fields that the exchange has room for.
    pub slots: usize,
    /// Whether all ranks share one array.
    pub shared: bool,
    /// Bundles of this rank.
    pub bundles: Range<usize>,
    /// Planes of this rank.
    pub planes: Range<usize>,
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
    /// The share of `rank` among `ranks`, with room for `slots` fields in the exchange. Refused
    /// when a block would have more rows than MPI can count.
    pub fn new(
        modes: Modes,
        (rank, ranks): (usize, usize),
        slots: usize,
        shared: bool,
    ) -> Result<Self> {
        let nz = modes.grid.points[2];
        let tallest = share(nz, 0, ranks).len();
        let plane_stride = tallest + usize::from(tallest.is_multiple_of(ALIASING_ROWS));
        let shared = shared || ranks == 1;
        let message = slots * share(modes.bundles(), 0, ranks).len() * plane_stride;
        let parts = if shared { 1 } else { (message / ROWS_WORTH_A_MESSAGE).clamp(1, MOST_PARTS) };
        let plan = Plan {
            modes,
            rank,
            ranks,
            slots,
            shared,
            bundles: share(modes.bundles(), rank, ranks),
            planes: share(nz, rank, ranks),
            plane_stride,
            parts,
        };
        // The first rank has the largest share of both.
        let largest = Plan { bundles: share(modes.bundles(), 0, ranks), ..plan.clone() };
        let rows = largest.columns_len().max(largest.planes_len()) / modes.row_len();
        if !plan.shared && i32::try_from(rows).is_err() {
            let [nx, ny, nz] = modes.grid.points;
            return Err(Error::input(format!(
                "grid.points = [{nx}, {ny}, {nz}] on {ranks} ranks needs an exchange of {rows} rows \
                 a rank, and MPI counts to {}; use at least {} ranks",
                i32::MAX,
                (rows as u64 * ranks as u64).div_ceil(i32::MAX as u64)
            )));
        }
        Ok(plan)
    }

    /// Number of ranks that have planes.
    fn ranks_with_planes(&self) -> usize {
        self.ranks.min(self.modes.grid.points[2])
    }

    /// Numbers in a block of `fields` fields of `bundles` bundles.
    fn block_len(&self, fields: usize, bundles: usize) -> usize {
        fields * bundles * self.plane_stride * self.modes.row_len()
    }

    /// Bundles that the columns' side has room for: this rank's, or in a shared array all.
    fn column_bundles(&self) -> Range<usize> {
        if self.shared { 0..self.modes.bundles() } else { self.bundles.clone() }
    }

    /// One part of some rank's bundles.
    fn part_of(&self, rank: usize, part: usize) -> Range<usize> {
        let bundles = share(self.modes.bundles(), rank, self.ranks);
        let within = share(bundles.len(), part, self.parts);
        bundles.start + within.start..bundles.start + within.end
    }

    /// One part of this rank's bundles.
    pub fn part(&self, part: usize) -> Range<usize> {
        self.part_of(self.rank, part)
    }

    /// Offset of a field's rows of `bundle`, which belongs to the run `run` of bundles that lie
    /// together, counted from where the run of bundle 0 would begin.
    fn shift(&self, run: &Range<usize>, field: usize, bundle: usize) -> usize {
        self.block_len(self.slots, run.start)
            + self.block_len(1, field * run.len() + bundle - run.start)
    }

    /// Numbers in the exchange on the columns' side.
    pub fn columns_len(&self) -> usize {
        self.ranks_with_planes() * self.block_len(self.slots, self.column_bundles().len())
    }

    /// In a shared array: where the segment of this rank's planes begins.
    pub fn first_plane_number(&self) -> usize {
        self.rank.min(self.ranks_with_planes()) * self.block_len(self.slots, self.modes.bundles())
    }

    /// Numbers in the exchange on the planes' side.
    pub fn planes_len(&self) -> usize {
        if self.planes.is_empty() { 0 } else { self.block_len(self.slots, self.modes.bundles()) }
    }

    /// Columns' side: offset of the row of each plane, for field 0 and this rank's first bundle.
    pub fn column_rows(&self) -> Vec<usize> {
        let block = self.block_len(self.slots, self.column_bundles().len());
        let mut rows = Vec::with_capacity(self.modes.grid.points[2]);
        for destination in 0..self.ranks_with_planes() {
            let planes = share(self.modes.grid.points[2], destination, self.ranks).len();
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
            - self.block_len(self.slots, all.start)
    }

    /// Planes' side: offset of the rows of a y-line of this rank's first plane, in the order of
    /// the transform along y; rows of cut-off ny are [`ABSENT`].
    pub fn plane_rows(&self, field: usize, bundle_along_x: usize) -> Vec<usize> {
        let first = self.modes.bundles_at(bundle_along_x..bundle_along_x + 1).start;
        let runs: Vec<_> = if self.shared {
            vec![self.column_bundles()]
        } else {
            let parts = |rank| (0..self.parts).map(move |part| self.part_of(rank, part));
            (0..self.ranks).flat_map(parts).collect()
        };
        transform_order(self.modes.grid.points[1], self.modes.cutoff_y(bundle_along_x))
            .map(|index| {
                let Some(index) = index else { return ABSENT };
                let bundle = first + index;
                self.shift(&runs[runs.partition_point(|run| run.end <= bundle)], field, bundle)
            })
            .collect()
    }

    /// Rows of `fields` fields between one part of this rank's columns and every rank's planes.
    pub fn column_counts(&self, part: usize, fields: usize) -> Counts {
        let bundles = self.part(part);
        let block = self.slots * self.bundles.len() * self.plane_stride;
        let start = self.slots * (bundles.start - self.bundles.start) * self.plane_stride;
        let rows = fields * bundles.len() * self.plane_stride;
        let has_planes = |rank| rank < self.ranks_with_planes();
        Counts {
            counts: (0..self.ranks).map(|r| if has_planes(r) { rows as i32 } else { 0 }).collect(),
            offsets: (0..self.ranks)
                .map(|r| if has_planes(r) { (r * block + start) as i32 } else { 0 })
                .collect(),
        }
    }

    /// Rows of `fields` fields between this rank's planes and one part of every rank's columns.
    pub fn plane_counts(&self, part: usize, fields: usize) -> Counts {
        let mut counts = Counts::default();
        for source in 0..self.ranks {
            let bundles = self.part_of(source, part);
            let rows = |fields, bundles| (fields * bundles * self.plane_stride) as i32;
            let used = !self.planes.is_empty();
            counts.counts.push(if used { rows(fields, bundles.len()) } else { 0 });
            counts.offsets.push(if used { rows(self.slots, bundles.start) } else { 0 });
        }
        counts
    }

    /// Bytes that this rank sends to other ranks when `fields` fields of `number_size`-byte
    /// numbers go from columns to planes.
    pub fn bytes_sent(&self, fields: usize, number_size: usize) -> usize {
        let others = self.ranks_with_planes() - usize::from(!self.planes.is_empty());
        let rows = others * fields * self.bundles.len() * self.plane_stride;
        rows * self.modes.row_len() * number_size
    }
}

/// The bundles of a rank: members of a group have different bundles along x, and what a member
/// of all groups has is dealt to these.
pub fn bundles_of(modes: &Modes, rank: usize, grid: RankGrid) -> Range<usize> {
    let (group, member) = grid.place(rank);
    let all = modes.bundles_at(share(modes.bundles_along_x(), member, grid.members));
    let within = share(all.len(), group, grid.groups);
    all.start + within.start..all.start + within.end
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

    fn plans(points: [usize; 3], ranks: usize, shared: bool) -> Vec<Plan> {
        let modes = Modes::new(Grid::two_thirds(points, [1.0; 3]), 4);
        (0..ranks).map(|r| Plan::new(modes, (r, ranks), 3, shared).unwrap()).collect()
    }

    /// Every row that a rank sends lands where the receiver looks for it: the exchange is played
    /// through with rows that carry their own (field, bundle, plane).
    #[test]
    fn rows_arrive_where_they_are_looked_for() {
        for (points, ranks) in
            [([12, 10, 16], 1), ([12, 10, 7], 3), ([16, 9, 4], 6), ([8, 2, 5], 7), ([30, 7, 33], 2)]
        {
            for (fields, parts) in [(1, 1), (2, 4), (3, 1), (3, 3)] {
                let mut plans = plans(points, ranks, false);
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
                            assert_eq!(from.counts[rank], to.counts[plan.rank]);
                            let count = from.counts[rank] as usize;
                            let a = from.offsets[rank] as usize;
                            let b = to.offsets[plan.rank] as usize;
                            received[rank][b..b + count].copy_from_slice(&send[a..a + count]);
                        }
                    }
                }
                for (plan, received) in plans.iter().zip(&received) {
                    for field in 0..fields {
                        for along_x in 0..plan.modes.bundles_along_x() {
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
        for (points, ranks) in [([12, 10, 16], 1), ([12, 10, 7], 3), ([16, 9, 4], 6)] {
            let plans = plans(points, ranks, true);
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
                let along_x = plan.modes.bundles_along_x();
                for (field, bundle) in (0..3).flat_map(|f| (0..along_x).map(move |b| (f, b))) {
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
        let error = Plan::new(modes, (0, 2), 4, false).unwrap_err();
        assert!(error.message.contains("grid.points = [16384, 16384, 16384]"), "{error}");
        assert!(Plan::new(modes, (0, 1024), 4, false).is_ok());
        assert!(Plan::new(modes, (0, 2), 4, true).is_ok());
    }
}
