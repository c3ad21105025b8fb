//! The threads of one rank.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

use super::share;
use crate::error::{Error, Result};
use crate::fields::{Aligned, zeros_set_by};
use crate::real::Real;

/// A fixed number of threads that share work in contiguous, balanced runs. The same thread gets
/// the same run every time, and nothing is allocated in between.
pub struct Team {
    /// `None` for a single thread, which is then the caller's.
    pool: Option<rayon::ThreadPool>,
    threads: usize,
}

impl Team {
    /// A team of `threads` (at least 1).
    pub fn new(threads: usize) -> Result<Self> {
        let pool = (threads > 1)
            .then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build())
            .transpose()
            .map_err(|e| {
                Error::input(format!("cannot start {threads} threads: {e}; use fewer (--threads)"))
            })?;
        Ok(Team { pool, threads })
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// What `make(thread)` returns on every thread.
    pub fn each<R: Send>(&self, make: impl Fn(usize) -> R + Sync) -> Vec<R> {
        match &self.pool {
            None => vec![make(0)],
            Some(pool) => pool.broadcast(|ctx| make(ctx.index())),
        }
    }

    /// An array of zeros in which each thread is the first to touch its run.
    pub fn zeros<T: Real>(&self, len: usize) -> Aligned<T> {
        zeros_set_by(len, |numbers| {
            let numbers = SharedSlice::new(numbers);
            self.run(len, |_, run| {
                // SAFETY: runs do not overlap.
                unsafe { numbers.slice(run) }.fill(MaybeUninit::new(T::ZERO));
            });
        })
    }

    /// Calls `work(thread, run)` on every thread with its run of `0..count`.
    pub fn run(&self, count: usize, work: impl Fn(usize, Range<usize>) + Sync) {
        match &self.pool {
            None => work(0, 0..count),
            Some(pool) => {
                pool.broadcast(|ctx| {
                    work(ctx.index(), share(count, ctx.index(), ctx.num_threads()));
                });
            }
        }
    }
}

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
