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

/// Where the rows of a batch lie: row j starts at `start` + `offsets[j]`.
#[derive(Clone, Copy)]
pub struct Rows<'a, P> {
    /// Pointer that offsets count from.
    pub start: P,
    /// One offset a row, in numbers.
    pub offsets: &'a [usize],
}

impl<T: Real> Rows<'_, *const T> {
    /// Asks for all rows to be brought into the second-level cache, for a transform that comes
    /// soon. (Into the first level would be too much: it would drive out the work at hand.)
    #[inline]
    pub fn prefetch(&self) {
        #[cfg(target_arch = "x86_64")]
        for &offset in self.offsets.iter().filter(|&&offset| offset != ABSENT) {
            use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
            /// Bytes in a cache line; a row is two of them.
            const CACHE_LINE: usize = 64;
            let row = self.start.wrapping_add(offset).cast::<i8>();
            // SAFETY: a prefetch may be given any address.
            unsafe {
                _mm_prefetch::<_MM_HINT_T1>(row);
                _mm_prefetch::<_MM_HINT_T1>(row.wrapping_add(CACHE_LINE));
            }
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

    /// Transforms one batch of lines from `source` to `target`.
    ///
    /// # Safety
    /// Both tables have one entry a value of the line. Every row that is not [`ABSENT`] must be
    /// valid for `2 * T::LANES` numbers, to read in `source` and to write in `target`; nobody else
    /// may write them meanwhile, and the two must not overlap unless they are the same rows of a
    /// transform done by RustFFT. `work` holds [`Self::work_len`] numbers.
    #[inline]
    pub unsafe fn transform(
        &self,
        direction: Direction,
        source: Rows<*const T>,
        target: Rows<*mut T>,
        work: &mut [T],
    ) {
        debug_assert_eq!(source.offsets.len(), self.length);
        debug_assert_eq!(target.offsets.len(), self.length);
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
    source: Rows<'a, *const T>,
    target: Rows<'a, *mut T>,
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
