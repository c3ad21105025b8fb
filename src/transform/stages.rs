//! The stages of a plane, see [`super::plane_job`].

use std::ops::Range;

use crate::real::Real;
use crate::simd;

use super::lines::{Direction, Source, Target, prefetch};
use super::plan::Plan;
use super::plane_buffers::{AlongX, AlongY};
use super::plane_job::{Block, OutputRows, PlaneJob};
use super::plane_tables::{PlaneScratch, PlaneTables};
use super::row_array::RowPointer;
use super::rows::{Pack, Rows, Unpack};

/// One plane at work.
pub(super) struct Plane<'a, T: Real> {
    pub plan: &'a Plan,
    pub tables: &'a PlaneTables<T>,
    pub job: &'a dyn PlaneJob<T>,
    pub scratch: &'a mut PlaneScratch<T>,
    /// The buffers of this plane and others, as the stage at hand sees them.
    pub buffers: RowPointer<'a, T>,
    /// The number of this plane among those that are worked on together, and how many they are.
    pub at: usize,
    pub of: usize,
}

impl<'a, T: Real> Plane<'a, T> {
    /// This rank's blocks of its plane `z`.
    pub fn blocks(&self, z: usize) -> impl Iterator<Item = Block> + use<T> {
        let (lanes, points) = (self.tables.x.row_len(), self.plan.modes.grid.points[0]);
        let (plane, Range { start, end }) = (self.plan.planes.start + z, self.plan.rows.clone());
        (start..end).step_by(lanes).map(move |first_row| Block {
            plane,
            first_row,
            rows: lanes.min(end - first_row),
            points,
            lanes,
        })
    }

    /// The buffer of a field, input or product. Products take the place of inputs, of the same plane
    /// alone.
    fn buffer(&self, field: usize) -> usize {
        field * self.of + self.at
    }

    /// Offset of the rows along y of one of this rank's bundles along x in a buffer.
    fn along_y(&self, buffer: usize, bundle: usize) -> usize {
        let AlongY { from_bundle, from_buffer, .. } = self.tables.buffers.along_y;
        buffer * from_buffer + bundle * from_bundle
    }

    /// Transpose to plane buffers, for some of this rank's bundles along x.
    ///
    /// # Safety
    /// `start` is where this plane's rows begin in the transpose; nobody else uses those of
    /// these lines, nor of their buffers.
    pub unsafe fn inverse_y(&mut self, start: RowPointer<T>, bundles: Range<usize>) {
        let width = self.plan.along_x.len();
        let inputs = self.job.inputs();
        for field in 0..inputs {
            for bundle in bundles.clone() {
                let line = field * width + bundle;
                let lanes = self.plan.modes.lanes_in_use(self.plan.along_x.start + bundle);
                let source = Source { start, table: &self.tables.y_modes[line], lanes };
                // The rows of a line lie far apart: those of the next one are called meanwhile.
                let is_last = bundle + 1 == bundles.end;
                let next = if is_last { (field + 1) * width + bundles.start } else { line + 1 };
                if next < inputs * width {
                    self.tables.y_modes[next].prefetch(start);
                }
                let offset = self.along_y(self.buffer(field), bundle);
                // SAFETY: the caller's promise, and tables within the buffers.
                unsafe {
                    let start = self.buffers.at(offset);
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
    /// Nobody else uses these rows of the buffers.
    pub unsafe fn lines_along_x(&mut self, block: Block) {
        // SAFETY: the caller's promise.
        unsafe {
            self.inverse_x(block);
            self.job.look(block, &self.scratch.inputs[..self.job.inputs() * block.len()]);
            self.forward_x(block);
        }
    }

    /// The rows of a block in one buffer.
    fn rows(&self, block: Block, buffer: usize) -> Rows<'a, T> {
        let AlongX { from_row, bundles, from_buffer } = &self.tables.buffers.along_x;
        let start = (block.first_row - self.plan.rows.start) * from_row;
        let start = self.buffers.at(start);
        Rows { start, stride: *from_row, bundles, from_buffer, buffer }
    }

    /// A block of the buffers to physical values.
    ///
    /// # Safety
    /// As [`Self::lines_along_x`].
    unsafe fn inverse_x(&mut self, block: Block) {
        for field in 0..self.job.inputs() {
            let tables = self.tables;
            let rows = self.rows(block, self.buffer(field));
            let scratch = &mut *self.scratch;
            simd::run(Pack { modes: &self.plan.modes, rows, line: &mut scratch.work });
            let start = scratch.inputs[field * block.len()..][..block.len()].as_mut_ptr();
            let start = RowPointer::as_is(start);
            let (table, target) = (&tables.x_modes, Target { start, table: &tables.x_values });
            // SAFETY: tables stay within the line and one field of the block.
            unsafe {
                tables.x.transform_work(Direction::Inverse, table, target, &mut scratch.work);
            }
        }
    }

    /// Makes the products of a block and takes them back into the buffers.
    ///
    /// # Safety
    /// As [`Self::lines_along_x`].
    unsafe fn forward_x(&mut self, block: Block) {
        let scale = 1.0 / self.plan.modes.grid.point_count();
        for field in 0..self.job.products() {
            let tables = self.tables;
            let rows = self.rows(block, self.buffer(field));
            let scratch = &mut *self.scratch;
            let inputs = &scratch.inputs[..self.job.inputs() * block.len()];
            self.job.product(field, block, inputs, &mut scratch.work[..block.len()]);
            let start = RowPointer::as_is(scratch.line.as_mut_ptr());
            let (table, target) = (&tables.x_products, Target { start, table: &tables.x_outputs });
            // SAFETY: tables stay within one field of the block and one line.
            unsafe {
                tables.x.transform_work(Direction::Forward, table, target, &mut scratch.work);
            }
            let (modes, line, count) = (&self.plan.modes, &scratch.line[..], block.rows);
            simd::run(Unpack { modes, line, rows, count, scale });
        }
    }

    /// Plane buffers to transpose, for some of this rank's bundles along x.
    ///
    /// # Safety
    /// As [`Self::inverse_y`].
    pub unsafe fn forward_y(&mut self, start: RowPointer<T>, bundles: Range<usize>) {
        let products = self.job.products();
        if products == 0 {
            return;
        }
        let row_len = self.plan.modes.row_len();
        for bundle in bundles {
            let along_x = self.plan.along_x.start + bundle;
            let cutoff_y = self.plan.modes.cutoff_y(along_x);
            let kept = &self.tables.y_outputs[&cutoff_y];
            let ny = 2 * cutoff_y + 1;
            let lanes = self.plan.modes.lanes_in_use(along_x);
            let line_len = ny * row_len;
            // The rows that the contraction writes lie far apart: they are called meanwhile.
            let offsets = &self.tables.y_kept[bundle][..self.job.outputs() * ny];
            prefetch(start, offsets);
            for field in 0..products {
                let offset = self.along_y(self.buffer(field), bundle);
                let scratch = &mut *self.scratch;
                let start = RowPointer::as_is(scratch.modes[field * line_len..].as_mut_ptr());
                let target = Target { start, table: kept };
                // SAFETY: the caller's promise; tables stay within the buffers and one line of modes.
                unsafe {
                    let start = self.buffers.at(offset);
                    let source = Source { start, table: &self.tables.y_products, lanes };
                    self.tables.y.transform(Direction::Forward, source, target, &mut scratch.work);
                }
            }
            let mut outputs = OutputRows { start, offsets, ny, row_len };
            let modes = &self.scratch.modes[..products * line_len];
            self.job.contract(along_x, modes, &mut outputs);
        }
    }
}
