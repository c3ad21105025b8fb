//! Terms of sums at the modes of one bundle.

use std::ops::Range;

use super::term::{Form, Term, Weight};
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::{Modes, Wavenumbers};
use crate::real::{Real, Vector};
use crate::simd::{self, Kernel, doubles};

/// The modes of one bundle, and room for the values of terms there.
pub struct BundleTerms<'a, T> {
    modes: Modes,
    bundle: usize,
    wavenumbers: &'a Wavenumbers<f64>,
    /// Of each field, `[row][re lanes, im lanes]`.
    fields: Vec<&'a [T]>,
    /// `[row][lane]`.
    weights: Vec<f64>,
    values: Vec<f64>,
}

impl<'a, T: Real> BundleTerms<'a, T> {
    /// The modes of a bundle. Terms number the fields of the first of `states`, then those of the next.
    pub fn new(
        wavenumbers: &'a Wavenumbers<f64>,
        states: &[&'a SpectralFields<T>],
        bundle: usize,
    ) -> Self {
        let modes = states[0].modes;
        let room = vec![0.0; modes.rows() * modes.lanes];
        let columns =
            |state: &&'a SpectralFields<T>| state.bundle(bundle).chunks_exact(modes.column_len());
        BundleTerms {
            modes,
            bundle,
            wavenumbers,
            fields: states.iter().flat_map(columns).collect(),
            weights: room.clone(),
            values: room,
        }
    }

    /// The values of a term at all modes, `[row][lane]`, without those of their conjugates; 0 in lanes
    /// of padding.
    pub fn values(&mut self, term: &Term) -> &[f64] {
        let (kx, ky) = self.wavenumbers.of_bundle(&self.modes, self.bundle);
        let kz = &self.wavenumbers.z;
        let is_weighted = !matches!(term.weight, Weight::One | Weight::Fluctuations);
        let has_mean = self.modes.bundle_mode(self.bundle) == (0, 0);
        if is_weighted {
            term.weight.fill(kx, ky, kz, &mut self.weights);
            if has_mean {
                // No infinity times zero.
                self.weights[0] = term.weight.of_mean();
            }
        }
        let (fields, weights) = (&self.fields[..], is_weighted.then_some(&self.weights[..]));
        let values = &mut self.values[..];
        simd::run::<f64, _>(Evaluate { fields, kx, ky, kz, term, weights, values });
        if !is_weighted && has_mean {
            self.values[0] *= term.weight.of_mean();
        }
        &self.values
    }

    /// Adds the values of a term and their conjugates to an exact sum, column by column.
    pub fn add_to(&mut self, sum: &mut ExactSum, term: &Term) {
        let (modes, (nx, _)) = (self.modes, self.modes.bundle_mode(self.bundle));
        let mut columns = [0.0; simd::MAX_WIDTH];
        for row in self.values(term).chunks_exact(modes.lanes) {
            columns.iter_mut().zip(row).for_each(|(column, value)| *column += value);
        }
        for (nx, column) in (nx as i64..).zip(&columns[..modes.lanes]) {
            sum.add(Modes::weight(nx) * column);
        }
    }

    /// Adds the values of a term and their conjugates to the exact sums of their groups, group by group.
    pub fn add_to_groups(&mut self, sums: &mut [ExactSum], term: &Term, groups: &Groups) {
        let (modes, (nx, _)) = (self.modes, self.modes.bundle_mode(self.bundle));
        let mut parts = vec![0.0; groups.range.len()];
        let rows = self.values(term).chunks_exact(modes.lanes);
        for (row, groups) in rows.zip(groups.of_modes.chunks_exact(modes.lanes)) {
            for (lane, (value, group)) in row.iter().zip(groups).enumerate() {
                parts[*group] += Modes::weight((nx + lane) as i64) * value;
            }
        }
        let found = sums[groups.range.clone()].iter_mut().zip(parts);
        found.filter(|(_, part)| *part != 0.0).for_each(|(sum, part)| sum.add(part));
    }
}

/// The groups that the modes of one bundle belong to, such as shells.
pub struct Groups {
    /// All of them lie here.
    range: Range<usize>,
    /// Of each mode, `[row][lane]`, from the beginning of the range on.
    of_modes: Vec<usize>,
}

impl Groups {
    /// The groups `of` the modes of a bundle.
    pub fn new(modes: &Modes, bundle: usize, of: impl Fn([i64; AXES]) -> usize) -> Self {
        let mut of_modes = vec![usize::MAX; modes.rows() * modes.lanes];
        for (mode, index) in modes.of_bundle(bundle) {
            of_modes[index.row * modes.lanes + index.lane] = of(mode);
        }
        let in_use = || of_modes.iter().filter(|group| **group != usize::MAX);
        let first = in_use().min().copied().unwrap_or(0);
        let range = first..in_use().max().map_or(first, |last| last + 1);
        // Padding, which is zero, may go anywhere.
        of_modes.iter_mut().for_each(|group| {
            *group = if *group == usize::MAX { 0 } else { *group - first };
        });
        Groups { range, of_modes }
    }
}

/// Writes the values of a term, with weights if there are any.
struct Evaluate<'a, T> {
    fields: &'a [&'a [T]],
    kx: &'a [f64],
    ky: f64,
    kz: &'a [f64],
    term: &'a Term,
    weights: Option<&'a [f64]>,
    values: &'a mut [f64],
}

impl<T: Real> Kernel<f64> for Evaluate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        let lanes = self.kx.len();
        let factor = V::splat(self.term.factor);
        for (row, kz) in self.kz.iter().enumerate() {
            for lane in (0..lanes).step_by(V::WIDTH) {
                let k = [doubles::load(self.kx, lane), V::splat(self.ky), V::splat(*kz)];
                let at = |field: usize| {
                    let part = |part: usize| {
                        doubles::load::<T, V>(self.fields[field], (2 * row + part) * lanes + lane)
                    };
                    (part(0), part(1))
                };
                let mut value = factor * form(&self.term.form, k, at);
                let index = row * lanes + lane;
                if let Some(weights) = self.weights {
                    value = value * doubles::load(weights, index);
                }
                doubles::store(value, self.values, index);
            }
        }
    }
}

/// The value of a form at some modes with the wavevectors `k`, given the real and imaginary parts of each
/// field there.
#[inline(always)]
fn form<V: Vector>(form: &Form, k: [V; AXES], at: impl Fn(usize) -> (V, V)) -> V {
    match form {
        Form::Product(pairs) => {
            let mut sum = V::zero();
            for &[f, g] in pairs {
                let (f, g) = (at(f), at(g));
                sum = f.0.mul_add(g.0, f.1.mul_add(g.1, sum));
            }
            sum
        }
        Form::Curl(first) => {
            let [x, y, z] = [at(*first), at(first + 1), at(first + 2)];
            let twice = k[0] * cross(y, z) + k[1] * cross(z, x) + k[2] * cross(x, y);
            twice + twice
        }
        Form::Divergence(first) => {
            let [x, y, z] = [at(*first), at(first + 1), at(first + 2)];
            let re = k[0] * x.0 + k[1] * y.0 + k[2] * z.0;
            let im = k[0] * x.1 + k[1] * y.1 + k[2] * z.1;
            re * re + im * im
        }
    }
}

/// Re f Im g - Re g Im f.
#[inline(always)]
fn cross<V: Vector>(f: (V, V), g: (V, V)) -> V {
    f.0 * g.1 - g.0 * f.1
}
