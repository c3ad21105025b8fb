//! The physical half of a sweep: one z-plane at a time, in cache.
//!
//! A plane goes through three stages:
//!
//! 1. inverse transforms along y, out of the exchange into sheets of kx-rows;
//! 2. block by block of 2 W rows (W = `Vector::WIDTH`): inverse transforms along x, the job's look at
//!    physical values, and one by one its products and their forward transforms along x, back into
//!    the sheets;
//! 3. forward transforms along y, the job's in-plane contraction, and back into the exchange where
//!    the plane came from.
//!
//! A rank with planes of its own takes each through all stages. The members of a group take a few
//! planes at a time through one stage, each its share, and turn the sheets in between (see
//! [`super::turn`]).

use std::ops::Range;

use crate::parallel::SharedSlice;
use crate::real::Real;

use super::exchange::Exchange;
use super::stages::Plane;
use super::sweep::{PlaneParts, Scratch, Sweep, lock};
use super::timings::{Part, Stopwatch};

/// Which physical values a pointwise function is looking at: value (x, l) of a field is at
/// y = `first_row` + l, for l < `rows`; lanes l >= `rows` are zero and mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// z index of the plane, in the whole grid.
    pub plane: usize,
    /// y index of lane 0.
    pub first_row: usize,
    /// Lanes in use.
    pub rows: usize,
    /// Points along x.
    pub points: usize,
    /// Lanes from one x to the next.
    pub lanes: usize,
}

impl Block {
    /// Numbers in one field: `[points][lanes]`.
    pub fn len(&self) -> usize {
        self.points * self.lanes
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Work on planes: what comes in, what is made of it at each point, and what goes back.
pub trait PlaneJob<T: Real>: Sync {
    /// Fields that come in from the exchange.
    fn inputs(&self) -> usize;

    /// Fields made at each point, to be transformed forward.
    fn products(&self) -> usize {
        0
    }

    /// Fields that go back into the exchange; the in-plane contraction makes them of the products.
    fn outputs(&self) -> usize {
        self.products()
    }

    /// Looks at the values of a block, `[field][x][lane]`, before any product is made of them.
    fn look(&self, block: Block, inputs: &[T]) {
        let _ = (block, inputs);
    }

    /// Makes one product, `[x][lane]`, from `inputs`, `[field][x][lane]`. It is asked for just before
    /// it is transformed, so that few values are in use at a time.
    fn product(&self, index: usize, block: Block, inputs: &[T], product: &mut [T]) {
        let _ = (index, block, inputs, product);
    }

    /// Makes the outputs from the products: `modes` is `[product][ny][re lanes, im lanes]` of the
    /// columns whose bundle along x is `bundle_along_x`, with the ny that are kept there; each row
    /// of an output goes to its place.
    fn contract(&self, bundle_along_x: usize, modes: &[T], outputs: &mut OutputRows<T>) {
        let _ = bundle_along_x;
        let rows = modes.chunks_exact(outputs.row_len);
        for (index, row) in rows.enumerate() {
            outputs.row(index / outputs.ny, index % outputs.ny).copy_from_slice(row);
        }
    }
}

/// Rows of the exchange that the columns of one bundle along x go back to.
pub struct OutputRows<'a, T> {
    pub(super) start: *mut T,
    /// Of the rows of each field's kept ny, in storage order: `[field][ny]`.
    pub(super) offsets: &'a [usize],
    /// Number of ny that are kept there.
    pub(super) ny: usize,
    /// Numbers in a row.
    pub(super) row_len: usize,
}

impl<T: Real> OutputRows<'_, T> {
    /// The same rows in a value of one's own, which the compiler can keep in registers while rows are
    /// written.
    #[inline(always)]
    pub fn reborrow(&mut self) -> OutputRows<'_, T> {
        OutputRows { start: self.start, offsets: self.offsets, ny: self.ny, row_len: self.row_len }
    }

    /// The row of a field and an index of ny, `[re lanes, im lanes]`.
    #[inline(always)]
    pub fn row(&mut self, field: usize, ny: usize) -> &mut [T] {
        let offset = self.offsets[field * self.ny + ny];
        // SAFETY: made only by `Plane::forward_y`, whose caller vouches for the exchange; one row
        // is lent at a time.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(offset), self.row_len) }
    }
}

impl<T: Real> Sweep<T> {
    /// Runs a job on the planes `range` of this rank (counted from its first one). Collective among
    /// the members of a group, which have the same planes.
    pub fn planes(&mut self, range: Range<usize>, job: &dyn PlaneJob<T>) {
        let (exchange, mut parts) = self.plane_parts();
        match parts.turn.take() {
            None => parts.whole_planes(exchange, range, job),
            Some(turn) => parts.shared_planes(exchange, turn, range, job),
        }
    }
}

impl<T: Real> PlaneParts<'_, T> {
    /// Takes every plane through all stages.
    fn whole_planes(&self, exchange: SharedSlice<T>, range: Range<usize>, job: &dyn PlaneJob<T>) {
        let Self { plan, tables, scratch, .. } = *self;
        self.team.run(range.len(), |thread, run| {
            let mut scratch = lock(&scratch[thread]);
            let Scratch { planes: scratch, sheets, timings, .. } = &mut *scratch;
            let mut watch = Stopwatch::start();
            for z in run {
                let z = range.start + z;
                // SAFETY: rows of different planes do not overlap (tested in `plan`) and every
                // plane is worked on by one thread; tables stay within the buffer, and so does z.
                let start = unsafe { exchange.as_mut_ptr().add(z * plan.modes.row_len()) };
                let sheets = sheets.as_mut_ptr();
                let mut plane = Plane { plan, tables, job, scratch, sheets, at: 0, planes: 1 };
                // SAFETY: as above; the sheets are this thread's alone.
                unsafe {
                    plane.inverse_y(start, 0..plan.section.len());
                    for block in plane.blocks(z) {
                        plane.lines_along_x(block);
                    }
                    plane.forward_y(start, 0..plan.section.len());
                }
                watch.lap(timings, Part::Planes);
            }
        });
    }

    /// Takes this member's share of a few planes at a time through one stage after the other.
    fn shared_planes(
        &mut self,
        exchange: SharedSlice<T>,
        turn: &mut Exchange<T>,
        range: Range<usize>,
        job: &dyn PlaneJob<T>,
    ) {
        let Self { plan, tables, team, scratch, .. } = *self;
        let (lines, blocks) =
            (plan.section.len(), tables.turn.rows.len().div_ceil(tables.x.row_len()));
        for first in range.clone().step_by(tables.turn.planes) {
            let planes = first..(first + tables.turn.planes).min(range.end);
            // Each thread has some of all lines or blocks of the planes.
            let stage = |sheets: SharedSlice<T>, each: usize, work: &StageWork<T>| {
                team.run(planes.len() * each, |thread, run| {
                    let mut scratch = lock(&scratch[thread]);
                    let Scratch { planes: scratch, timings, .. } = &mut *scratch;
                    let mut watch = Stopwatch::start();
                    let sheets = sheets.as_mut_ptr();
                    let count = planes.len();
                    let mut plane =
                        Plane { plan, tables, job, scratch, sheets, at: 0, planes: count };
                    for (at, some) in rectangles(run, each) {
                        plane.at = at;
                        work(&mut plane, first + at, some);
                    }
                    watch.lap(timings, Part::Planes);
                });
            };
            let start = |z: usize| {
                // SAFETY: planes are within the exchange.
                unsafe { exchange.as_mut_ptr().add(z * plan.modes.row_len()) }
            };
            // SAFETY (of all stages): rows of different lines, blocks and planes do not overlap
            // (tested in `plan` and `turn`), and each is worked on by one thread.
            let inverse_y: &StageWork<T> = &|plane, z, some| unsafe {
                plane.inverse_y(start(z), some);
            };
            let lines_along_x: &StageWork<T> = &|plane, z, some| unsafe {
                for block in plane.blocks(z).skip(some.start).take(some.len()) {
                    plane.lines_along_x(block);
                }
            };
            let forward_y: &StageWork<T> = &|plane, z, some| unsafe {
                plane.forward_y(start(z), some);
            };
            let mut watch = Stopwatch::start();
            turn.clear();
            watch.lap(self.timings, Part::Exchange);
            if job.inputs() > 0 {
                stage(turn.columns(), lines, inverse_y);
                watch = Stopwatch::start();
                turn.to_planes(planes.len() * job.inputs());
                watch.lap(self.timings, Part::Exchange);
            }
            stage(turn.planes(), blocks, lines_along_x);
            if job.products() > 0 {
                watch = Stopwatch::start();
                turn.to_columns(planes.len() * job.products());
                turn.arrive(0);
                watch.lap(self.timings, Part::Exchange);
                stage(turn.columns(), lines, forward_y);
            }
        }
    }
}

/// Work on some lines or blocks of a plane in one stage: `work(plane, z, which)`.
type StageWork<'a, T> = dyn Fn(&mut Plane<T>, usize, Range<usize>) + Sync + 'a;

/// The part of each line, as long as `width`, that a run has when lines follow each other.
fn rectangles(run: Range<usize>, width: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let Range { start, end } = run;
    let lines = start / width.max(1)..end.div_ceil(width.max(1));
    lines.filter(move |_| start < end).map(move |line| {
        let first = line * width;
        (line, start.max(first) - first..end.min(first + width) - first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_lines_are_cut_at_their_ends() {
        let parts = |run, width| rectangles(run, width).collect::<Vec<_>>();
        assert_eq!(parts(2..9, 4), [(0, 2..4), (1, 0..4), (2, 0..1)]);
        assert_eq!(parts(5..7, 4), [(1, 1..3)]);
        assert_eq!(parts(4..4, 4), []);
        assert_eq!(parts(0..0, 0), []);
    }
}
