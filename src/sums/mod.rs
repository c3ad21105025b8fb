//! Sums over the modes of a flow, which are averages over the box by Parseval's theorem.
//!
//! They are exact sums of terms that belong to one column or one mode each, so they have the same bits
//! for any number of ranks and threads.
//!
//! | file | what is in it |
//! |---|---|
//! | `over_bundles` | any sum of terms of bundles |
//! | `mean_square` | the mean square of a vector or scalar |
//! | `fluctuations` | that, and the mean square of its fluctuations |
//! | `velocity` | energy, dissipation and all else that a velocity field has in one pass |

mod fluctuations;
mod mean_square;
mod over_bundles;
mod velocity;

pub use fluctuations::MeanSquares;
pub use mean_square::mean_square;
pub use over_bundles::{exact_sums_over_bundles, sum_over_bundles, sums_memory};
pub use velocity::VelocityAverages;
