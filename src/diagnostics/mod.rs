//! Scalar quantities and spectra of a flow, summed over its modes.
//!
//! All sums are exact sums of terms that belong to one column or one mode each, so they have the
//! same bits for any number of ranks and threads.

mod budget;
mod gradients;
mod quantities;
mod scales;
mod spectra;
mod spectrum;

use std::sync::Mutex;

use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::parallel::{Communicator, Team};
use crate::real::Real;

pub use budget::Budget;
pub use gradients::Gradients;
pub use quantities::{Name, Quantities};
pub use scales::Scales;
pub use spectra::Spectra;
pub use spectrum::energy_spectrum;

/// `count` sums over all bundles of all ranks; `add(bundle, sums)` adds the terms of one bundle.
/// Collective: every rank must call this.
fn sum_over_bundles<T: Real>(
    fields: &SpectralFields<T>,
    count: usize,
    team: &Team,
    communicator: &Communicator,
    add: impl Fn(usize, &mut [ExactSum]) + Sync,
) -> Vec<f64> {
    let zeros = || vec![ExactSum::default(); count];
    let sums = exact_sums_over_bundles(fields, zeros, team, communicator, add);
    sums.iter().map(ExactSum::value).collect()
}

/// As [`sum_over_bundles`], with as many sums as `zeros` makes: an array of them is summed without
/// allocating anything.
fn exact_sums_over_bundles<T: Real, S: AsMut<[ExactSum]> + Send>(
    fields: &SpectralFields<T>,
    zeros: impl Fn() -> S + Sync,
    team: &Team,
    communicator: &Communicator,
    add: impl Fn(usize, &mut [ExactSum]) + Sync,
) -> S {
    let first = fields.bundles.start;
    let total = Mutex::new(zeros());
    team.run(fields.bundles.len(), |_, run| {
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
