//! Scalar quantities and spectra of a flow, summed over its modes.
//!
//! All sums are exact sums of terms that belong to one column or one mode each, so they have the
//! same bits for any number of ranks and threads.

mod axial;
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

use num_complex::Complex;

use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::ModeIndex;
use crate::real::Real;

pub use axial::AxialSpectra;
pub use derived::{Flow, OutputFields};
pub use gradients::Gradients;
pub use lines::LineSpectra;
pub use pdfs::{Bins, Density, Measured, Normalization, Pdfs};
pub use pressure::PRODUCTS as PRESSURE_PRODUCTS;
pub use quantities::Quantities;
pub use scales::Scales;
pub use spectra::Spectra;
pub use spectrum::energy_spectrum;
pub use structure_functions::{Over, StructureFunctions};

/// Calls `visit(index, mode, values)` for every mode of a bundle, with the values of all fields.
fn each_mode<T: Real>(
    fields: &SpectralFields<T>,
    bundle: usize,
    mut visit: impl FnMut(ModeIndex, [i64; AXES], &[Complex<f64>]),
) {
    let modes = fields.modes;
    let mut values = vec![Complex::default(); fields.count];
    for row in 0..modes.rows() {
        for lane in 0..modes.lanes {
            let index = ModeIndex { bundle, row, lane };
            let Some(mode) = modes.mode(index) else { break };
            for (field, value) in values.iter_mut().enumerate() {
                let stored = fields.at(index, field);
                *value = Complex::new(stored.re.double(), stored.im.double());
            }
            visit(index, mode, &values);
        }
    }
}
