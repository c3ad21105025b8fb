//! The share of one rank in a sweep: bundles, planes, rows, and the transposes that take rows between
//! them. Pure arithmetic, no data.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::grid::Region;
use crate::modes::Modes;
use crate::parallel::ProcessGrid;
use crate::real::Precision;

use super::decomposition::Decomposition;
use super::lines::ABSENT;
use super::transpose::{Storage, Transpose};

/// The decomposition as one rank sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The spectral layout.
    pub modes: Modes,
    /// Arrangement of the ranks.
    pub grid: ProcessGrid,
    /// Bundles of this rank.
    pub bundles: Range<usize>,
    /// Bundles along x of which this rank has the lines along y.
    pub along_x: Range<usize>,
    /// Planes of this rank and the others of its process row.
    pub planes: Range<usize>,
    /// Rows of these planes of which this rank has the lines along x.
    pub rows: Range<usize>,
    /// Fields that there is room for.
    pub room: Room,
    /// Between columns of modes and planes: among the ranks of a process column, which have the same
    /// bundles along x.
    pub z_to_y: Transpose,
    /// Between lines along y and lines along x: among the ranks of a process row, if they are several.
    /// Each field of a plane is one of its fields.
    pub y_to_x: Option<Transpose>,
}

/// The fields that a sweep has room for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// In columns, and on their way to planes and back.
    pub slots: usize,
    /// Products in physical space.
    pub products: usize,
    /// Of the numbers in rows of the transposes, and of plane buffers.
    pub precision: Precision,
}

impl Room {
    /// Fields in a plane.
    pub fn in_planes(&self) -> usize {
        self.slots.max(self.products)
    }
}

/// Numbers of ranks of each transpose that share memory: all, those of a node, or 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sharing {
    /// Of those of a process column.
    pub z_to_y: usize,
    /// Of those of a process row.
    pub y_to_x: usize,
}

impl Sharing {
    /// All ranks of a process grid share memory.
    pub fn all(grid: ProcessGrid) -> Self {
        Sharing { z_to_y: grid.rows, y_to_x: grid.columns }
    }

    /// Of ranks in nodes of `node`, a process row after the other: all or none of a process row that
    /// goes beyond a node.
    pub fn in_nodes(grid: ProcessGrid, node: usize) -> Self {
        let ProcessGrid { rows, columns } = grid;
        let of = |ranks: usize, node: usize| match node.min(ranks) {
            node if node > 1 && ranks.is_multiple_of(node) => node,
            _ => 1,
        };
        Sharing { z_to_y: of(rows, node / columns), y_to_x: of(columns, node) }
    }

    /// No two ranks do.
    pub const NONE: Sharing = Sharing { z_to_y: 1, y_to_x: 1 };
}

/// Parts when messages are passed: more overlap better, but each costs a latency.
const MOST_PARTS: usize = 4;

/// A message of fewer rows is not worth a part of its own: 32 KiB, which a network moves in the
/// time of a few latencies.
const ROWS_WORTH_A_MESSAGE: usize = 256;

/// Rows of a power-of-two distance fall into the same cache sets; such strides get one row more.
const ALIASING_ROWS: usize = 16;

/// Numbers of a rank that are transposed from y to x at a time: they fit into a cache, and make long
/// messages.
const NUMBERS_AT_A_TIME: usize = 1 << 16;

impl Plan {
    /// The share of `rank` in `grid`.
    ///
    /// # Errors
    /// A rank has to send more rows than MPI can count.
    pub fn new(
        modes: Modes,
        (rank, grid): (usize, ProcessGrid),
        room: Room,
        sharing: Sharing,
    ) -> Result<Self> {
        let decomposition = Decomposition { modes, grid };
        let share_of = |rank| {
            let (_, process_column) = grid.coordinates(rank);
            let Region { ranges: [_, rows, planes] } = decomposition.points_of(rank);
            Plan {
                modes,
                grid,
                bundles: decomposition.bundles_of(rank),
                along_x: decomposition.along_x().of(process_column),
                planes,
                rows,
                room,
                z_to_y: z_to_y(decomposition, rank, room, sharing.z_to_y),
                y_to_x: (grid.columns > 1)
                    .then(|| y_to_x(decomposition, rank, room, sharing.y_to_x)),
            }
        };
        // The first rank has the largest share of everything.
        let largest = share_of(0);
        for transpose in [Some(&largest.z_to_y), largest.y_to_x.as_ref()].into_iter().flatten() {
            check_rows(&modes, grid, transpose)?;
        }
        Ok(share_of(rank))
    }

    /// The grid points of this rank.
    pub fn points(&self) -> Region {
        let [nx, ..] = self.modes.grid.points;
        Region { ranges: [0..nx, self.rows.clone(), self.planes.clone()] }
    }

    /// Share of this rank in the lines of its planes, as far as those along y tell.
    pub fn share_of_planes(&self) -> f64 {
        self.along_x.len() as f64 / self.modes.bundles_along_x() as f64
    }

    /// Planes that are transposed from y to x at a time.
    pub fn planes_at_a_time(&self) -> usize {
        self.y_to_x.as_ref().map_or(1, |y_to_x| y_to_x.fields / self.room.in_planes())
    }

    /// Planes' side of the transpose from z: offset of the rows of a y-line of this rank's first plane,
    /// in the order of the transform along y; rows of cut-off ny are [`ABSENT`]. The bundle along x is
    /// one of this rank's.
    pub fn plane_rows(&self, field: usize, along_x: usize) -> Vec<usize> {
        let first = self.modes.bundles_at(along_x..along_x + 1).start;
        let row = |index: usize| self.z_to_y.to_offset(field, first + index);
        transform_order(self.modes.grid.points[1], self.modes.cutoff_y(along_x))
            .map(|index| index.map_or(ABSENT, row))
            .collect()
    }

    /// Bytes that this rank sends to others when `fields` fields go from columns to planes.
    pub fn bytes_z_to_y(&self, fields: usize) -> usize {
        self.z_to_y.bytes_sent(fields, self.room.precision.bytes())
    }

    /// Bytes that this rank sends to others of its process row when `fields` fields of its planes go
    /// from lines along y to lines along x.
    pub fn bytes_y_to_x(&self, fields: usize) -> usize {
        let (fields, number_size) = (self.planes.len() * fields, self.room.precision.bytes());
        let bytes = |y_to_x: &Transpose| y_to_x.bytes_sent(fields, number_size);
        self.y_to_x.as_ref().map_or(0, bytes)
    }
}

/// The transpose between columns of modes and planes.
fn z_to_y(decomposition: Decomposition, rank: usize, room: Room, node: usize) -> Transpose {
    let Decomposition { modes, grid } = decomposition;
    let (process_row, process_column) = grid.coordinates(rank);
    let (from, to) = (decomposition.bundles(process_column), decomposition.planes());
    let tallest = to.most();
    let stride = tallest + usize::from(tallest.is_multiple_of(ALIASING_ROWS));
    let storage = if node == grid.rows {
        Storage::OneArray
    } else {
        let message = room.slots * node * from.most() * stride;
        // No part is empty on a rank that has others: Open MPI 4.1 confuses all-to-alls in which a rank
        // now has something to move, and now nothing.
        let fewest = from.all.len() / from.ranks;
        let parts = (message / ROWS_WORTH_A_MESSAGE).min(fewest).clamp(1, MOST_PARTS);
        Storage::TwoArrays { parts, node }
    };
    let (fields, row_len) = (room.slots, modes.row_len());
    Transpose { from, to, rank: process_row, fields, row_len, stride, storage }
}

/// The transpose between lines along y and lines along x, of a few planes at a time. Lines along x
/// are transformed in whole blocks of rows.
fn y_to_x(decomposition: Decomposition, rank: usize, room: Room, node: usize) -> Transpose {
    let Decomposition { modes, grid } = decomposition;
    let (_, process_column) = grid.coordinates(rank);
    let (from, to, row_len) = (decomposition.along_x(), decomposition.rows(), modes.row_len());
    let stride = to.most().next_multiple_of(row_len);
    let numbers = from.all.len() * room.in_planes() * stride * row_len;
    let planes = (NUMBERS_AT_A_TIME / numbers.max(1)).clamp(1, decomposition.planes().most());
    let storage = if node == grid.columns {
        Storage::OneArray
    } else {
        Storage::TwoArrays { parts: 1, node }
    };
    let fields = room.in_planes() * planes;
    Transpose { from, to, rank: process_column, fields, row_len, stride, storage }
}

/// Refuses a transpose of whose rows MPI cannot count those of a rank.
fn check_rows(modes: &Modes, grid: ProcessGrid, transpose: &Transpose) -> Result<()> {
    let numbers = match transpose.storage {
        Storage::OneArray => 0,
        Storage::TwoArrays { .. } => transpose.from_len().max(transpose.to_len()),
    };
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

    const ROOM: Room = Room { slots: 3, products: 2, precision: Precision::Double };

    /// For each truncation, number of process columns, and process column: the plans of its ranks.
    fn plans(points: [usize; 3], rows: usize) -> Vec<Vec<Plan>> {
        let mut all = Vec::new();
        for grid in [Grid::two_thirds(points, [1.0; 3]), Grid::spherical(points, [1.0; 3])] {
            let modes = Modes::new(grid, 4);
            for columns in 1..=3 {
                let grid = ProcessGrid { rows, columns };
                let plan = |rank| Plan::new(modes, (rank, grid), ROOM, Sharing::all(grid)).unwrap();
                let of_column = |c| (0..rows).map(|r| plan(r * columns + c)).collect();
                all.extend((0..columns).map(of_column));
            }
        }
        all
    }

    /// Columns put rows where planes look for them, along y in the order of a transform.
    #[test]
    fn planes_find_the_rows_of_columns() {
        let cases = [([12, 10, 16], 1), ([12, 10, 7], 3), ([16, 9, 4], 6), ([8, 2, 5], 7)];
        for plans in cases.iter().flat_map(|&(points, rows)| plans(points, rows)) {
            let row_len = plans[0].modes.row_len();
            let mut array = vec![None; plans[0].z_to_y.from_len() / row_len];
            for plan in &plans {
                for (z, row) in plan.z_to_y.from_rows().iter().enumerate() {
                    for field in 0..ROOM.slots {
                        for bundle in plan.bundles.clone() {
                            let at = (row + plan.z_to_y.from_offset(field, bundle)) / row_len;
                            assert_eq!(array[at].replace((field, bundle, z)), None);
                        }
                    }
                }
            }
            for plan in &plans {
                let [_, ny, _] = plan.modes.grid.points;
                let lines = (0..ROOM.slots).flat_map(|f| plan.along_x.clone().map(move |b| (f, b)));
                for (field, along_x) in lines {
                    let rows = plan.plane_rows(field, along_x);
                    let first = plan.modes.bundles_at(along_x..along_x + 1).start;
                    let cutoff_y = plan.modes.cutoff_y(along_x);
                    for (index, row) in transform_order(ny, cutoff_y).zip(&rows) {
                        let Some(index) = index else { continue };
                        for z in plan.planes.clone() {
                            let at = (plan.z_to_y.segment_start() + row) / row_len;
                            let at = at + z - plan.planes.start;
                            assert_eq!(array[at], Some((field, first + index, z)));
                        }
                    }
                    let kept = rows.iter().filter(|&&row| row != ABSENT);
                    assert_eq!(kept.count(), 2 * cutoff_y + 1);
                }
            }
        }
    }

    #[test]
    fn more_rows_than_mpi_can_count_are_refused() {
        let modes = Modes::new(Grid::two_thirds([16384; 3], [1.0; 3]), 8);
        let room = Room { slots: 4, products: 4, precision: Precision::Double };
        let plan = |ranks, shared| {
            let grid = ProcessGrid::slabs(ranks);
            let sharing = if shared { Sharing::all(grid) } else { Sharing::NONE };
            Plan::new(modes, (0, grid), room, sharing)
        };
        let error = plan(2, false).unwrap_err();
        assert!(error.message.contains("grid.points = [16384, 16384, 16384]"), "{error}");
        assert!(plan(1024, false).is_ok());
        assert!(plan(2, true).is_ok());
    }
}
