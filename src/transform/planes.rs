//! The physical half of a sweep: one z-plane at a time, in cache.
//!
//! For each plane: inverse transforms along y into a plane of kx-rows; then, block by block of
//! 2 W rows, inverse transforms along x, the job's pointwise function on physical values, and
//! forward transforms along x of its products, back into the plane; then forward transforms along
//! y, the job's in-plane contraction, and back into the exchange where the plane came from.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::fields::{Aligned, zeros};
use crate::modes::Modes;
use crate::real::Real;
use crate::simd;

use super::lines::{ABSENT, Direction, Lines, ReadTable, Source, Target, WriteTable, prefetch};
use super::plan::{Plan, transform_order};
use super::rows::{Pack, Unpack};
use super::sweep::{PlaneParts, Sweep, lock};
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
    /// Numbers from one row of a plane to the next, and in one field of it.
    row_stride: usize,
    field_len: usize,
    /// x-lines: modes to values and back.
    x_modes: ReadTable,
    x_values: WriteTable,
    x_products: ReadTable,
    x_outputs: WriteTable,
    /// y-lines: rows of the exchange to rows of a plane, for each `[slot][bundle along x]`, and
    /// back as far as kept modes side by side.
    y_exchange: Vec<ReadTable>,
    y_values: WriteTable,
    y_products: ReadTable,
    /// By the largest kept ny of a bundle along x.
    y_outputs: BTreeMap<usize, WriteTable>,
    /// Rows of the exchange that the kept modes of a y-line go to, for each
    /// `[slot][bundle along x]`.
    y_kept: Vec<Vec<usize>>,
}

impl<T: Real> PlaneTables<T> {
    pub(super) fn new(plan: &Plan, fields: usize) -> Self {
        let Modes { grid, .. } = plan.modes;
        let ([nx, ny, _], [kx, ..]) = (grid.points, grid.cutoff);
        let row_len = plan.modes.row_len();
        let along_x = plan.modes.bundles_along_x();
        // An odd number of bundles apart, so that the rows of a column do not share cache sets.
        let row_stride = (along_x | 1) * row_len;
        let (x, y) = (Lines::new(nx), Lines::new(ny));
        let x_rows: Vec<_> = (0..nx).map(|j| j * row_len).collect();
        let x_kept: Vec<_> = transform_order(nx, kx)
            .zip(&x_rows)
            .map(|(index, &row)| if index.is_some() { row } else { ABSENT })
            .collect();
        let y_rows: Vec<_> = (0..ny).map(|j| j * row_stride).collect();
        let y_kept = |cutoff_y| -> Vec<_> {
            let kept = transform_order(ny, cutoff_y);
            kept.map(|i| i.map_or(ABSENT, |i| i * row_len)).collect()
        };
        let y_cutoffs = (0..along_x).map(|b| plan.modes.cutoff_y(b));
        let exchange: Vec<Vec<usize>> = (0..plan.slots)
            .flat_map(|field| (0..along_x).map(move |b| plan.plane_rows(field, b)))
            .collect();
        let kept = |rows: &Vec<usize>| rows.iter().copied().filter(|&r| r != ABSENT).collect();
        PlaneTables {
            x_modes: x.read_table(&x_kept),
            x_values: x.write_table(&x_rows),
            x_products: x.read_table(&x_rows),
            x_outputs: x.write_table(&x_kept),
            y_exchange: exchange.iter().map(|rows| y.read_table(rows)).collect(),
            y_values: y.write_table(&y_rows),
            y_products: y.read_table(&y_rows),
            y_outputs: y_cutoffs.map(|cut| (cut, y.write_table(&y_kept(cut)))).collect(),
            y_kept: exchange.iter().map(kept).collect(),
            x,
            y,
            fields,
            row_stride,
            // Blocks reach past the last row; the rows there stay zero.
            field_len: ny.next_multiple_of(row_len) * row_stride,
        }
    }
}

/// What one thread needs for planes.
pub struct PlaneScratch<T: Real> {
    work: Aligned<T>,
    /// `[field][y][bundle along x][re lanes, im lanes]`.
    plane: Aligned<T>,
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
            + tables.fields * (tables.field_len + plan.modes.ny() * row_len)
            + (1 + plan.slots + tables.fields) * block
    }

    pub(super) fn new(tables: &PlaneTables<T>, plan: &Plan) -> Self {
        let row_len = plan.modes.row_len();
        let block = plan.modes.grid.points[0] * row_len;
        PlaneScratch {
            work: zeros(tables.x.work_len().max(tables.y.work_len())),
            plane: zeros(tables.fields * tables.field_len),
            line: zeros(block),
            inputs: zeros(plan.slots * block),
            products: zeros(tables.fields * block),
            modes: zeros(tables.fields * plan.modes.ny() * row_len),
        }
    }
}

impl<T: Real> Sweep<T> {
    /// Runs a job on the planes `range` of this rank (counted from its first one).
    pub fn planes(&mut self, range: Range<usize>, job: &dyn PlaneJob<T>) {
        let (exchange, PlaneParts { plan, team, tables, scratch }) = self.plane_parts();
        let row_len = plan.modes.row_len();
        team.run(range.len(), |thread, run| {
            let mut scratch = lock(&scratch[thread]);
            let scratch = &mut *scratch;
            let mut watch = Stopwatch::start();
            for z in run {
                let z = range.start + z;
                // SAFETY: rows of different planes do not overlap (tested in `plan`) and every
                // plane is worked on by one thread; tables stay within the buffer, and so does z.
                let start = unsafe { exchange.as_mut_ptr().add(z * row_len) };
                let mut plane = Plane { plan, tables, job, scratch: &mut scratch.planes };
                // SAFETY: as above.
                unsafe { plane.inverse_y(start) };
                for first_row in (0..plan.modes.grid.points[1]).step_by(row_len) {
                    let block = plane.block(plan.planes.start + z, first_row);
                    plane.inverse_x(block);
                    watch.lap(&mut scratch.timings, Part::Planes);
                    plane.pointwise(block);
                    watch.lap(&mut scratch.timings, Part::Products);
                    plane.forward_x(block);
                }
                // SAFETY: as above.
                unsafe { plane.forward_y(start) };
                watch.lap(&mut scratch.timings, Part::Planes);
            }
        });
    }
}

/// One plane at work.
struct Plane<'a, T: Real> {
    plan: &'a Plan,
    tables: &'a PlaneTables<T>,
    job: &'a dyn PlaneJob<T>,
    scratch: &'a mut PlaneScratch<T>,
}

impl<T: Real> Plane<'_, T> {
    fn block(&self, plane: usize, first_row: usize) -> Block {
        let [nx, ny, _] = self.plan.modes.grid.points;
        let lanes = self.plan.modes.row_len();
        Block { plane, first_row, rows: lanes.min(ny - first_row), points: nx, lanes }
    }

    /// Offset in the plane of a field's column of rows.
    fn plane_offset(&self, field: usize, bundle: usize) -> usize {
        field * self.tables.field_len + bundle * self.plan.modes.row_len()
    }

    /// Exchange to plane.
    ///
    /// # Safety
    /// `start` is where this plane's rows begin in the exchange; nobody else uses them.
    unsafe fn inverse_y(&mut self, start: *const T) {
        let along_x = self.plan.modes.bundles_along_x();
        for field in 0..self.job.inputs() {
            for bundle in 0..along_x {
                let line = field * along_x + bundle;
                let source = Source { start, table: &self.tables.y_exchange[line] };
                // The rows of a line lie far apart: those of the next one are called meanwhile.
                if line + 1 < self.job.inputs() * along_x {
                    Source { start, table: &self.tables.y_exchange[line + 1] }.prefetch();
                }
                let offset = self.plane_offset(field, bundle);
                let start = self.scratch.plane[offset..].as_mut_ptr();
                let target = Target { start, table: &self.tables.y_values };
                // SAFETY: the caller's promise, and tables within the plane.
                unsafe {
                    self.tables.y.transform(
                        Direction::Inverse,
                        source,
                        target,
                        &mut self.scratch.work,
                    );
                }
            }
        }
    }

    /// Rows of one field of a block.
    fn rows(&self, block: Block, field: usize) -> Range<usize> {
        let start = field * self.tables.field_len + block.first_row * self.tables.row_stride;
        start..start + block.lanes * self.tables.row_stride
    }

    /// A block of the plane to physical values.
    fn inverse_x(&mut self, block: Block) {
        for field in 0..self.job.inputs() {
            let rows = self.rows(block, field);
            let scratch = &mut *self.scratch;
            simd::run(Pack {
                modes: &self.plan.modes,
                rows: &scratch.plane[rows],
                stride: self.tables.row_stride,
                line: &mut scratch.line,
            });
            let source = Source { start: scratch.line.as_ptr(), table: &self.tables.x_modes };
            let start = scratch.inputs[field * block.len()..][..block.len()].as_mut_ptr();
            let target = Target { start, table: &self.tables.x_values };
            // SAFETY: tables stay within one line and one field of the block.
            unsafe {
                self.tables.x.transform(Direction::Inverse, source, target, &mut scratch.work)
            };
        }
    }

    fn pointwise(&mut self, block: Block) {
        let inputs = &self.scratch.inputs[..self.job.inputs() * block.len()];
        let products = &mut self.scratch.products[..self.job.products() * block.len()];
        self.job.pointwise(block, inputs, products);
    }

    /// Products of a block back into the plane.
    fn forward_x(&mut self, block: Block) {
        let scale = 1.0 / self.plan.modes.grid.point_count();
        for field in 0..self.job.products() {
            let rows = self.rows(block, field);
            let scratch = &mut *self.scratch;
            let start = scratch.products[field * block.len()..][..block.len()].as_ptr();
            let source = Source { start, table: &self.tables.x_products };
            let target = Target { start: scratch.line.as_mut_ptr(), table: &self.tables.x_outputs };
            // SAFETY: tables stay within one field of the block and one line.
            unsafe {
                self.tables.x.transform(Direction::Forward, source, target, &mut scratch.work)
            };
            simd::run(Unpack {
                modes: &self.plan.modes,
                line: &scratch.line,
                rows: &mut scratch.plane[rows],
                stride: self.tables.row_stride,
                count: block.rows,
                scale,
            });
        }
    }

    /// Plane to exchange.
    ///
    /// # Safety
    /// As [`Self::inverse_y`].
    unsafe fn forward_y(&mut self, start: *mut T) {
        if self.job.products() == 0 {
            return;
        }
        let row_len = self.plan.modes.row_len();
        let along_x = self.plan.modes.bundles_along_x();
        for bundle in 0..along_x {
            let cutoff_y = self.plan.modes.cutoff_y(bundle);
            let ny = 2 * cutoff_y + 1;
            let line_len = ny * row_len;
            // The rows that the contraction writes lie far apart: they are called meanwhile.
            for field in 0..self.job.outputs() {
                prefetch(start, &self.tables.y_kept[field * along_x + bundle]);
            }
            for field in 0..self.job.products() {
                let offset = self.plane_offset(field, bundle);
                let scratch = &mut *self.scratch;
                let source = Source {
                    start: scratch.plane[offset..].as_ptr(),
                    table: &self.tables.y_products,
                };
                let target = Target {
                    start: scratch.modes[field * line_len..].as_mut_ptr(),
                    table: &self.tables.y_outputs[&cutoff_y],
                };
                // SAFETY: tables stay within the plane and one line of modes.
                unsafe {
                    self.tables.y.transform(Direction::Forward, source, target, &mut scratch.work);
                }
            }
            let mut outputs = OutputRows {
                start,
                fields: &self.tables.y_kept[bundle..],
                ny,
                row_len,
                stride: along_x,
            };
            let modes = &self.scratch.modes[..self.job.products() * line_len];
            self.job.contract(bundle, modes, &mut outputs);
        }
    }
}
