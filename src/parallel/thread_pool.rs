//! The threads of one rank.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::share::share;
use super::shared_slice::SharedSlice;
use crate::error::{Error, Result};
use crate::fields::{Aligned, zeros_set_by};
use crate::real::Real;

/// A fixed number of threads that share work in contiguous, balanced runs. The same thread gets
/// the same run every time, and nothing is allocated in between.
pub struct ThreadPool {
    /// `None` for a single thread, which is then the caller's.
    pool: Option<rayon::ThreadPool>,
    threads: usize,
}

impl ThreadPool {
    /// A pool of `threads` (at least 1).
    pub fn new(threads: usize) -> Result<Self> {
        let pool = (threads > 1)
            .then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build())
            .transpose()
            .map_err(|e| {
                Error::input(format!("cannot start {threads} threads: {e}; use fewer (--threads)"))
            })?;
        Ok(ThreadPool { pool, threads })
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Calls `make(thread)` on every thread and returns their results in order.
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
