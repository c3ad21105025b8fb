//! Rows between two transforms: numbers as they are, or stored in single precision.
//!
//! What is stored in single precision is converted by the loads and stores of the kernels that read and
//! write rows. They are compiled for both (`SINGLE`), and look once a batch of lines which one they have.

use std::marker::PhantomData;

use crate::fields::{Aligned, zeros};
use crate::parallel::SharedSlice;
use crate::real::{Precision, Real, Vector};

/// Evaluates an expression with `rows` the [`StoredRows`] of a [`RowPointer`], of which only the running
/// program knows how they are stored: `for_storage!(pointer, rows => function(rows))`.
macro_rules! for_storage {
    ($pointer:expr, $rows:ident => $work:expr) => {
        if $pointer.is_single() {
            let $rows = $pointer.stored::<true>();
            $work
        } else {
            let $rows = $pointer.stored::<false>();
            $work
        }
    };
}
pub(super) use for_storage;

/// The start of rows, for kernels that address them by offsets in numbers.
#[derive(Clone, Copy)]
pub struct RowPointer<'a, T> {
    /// Of numbers in single precision if `is_single`, whatever its type says.
    start: *mut T,
    is_single: bool,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: every access is unsafe, and its caller vouches that no two threads overlap.
unsafe impl<T: Send> Send for RowPointer<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for RowPointer<'_, T> {}

impl<'a, T: Real> RowPointer<'a, T> {
    /// The start of rows whose numbers are `T`, or single.
    pub fn new<S: Real>(rows: SharedSlice<'a, S>) -> Self {
        assert!([T::PRECISION, Precision::Single].contains(&S::PRECISION));
        let is_single = S::PRECISION != T::PRECISION;
        RowPointer { start: rows.as_mut_ptr().cast(), is_single, lifetime: PhantomData }
    }

    /// The start of rows of numbers as they are.
    pub fn as_is(start: *mut T) -> Self {
        RowPointer { start, is_single: false, lifetime: PhantomData }
    }

    /// Whether numbers are stored in single precision, and `T` is another one.
    #[inline(always)]
    pub fn is_single(self) -> bool {
        // Known to the compiler where `T` is single.
        size_of::<T>() > size_of::<f32>() && self.is_single
    }

    /// The numbers from `offset` on.
    #[inline(always)]
    pub fn at(self, offset: usize) -> Self {
        let start = for_storage!(self, rows => rows.at(offset).start);
        RowPointer { start, ..self }
    }

    /// Address of the first number, and bytes of one.
    #[inline(always)]
    pub fn bytes(self) -> (*const u8, usize) {
        let size = if self.is_single() { size_of::<f32>() } else { size_of::<T>() };
        (self.start.cast_const().cast(), size)
    }

    /// The same rows for a kernel that is compiled for those which are `SINGLE`, as
    /// [`Self::is_single`] must tell.
    #[inline(always)]
    pub fn stored<const SINGLE: bool>(self) -> StoredRows<T, SINGLE> {
        debug_assert_eq!(SINGLE, self.is_single());
        StoredRows { start: self.start }
    }
}

/// The start of rows that are stored in single precision if `SINGLE`, and as they are if not: what a
/// [`RowPointer`] is to kernels, which are compiled for both.
#[derive(Clone, Copy)]
pub struct StoredRows<T, const SINGLE: bool> {
    /// Of numbers in single precision if `SINGLE`, whatever its type says.
    start: *mut T,
}

impl<T: Real, const SINGLE: bool> StoredRows<T, SINGLE> {
    /// The numbers from `offset` on.
    #[inline(always)]
    pub fn at(self, offset: usize) -> Self {
        let start = if SINGLE {
            self.start.cast::<f32>().wrapping_add(offset).cast()
        } else {
            self.start.wrapping_add(offset)
        };
        StoredRows { start }
    }

    /// The numbers from `offset` on; or if the row `is_absent`, `zeros` instead.
    #[inline(always)]
    pub fn at_or(self, offset: usize, is_absent: bool, zeros: *const T) -> Self {
        if is_absent { StoredRows { start: zeros.cast_mut() } } else { self.at(offset) }
    }

    /// Reads the numbers from `offset` on.
    ///
    /// # Safety
    /// They must be valid to read.
    #[inline(always)]
    pub unsafe fn load<V: Vector<Scalar = T>>(self, offset: usize) -> V {
        let from = self.at(offset).start;
        // SAFETY: the caller's promise.
        unsafe { if SINGLE { V::load_single(from.cast()) } else { V::load(from) } }
    }

    /// Writes the numbers from `offset` on.
    ///
    /// # Safety
    /// They must be valid to write.
    #[inline(always)]
    pub unsafe fn store<V: Vector<Scalar = T>>(self, offset: usize, value: V) {
        let to = self.at(offset).start;
        // SAFETY: the caller's promise.
        unsafe { if SINGLE { value.store_single(to.cast()) } else { value.store(to) } }
    }
}

/// An array of rows.
pub enum RowArray<T> {
    /// Of numbers as they are.
    AsIs(Aligned<T>),
    /// Of numbers in single precision.
    Single(Aligned<f32>),
}

impl<T: Real> RowArray<T> {
    /// `len` zeros, of `T` or single.
    pub fn zeros(len: usize, precision: Precision) -> Self {
        if precision == T::PRECISION {
            RowArray::AsIs(zeros(len))
        } else {
            RowArray::Single(zeros(len))
        }
    }

    /// The first number.
    pub fn start(&mut self) -> RowPointer<'_, T> {
        match self {
            RowArray::AsIs(rows) => RowPointer::new(SharedSlice::new(rows)),
            RowArray::Single(rows) => RowPointer::new(SharedSlice::new(rows)),
        }
    }
}
