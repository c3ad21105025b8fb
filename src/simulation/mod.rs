//! A run: its loop, and all that steers it. Only here every part is known.
//!
//! | room or file | what is in it |
//! |---|---|
//! | [`output`] | what a run writes: one file for each kind, the registry, the schedule |
//! | [`restart`] | where a run begins or goes on: initial fields, checkpoints, changes |
//! | [`simulate`], [`options`] | a simulation from its configuration to its end, or `--dry-run` |
//! | `layout` | how ranks are arranged and exchange rows, found by trying |
//! | `run` | the loop: steps, output, checkpoints |
//! | [`time_step`] | the rule of the step, its limits, landing on the times of outputs |
//! | `first_step` | the first step of a run that is not there yet |
//! | `averages`, `energy_budget` | rows of the history, and the budget of energy in them |
//! | `stop`, `deadline` | signals, the stop file, the end of a job |
//! | `blow_up`, `warnings` | what is wrong with a flow, and what to do about it |
//! | `progress` | what the user sees meanwhile, and where the time went |
//! | `convert` | snapshots of checkpoints and back |

mod averages;
mod blow_up;
mod convert;
mod deadline;
mod energy_budget;
mod first_step;
mod layout;
pub mod options;
pub mod output;
mod progress;
pub mod restart;
mod run;
pub mod simulate;
mod stop;
pub mod time_step;
mod warnings;

pub use convert::convert;
pub use options::{DryRun, Options, Outcome};
pub use restart::RestartOptions;
pub use simulate::run;
