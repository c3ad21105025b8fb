//! Sums over the bundles of all ranks.

use std::sync::Mutex;

use super::bundle_terms::BundleTerms;
use super::term::Term;
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::modes::Wavenumbers;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;

/// `count` sums over all bundles of all ranks; `add(bundle, sums)` adds the terms of one bundle.
/// Collective: every rank must call this.
pub fn sum_over_bundles<T: Real>(
    fields: &SpectralFields<T>,
    count: usize,
    pool: &ThreadPool,
    communicator: &Communicator,
    add: impl Fn(usize, &mut [ExactSum]) + Sync,
) -> Vec<f64> {
    let zeros = || vec![ExactSum::default(); count];
    let sums = exact_sums_over_bundles(fields, zeros, pool, communicator, add);
    sums.iter().map(ExactSum::value).collect()
}

/// The sums of `terms` over the modes of all ranks. Collective: every rank must call this.
pub fn sums_of_terms<T: Real>(
    fields: &SpectralFields<T>,
    terms: &[Term],
    pool: &ThreadPool,
    communicator: &Communicator,
) -> Vec<f64> {
    let wavenumbers = Wavenumbers::new(&fields.modes);
    sum_over_bundles(fields, terms.len(), pool, communicator, |bundle, sums| {
        let mut values = BundleTerms::new(&wavenumbers, &[fields], bundle);
        sums.iter_mut().zip(terms).for_each(|(sum, term)| values.add_to(sum, term));
    })
}

/// Bytes of `count` sums while [`sum_over_bundles`] is at work: one for each thread, and their total.
pub fn sums_memory(count: f64, threads: usize) -> f64 {
    count * ((threads + 1) * size_of::<ExactSum>()) as f64
}

/// As [`sum_over_bundles`], with as many sums as `zeros` makes: an array of them is summed without
/// allocating anything.
pub fn exact_sums_over_bundles<T: Real, S: AsMut<[ExactSum]> + Send>(
    fields: &SpectralFields<T>,
    zeros: impl Fn() -> S + Sync,
    pool: &ThreadPool,
    communicator: &Communicator,
    add: impl Fn(usize, &mut [ExactSum]) + Sync,
) -> S {
    let first = fields.bundles.start;
    let total = Mutex::new(zeros());
    pool.run(fields.bundles.len(), |_, run| {
        let mut mine = zeros();
        for bundle in run {
            add(first + bundle, mine.as_mut());
        }
        // A thread that panicked ends the program: there is no poisoned total to see.
        let mut total = total.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        total.as_mut().iter_mut().zip(mine.as_mut()).for_each(|(total, mine)| total.merge(mine));
    });
    let mut total = total.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    communicator.add_exact_sums(total.as_mut());
    total
}
