//! Complex discrete Fourier transforms of a batch of lines, side by side as SIMD lanes.
//!
//! A line of n values becomes X(k) = sum over j of x(j) exp(-+ 2 pi i j k / n) (forward: minus,
//! inverse: plus; neither is scaled). Some lines are transformed at once, as lanes side by side.
//! Value j of all of them is one *row*: the real parts of the lanes, then their imaginary parts.
//! Rows are found through a table of offsets, so padding, truncation, and the layout of messages
//! cost nothing: a row that is [`ABSENT`] is read as zero, or not written. Rows may be stored in single
//! precision, whatever the precision of the transform ([`RowPointer`]).
//!
//! Lengths with no prime factor above 7 run on lane-batched kernels (`mixed_radix`); RustFFT
//! does all others, line by line. What a line becomes never depends on its neighbours.

mod butterflies;
mod fallback;
mod mixed_radix;
mod radices;
mod rows;

use super::row_array::RowPointer;
use crate::real::Real;
use crate::simd::{self, Cpu, Kernel, Vector};

use fallback::Fallback;
use mixed_radix::MixedRadix;
use rows::{Job, RowTable};

pub use rows::{ABSENT, Direction, ReadTable, Source, Target, WriteTable, prefetch};

/// The transform of lines of one length.
pub struct Lines<T: Real> {
    length: usize,
    /// Of a row.
    lanes: usize,
    method: Method<T>,
}

enum Method<T: Real> {
    MixedRadix(MixedRadix<T>),
    Fallback(Fallback<T>),
}

impl<T: Real> Lines<T> {
    /// Plans lines of `length` (at least 1) with the fastest method for it. Rows have `lanes` lanes:
    /// `T::LANES`, or as many as a vector of the instruction set in use, which needs least cache.
    pub fn new(length: usize, lanes: usize) -> Self {
        let method = match MixedRadix::new(length) {
            Some(plan) => Method::MixedRadix(plan),
            None => Method::Fallback(Fallback::new(length)),
        };
        Lines { length, lanes, method }
    }

    /// Plans lines of `length` with RustFFT, whatever the length: the oracle of the tests.
    pub fn with_rustfft(length: usize, lanes: usize) -> Self {
        Lines { length, lanes, method: Method::Fallback(Fallback::new(length)) }
    }

    /// Numbers in a row.
    pub fn row_len(&self) -> usize {
        2 * self.lanes
    }

    /// Numbers in all rows.
    pub fn rows_len(&self) -> usize {
        self.length * self.row_len()
    }

    /// Numbers of scratch that the transforms need: the rows, and more for RustFFT.
    pub fn work_len(&self) -> usize {
        match &self.method {
            Method::MixedRadix(_) => self.rows_len(),
            Method::Fallback(fallback) => self.rows_len() + fallback.work_len(),
        }
    }

    /// The table for reading: row j of a line lies at `offsets[j]`, or is [`ABSENT`].
    pub fn read_table(&self, offsets: &[usize]) -> ReadTable {
        ReadTable(match &self.method {
            Method::MixedRadix(plan) => RowTable::new(offsets, Some(&plan.read_order())),
            Method::Fallback(_) => RowTable::new(offsets, None),
        })
    }

    /// The table for writing: row j of a line lies at `offsets[j]`, or is [`ABSENT`].
    pub fn write_table(&self, offsets: &[usize]) -> WriteTable {
        WriteTable(match &self.method {
            Method::MixedRadix(plan) => RowTable::new(offsets, Some(plan.write_order())),
            Method::Fallback(_) => RowTable::new(offsets, None),
        })
    }

    /// Transforms one batch of lines from `source` to `target`.
    ///
    /// # Safety
    /// Both tables were made by this plan. Every row that is not [`ABSENT`] must be valid for
    /// [`Self::row_len`] numbers, to read in `source` and to write in `target`; nobody else may write
    /// them meanwhile, and the two must not overlap. `work` holds [`Self::work_len`] numbers.
    #[inline]
    pub unsafe fn transform(
        &self,
        direction: Direction,
        source: Source<T>,
        target: Target<T>,
        work: &mut [T],
    ) {
        debug_assert!(work.len() >= self.work_len());
        let work = work.as_mut_ptr();
        // SAFETY: the caller's promises are passed on.
        unsafe { self.run(&Job { direction, source, target, work }) };
    }

    /// Transforms the batch of lines that lies in `work`, with row j at j times [`Self::row_len`] as
    /// far as it is not [`ABSENT`] in `table`, to `target`: one array less to keep in cache.
    ///
    /// # Safety
    /// As [`Self::transform`]; rows have as many lanes as the vectors of the instruction set in use.
    #[inline]
    pub unsafe fn transform_work(
        &self,
        direction: Direction,
        table: &ReadTable,
        target: Target<T>,
        work: &mut [T],
    ) {
        debug_assert!(work.len() >= self.work_len());
        debug_assert_eq!(self.lanes, Cpu::current().vector_width::<T>());
        let work = work.as_mut_ptr();
        let source = Source { start: RowPointer::as_is(work), table, lanes: self.lanes };
        // SAFETY: the caller's promises are passed on. Each butterfly reads the rows that it writes.
        unsafe { self.run(&Job { direction, source, target, work }) };
    }

    /// # Safety
    /// As [`Self::transform`], but the source may lie in `work` as in [`Self::transform_work`].
    #[inline]
    unsafe fn run(&self, job: &Job<T>) {
        debug_assert_eq!(job.source.table.0.offsets.len(), self.length);
        debug_assert_eq!(job.target.table.0.offsets.len(), self.length);
        let lanes = self.lanes;
        // SAFETY: the caller's promises are passed on.
        unsafe {
            match &self.method {
                Method::MixedRadix(plan) => simd::run(Batch { plan, lanes, job }),
                Method::Fallback(plan) => plan.transform(lanes, job),
            }
        }
    }
}

/// One call of the lane-batched kernel. Made only inside [`Lines::run`], whose safety contract it
/// carries.
struct Batch<'a, T: Real> {
    plan: &'a MixedRadix<T>,
    lanes: usize,
    job: &'a Job<'a, T>,
}

impl<T: Real> Kernel<T> for Batch<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) {
        // SAFETY: promised by the caller of `Lines::run`.
        unsafe { self.plan.transform::<V>(self.lanes, self.job) };
    }
}

#[cfg(test)]
mod tests;
