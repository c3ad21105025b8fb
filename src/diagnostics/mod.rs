//! Scalar quantities and spectra of a flow, summed over its modes.
//!
//! All sums are exact sums of what one column, bundle or block of points has, which is summed in one order:
//! they have the same bits for any number of ranks and threads.

mod axial;
mod derived;
mod energies;
mod fixed_sums;
mod gradients;
mod held;
mod invariants;
mod linear_forces;
mod lines;
mod momentum;
mod pdfs;
mod points;
mod powers;
mod pressure;
mod quantities;
mod scales;
mod spectra;
mod spectrum;
mod structure_functions;
mod triple;
mod units;

pub use axial::AxialSpectra;
pub use derived::{Flow, OutputFields};
pub use gradients::Gradients;
pub use invariants::{Densities, Invariants, MeasuredInvariants};
pub use lines::LineSpectra;
pub use momentum::{Momentum, MomentumPart};
pub use pdfs::{Bins, Density, Measured, Normalization, Pdfs};
pub use pressure::PRODUCTS as PRESSURE_PRODUCTS;
pub use quantities::Quantities;
pub use scales::Scales;
pub use spectra::Spectra;
pub use spectrum::energy_spectrum;
pub use structure_functions::{Over, StructureFunctions};
