//! A slice that several threads, or ranks, write at the same time.

use std::marker::PhantomData;
use std::ops::Range;

/// A slice that several threads write at the same time, each in its own places.
#[derive(Clone, Copy)]
pub struct SharedSlice<'a, T> {
    start: *mut T,
    len: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: every access goes through `slice`, whose caller vouches that no two threads overlap.
unsafe impl<T: Send> Send for SharedSlice<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedSlice<'_, T> {}

impl<'a, T> SharedSlice<'a, T> {
    /// Shares `slice` among threads for its lifetime.
    pub fn new(slice: &'a mut [T]) -> Self {
        SharedSlice { start: slice.as_mut_ptr(), len: slice.len(), lifetime: PhantomData }
    }

    /// Shares `len` numbers from `start`.
    ///
    /// # Safety
    /// They must be valid to read and write for the lifetime.
    pub unsafe fn from_raw(start: *mut T, len: usize) -> Self {
        SharedSlice { start, len, lifetime: PhantomData }
    }

    /// A part, shared likewise.
    pub fn part(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len);
        // SAFETY: in bounds by the assertion.
        let start = unsafe { self.start.add(range.start) };
        SharedSlice { start, len: range.len(), lifetime: PhantomData }
    }

    /// Part of the slice, to read and write.
    ///
    /// # Safety
    /// No other thread may use any of it meanwhile, nor this one through another reference.
    #[expect(clippy::mut_from_ref, reason = "disjointness is the caller's promise")]
    pub unsafe fn slice(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.len);
        // SAFETY: in bounds by the assertion, unshared by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }

    /// The start of the slice, for kernels that address rows by offset.
    pub fn as_mut_ptr(&self) -> *mut T {
        self.start
    }
}
