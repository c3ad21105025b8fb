//! Estimates of what a run needs and how long it takes, before it starts; and measurements of this machine.
//!
//! | file | what it tells |
//! |---|---|
//! | [`resources`] | memory, messages, files and steps of a run: `--dry-run` |
//! | [`performance_model`] | the time of a step on a machine that is not at hand |
//! | [`cost`] | FLOPs and bytes of a right-hand side, counted |
//! | [`process_grid`] | how ranks are arranged |
//! | [`bench`](mod@bench) | `dns-solver bench`: the time of each part of a run, measured |

pub mod bench;
pub mod cost;
pub mod performance_model;
pub mod process_grid;
pub mod resources;
