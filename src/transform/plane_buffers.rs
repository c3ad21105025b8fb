//! Places of rows between lines along y and lines along x.
//!
//! A *plane buffer* is one field of one plane there. Lines along y are of the bundles along x of this
//! rank, lines along x of its rows, in *blocks* of 2 W rows (W = `T::LANES`).
//!
//! A rank that has planes of its own takes one plane at a time through a thread's buffers
//! `[row][bundle along x]`, and transposes it by looking at it the other way. The ranks of a process
//! row have the buffers of a few planes in a [`Transpose`].

use super::plan::Plan;
use super::transpose::Transpose;

/// The plane buffers as lines see them.
pub struct PlaneBuffers {
    /// Numbers in those of one thread; none where a transpose has them.
    pub len: usize,
    /// As lines along y see them.
    pub along_y: AlongY,
    /// As lines along x see them.
    pub along_x: AlongX,
}

/// Places of the rows of lines along y: row y of one of this rank's bundles along x lies at
/// `rows[y] + bundle * from_bundle + buffer * from_buffer`.
pub struct AlongY {
    /// Of every row of the grid.
    pub rows: Vec<usize>,
    /// From one bundle to the next.
    pub from_bundle: usize,
    /// From one buffer to the next.
    pub from_buffer: usize,
}

/// Places of the rows of lines along x: row y (counted from this rank's first) of a bundle along x
/// lies at `y * from_row + bundles[bundle] + buffer * from_buffer[bundle]`.
pub struct AlongX {
    /// From one row to the next.
    pub from_row: usize,
    /// Of every bundle along x.
    pub bundles: Vec<usize>,
    /// From one buffer to the next, for every bundle along x.
    pub from_buffer: Vec<usize>,
}

impl PlaneBuffers {
    /// The buffers of a rank.
    pub fn new(plan: &Plan) -> Self {
        match &plan.y_to_x {
            None => PlaneBuffers::of_thread(plan),
            Some(transpose) => PlaneBuffers::of_process_row(transpose),
        }
    }

    fn of_thread(plan: &Plan) -> Self {
        let ([_, ny, _], row_len) = (plan.modes.grid.points, plan.modes.row_len());
        let along_x = plan.modes.bundles_along_x();
        // An odd number of bundles: the rows of a line along y do not share cache sets.
        let from_row = (along_x | 1) * row_len;
        // Blocks reach past the last row; the rows there stay zero.
        let from_buffer = ny.next_multiple_of(row_len) * from_row;
        PlaneBuffers {
            len: plan.room.in_planes() * from_buffer,
            along_y: AlongY {
                rows: (0..ny).map(|y| y * from_row).collect(),
                from_bundle: row_len,
                from_buffer,
            },
            along_x: AlongX {
                from_row,
                bundles: (0..along_x).map(|bundle| bundle * row_len).collect(),
                from_buffer: vec![from_buffer; along_x],
            },
        }
    }

    fn of_process_row(transpose: &Transpose) -> Self {
        let Transpose { from, rank, row_len, .. } = transpose;
        // A rank without bundles has no lines along y.
        let first = from.of(*rank).next();
        let offset = first.map_or(0, |bundle| transpose.from_offset(0, bundle));
        PlaneBuffers {
            len: 0,
            along_y: AlongY {
                rows: transpose.from_rows().iter().map(|row| row + offset).collect(),
                from_bundle: transpose.line_len(),
                from_buffer: first.map_or(0, |bundle| transpose.field_len(bundle)),
            },
            along_x: AlongX {
                from_row: *row_len,
                bundles: from.all.clone().map(|bundle| transpose.to_offset(0, bundle)).collect(),
                from_buffer: from.all.clone().map(|bundle| transpose.field_len(bundle)).collect(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Room, Sharing};
    use super::*;
    use crate::grid::Grid;
    use crate::modes::Modes;
    use crate::parallel::ProcessGrid;
    use crate::real::Precision;

    const ROOM: Room = Room { slots: 2, products: 2, precision: Precision::Double };

    /// The plans of the ranks of process rows: some share evenly, some not, some have nothing to do.
    fn process_rows(sharing: fn(ProcessGrid) -> Sharing) -> Vec<Vec<Plan>> {
        let cases = [([30, 24, 6], 1), ([30, 24, 6], 2), ([60, 50, 3], 3), ([12, 20, 9], 5)];
        let process_row = |&(points, columns): &([usize; 3], usize)| {
            let modes = Modes::new(Grid::two_thirds(points, [1.0; 3]), 4);
            let grid = ProcessGrid { rows: 2, columns };
            let plan = |rank| Plan::new(modes, (rank, grid), ROOM, sharing(grid));
            (0..columns).map(|rank| plan(rank).unwrap()).collect()
        };
        cases.iter().map(process_row).collect()
    }

    /// A row: y, bundle and buffer.
    type Row = [usize; 3];

    /// Every place of one rank's lines along y.
    fn put(plan: &Plan, buffers: usize, array: &mut [Option<Row>]) {
        let AlongY { rows, from_bundle, from_buffer } = PlaneBuffers::new(plan).along_y;
        for buffer in 0..buffers {
            for (index, bundle) in plan.along_x.clone().enumerate() {
                for (y, row) in rows.iter().enumerate() {
                    let at = row + index * from_bundle + buffer * from_buffer;
                    let place = &mut array[at / plan.modes.row_len()];
                    assert_eq!(place.replace([y, bundle, buffer]), None);
                }
            }
        }
    }

    /// Lines along x find all rows.
    fn look(plan: &Plan, buffers: usize, array: &[Option<Row>]) {
        let AlongX { from_row, bundles, from_buffer } = PlaneBuffers::new(plan).along_x;
        for buffer in 0..buffers {
            for (bundle, start) in bundles.iter().enumerate() {
                for (row, y) in plan.rows.clone().enumerate() {
                    let at = row * from_row + start + buffer * from_buffer[bundle];
                    assert_eq!(array[at / plan.modes.row_len()], Some([y, bundle, buffer]));
                }
            }
        }
    }

    #[test]
    fn rows_arrive_where_they_are_looked_for() {
        for plans in process_rows(|_| Sharing::NONE).iter().filter(|plans| plans.len() > 1) {
            let row_len = plans[0].modes.row_len();
            let transposes: Vec<_> = plans.iter().flat_map(|plan| &plan.y_to_x).collect();
            let rows = |len| vec![None; len / row_len];
            let mut received: Vec<_> = transposes.iter().map(|t| rows(t.to_len())).collect();
            for buffers in [transposes[0].fields, 1] {
                for (source, (plan, transpose)) in plans.iter().zip(&transposes).enumerate() {
                    let mut sent = rows(transpose.from_len());
                    put(plan, buffers, &mut sent);
                    let from = transpose.from_counts(0, buffers);
                    for (target, receiver) in transposes.iter().enumerate() {
                        let to = receiver.to_counts(0, buffers);
                        let count = from.counts[target] as usize;
                        let (a, b) = (from.offsets[target] as usize, to.offsets[source] as usize);
                        received[target][b..b + count].copy_from_slice(&sent[a..a + count]);
                    }
                }
                plans.iter().zip(&received).for_each(|(plan, rows)| look(plan, buffers, rows));
            }
        }
    }

    #[test]
    fn rows_of_one_array_are_where_they_are_looked_for() {
        for plans in process_rows(Sharing::all) {
            let row_len = plans[0].modes.row_len();
            let of_threads = PlaneBuffers::new(&plans[0]).len;
            let len: usize =
                plans.iter().flat_map(|plan| &plan.y_to_x).map(Transpose::numbers).sum();
            let mut array = vec![None; (of_threads + len) / row_len];
            let buffers = ROOM.in_planes() * plans[0].planes_at_a_time();
            plans.iter().for_each(|plan| put(plan, buffers, &mut array));
            for plan in &plans {
                let first = plan.y_to_x.as_ref().map_or(0, Transpose::segment_start);
                look(plan, buffers, &array[first / row_len..]);
            }
        }
    }

    #[test]
    fn every_row_belongs_to_one_rank() {
        for plans in process_rows(|_| Sharing::NONE) {
            let [_, ny, _] = plans[0].modes.grid.points;
            let rows: Vec<_> = plans.iter().flat_map(|plan| plan.rows.clone()).collect();
            assert!(rows.iter().copied().eq(0..ny));
        }
    }
}
