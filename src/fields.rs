//! Spectral fields of one rank.

use std::mem::MaybeUninit;
use std::ops::Range;

use aligned_vec::{AVec, RuntimeAlign};
use num_complex::Complex;

use crate::grid::AXES;
use crate::modes::{ModeIndex, Modes};
use crate::real::Real;

/// Alignment of every array, in bytes: two cache lines, one full AVX-512 pair of vectors.
pub const ALIGNMENT: usize = 128;

/// Size of a huge page, and the size from which arrays lie on such pages.
const HUGE_PAGE: usize = 2 << 20;

/// A zeroed or filled array, aligned for SIMD.
pub type Aligned<T> = AVec<T, RuntimeAlign>;

/// An aligned array of `len` zeros, large ones on huge pages: rows of one line lie on more pages
/// than a processor remembers the addresses of.
pub fn zeros<T: Real>(len: usize) -> Aligned<T> {
    zeros_set_by(len, |numbers| {
        numbers.fill(MaybeUninit::new(T::ZERO));
    })
}

/// As [`zeros`], with the zeros written by `set`: on a node with several memories a page lies where
/// the thread runs that writes it first. `set` must write them all.
pub fn zeros_set_by<T: Real>(len: usize, set: impl FnOnce(&mut [MaybeUninit<T>])) -> Aligned<T> {
    let bytes = len * size_of::<T>();
    let alignment = if bytes < HUGE_PAGE { ALIGNMENT } else { HUGE_PAGE };
    let mut array = Aligned::<T>::with_capacity(alignment, len);
    #[cfg(target_os = "linux")]
    if bytes >= HUGE_PAGE {
        let start = array.as_mut_ptr().cast();
        // SAFETY: advice on whole pages of an allocation of our own. It may be refused.
        unsafe { libc::madvise(start, bytes / HUGE_PAGE * HUGE_PAGE, libc::MADV_HUGEPAGE) };
    }
    // SAFETY: the capacity is `len`; any bits are a number, and `set` has written them.
    unsafe {
        set(std::slice::from_raw_parts_mut(array.as_mut_ptr().cast(), len));
        array.set_len(len);
    }
    array
}

/// The modes of several fields in the bundles that this rank owns.
///
/// Storage is `[bundle][field][row][re lanes, im lanes]` (see [`crate::modes`]). Values are Fourier
/// coefficients: u(x) = sum over k of û(k) exp(i k.x).
#[derive(Clone)]
pub struct SpectralFields<T: Real> {
    /// The layout.
    pub modes: Modes,
    /// The bundles held here.
    pub bundles: Range<usize>,
    /// Number of fields.
    pub count: usize,
    /// The numbers.
    pub data: Aligned<T>,
}

impl<T: Real> SpectralFields<T> {
    /// `count` fields of zeros on the given bundles.
    pub fn zeros(modes: Modes, bundles: Range<usize>, count: usize) -> Self {
        let data = zeros(bundles.len() * count * modes.column_len());
        SpectralFields { modes, bundles, count, data }
    }

    /// Reals in all fields of one bundle.
    pub fn bundle_len(&self) -> usize {
        self.count * self.modes.column_len()
    }

    /// All fields of one owned bundle (global index), `[field][row][re lanes, im lanes]`.
    pub fn bundle(&self, bundle: usize) -> &[T] {
        let start = (bundle - self.bundles.start) * self.bundle_len();
        &self.data[start..start + self.bundle_len()]
    }

    /// As [`Self::bundle`], to write.
    pub fn bundle_mut(&mut self, bundle: usize) -> &mut [T] {
        let len = self.bundle_len();
        let start = (bundle - self.bundles.start) * len;
        &mut self.data[start..start + len]
    }

    fn offset(&self, index: ModeIndex, field: usize) -> usize {
        (index.bundle - self.bundles.start) * self.bundle_len()
            + field * self.modes.column_len()
            + self.modes.offset(index)
    }

    /// One coefficient of an owned mode.
    pub fn at(&self, index: ModeIndex, field: usize) -> Complex<T> {
        let offset = self.offset(index, field);
        Complex::new(self.data[offset], self.data[offset + self.modes.lanes])
    }

    /// As [`Self::at`], in double precision.
    pub fn double_at(&self, index: ModeIndex, field: usize) -> Complex<f64> {
        let Complex { re, im } = self.at(index, field);
        Complex::new(re.double(), im.double())
    }

    /// One coefficient, or `None` when another rank owns it.
    pub fn get(&self, index: ModeIndex, field: usize) -> Option<Complex<T>> {
        self.bundles.contains(&index.bundle).then(|| self.at(index, field))
    }

    /// Sets one coefficient of an owned mode.
    pub fn set(&mut self, index: ModeIndex, field: usize, value: Complex<T>) {
        let offset = self.offset(index, field);
        self.data[offset] = value.re;
        self.data[offset + self.modes.lanes] = value.im;
    }

    /// Every owned mode with its index, in storage order; padding lanes are left out.
    pub fn owned_modes(&self) -> impl Iterator<Item = ([i64; AXES], ModeIndex)> + use<T> {
        let modes = self.modes;
        self.bundles.clone().flat_map(move |bundle| modes.of_bundle(bundle))
    }

    /// Sets every field at every owned mode from a function of the mode numbers.
    /// `values(mode, out)` fills `out`, one coefficient a field, in double precision.
    pub fn fill(&mut self, mut values: impl FnMut([i64; AXES], &mut [Complex<f64>])) {
        let mut out = vec![Complex::default(); self.count];
        for (mode, index) in self.owned_modes() {
            out.fill(Complex::default());
            values(mode, &mut out);
            for (field, value) in out.iter().enumerate() {
                self.set(
                    index,
                    field,
                    Complex::new(T::from_double(value.re), T::from_double(value.im)),
                );
            }
        }
    }
}
