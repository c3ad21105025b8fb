//! Terms of sums at the modes of one bundle.

use std::ops::Range;

use super::form_values::{ColumnSums, Curl, Divergence, Product, Weigh};
use super::term::{Form, Term, Weight};
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::{Modes, Wavenumbers};
use crate::real::Real;
use crate::simd;

/// The modes of one bundle, and room for the values of a term there. A form or weight that the term before
/// had is not worked out again: terms that share one should follow one another.
pub struct BundleTerms<'a, T> {
    modes: Modes,
    bundle: usize,
    kx: &'a [f64],
    ky: f64,
    kz: &'a [f64],
    /// Of each field, `[row][re lanes, im lanes]`.
    fields: Vec<&'a [T]>,
    /// Whose values `of_form` has, and in how many rows.
    form: Option<(&'a Form, usize)>,
    /// `[row][lane]`, as all that follow.
    of_form: Vec<f64>,
    /// What `weights` has, and in how many rows.
    weight: Option<(Weight, usize)>,
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
        let (kx, ky) = wavenumbers.of_bundle(&modes, bundle);
        let columns =
            |state: &&'a SpectralFields<T>| state.bundle(bundle).chunks_exact(modes.column_len());
        BundleTerms {
            modes,
            bundle,
            kx,
            ky,
            kz: &wavenumbers.z,
            fields: states.iter().flat_map(columns).collect(),
            form: None,
            of_form: Vec::new(),
            weight: None,
            weights: Vec::new(),
            values: Vec::new(),
        }
    }

    /// The values of a term at all modes, `[row][lane]`, without those of their conjugates; 0 in lanes
    /// of padding.
    pub fn values(&mut self, term: &'a Term) -> &[f64] {
        let rows = self.kz.len();
        self.evaluate(&term.form, rows);
        let is_weighted = self.find_weights(term.weight, rows);
        self.values.resize(self.of_form.len(), 0.0);
        simd::run::<f64, _>(Weigh {
            values: &self.of_form,
            weights: is_weighted.then_some(&self.weights[..]),
            factor: term.factor,
            to: &mut self.values,
        });
        &self.values
    }

    /// Adds the values of a term and their conjugates to an exact sum, column by column.
    pub fn add_to(&mut self, sum: &mut ExactSum, term: &'a Term) {
        let rows = term.weight.rows(self.kx, self.ky, self.kz.len());
        if rows == 0 {
            return;
        }
        self.evaluate(&term.form, rows);
        let is_weighted = self.find_weights(term.weight, rows);
        let lanes = self.modes.lanes;
        let columns = simd::run::<f64, _>(ColumnSums {
            values: &self.of_form[..rows * lanes],
            weights: is_weighted.then_some(&self.weights[..]),
            lanes,
        });
        let (nx, _) = self.modes.bundle_mode(self.bundle);
        for (nx, column) in (nx as i64..).zip(&columns[..lanes]) {
            sum.add(Modes::weight(nx) * term.factor * column);
        }
    }

    /// Works out a form in the first `rows`, unless that is known.
    fn evaluate(&mut self, form: &'a Form, rows: usize) {
        if self.form.is_some_and(|(known, in_rows)| known == form && in_rows >= rows) {
            return;
        }
        self.form = Some((form, rows));
        let (fields, lanes) = (&self.fields, self.modes.lanes);
        self.of_form.resize(self.kz.len() * lanes, 0.0);
        let values = &mut self.of_form[..rows * lanes];
        let vector = |first: usize| [0, 1, 2].map(|axis| fields[first + axis]);
        let (kx, ky, kz) = (self.kx, self.ky, self.kz);
        match form {
            Form::Product(pairs) => {
                for (index, &[f, g]) in pairs.iter().enumerate() {
                    let [f, g] = [f, g].map(|field| fields[field]);
                    simd::run::<f64, _>(Product { f, g, lanes, is_first: index == 0, values });
                }
            }
            Form::Curl(first) => {
                simd::run::<f64, _>(Curl { f: vector(*first), kx, ky, kz, values });
            }
            Form::Divergence(first) => {
                simd::run::<f64, _>(Divergence { f: vector(*first), kx, ky, kz, values });
            }
        }
    }

    /// Works out weights in the first `rows`, unless they are known; returns false where all are 1.
    fn find_weights(&mut self, weight: Weight, rows: usize) -> bool {
        let has_mean = self.modes.bundle_mode(self.bundle) == (0, 0);
        if weight == Weight::One || weight == Weight::Fluctuations && !has_mean {
            return false;
        }
        if !self.weight.is_some_and(|(known, in_rows)| known == weight && in_rows >= rows) {
            self.weight = Some((weight, rows));
            self.weights.resize(self.kz.len() * self.kx.len(), 0.0);
            weight.fill(self.kx, self.ky, &self.kz[..rows], &mut self.weights);
            if has_mean {
                // No infinity times zero.
                self.weights[0] = weight.of_mean();
            }
        }
        true
    }

    /// Adds the values of a term and their conjugates to the exact sums of their groups, group by group.
    pub fn add_to_groups(&mut self, sums: &mut [ExactSum], term: &'a Term, groups: &Groups) {
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
