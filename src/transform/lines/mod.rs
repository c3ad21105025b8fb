//! Complex discrete Fourier transforms of a batch of lines, side by side as SIMD lanes.
//!
//! A line of n values becomes X(k) = sum over j of x(j) exp(-+ 2 pi i j k / n) (forward: minus,
//! inverse: plus; neither is scaled). `T::LANES` lines are transformed at once. Value j of all of
//! them is one *row*: the real parts of the lanes, then their imaginary parts. Rows are found
//! through a table of offsets, so padding, truncation, and the layout of messages cost nothing: a
//! row that is [`ABSENT`] is read as zero, or not written.
//!
//! Lengths with no prime factor above 7 run on lane-batched kernels (`mixed_radix`); RustFFT
//! does all others, line by line. What a line becomes never depends on its neighbours.

mod butterflies;
mod fallback;
mod mixed_radix;

use std::ops::Range;

use crate::real::Real;
use crate::simd::{self, Kernel, Vector};

use fallback::Fallback;
use mixed_radix::MixedRadix;

/// Offset of a row that is zero when read and dropped when written.
pub const ABSENT: usize = usize::MAX;

/// Sign of the exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Physical to spectral, exp(-i k x).
    Forward,
    /// Spectral to physical, exp(+i k x).
    Inverse,
}

/// Offsets of the rows of a line.
struct RowTable {
    offsets: Box<[usize]>,
    /// Whether no row is [`ABSENT`], which saves looking.
    is_complete: bool,
}

impl RowTable {
    /// A table of the rows in the order of a transform, or as they are.
    fn new(offsets: &[usize], order: Option<&[usize]>) -> Self {
        let is_complete = !offsets.contains(&ABSENT);
        let offsets = match order {
            Some(order) => order.iter().map(|&row| offsets[row]).collect(),
            None => offsets.into(),
        };
        RowTable { offsets, is_complete }
    }
}

/// Offsets of the rows of a line, in the order in which a transform reads them.
pub struct ReadTable(RowTable);

/// Offsets of the rows of a line, in the order in which a transform writes them.
pub struct WriteTable(RowTable);

/// Rows to read.
#[derive(Clone, Copy)]
pub struct Source<'a, T> {
    /// Pointer that offsets count from.
    pub start: *const T,
    /// One offset a row, in numbers.
    pub table: &'a ReadTable,
    /// Lanes in use, from the first on. The others hold zeros, and so they do afterwards.
    pub lanes: usize,
}

/// Rows to write.
#[derive(Clone, Copy)]
pub struct Target<'a, T> {
    /// Pointer that offsets count from.
    pub start: *mut T,
    /// One offset a row, in numbers.
    pub table: &'a WriteTable,
}

impl ReadTable {
    /// Asks for all rows, for a transform that comes soon (see [`prefetch`]).
    #[inline]
    pub fn prefetch<T: Real>(&self, start: *const T) {
        prefetch(start, &self.0.offsets);
    }
}

impl<T: Real> Target<'_, T> {
    /// Makes some lanes of all rows zero; their number must be a multiple of the vectors' width.
    ///
    /// # Safety
    /// The rows must be valid to write.
    #[inline(always)]
    unsafe fn clear<V: Vector<Scalar = T>>(&self, lanes: Range<usize>) {
        for lane in lanes.step_by(V::WIDTH) {
            for &offset in self.table.0.offsets.iter().filter(|&&offset| offset != ABSENT) {
                let row = self.start.wrapping_add(offset + lane);
                // SAFETY: the caller's promise.
                unsafe {
                    V::zero().store(row);
                    V::zero().store(row.add(T::LANES));
                }
            }
        }
    }
}

/// Asks for rows to be brought into the second-level cache, to be read or written soon. (Into the
/// first level would be too much: it would drive out the work at hand.)
#[inline]
pub fn prefetch<T: Real>(start: *const T, offsets: &[usize]) {
    #[cfg(target_arch = "x86_64")]
    for &offset in offsets.iter().filter(|&&offset| offset != ABSENT) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        /// Bytes in a cache line; a row is two of them.
        const CACHE_LINE: usize = 64;
        let row = start.wrapping_add(offset).cast::<i8>();
        // SAFETY: a prefetch may be given any address.
        unsafe {
            _mm_prefetch::<_MM_HINT_T1>(row);
            _mm_prefetch::<_MM_HINT_T1>(row.wrapping_add(CACHE_LINE));
        }
    }
}

/// The transform of lines of one length.
pub struct Lines<T: Real> {
    length: usize,
    method: Method<T>,
}

enum Method<T: Real> {
    MixedRadix(MixedRadix<T>),
    Fallback(Fallback<T>),
}

impl<T: Real> Lines<T> {
    /// Plans lines of `length` (at least 1) with the fastest method for it.
    pub fn new(length: usize) -> Self {
        let method = match MixedRadix::new(length) {
            Some(plan) => Method::MixedRadix(plan),
            None => Method::Fallback(Fallback::new(length)),
        };
        Lines { length, method }
    }

    /// Plans lines of `length` with RustFFT, whatever the length: the oracle of the tests.
    pub fn with_rustfft(length: usize) -> Self {
        Lines { length, method: Method::Fallback(Fallback::new(length)) }
    }

    /// Numbers of scratch that [`Self::transform`] needs.
    pub fn work_len(&self) -> usize {
        match &self.method {
            Method::MixedRadix(_) => self.length * 2 * T::LANES,
            Method::Fallback(fallback) => fallback.work_len(),
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
    /// Both tables were made by this plan. Every row that is not [`ABSENT`] must be
    /// valid for `2 * T::LANES` numbers, to read in `source` and to write in `target`; nobody else
    /// may write them meanwhile, and the two must not overlap unless they are the same rows of a
    /// transform done by RustFFT. `work` holds [`Self::work_len`] numbers.
    #[inline]
    pub unsafe fn transform(
        &self,
        direction: Direction,
        source: Source<T>,
        target: Target<T>,
        work: &mut [T],
    ) {
        debug_assert_eq!(source.table.0.offsets.len(), self.length);
        debug_assert_eq!(target.table.0.offsets.len(), self.length);
        debug_assert!(work.len() >= self.work_len());
        // SAFETY: the caller's promises are passed on.
        unsafe {
            match &self.method {
                Method::MixedRadix(plan) => {
                    simd::run(Batch { plan, direction, source, target, work })
                }
                Method::Fallback(plan) => plan.transform(direction, source, target, work),
            }
        }
    }
}

/// One call of the lane-batched kernel. Made only inside [`Lines::transform`], whose safety
/// contract it carries.
struct Batch<'a, T: Real> {
    plan: &'a MixedRadix<T>,
    direction: Direction,
    source: Source<'a, T>,
    target: Target<'a, T>,
    work: &'a mut [T],
}

impl<T: Real> Kernel<T> for Batch<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) {
        // SAFETY: promised by the caller of `Lines::transform`.
        unsafe {
            self.plan.transform::<V>(self.direction, self.source, self.target, self.work);
        }
    }
}

#[cfg(test)]
mod tests;
