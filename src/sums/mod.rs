//! Sums over the modes of a flow, which are averages over the box by Parseval's theorem.
//!
//! They are exact sums of what one column or one bundle has, which is summed in one order: they have the
//! same bits for any number of ranks and threads.
//!
//! | file | what is in it |
//! |---|---|
//! | `over_bundles` | any sum of terms of bundles |
//! | `term` | the terms of sums that are quadratic in the fields at a mode |
//! | `bundle_terms` | their values and sums at the modes of a bundle |
//! | `form_values` | the formulas of that, in vectors |
//! | `mean_square` | the mean square of a vector or scalar |
//! | `fluctuations` | that, and the mean square of its fluctuations |
//! | `velocity` | energy, dissipation and all else that a velocity field has in one pass |

mod bundle_terms;
mod fluctuations;
mod form_values;
mod mean_square;
mod over_bundles;
mod term;
mod velocity;

pub use bundle_terms::{BundleTerms, Groups};
pub use fluctuations::MeanSquares;
pub use mean_square::mean_square;
pub use over_bundles::{exact_sums_over_bundles, sum_over_bundles, sums_memory, sums_of_terms};
pub use term::{Term, Weight};
pub use velocity::VelocityAverages;
