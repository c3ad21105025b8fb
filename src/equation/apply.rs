//! Runs the formulas of an equation over blocks of values and columns of modes.

use std::sync::atomic::{AtomicU64, Ordering};

use super::formulas::{FieldCounts, Formulas};
use crate::integrator::Damping;
use crate::modes::{Modes, Wavenumbers};
use crate::real::Real;
use crate::simd::{self, Kernel, Vector};
use crate::transform::plane_job::{Block, OutputRows, PlaneJob};

/// An equation on one layout, whatever its formulas.
pub trait Equation<T: Real>: Send + Sync {
    /// Counts of fields.
    fn counts(&self) -> FieldCounts;

    /// Damping of a field.
    fn damping(&self, field: usize) -> Damping;

    /// Returns whether [`Self::assemble`] needs the state.
    fn uses_state(&self) -> bool;

    /// One product of a block of values: inputs are `[field][x][lane]`, the product `[x][lane]`.
    fn product(&self, index: usize, block: Block, inputs: &[T], product: &mut [T]);

    /// Largest frequency in a block of values (see [`Formulas::frequency`]); NaN if any is.
    fn frequency(&self, block: Block, inputs: &[T]) -> f64;

    /// In-plane contraction of the columns of one bundle along x: products come as
    /// `[product][ny][re lanes, im lanes]`, contracted fields go to their rows.
    fn contract(&self, bundle_along_x: usize, products: &[T], contracted: &mut OutputRows<T>);

    /// Tendency of the columns of a bundle; all are `[field][row][re lanes, im lanes]`. `state` may
    /// be empty if [`Self::uses_state`] is false.
    fn assemble(&self, bundle: usize, state: &[T], contracted: &[T], tendency: &mut [T]);
}

/// Formulas with the tables they are applied with.
pub struct Apply<F, T: Real> {
    formulas: F,
    modes: Modes,
    k: Wavenumbers<T>,
    inverse_spacing: [T; 3],
}

impl<F: Formulas, T: Real> Apply<F, T> {
    /// Tables for a layout.
    pub fn new(formulas: F, modes: &Modes) -> Self {
        Apply {
            formulas,
            modes: *modes,
            k: Wavenumbers::new(modes),
            inverse_spacing: modes.grid.spacing().map(|dx| T::from_double(1.0 / dx)),
        }
    }
}

impl<F: Formulas, T: Real> Equation<T> for Apply<F, T> {
    fn counts(&self) -> FieldCounts {
        self.formulas.counts()
    }

    fn damping(&self, field: usize) -> Damping {
        self.formulas.damping(field)
    }

    fn uses_state(&self) -> bool {
        self.formulas.uses_state()
    }

    fn product(&self, index: usize, block: Block, inputs: &[T], product: &mut [T]) {
        simd::run(Product { formulas: &self.formulas, index, len: block.len(), inputs, product });
    }

    fn frequency(&self, block: Block, inputs: &[T]) -> f64 {
        let inverse_spacing = self.inverse_spacing;
        simd::run(Frequency { formulas: &self.formulas, len: block.len(), inputs, inverse_spacing })
    }

    fn contract(&self, bundle_along_x: usize, products: &[T], contracted: &mut OutputRows<T>) {
        simd::run(Contract { equation: self, bundle_along_x, products, contracted });
    }

    fn assemble(&self, bundle: usize, state: &[T], contracted: &[T], tendency: &mut [T]) {
        simd::run(Assemble { equation: self, bundle, state, contracted, tendency });
    }
}

struct Product<'a, F, T> {
    formulas: &'a F,
    index: usize,
    len: usize,
    inputs: &'a [T],
    product: &'a mut [T],
}

impl<F: Formulas, T: Real> Product<'_, F, T> {
    /// Stores the product whose number `is_wanted`.
    #[inline(always)]
    fn each<V: Vector<Scalar = T>>(self, is_wanted: impl Fn(usize) -> bool) {
        assert!(self.inputs.len() >= self.formulas.counts().fields * self.len);
        assert!(self.product.len() >= self.len && self.len.is_multiple_of(V::WIDTH));
        for i in (0..self.len).step_by(V::WIDTH) {
            // SAFETY: field numbers stay below the count asserted above.
            unsafe {
                let load = |f: usize| V::load(self.inputs.as_ptr().add(f * self.len + i));
                self.formulas.products(load, |p, value: V| {
                    if is_wanted(p) {
                        value.store(self.product.as_mut_ptr().add(i));
                    }
                });
            }
        }
    }
}

impl<F: Formulas, T: Real> Kernel<T> for Product<'_, F, T> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) {
        // A loop of its own for each number that the compiler knows leaves out all other products.
        macro_rules! loops {
            ($($number:literal)*) => {
                match self.index {
                    $($number => self.each::<V>(|p| p == $number),)*
                    wanted => self.each::<V>(|p| p == wanted),
                }
            };
        }
        loops!(0 1 2 3 4 5 6 7 8 9 10 11)
    }
}

struct Frequency<'a, F, T> {
    formulas: &'a F,
    len: usize,
    inputs: &'a [T],
    inverse_spacing: [T; 3],
}

impl<F: Formulas, T: Real> Kernel<T> for Frequency<'_, F, T> {
    type Output = f64;
    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) -> f64 {
        assert!(self.inputs.len() >= self.formulas.counts().fields * self.len);
        assert!(self.len.is_multiple_of(V::WIDTH));
        let inverse_spacing = self.inverse_spacing.map(V::splat);
        // A vector maximum may lose a NaN, a sum never does.
        let (mut largest, mut sum) = (V::zero(), V::zero());
        for i in (0..self.len).step_by(V::WIDTH) {
            // SAFETY: field numbers stay below the count asserted above.
            let load = |f: usize| unsafe { V::load(self.inputs.as_ptr().add(f * self.len + i)) };
            let frequency = self.formulas.frequency(load, inverse_spacing);
            largest = largest.max(frequency);
            sum = sum + frequency;
        }
        if sum.sum().is_nan() { f64::NAN } else { largest.largest().double() }
    }
}

struct Contract<'a, 'b, F, T: Real> {
    equation: &'a Apply<F, T>,
    bundle_along_x: usize,
    products: &'a [T],
    contracted: &'a mut OutputRows<'b, T>,
}

impl<F: Formulas, T: Real> Kernel<T> for Contract<'_, '_, F, T> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) {
        if self.contracted.is_single() {
            self.contract::<V, true>();
        } else {
            self.contract::<V, false>();
        }
    }
}

impl<F: Formulas, T: Real> Contract<'_, '_, F, T> {
    /// Contracts into rows that are stored in single precision if `SINGLE`.
    #[inline(always)]
    fn contract<V: Vector<Scalar = T>, const SINGLE: bool>(self) {
        let Apply { formulas, modes, k, .. } = self.equation;
        // What the compiler knows saves it loops and addresses.
        let (lanes, row_len) = (T::LANES, 2 * T::LANES);
        assert!(modes.lanes == lanes);
        let bundles = modes.bundles_at(self.bundle_along_x..self.bundle_along_x + 1);
        let (ny, cutoff_y) = (bundles.len(), bundles.len() / 2);
        let (kx, _) = k.of_bundle(modes, bundles.start);
        let (below, above) = (&k.y[..=cutoff_y], &k.y[k.y.len() - cutoff_y..]);
        assert!(self.products.len() >= formulas.counts().products * ny * row_len);
        assert!(kx.len() == lanes);
        let mut contracted = self.contracted.reborrow();
        for y in 0..ny {
            let ky = if y <= cutoff_y { below[y] } else { above[y - cutoff_y - 1] };
            for lane in (0..lanes).step_by(V::WIDTH) {
                // SAFETY: product numbers stay below the count asserted above, y below ny; a row
                // holds the lanes of the real and of the imaginary part.
                unsafe {
                    let kx = V::load(kx.as_ptr().add(lane));
                    let load = |p: usize| {
                        let from = self.products.as_ptr().add((p * ny + y) * row_len + lane);
                        (V::load(from), V::load(from.add(lanes)))
                    };
                    formulas.contract([kx, V::splat(ky)], load, |c, value: (V, V)| {
                        contracted.store::<V, SINGLE>((c, y, lane), value);
                    });
                }
            }
        }
    }
}

/// Reads real parts from `at` on and imaginary parts from `lanes` further on.
///
/// # Safety
/// Both must lie within `numbers`.
#[inline(always)]
unsafe fn load_complex<V: Vector>(numbers: &[V::Scalar], at: usize, lanes: usize) -> (V, V) {
    // SAFETY: the caller's promise.
    unsafe {
        let from = numbers.as_ptr().add(at);
        (V::load(from), V::load(from.add(lanes)))
    }
}

struct Assemble<'a, F, T: Real> {
    equation: &'a Apply<F, T>,
    bundle: usize,
    state: &'a [T],
    contracted: &'a [T],
    tendency: &'a mut [T],
}

impl<F: Formulas, T: Real> Kernel<T> for Assemble<'_, F, T> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) {
        let Apply { formulas, modes, k, .. } = self.equation;
        let (lanes, row_len, rows) = (T::LANES, 2 * T::LANES, modes.rows());
        let (kx, ky) = k.of_bundle(modes, self.bundle);
        let FieldCounts { fields, contracted, .. } = formulas.counts();
        assert!(self.contracted.len() >= contracted * rows * row_len);
        assert!(self.tendency.len() >= fields * rows * row_len);
        assert!(!formulas.uses_state() || self.state.len() >= fields * rows * row_len);
        assert!(kx.len() == lanes && modes.lanes == lanes);
        for (row, &kz) in k.z.iter().enumerate() {
            for lane in (0..lanes).step_by(V::WIDTH) {
                // SAFETY: field numbers stay below the counts asserted above, row below rows, and
                // only formulas that use the state read it.
                unsafe {
                    let at = |field: usize| (field * rows + row) * row_len + lane;
                    let kx = V::load(kx.as_ptr().add(lane));
                    formulas.assemble(
                        [kx, V::splat(ky), V::splat(kz)],
                        |f| load_complex(self.state, at(f), lanes),
                        |c| load_complex(self.contracted, at(c), lanes),
                        |f, value: (V, V)| {
                            let to = self.tendency.as_mut_ptr().add(at(f));
                            value.0.store(to);
                            value.1.store(to.add(lanes));
                        },
                    );
                }
            }
        }
    }
}

/// The physical half of a right-hand side.
pub struct NonlinearTerms<'a, T: Real> {
    equation: &'a dyn Equation<T>,
    /// Bits of the largest frequency, when it is wanted. Bits of numbers that are not negative are
    /// ordered as the numbers are, and those of NaN come last.
    frequency: Option<AtomicU64>,
}

impl<'a, T: Real> NonlinearTerms<'a, T> {
    /// The job for `equation`; it notes the largest frequency if `measure`.
    pub fn new(equation: &'a dyn Equation<T>, measure: bool) -> Self {
        NonlinearTerms { equation, frequency: measure.then(|| AtomicU64::new(0)) }
    }

    /// The largest frequency seen on this rank; NaN if any value was.
    pub fn frequency(&self) -> f64 {
        f64::from_bits(self.frequency.as_ref().map_or(0, |f| f.load(Ordering::Relaxed)))
    }
}

impl<T: Real> PlaneJob<T> for NonlinearTerms<'_, T> {
    fn inputs(&self) -> usize {
        self.equation.counts().fields
    }

    fn products(&self) -> usize {
        self.equation.counts().products
    }

    fn outputs(&self) -> usize {
        self.equation.counts().contracted
    }

    fn look(&self, block: Block, inputs: &[T]) {
        if let Some(largest) = &self.frequency {
            let frequency = self.equation.frequency(block, inputs).abs();
            largest.fetch_max(frequency.to_bits(), Ordering::Relaxed);
        }
    }

    fn product(&self, index: usize, block: Block, inputs: &[T], product: &mut [T]) {
        self.equation.product(index, block, inputs, product);
    }

    fn contract(&self, bundle_along_x: usize, modes: &[T], outputs: &mut OutputRows<T>) {
        self.equation.contract(bundle_along_x, modes, outputs);
    }
}
