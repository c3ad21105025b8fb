//! Lines of any length, one by one, by RustFFT.

use std::sync::Arc;

use num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::super::row_array::{StoredRows, for_storage};
use super::rows::{ABSENT, Direction, Job};
use crate::real::Real;
use crate::simd::{Array, Vector};

/// RustFFT plans for one length.
pub struct Fallback<T: Real> {
    length: usize,
    forward: Arc<dyn Fft<T>>,
    inverse: Arc<dyn Fft<T>>,
}

impl<T: Real> Fallback<T> {
    /// Plans both directions.
    pub fn new(length: usize) -> Self {
        let mut planner = FftPlanner::new();
        Fallback {
            length,
            forward: planner.plan_fft_forward(length),
            inverse: planner.plan_fft_inverse(length),
        }
    }

    fn scratch_len(&self) -> usize {
        self.forward.get_inplace_scratch_len().max(self.inverse.get_inplace_scratch_len())
    }

    /// Numbers of scratch for [`Self::transform`], after the rows.
    pub fn work_len(&self) -> usize {
        2 * (self.length + self.scratch_len())
    }

    /// Transforms the lines of rows with `lanes` lanes.
    ///
    /// # Safety
    /// As [`super::Lines::transform`]; rows of the source may be the first numbers of `work`.
    pub unsafe fn transform(&self, lanes: usize, job: &Job<T>) {
        // SAFETY: the caller's promise is passed on.
        unsafe {
            for_storage!(job.source.start, from => {
                for_storage!(job.target.start, to => self.run(lanes, job, from, to));
            });
        }
    }

    /// [`Self::transform`] of rows that begin at `from` and `to`.
    ///
    /// # Safety
    /// As [`super::Lines::transform`].
    unsafe fn run<const FROM: bool, const TO: bool>(
        &self,
        lanes: usize,
        job: &Job<T>,
        from: StoredRows<T, FROM>,
        to: StoredRows<T, TO>,
    ) {
        let &Job { direction, source, target, work } = job;
        let plan = match direction {
            Direction::Forward => &self.forward,
            Direction::Inverse => &self.inverse,
        };
        // SAFETY: after the rows there are `work_len` numbers, pairs of which are complex values.
        let work = unsafe {
            let complex = work.add(2 * lanes * self.length).cast::<Complex<T>>();
            std::slice::from_raw_parts_mut(complex, self.work_len() / 2)
        };
        let (line, scratch) = work.split_at_mut(self.length);
        for lane in 0..source.lanes {
            for (value, &offset) in line.iter_mut().zip(&source.table.0.offsets) {
                *value = if offset == ABSENT {
                    Complex::default()
                } else {
                    // SAFETY: the row is readable by the caller's promise.
                    unsafe {
                        let at = offset + lane;
                        let number = |at| from.load::<Array<T, 1>>(at).sum();
                        Complex::new(number(at), number(at + lanes))
                    }
                };
            }
            plan.process_with_scratch(line, scratch);
            for (value, &offset) in line.iter().zip(&target.table.0.offsets) {
                if offset != ABSENT {
                    // SAFETY: the row is writable by the caller's promise.
                    unsafe {
                        let at = offset + lane;
                        to.store(at, Array::<T, 1>::splat(value.re));
                        to.store(at + lanes, Array::<T, 1>::splat(value.im));
                    }
                }
            }
        }
        // SAFETY: as above.
        unsafe { target.clear::<Array<T, 1>>(source.lanes..lanes, lanes) };
    }
}
