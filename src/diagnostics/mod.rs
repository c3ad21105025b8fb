//! Scalar quantities and spectra of a flow, summed over its modes.
//!
//! All sums are exact sums of terms that belong to one column or one mode each, so they have the
//! same bits for any number of ranks and threads.

mod axial;
mod budget;
mod derived;
mod energies;
mod fixed_sums;
mod gradients;
mod lines;
mod pdfs;
mod points;
mod pressure;
mod quantities;
mod scales;
mod spectra;
mod spectrum;
mod structure_functions;
mod triple;
mod units;

use std::sync::Mutex;

use num_complex::Complex;

use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Place;
use crate::parallel::{Communicator, Team};
use crate::real::Real;

pub use axial::AxialSpectra;
pub use budget::Budget;
pub use derived::{Flow, OutputFields};
pub use energies::mean_square;
pub use gradients::Gradients;
pub use lines::LineSpectra;
pub use pdfs::{Bins, Density, Measured, Normalization, Pdfs};
pub use pressure::PRODUCTS as PRESSURE_PRODUCTS;
pub use quantities::Quantities;
pub use scales::Scales;
pub use spectra::Spectra;
pub use spectrum::energy_spectrum;
pub use structure_functions::{Over, StructureFunctions};

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

/// Bytes of `count` sums while [`sum_over_bundles`] is at work: one for each thread, and their total.
fn sums_memory(count: f64, threads: usize) -> f64 {
    count * ((threads + 1) * size_of::<ExactSum>()) as f64
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

/// Calls `visit(place, mode, values)` for every mode of a bundle, with the values of all fields.
fn each_mode<T: Real>(
    fields: &SpectralFields<T>,
    bundle: usize,
    mut visit: impl FnMut(Place, [i64; AXES], &[Complex<f64>]),
) {
    let modes = fields.modes;
    let mut values = vec![Complex::default(); fields.count];
    for row in 0..modes.rows() {
        for lane in 0..modes.lanes {
            let place = Place { bundle, row, lane };
            let Some(mode) = modes.mode(place) else { break };
            for (field, value) in values.iter_mut().enumerate() {
                let stored = fields.at(place, field);
                *value = Complex::new(stored.re.double(), stored.im.double());
            }
            visit(place, mode, &values);
        }
    }
}
