//! Lane-batched mixed-radix transform of lengths 2^a 3^b 5^c 7^d.
//!
//! Cooley & Tukey 1965 with decimation in frequency, in place, one work array: the first pass
//! loads through the source's row table, the last one stores through the target's. The order that
//! decimation leaves (digit-reversed) is undone by that last store, so there is no extra pass. The
//! inverse is the forward transform with real and imaginary parts exchanged on the way in and out.

use std::f64::consts::TAU;

use super::super::row_array::{StoredRows, for_storage};
use super::butterflies::dft;
use super::radices::radices;
use super::rows::{ABSENT, Job};
use crate::fields::{Aligned, zeros};
use crate::real::Real;
use crate::simd::{Cpu, Vector};

/// One pass: butterflies of `radix` values on blocks of `block` values.
struct Pass<T> {
    radix: usize,
    block: usize,
    /// For each position but 0 in a block's first part, the factors w^1 .. w^(radix - 1), re and im.
    twiddles: Vec<T>,
}

/// The plan for one length.
pub struct MixedRadix<T> {
    length: usize,
    passes: Vec<Pass<T>>,
    /// Mode number that position p holds after the last pass.
    order: Vec<usize>,
    /// A row that is read for every absent one.
    zeros: Aligned<T>,
}

impl<T: Real> MixedRadix<T> {
    /// A plan, or `None` when the length has a prime factor above 7.
    pub fn new(length: usize) -> Option<Self> {
        let radices = radices(length, Cpu::current().vector_registers())?;
        let mut block = length;
        let mut order = vec![0];
        let mut weight = 1;
        let mut passes = Vec::with_capacity(radices.len());
        for radix in radices {
            let part = block / radix;
            let factor = |j: usize, t: usize| {
                let angle = -TAU * ((j * t) % block) as f64 / block as f64;
                [T::from_double(angle.cos()), T::from_double(angle.sin())]
            };
            let twiddles =
                (1..part).flat_map(|j| (1..radix).flat_map(move |t| factor(j, t))).collect();
            passes.push(Pass { radix, block, twiddles });
            // Part t of a block holds the mode numbers t modulo radix.
            order = order.iter().flat_map(|&k| (0..radix).map(move |t| k + t * weight)).collect();
            weight *= radix;
            block = part;
        }
        Some(MixedRadix { length, passes, order, zeros: zeros(2 * T::LANES) })
    }

    /// The rows of a line in the order in which the first pass reads them.
    pub fn read_order(&self) -> Vec<usize> {
        let radix = self.passes[0].radix;
        let part = self.length / radix;
        (0..part).flat_map(|j| (0..radix).map(move |s| j + s * part)).collect()
    }

    /// The rows of a line in the order in which the last pass writes them.
    pub fn write_order(&self) -> &[usize] {
        &self.order
    }

    /// Transforms the lines of rows with `lanes` lanes.
    ///
    /// # Safety
    /// As [`super::Lines::transform`].
    #[inline(always)]
    pub unsafe fn transform<V: Vector<Scalar = T>>(&self, lanes: usize, job: &Job<T>) {
        let few = V::Half::WIDTH < V::WIDTH && job.source.lanes <= V::Half::WIDTH;
        // SAFETY: the caller's promise is passed on.
        unsafe { if few { self.run::<V::Half>(lanes, job) } else { self.run::<V>(lanes, job) } }
    }

    /// [`Self::transform`] with one kind of vectors.
    ///
    /// # Safety
    /// As [`super::Lines::transform`].
    #[inline(always)]
    unsafe fn run<V: Vector<Scalar = T>>(&self, lanes: usize, job: &Job<T>) {
        // If a vector has all lanes, the compiler sees that there is one turn.
        let narrow = V::WIDTH < T::LANES;
        let lanes_in_use = job.source.lanes;
        let in_use = if narrow { lanes_in_use.next_multiple_of(V::WIDTH) } else { V::WIDTH };
        for lane in (0..in_use).step_by(V::WIDTH) {
            // SAFETY: the caller's promise is passed on.
            unsafe { self.run_vector::<V>(lane, lanes, job) };
        }
        if narrow {
            // SAFETY: rows are valid by the caller's promise.
            unsafe { job.target.clear::<V>(in_use..lanes, lanes) };
        }
    }

    /// Transforms those lanes that one vector holds, from `lane` on, pass after pass.
    ///
    /// # Safety
    /// As [`super::Lines::transform`].
    #[inline(always)]
    unsafe fn run_vector<V: Vector<Scalar = T>>(&self, lane: usize, lanes: usize, job: &Job<T>) {
        let work = job.work;
        let [first, middle @ .., last] = &self.passes[..] else { unreachable!() };
        // SAFETY: the caller's promise is passed on; every index below is smaller than the length, and
        // work holds 2 * LANES >= 2 * WIDTH numbers for each.
        unsafe {
            for_storage!(job.source.start, rows => {
                self.first_pass::<V, _>(first, rows.at(lane), lanes, job);
            });
            for pass in middle {
                let load = |p: usize, _: usize| load_work::<V>(work, p);
                let store = |p: usize, value: (V, V)| store_work(work, p, value);
                pass.run::<V, false>(self.length, load, store);
            }
            for_storage!(job.target.start, rows => {
                self.last_pass::<V, _>(last, rows.at(lane), lanes, job);
            });
        }
    }

    /// The pass that reads rows, which begin at `from`.
    ///
    /// # Safety
    /// As [`super::Lines::transform`].
    #[inline(always)]
    unsafe fn first_pass<V: Vector<Scalar = T>, const SINGLE: bool>(
        &self,
        pass: &Pass<T>,
        from: StoredRows<T, SINGLE>,
        lanes: usize,
        job: &Job<T>,
    ) {
        let &Job { direction, source, work, .. } = job;
        let (re, im) = direction.parts(lanes);
        let read = source.table.0.offsets.as_ptr();
        let (from_re, from_im) = (from.at(re), from.at(im));
        let zeros = self.zeros.as_ptr();
        // SAFETY: turns are smaller than the length; rows are valid by the caller's promise.
        unsafe {
            let store = |p: usize, value: (V, V)| store_work(work, p, value);
            let load = |_: usize, turn: usize| {
                let offset = *read.add(turn);
                (from_re.load::<V>(offset), from_im.load::<V>(offset))
            };
            let load_padded = |_: usize, turn: usize| {
                // A row of zeros instead of a branch: a conditional move is cheaper.
                let offset = *read.add(turn);
                let row = from.at_or(offset, offset == ABSENT, zeros);
                (row.load::<V>(re), row.load::<V>(im))
            };
            if source.table.0.is_complete {
                pass.run::<V, false>(self.length, load, store);
            } else {
                pass.run::<V, false>(self.length, load_padded, store);
            }
        }
    }

    /// The pass that writes rows, which begin at `to`.
    ///
    /// # Safety
    /// As [`super::Lines::transform`].
    #[inline(always)]
    unsafe fn last_pass<V: Vector<Scalar = T>, const SINGLE: bool>(
        &self,
        pass: &Pass<T>,
        to: StoredRows<T, SINGLE>,
        lanes: usize,
        job: &Job<T>,
    ) {
        let &Job { direction, target, work, .. } = job;
        let (re, im) = direction.parts(lanes);
        let write = target.table.0.offsets.as_ptr();
        let (to_re, to_im) = (to.at(re), to.at(im));
        // SAFETY: positions are smaller than the length; rows are valid by the caller's promise.
        unsafe {
            let load = |p: usize, _: usize| load_work::<V>(work, p);
            let store = |p: usize, value: (V, V)| {
                let offset = *write.add(p);
                to_re.store(offset, value.0);
                to_im.store(offset, value.1);
            };
            let store_truncated = |p: usize, value: (V, V)| {
                if *write.add(p) != ABSENT {
                    store(p, value);
                }
            };
            if target.table.0.is_complete {
                pass.run::<V, true>(self.length, load, store);
            } else {
                pass.run::<V, true>(self.length, load, store_truncated);
            }
        }
    }
}

/// Reads row `p` of work.
///
/// # Safety
/// It must be valid to read.
#[inline(always)]
unsafe fn load_work<V: Vector>(work: *const V::Scalar, p: usize) -> (V, V) {
    // SAFETY: the caller's promise.
    unsafe {
        let row = work.add(2 * V::WIDTH * p);
        (V::load(row), V::load(row.add(V::WIDTH)))
    }
}

/// Writes row `p` of work.
///
/// # Safety
/// It must be valid to write.
#[inline(always)]
unsafe fn store_work<V: Vector>(work: *mut V::Scalar, p: usize, value: (V, V)) {
    // SAFETY: the caller's promise.
    unsafe {
        let row = work.add(2 * V::WIDTH * p);
        value.0.store(row);
        value.1.store(row.add(V::WIDTH));
    }
}

impl<T: Real> Pass<T> {
    /// All butterflies of this pass, which may be the `LAST` one.
    ///
    /// # Safety
    /// `load` and `store` accept every index below `length`.
    #[inline(always)]
    unsafe fn run<V: Vector<Scalar = T>, const LAST: bool>(
        &self,
        length: usize,
        load: impl Fn(usize, usize) -> (V, V),
        store: impl Fn(usize, (V, V)),
    ) {
        match self.radix {
            1 => self.butterflies::<V, LAST, 1>(length, load, store),
            2 => self.butterflies::<V, LAST, 2>(length, load, store),
            3 => self.butterflies::<V, LAST, 3>(length, load, store),
            4 => self.butterflies::<V, LAST, 4>(length, load, store),
            5 => self.butterflies::<V, LAST, 5>(length, load, store),
            6 => self.butterflies::<V, LAST, 6>(length, load, store),
            7 => self.butterflies::<V, LAST, 7>(length, load, store),
            _ => self.butterflies::<V, LAST, 8>(length, load, store),
        }
    }

    #[inline(always)]
    fn butterflies<V: Vector<Scalar = T>, const LAST: bool, const R: usize>(
        &self,
        length: usize,
        load: impl Fn(usize, usize) -> (V, V),
        store: impl Fn(usize, (V, V)),
    ) {
        // The last pass has blocks of one butterfly; the compiler is told so.
        let (block, part) = if LAST { (R, 1) } else { (self.block, self.block / R) };
        for start in (0..length).step_by(block) {
            // The factors of the first one are 1.
            let mut factors = self.twiddles.as_ptr();
            // SAFETY: no factor is read.
            unsafe { butterfly::<V, false, R>((start, part), 0, factors, &load, &store) };
            for j in 1..part {
                // Values are read in turn: R of the first butterfly, R of the next.
                // SAFETY: a pass holds `part` - 1 times R - 1 pairs of factors.
                unsafe {
                    butterfly::<V, true, R>((start + j, part), j * R, factors, &load, &store);
                    factors = factors.add(2 * (R - 1));
                }
            }
        }
    }
}

/// One butterfly on the values `first`, `first + part` .. of a pass.
///
/// # Safety
/// If `TWIDDLE`, there are R - 1 pairs of numbers from `factor` on.
#[inline(always)]
unsafe fn butterfly<V: Vector, const TWIDDLE: bool, const R: usize>(
    (first, part): (usize, usize),
    turn: usize,
    mut factor: *const V::Scalar,
    load: &impl Fn(usize, usize) -> (V, V),
    store: &impl Fn(usize, (V, V)),
) {
    let mut x: [(V, V); R] = std::array::from_fn(|s| load(first + s * part, turn + s));
    dft(&mut x);
    store(first, x[0]);
    for (t, &(re, im)) in x.iter().enumerate().skip(1) {
        if TWIDDLE {
            // SAFETY: by the caller's promise.
            let (c, s) = unsafe { (V::splat(*factor), V::splat(*factor.add(1))) };
            // SAFETY: at most one past the end.
            factor = unsafe { factor.add(2) };
            store(first + t * part, (im.neg_mul_add(s, re * c), im.mul_add(c, re * s)));
        } else {
            store(first + t * part, (re, im));
        }
    }
}
