//! The rows of a batch of lines, and where they are found.

use std::ops::Range;

use super::super::row_array::{RowPointer, for_storage};
use crate::real::{Real, Vector};

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

impl Direction {
    /// Returns where the real and the imaginary part of a row with `lanes` lanes begin for the forward
    /// transform: the inverse is that of the parts exchanged.
    #[inline(always)]
    pub(super) fn parts(self, lanes: usize) -> (usize, usize) {
        match self {
            Direction::Forward => (0, lanes),
            Direction::Inverse => (lanes, 0),
        }
    }
}

/// Offsets of the rows of a line.
pub(super) struct RowTable {
    pub(super) offsets: Box<[usize]>,
    /// Whether no row is [`ABSENT`], which saves looking.
    pub(super) is_complete: bool,
}

impl RowTable {
    /// A table of the rows in the order of a transform, or as they are.
    pub(super) fn new(offsets: &[usize], order: Option<&[usize]>) -> Self {
        let is_complete = !offsets.contains(&ABSENT);
        let offsets = match order {
            Some(order) => order.iter().map(|&row| offsets[row]).collect(),
            None => offsets.into(),
        };
        RowTable { offsets, is_complete }
    }
}

/// Offsets of the rows of a line, in the order in which a transform reads them.
pub struct ReadTable(pub(super) RowTable);

/// Offsets of the rows of a line, in the order in which a transform writes them.
pub struct WriteTable(pub(super) RowTable);

/// Rows to read.
#[derive(Clone, Copy)]
pub struct Source<'a, T> {
    /// The place that offsets count from.
    pub start: RowPointer<'a, T>,
    /// One offset a row, in numbers.
    pub table: &'a ReadTable,
    /// Lanes in use, from the first on. The others hold zeros, and so they do afterwards.
    pub lanes: usize,
}

/// Rows to write.
#[derive(Clone, Copy)]
pub struct Target<'a, T> {
    /// The place that offsets count from.
    pub start: RowPointer<'a, T>,
    /// One offset a row, in numbers.
    pub table: &'a WriteTable,
}

impl ReadTable {
    /// Asks for all rows, for a transform that comes soon (see [`prefetch`]).
    #[inline]
    pub fn prefetch<T: Real>(&self, start: RowPointer<T>) {
        prefetch(start, &self.0.offsets);
    }
}

impl<T: Real> Target<'_, T> {
    /// Makes `some` of the `lanes` of all rows zero, a multiple of the vectors' width.
    ///
    /// # Safety
    /// The rows must be valid to write.
    #[inline(always)]
    pub(super) unsafe fn clear<V: Vector<Scalar = T>>(&self, some: Range<usize>, lanes: usize) {
        for_storage!(self.start, rows => {
            for lane in some.step_by(V::WIDTH) {
                for &offset in self.table.0.offsets.iter().filter(|&&offset| offset != ABSENT) {
                    // SAFETY: the caller's promise.
                    unsafe {
                        rows.store(offset + lane, V::zero());
                        rows.store(offset + lane + lanes, V::zero());
                    }
                }
            }
        });
    }
}

/// Asks for rows to be brought into the second-level cache, to be read or written soon. (Into the
/// first level would be too much: it would drive out the work at hand.)
#[inline]
pub fn prefetch<T: Real>(start: RowPointer<T>, offsets: &[usize]) {
    /// Bytes in a cache line.
    const CACHE_LINE: usize = 64;
    let (start, size) = start.bytes();
    let rows = offsets.iter().filter(|&&offset| offset != ABSENT);
    let ask = |row: *const u8| {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
            // SAFETY: a prefetch may be given any address.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(row.cast()) };
        }
    };
    // A row is two cache lines, or one if it is stored in single precision.
    if 2 * T::LANES * size > CACHE_LINE {
        rows.for_each(|&offset| {
            let row = start.wrapping_add(offset * size_of::<T>());
            ask(row);
            ask(row.wrapping_add(CACHE_LINE));
        });
    } else {
        rows.for_each(|&offset| ask(start.wrapping_add(offset * size_of::<f32>())));
    }
}

/// A batch of lines to transform.
pub(super) struct Job<'a, T> {
    pub(super) direction: Direction,
    pub(super) source: Source<'a, T>,
    pub(super) target: Target<'a, T>,
    /// Not a slice, for the source may lie in it.
    pub(super) work: *mut T,
}
