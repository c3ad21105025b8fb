//! `[output]`: what is written, where, and how often.
//!
//! | file | what it has |
//! |---|---|
//! | here | the section, with history, gradients and checkpoints |
//! | `fields` | snapshots, spectral snapshots and slices |
//! | `statistics` | spectra, probability densities and structure functions |
//! | `known` | what the checks know of other sections |

mod fields;
mod known;
mod statistics;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::reader::required;
use super::time::{Step, Time};
use crate::multiples::Multiples;
use crate::problems::Problems;

pub use fields::{Extent, Slice, Snapshots, SpectralSnapshots};
pub use known::Known;
pub use statistics::{
    Invariants, Pdfs, Sampling, SeparationKind, Separations, Spectra, StructureFunctions,
};

/// Rows of the history, or a few less, when the file does not say how many.
const HISTORY_ROWS: f64 = 100.0;

/// `[output]`: what is written, where, and how often.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Output {
    /// The run's directory, relative to the current one.
    pub directory: PathBuf,
    /// The time series `history.csv`.
    pub history: History,
    /// The spectra `spectra.h5`, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectra: Option<Spectra>,
    /// Probability densities `pdfs.h5`, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdfs: Option<Pdfs>,
    /// Statistics of the velocity gradient `invariants.h5`, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invariants: Option<Invariants>,
    /// Structure functions `structure_functions.h5`, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure_functions: Option<StructureFunctions>,
    /// The moments of the velocity gradient `gradients.csv`, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradients: Option<Gradients>,
    /// Snapshots of the fields, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshots: Option<Snapshots>,
    /// Spectral snapshots, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<SpectralSnapshots>,
    /// Ranks of each node that write checkpoints and snapshots for all; every rank for itself when
    /// left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writers: Option<usize>,
    /// `[[output.slices]]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Slice>,
    /// Checkpoints on the way; there is one at the start and one at the end in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<Checkpoints>,
}

/// `history = { every = .. }`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Time between two rows.
    pub every: f64,
}

impl History {
    /// The rows of a run whose file does not say how many.
    fn unasked(Time { step, end, .. }: Time) -> Self {
        let every = end / HISTORY_ROWS;
        // Whole steps: what nobody asked for must not shorten them.
        let every = match step {
            Step::Fixed { dt } => {
                // Of a whole number, rounding may leave a little more.
                let steps = (every / dt * (1.0 - 1e-12)).ceil();
                Multiples::from(dt).at(steps as u64)
            }
            Step::Cfl { .. } | Step::Tolerance { .. } => every,
        };
        History { every }
    }
}

/// `gradients = { every = .. }`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gradients {
    /// Time between two rows.
    pub every: f64,
    /// Whether acceleration and pressure gradient are measured as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acceleration: bool,
}

/// `checkpoints = { every = .., keep = .. }`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoints {
    /// Time between two checkpoints. No step is shortened for them.
    pub every: f64,
    /// The number that stay, the newest ones.
    #[serde(default = "kept_checkpoints")]
    pub keep: usize,
}

/// The number of checkpoints that stay when the configuration does not say.
pub fn kept_checkpoints() -> usize {
    2
}

/// `[output]` as the file has it.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawOutput {
    directory: Option<PathBuf>,
    history: Option<History>,
    spectra: Option<Spectra>,
    pdfs: Option<Pdfs>,
    invariants: Option<Invariants>,
    structure_functions: Option<StructureFunctions>,
    gradients: Option<Gradients>,
    snapshots: Option<Snapshots>,
    modes: Option<SpectralSnapshots>,
    slices: Vec<Slice>,
    writers: Option<usize>,
    checkpoints: Option<Checkpoints>,
}

impl RawOutput {
    /// The section, given `[time]` and the others as far as they are known; adds what is wrong to
    /// `problems`.
    pub fn check(
        self,
        time: Option<Time>,
        known: Known,
        problems: &mut Problems,
    ) -> Option<Output> {
        let end = known.end;
        let remedy =
            "where results go, for example directory = \"runs/first\" or --output runs/first";
        let directory = required(self.directory, "output.directory", remedy, problems);
        if let Some(directory) = &directory {
            problems.require_path("output.directory", directory);
        }
        if let Some(history) = self.history {
            problems.require_interval("output.history.every", history.every, end);
        }
        if let Some(spectra) = &self.spectra {
            spectra.check(end, problems);
        }
        if let Some(pdfs) = &self.pdfs {
            pdfs.check(known, problems);
        }
        if let Some(invariants) = self.invariants {
            invariants.check(end, problems);
        }
        if let Some(structure_functions) = &self.structure_functions {
            structure_functions.check(known, problems);
        }
        if let Some(gradients) = self.gradients {
            problems.require_interval("output.gradients.every", gradients.every, end);
        }
        if let Some(snapshots) = &self.snapshots {
            snapshots.check(known, problems);
        }
        if let Some(modes) = self.modes {
            problems.require_interval("output.modes.every", modes.every, end);
        }
        if let Some(writers) = self.writers {
            problems.require(writers > 0, "output.writers", writers, "1 or more");
        }
        for index in 0..self.slices.len() {
            Slice::check(&self.slices, index, known, problems);
        }
        if let Some(checkpoints) = self.checkpoints {
            problems.require_interval("output.checkpoints.every", checkpoints.every, end);
            let keep = checkpoints.keep;
            problems.require(keep > 0, "output.checkpoints.keep", keep, "1 or more");
        }
        Some(Output {
            directory: directory?,
            history: self.history.or(time.map(History::unasked))?,
            spectra: self.spectra,
            pdfs: self.pdfs,
            invariants: self.invariants,
            structure_functions: self.structure_functions,
            gradients: self.gradients,
            snapshots: self.snapshots,
            modes: self.modes,
            slices: self.slices,
            writers: self.writers,
            checkpoints: self.checkpoints,
        })
    }
}
