//! Work on planes: what is made of the values at each point.

use super::row_array::RowPointer;
use crate::real::{Real, Vector};
use crate::simd::Array;

/// The physical values that a pointwise function is looking at: value (x, l) of a field is at
/// y = `first_row` + l, for l < `rows`; lanes l >= `rows` are zero and mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// z index of the plane, in the whole grid.
    pub plane: usize,
    /// y index of lane 0.
    pub first_row: usize,
    /// Lanes in use.
    pub rows: usize,
    /// Points along x.
    pub points: usize,
    /// Lanes from one x to the next.
    pub lanes: usize,
}

impl Block {
    /// Numbers in one field: `[points][lanes]`.
    pub fn len(&self) -> usize {
        self.points * self.lanes
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Work on planes: what comes in, what is made of it at each point, and what goes back.
pub trait PlaneJob<T: Real>: Sync {
    /// Fields that come in from columns.
    fn inputs(&self) -> usize;

    /// Fields made at each point, to be transformed forward.
    fn products(&self) -> usize {
        0
    }

    /// Fields that go back to columns; the in-plane contraction makes them of the products.
    fn outputs(&self) -> usize {
        self.products()
    }

    /// Looks at the values of a block, `[field][x][lane]`, before any product is made of them.
    fn look(&self, block: Block, inputs: &[T]) {
        let _ = (block, inputs);
    }

    /// Makes one product, `[x][lane]`, from `inputs`, `[field][x][lane]`. It is asked for just before
    /// it is transformed, so that few values are in use at a time.
    fn product(&self, index: usize, block: Block, inputs: &[T], product: &mut [T]) {
        let _ = (index, block, inputs, product);
    }

    /// Makes the outputs from the products: `modes` is `[product][ny][re lanes, im lanes]` of the
    /// columns whose bundle along x is `bundle_along_x`, with the ny that are kept there; each row
    /// of an output goes to its place.
    fn contract(&self, bundle_along_x: usize, modes: &[T], outputs: &mut OutputRows<T>) {
        let _ = bundle_along_x;
        let rows = modes.chunks_exact(outputs.row_len);
        for (index, row) in rows.enumerate() {
            outputs.write(index / outputs.ny, index % outputs.ny, |i| row[i]);
        }
    }
}

/// Rows in which the modes of one bundle along x go back to columns.
pub struct OutputRows<'a, T> {
    pub(super) start: RowPointer<'a, T>,
    /// Of the rows of each field's kept ny, in storage order: `[field][ny]`.
    pub(super) offsets: &'a [usize],
    /// Number of ny that are kept there.
    pub(super) ny: usize,
    /// Numbers in a row.
    pub(super) row_len: usize,
}

impl<T: Real> OutputRows<'_, T> {
    /// The same rows in a value of one's own, which the compiler can keep in registers while rows are
    /// written.
    #[inline(always)]
    pub fn reborrow(&mut self) -> OutputRows<'_, T> {
        OutputRows { start: self.start, offsets: self.offsets, ny: self.ny, row_len: self.row_len }
    }

    /// Whether rows are stored in single precision.
    #[inline(always)]
    pub fn is_single(&self) -> bool {
        self.start.is_single()
    }

    /// Writes a few lanes of the row of a field and an index of ny, real and imaginary parts, from `lane`
    /// on. They are stored in single precision if `SINGLE`, which [`Self::is_single`] tells.
    ///
    /// # Panics
    /// If they are not in the row.
    #[inline(always)]
    pub fn store<V: Vector<Scalar = T>, const SINGLE: bool>(
        &mut self,
        (field, ny, lane): (usize, usize, usize),
        (re, im): (V, V),
    ) {
        assert!(lane + V::WIDTH <= T::LANES);
        let offset = self.offsets[field * self.ny + ny] + lane;
        // SAFETY: made only by `Plane::forward_y`, whose caller vouches for the rows of LANES lanes.
        unsafe {
            let row = self.start.stored::<SINGLE>().at(offset);
            row.store(0, re);
            row.store(T::LANES, im);
        }
    }

    /// Writes the row of a field and an index of ny, number by number.
    pub fn write(&mut self, field: usize, ny: usize, number: impl Fn(usize) -> T) {
        let number = |i| Array::<T, 1>::splat(number(i));
        for lane in 0..T::LANES {
            let value = (number(lane), number(lane + T::LANES));
            if self.is_single() {
                self.store::<_, true>((field, ny, lane), value);
            } else {
                self.store::<_, false>((field, ny, lane), value);
            }
        }
    }
}
