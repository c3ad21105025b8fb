//! Between a plane of kx-rows and lines along x of real values.
//!
//! Rows of a plane hold `[bundle][re lanes, im lanes]` with lanes = kx. Transforms along x want
//! lanes = y, so blocks of 2 W rows (W = `Vector::WIDTH`) are transposed in registers. The line of a
//! real field needs half a complex transform: row l and row W + l travel as the real and the
//! imaginary part of one complex line (two-for-one trick, Press et al., Numerical Recipes 12.3.2).
//! So lane l of a value at x is row l of the block: re lanes are rows 0 .. W, im lanes W .. 2 W.

use super::row_array::{RowPointer, StoredRows, for_storage};
use crate::modes::Modes;
use crate::real::Real;
use crate::simd::{Kernel, MAX_WIDTH, Vector};

/// A square tile of vectors of which the first `WIDTH` count.
type Tile<V> = [V; MAX_WIDTH];

/// Reads a tile, whose rows are `stride` numbers apart, and transposes it.
///
/// # Safety
/// Every row must be readable.
#[inline(always)]
unsafe fn load_transposed<V: Vector, const SINGLE: bool>(
    from: StoredRows<V::Scalar, SINGLE>,
    stride: usize,
) -> Tile<V> {
    let mut tile = [V::zero(); MAX_WIDTH];
    for (i, vector) in tile[..V::WIDTH].iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *vector = unsafe { from.load(i * stride) };
    }
    V::transpose(&mut tile[..V::WIDTH]);
    tile
}

/// Transposes a tile and writes its first `count` rows, which are `stride` numbers apart.
///
/// # Safety
/// Every one of these rows must be writable.
#[inline(always)]
unsafe fn store_transposed<V: Vector, const SINGLE: bool>(
    mut tile: Tile<V>,
    to: StoredRows<V::Scalar, SINGLE>,
    stride: usize,
    count: usize,
) {
    V::transpose(&mut tile[..V::WIDTH]);
    // Only the last block of a plane may lack rows.
    if count >= V::WIDTH {
        for (i, vector) in tile[..V::WIDTH].iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { to.store(i * stride, *vector) };
        }
    } else {
        for (i, vector) in tile[..V::WIDTH].iter().enumerate() {
            if i < count {
                // SAFETY: the caller's promise.
                unsafe { to.store(i * stride, *vector) };
            }
        }
    }
}

/// The rows of a block in a plane buffer (see [`super::plane_buffers`]). Made only by those who vouch that all of them
/// exist, and that nobody else uses them.
#[derive(Clone, Copy)]
pub struct Rows<'a, T> {
    /// The place where the first row would begin, were it not for the offsets.
    pub start: RowPointer<'a, T>,
    /// Numbers from one row to the next.
    pub stride: usize,
    /// Offset of every bundle along x in buffer 0.
    pub bundles: &'a [usize],
    /// From one buffer to the next, for every bundle along x.
    pub from_buffer: &'a [usize],
    /// The buffer.
    pub buffer: usize,
}

impl<T: Real> Rows<'_, T> {
    /// Offset from the start of where the real part of mode number `kx` of the first row lies, and of the modes after it.
    #[inline(always)]
    fn column(&self, kx: usize) -> usize {
        let bundle = kx / T::LANES;
        self.bundles[bundle] + self.buffer * self.from_buffer[bundle] + kx % T::LANES
    }
}

/// Fills a line of complex values from a block of rows: line(k) = A(k) + i B(k), line(-k) =
/// conj A(k) + i conj B(k). Values of cut-off k are left alone.
pub struct Pack<'a, T> {
    /// The spectral layout.
    pub modes: &'a Modes,
    /// 2 W rows.
    pub rows: Rows<'a, T>,
    /// `[nx][2 W]`, in the order of the transform.
    pub line: &'a mut [T],
}

impl<T: Real> Kernel<T> for Pack<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) {
        for_storage!(self.rows.start, start => self.with_rows::<V, _>(start));
    }
}

impl<T: Real> Pack<'_, T> {
    /// [`Kernel::run`] on rows from `start` on.
    #[inline(always)]
    fn with_rows<V: Vector<Scalar = T>, const SINGLE: bool>(self, start: StoredRows<T, SINGLE>) {
        let (nx, last) = (self.modes.grid.points[0], self.modes.grid.cutoff[0]);
        assert!(self.line.len() >= nx * 2 * V::WIDTH);
        let line = self.line.as_mut_ptr();
        let stride = self.rows.stride;
        for kx0 in (0..=last).step_by(V::WIDTH) {
            // SAFETY: there are 2 W rows; the assertion covers the line.
            unsafe {
                let rows = start.at(self.rows.column(kx0));
                let below = rows.at(V::WIDTH * stride);
                let at = |k: usize| line.add(k * 2 * V::WIDTH);
                let a_re = load_transposed::<V, _>(rows, stride);
                let b_im = load_transposed::<V, _>(below.at(T::LANES), stride);
                for i in 0..V::WIDTH {
                    let k = kx0 + i;
                    if k > last {
                        break;
                    }
                    if k > 0 {
                        (a_re[i] - b_im[i]).store(at(k));
                        (a_re[i] + b_im[i]).store(at(nx - k));
                    } else {
                        a_re[0].store(at(0));
                    }
                }
                let a_im = load_transposed::<V, _>(rows.at(T::LANES), stride);
                let b_re = load_transposed::<V, _>(below, stride);
                for i in 0..V::WIDTH {
                    let k = kx0 + i;
                    if k > last {
                        break;
                    }
                    if k > 0 {
                        (b_re[i] + a_im[i]).store(at(k).add(V::WIDTH));
                        (b_re[i] - a_im[i]).store(at(nx - k).add(V::WIDTH));
                    } else {
                        // Of the mean along x only the real part exists.
                        b_re[0].store(at(0).add(V::WIDTH));
                    }
                }
            }
        }
    }
}

/// The reverse of [`Pack`], times a factor; padding lanes become zero.
pub struct Unpack<'a, T> {
    /// The spectral layout.
    pub modes: &'a Modes,
    /// `[nx][2 W]`, in the order of the transform.
    pub line: &'a [T],
    /// Up to 2 W rows.
    pub rows: Rows<'a, T>,
    /// Number of rows.
    pub count: usize,
    /// Factor on every value.
    pub scale: f64,
}

impl<T: Real> Kernel<T> for Unpack<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) {
        for_storage!(self.rows.start, start => self.with_rows::<V, _>(start));
    }
}

impl<T: Real> Unpack<'_, T> {
    /// [`Kernel::run`] on rows from `start` on.
    #[inline(always)]
    fn with_rows<V: Vector<Scalar = T>, const SINGLE: bool>(self, start: StoredRows<T, SINGLE>) {
        let (nx, last) = (self.modes.grid.points[0], self.modes.grid.cutoff[0]);
        let padded = self.modes.bundles_along_x() * T::LANES;
        assert!(self.line.len() >= nx * 2 * V::WIDTH);
        let half = V::splat(T::from_double(0.5 * self.scale));
        let stride = self.rows.stride;
        let (count_above, count_below) = (self.count, self.count.saturating_sub(V::WIDTH));
        let opposite = |k: usize| if k == 0 { 0 } else { nx - k };
        for kx0 in (0..padded).step_by(V::WIDTH) {
            let rows = start.at(self.rows.column(kx0));
            let below = rows.at(V::WIDTH * stride);
            // SAFETY: there are `count` rows; the assertion covers the line.
            unsafe {
                let load = |k: usize, part: usize| {
                    V::load(self.line.as_ptr().add(k * 2 * V::WIDTH + part))
                };
                // Z(k) = A(k) + i B(k), Z(-k) = conj A(k) + i conj B(k).
                let (mut a_re, mut b_im) = ([V::zero(); MAX_WIDTH], [V::zero(); MAX_WIDTH]);
                for i in 0..V::WIDTH {
                    let k = kx0 + i;
                    if k > last {
                        break;
                    }
                    let (plus, minus) = (load(k, 0), load(opposite(k), 0));
                    a_re[i] = (plus + minus) * half;
                    b_im[i] = (minus - plus) * half;
                }
                store_transposed::<V, _>(a_re, rows, stride, count_above);
                store_transposed::<V, _>(b_im, below.at(T::LANES), stride, count_below);
                let (mut a_im, mut b_re) = ([V::zero(); MAX_WIDTH], [V::zero(); MAX_WIDTH]);
                for i in 0..V::WIDTH {
                    let k = kx0 + i;
                    if k > last {
                        break;
                    }
                    let (plus, minus) = (load(k, V::WIDTH), load(opposite(k), V::WIDTH));
                    a_im[i] = (plus - minus) * half;
                    b_re[i] = (plus + minus) * half;
                }
                store_transposed::<V, _>(a_im, rows.at(T::LANES), stride, count_above);
                store_transposed::<V, _>(b_re, below, stride, count_below);
            }
        }
    }
}
