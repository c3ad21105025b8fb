//! Output: all that a run writes, each kind in a file.
//!
//! | file | what is in it |
//! |---|---|
//! | [`kind`] | what a kind of output is: its times, its files, what `--dry-run` tells of it |
//! | [`registry`] | all kinds, a line each, and those of a run |
//! | [`schedule`] | when each is due |
//! | [`history`] | `history.csv`: averages |
//! | [`gradients`] | `gradients.csv`: moments of gradients |
//! | [`records`] | files of records and their averages in time, of which there are |
//! | [`spectra`], [`pdfs`], [`structure_functions`] | `spectra.h5`, `pdfs.h5`, `structure_functions.h5` |
//! | [`invariants`] | `invariants.h5`: the velocity gradient as a tensor |
//! | [`particles`] | `particles/NAME.h5`: where particles are |
//! | [`slices`], [`snapshots`], [`spectral_snapshots`] | fields: on some points, on all, as modes |
//! | [`names`] | no two things in a file may have one name |
//! | [`spent`] | the time that each took |
//! | [`volume`] | number and size of the files |

pub mod gradients;
pub mod history;
pub mod invariants;
pub mod kind;
pub mod names;
pub mod particles;
pub mod pdfs;
pub mod records;
pub mod registry;
pub mod schedule;
pub mod slices;
pub mod snapshots;
pub mod spectra;
pub mod spectral_snapshots;
pub mod spent;
pub mod structure_functions;
pub mod volume;

pub use kind::{Opening, OutputContext, RunContext};
pub use registry::Outputs;
