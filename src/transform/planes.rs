//! The physical half of a sweep: one z-plane at a time, in cache.
//!
//! A plane goes through three stages:
//!
//! 1. inverse transforms along y, out of the exchange into sheets of kx-rows;
//! 2. block by block of 2 W rows: inverse transforms along x, the job's pointwise function on
//!    physical values, and forward transforms along x of its products, back into the sheets;
//! 3. forward transforms along y, the job's in-plane contraction, and back into the exchange where
//!    the plane came from.
//!
//! A rank with planes of its own takes each through all stages. The members of a group take a few
//! planes at a time through one stage, each its share, and turn the sheets in between (see
//! [`super::turn`]).

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::Result;
use crate::fields::{Aligned, zeros};
use crate::modes::Modes;
use crate::parallel::SharedSlice;
use crate::real::Real;
use crate::simd;

use super::exchange::{Blocks, Exchange};
use super::lines::{ABSENT, Direction, Lines, ReadTable, Source, Target, WriteTable, prefetch};
use super::plan::{Plan, transform_order};
use super::rows::{Pack, Rows, Unpack};
use super::sweep::{PlaneParts, Scratch, Sweep, lock};
use super::timings::{Part, Stopwatch, Timings};
use super::turn::{AlongX, AlongY, Turn};

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

    /// Makes `products` from `inputs`, both `[field][x][lane]`.
    fn pointwise(&self, block: Block, inputs: &[T], products: &mut [T]);

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
    start: *mut T,
    /// For each field: the rows of its kept ny, in storage order.
    fields: &'a [Vec<usize>],
    /// Number of ny that are kept there.
    ny: usize,
    /// Numbers in a row.
    row_len: usize,
    /// From one field to the next in `fields`.
    stride: usize,
}

impl<T: Real> OutputRows<'_, T> {
    /// The row of a field and an index of ny, `[re lanes, im lanes]`.
    #[inline(always)]
    pub fn row(&mut self, field: usize, ny: usize) -> &mut [T] {
        let offset = self.fields[field * self.stride][ny];
        // SAFETY: made only by `Plane::forward_y`, whose caller vouches for the exchange; one row
        // is lent at a time.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(offset), self.row_len) }
    }
}

/// Plans and row tables for planes.
pub struct PlaneTables<T: Real> {
    x: Lines<T>,
    y: Lines<T>,
    /// Fields that a plane has room for.
    fields: usize,
    /// What lies between lines along y and lines along x.
    pub(super) turn: Turn,
    along_y: AlongY,
    along_x: AlongX,
    /// x-lines: modes to values and back.
    x_modes: ReadTable,
    x_values: WriteTable,
    x_products: ReadTable,
    x_outputs: WriteTable,
    /// y-lines: rows of the exchange to rows of sheets, for each `[slot][bundle of the section]`,
    /// and back as far as kept modes side by side.
    y_exchange: Vec<ReadTable>,
    y_values: WriteTable,
    y_products: ReadTable,
    /// By the largest kept ny of a bundle along x.
    y_outputs: BTreeMap<usize, WriteTable>,
    /// Rows of the exchange that the kept modes of a y-line go to, for each
    /// `[slot][bundle of the section]`.
    y_kept: Vec<Vec<usize>>,
}

impl<T: Real> PlaneTables<T> {
    /// Tables for planes of `fields` fields; `shared` says whether the members of a group share
    /// memory. Refused when a group has more rows than MPI can count.
    pub(super) fn new(plan: &Plan, fields: usize, shared: bool) -> Result<Self> {
        let Modes { grid, .. } = plan.modes;
        let ([nx, ny, _], [kx, ..]) = (grid.points, grid.cutoff);
        let row_len = plan.modes.row_len();
        let turn = Turn::new(plan, fields, shared)?;
        let (along_y, along_x) = (turn.along_y(), turn.along_x());
        let (x, y) = (Lines::new(nx), Lines::new(ny));
        let x_rows: Vec<_> = (0..nx).map(|j| j * row_len).collect();
        let x_kept: Vec<_> = transform_order(nx, kx)
            .zip(&x_rows)
            .map(|(index, &row)| if index.is_some() { row } else { ABSENT })
            .collect();
        let y_kept = |cutoff_y| -> Vec<_> {
            let kept = transform_order(ny, cutoff_y);
            kept.map(|i| i.map_or(ABSENT, |i| i * row_len)).collect()
        };
        let y_cutoffs = plan.section.clone().map(|b| plan.modes.cutoff_y(b));
        let exchange: Vec<Vec<usize>> = (0..plan.slots)
            .flat_map(|field| plan.section.clone().map(move |b| plan.plane_rows(field, b)))
            .collect();
        let kept = |rows: &Vec<usize>| rows.iter().copied().filter(|&r| r != ABSENT).collect();
        Ok(PlaneTables {
            x_modes: x.read_table(&x_kept),
            x_values: x.write_table(&x_rows),
            x_products: x.read_table(&x_rows),
            x_outputs: x.write_table(&x_kept),
            y_exchange: exchange.iter().map(|rows| y.read_table(rows)).collect(),
            y_values: y.write_table(&along_y.rows),
            y_products: y.read_table(&along_y.rows),
            y_outputs: y_cutoffs.map(|cut| (cut, y.write_table(&y_kept(cut)))).collect(),
            y_kept: exchange.iter().map(kept).collect(),
            x,
            y,
            fields,
            turn,
            along_y,
            along_x,
        })
    }

    /// Numbers in the sheets between lines along y and lines along x, but for those of one plane
    /// that a thread has.
    pub(super) fn turn_numbers(&self) -> usize {
        match (self.turn.peers(), self.turn.shared()) {
            (1, _) => 0,
            (_, true) => self.turn.planes_len(),
            (_, false) => self.turn.columns_len() + self.turn.planes_len(),
        }
    }
}

/// What one thread needs for planes.
pub struct PlaneScratch<T: Real> {
    work: Aligned<T>,
    /// One x-line of modes.
    line: Aligned<T>,
    /// `[field][x][lane]`.
    inputs: Aligned<T>,
    products: Aligned<T>,
    /// `[product][ny][re lanes, im lanes]`.
    modes: Aligned<T>,
}

impl<T: Real> PlaneScratch<T> {
    /// Numbers in the scratch of one thread.
    pub(super) fn numbers(tables: &PlaneTables<T>, plan: &Plan) -> usize {
        let row_len = plan.modes.row_len();
        let block = plan.modes.grid.points[0] * row_len;
        tables.x.work_len().max(tables.y.work_len())
            + tables.fields * plan.modes.ny() * row_len
            + (1 + plan.slots + tables.fields) * block
    }

    pub(super) fn new(tables: &PlaneTables<T>, plan: &Plan) -> Self {
        let row_len = plan.modes.row_len();
        let block = plan.modes.grid.points[0] * row_len;
        PlaneScratch {
            work: zeros(tables.x.work_len().max(tables.y.work_len())),
            line: zeros(block),
            inputs: zeros(plan.slots * block),
            products: zeros(tables.fields * block),
            modes: zeros(tables.fields * plan.modes.ny() * row_len),
        }
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
            let Scratch { planes, sheets, timings, .. } = &mut *scratch;
            let mut watch = Stopwatch::start();
            for z in run {
                let z = range.start + z;
                // SAFETY: rows of different planes do not overlap (tested in `plan`) and every
                // plane is worked on by one thread; tables stay within the buffer, and so does z.
                let start = unsafe { exchange.as_mut_ptr().add(z * plan.modes.row_len()) };
                let sheets = sheets.as_mut_ptr();
                let mut plane = Plane { plan, tables, job, scratch: planes, sheets, at: 0 };
                // SAFETY: as above; the sheets are this thread's alone.
                unsafe {
                    plane.inverse_y(start, 0..plan.section.len());
                    for block in plane.blocks(z) {
                        plane.lines_along_x(block, &mut watch, timings);
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
            (plan.section.len(), tables.turn.rows.len().div_ceil(plan.modes.row_len()));
        for first in range.clone().step_by(tables.turn.planes) {
            let planes = first..(first + tables.turn.planes).min(range.end);
            // Each thread has some of all lines or blocks of the planes.
            let stage = |sheets: SharedSlice<T>, each: usize, work: &StageWork<T>| {
                team.run(planes.len() * each, |thread, run| {
                    let mut scratch = lock(&scratch[thread]);
                    let Scratch { planes: scratch, timings, .. } = &mut *scratch;
                    let mut watch = Stopwatch::start();
                    let sheets = sheets.as_mut_ptr();
                    let mut plane = Plane { plan, tables, job, scratch, sheets, at: 0 };
                    for (at, some) in rectangles(run, each) {
                        plane.at = at;
                        work(&mut plane, first + at, some, &mut watch, timings);
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
            let inverse_y: &StageWork<T> = &|plane, z, some, _, _| unsafe {
                plane.inverse_y(start(z), some);
            };
            let lines_along_x: &StageWork<T> = &|plane, z, some, watch, timings| unsafe {
                for block in plane.blocks(z).skip(some.start).take(some.len()) {
                    plane.lines_along_x(block, watch, timings);
                }
            };
            let forward_y: &StageWork<T> = &|plane, z, some, _, _| unsafe {
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

/// Work on some lines or blocks of a plane in one stage: `work(plane, z, which, watch, timings)`.
type StageWork<'a, T> =
    dyn Fn(&mut Plane<T>, usize, Range<usize>, &mut Stopwatch, &mut Timings) + Sync + 'a;

/// The part of each line, as long as `width`, that a run has when lines follow each other.
fn rectangles(run: Range<usize>, width: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let Range { start, end } = run;
    let lines = start / width.max(1)..end.div_ceil(width.max(1));
    lines.filter(move |_| start < end).map(move |line| {
        let first = line * width;
        (line, start.max(first) - first..end.min(first + width) - first)
    })
}

/// One plane at work.
struct Plane<'a, T: Real> {
    plan: &'a Plan,
    tables: &'a PlaneTables<T>,
    job: &'a dyn PlaneJob<T>,
    scratch: &'a mut PlaneScratch<T>,
    /// Sheets of this plane and others, as the stage at hand sees them.
    sheets: *mut T,
    /// How many planes have their sheets before this one.
    at: usize,
}

impl<'a, T: Real> Plane<'a, T> {
    /// This rank's blocks of its plane `z`.
    fn blocks(&self, z: usize) -> impl Iterator<Item = Block> + use<T> {
        let (lanes, points) = (self.plan.modes.row_len(), self.plan.modes.grid.points[0]);
        let (plane, Range { start, end }) =
            (self.plan.planes.start + z, self.tables.turn.rows.clone());
        (start..end).step_by(lanes).map(move |first_row| Block {
            plane,
            first_row,
            rows: lanes.min(end - first_row),
            points,
            lanes,
        })
    }

    /// Rows of a bundle of the section along y: offset of one sheet's.
    fn sheet_along_y(&self, sheet: usize, bundle: usize) -> usize {
        let AlongY { from_bundle, from_sheet, .. } = self.tables.along_y;
        sheet * from_sheet + bundle * from_bundle
    }

    /// Exchange to sheets, for some bundles of the section.
    ///
    /// # Safety
    /// `start` is where this plane's rows begin in the exchange; nobody else uses those of these
    /// lines, nor their sheets.
    unsafe fn inverse_y(&mut self, start: *const T, bundles: Range<usize>) {
        let width = self.plan.section.len();
        let inputs = self.job.inputs();
        for field in 0..inputs {
            for bundle in bundles.clone() {
                let line = field * width + bundle;
                let source = Source { start, table: &self.tables.y_exchange[line] };
                // The rows of a line lie far apart: those of the next one are called meanwhile.
                let is_last = bundle + 1 == bundles.end;
                let next = if is_last { (field + 1) * width + bundles.start } else { line + 1 };
                if next < inputs * width {
                    Source { start, table: &self.tables.y_exchange[next] }.prefetch();
                }
                let offset = self.sheet_along_y(self.at * inputs + field, bundle);
                // SAFETY: the caller's promise, and tables within the sheets.
                unsafe {
                    let start = self.sheets.add(offset);
                    let target = Target { start, table: &self.tables.y_values };
                    let work = &mut self.scratch.work;
                    self.tables.y.transform(Direction::Inverse, source, target, work);
                }
            }
        }
    }

    /// Takes a block to physical space, makes the products, and takes them back.
    ///
    /// # Safety
    /// Nobody else uses the sheets of these rows.
    unsafe fn lines_along_x(&mut self, block: Block, watch: &mut Stopwatch, timings: &mut Timings) {
        // SAFETY: the caller's promise.
        unsafe { self.inverse_x(block) };
        watch.lap(timings, Part::Planes);
        let inputs = &self.scratch.inputs[..self.job.inputs() * block.len()];
        let products = &mut self.scratch.products[..self.job.products() * block.len()];
        self.job.pointwise(block, inputs, products);
        watch.lap(timings, Part::Products);
        // SAFETY: the caller's promise.
        unsafe { self.forward_x(block) };
    }

    /// The rows of a block in one sheet.
    fn rows(&self, block: Block, sheet: usize) -> Rows<'a, T> {
        let AlongX { from_row, bundles, from_sheet } = &self.tables.along_x;
        let start = (block.first_row - self.tables.turn.rows.start) * from_row;
        // SAFETY: within the sheets.
        let start = unsafe { self.sheets.add(start) };
        Rows { start, stride: *from_row, bundles, from_sheet, sheet }
    }

    /// A block of the sheets to physical values.
    ///
    /// # Safety
    /// As [`Self::lines_along_x`].
    unsafe fn inverse_x(&mut self, block: Block) {
        let inputs = self.job.inputs();
        for field in 0..inputs {
            let tables = self.tables;
            let rows = self.rows(block, self.at * inputs + field);
            let scratch = &mut *self.scratch;
            simd::run(Pack { modes: &self.plan.modes, rows, line: &mut scratch.line });
            let source = Source { start: scratch.line.as_ptr(), table: &tables.x_modes };
            let start = scratch.inputs[field * block.len()..][..block.len()].as_mut_ptr();
            let target = Target { start, table: &tables.x_values };
            // SAFETY: tables stay within one line and one field of the block.
            unsafe { tables.x.transform(Direction::Inverse, source, target, &mut scratch.work) };
        }
    }

    /// Products of a block back into the sheets.
    ///
    /// # Safety
    /// As [`Self::lines_along_x`].
    unsafe fn forward_x(&mut self, block: Block) {
        let scale = 1.0 / self.plan.modes.grid.point_count();
        let products = self.job.products();
        for field in 0..products {
            let tables = self.tables;
            let rows = self.rows(block, self.at * products + field);
            let scratch = &mut *self.scratch;
            let start = scratch.products[field * block.len()..][..block.len()].as_ptr();
            let source = Source { start, table: &tables.x_products };
            let target = Target { start: scratch.line.as_mut_ptr(), table: &tables.x_outputs };
            // SAFETY: tables stay within one field of the block and one line.
            unsafe { tables.x.transform(Direction::Forward, source, target, &mut scratch.work) };
            let (modes, line, count) = (&self.plan.modes, &scratch.line[..], block.rows);
            simd::run(Unpack { modes, line, rows, count, scale });
        }
    }

    /// Sheets to exchange, for some bundles of the section.
    ///
    /// # Safety
    /// As [`Self::inverse_y`].
    unsafe fn forward_y(&mut self, start: *mut T, bundles: Range<usize>) {
        let products = self.job.products();
        if products == 0 {
            return;
        }
        let row_len = self.plan.modes.row_len();
        let width = self.plan.section.len();
        for bundle in bundles {
            let along_x = self.plan.section.start + bundle;
            let cutoff_y = self.plan.modes.cutoff_y(along_x);
            let kept = &self.tables.y_outputs[&cutoff_y];
            let ny = 2 * cutoff_y + 1;
            let line_len = ny * row_len;
            // The rows that the contraction writes lie far apart: they are called meanwhile.
            for field in 0..self.job.outputs() {
                prefetch(start, &self.tables.y_kept[field * width + bundle]);
            }
            for field in 0..products {
                let offset = self.sheet_along_y(self.at * products + field, bundle);
                let scratch = &mut *self.scratch;
                let target =
                    Target { start: scratch.modes[field * line_len..].as_mut_ptr(), table: kept };
                // SAFETY: the caller's promise; tables stay within the sheets and one line of modes.
                unsafe {
                    let start = self.sheets.add(offset).cast_const();
                    let source = Source { start, table: &self.tables.y_products };
                    self.tables.y.transform(Direction::Forward, source, target, &mut scratch.work);
                }
            }
            let mut outputs = OutputRows {
                start,
                fields: &self.tables.y_kept[bundle..],
                ny,
                row_len,
                stride: width,
            };
            let modes = &self.scratch.modes[..products * line_len];
            self.job.contract(along_x, modes, &mut outputs);
        }
    }
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
