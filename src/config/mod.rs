//! The configuration of a run: what the TOML file says, checked, with every default filled in.
//!
//! Rank 0 reads the file, applies the overrides, and sends the result to everyone as TOML. The
//! checks are in `schema`, the reading with good messages in `reader`.

mod machine;
mod output;
mod overrides;
mod reader;
mod schema;
mod statistics;
mod tags;
mod time;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Table;

use crate::equation::Physics;
use crate::error::{Error, Result};
use crate::forcing::Forcing;
use crate::grid::{self, AXES};
use crate::initial::Initial;
use crate::integrator::Scheme;
use crate::parallel::Communicator;
use crate::problems::Problems;
use crate::real::Precision;

pub use crate::grid::Dealias;
pub use machine::{Core, Machine, Network, Node};
pub use output::{Extent, Slice, Snapshots, SpectralSnapshots};
pub use statistics::{Pdfs, Sampling, SeparationKind, Separations, Spectra, StructureFunctions};

/// A checked configuration. Its sections are those of the file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// Number type of the fields.
    pub precision: Precision,
    /// `[grid]`.
    pub grid: Grid,
    /// `[physics]`.
    pub physics: Physics,
    /// `[initial]`: the field at the start, without its mean.
    pub initial: Initial,
    /// `[initial] mean_flow`: the mean velocity, added to the initial field.
    #[serde(rename = "initial.mean_flow")]
    pub mean_flow: [f64; AXES],
    /// `[initial] mean_magnetic_field`: the mean magnetic field, added likewise.
    #[serde(rename = "initial.mean_magnetic_field", skip_serializing_if = "is_zero")]
    pub mean_magnetic_field: [f64; AXES],
    /// `[initial.magnetic]`: the magnetic field at the start; none is zero.
    #[serde(rename = "initial.magnetic", skip_serializing_if = "Option::is_none")]
    pub initial_magnetic: Option<Initial>,
    /// `[forcing]`, on the velocity.
    pub forcing: Forcing,
    /// `[forcing.magnetic]`, on the magnetic field.
    #[serde(rename = "forcing.magnetic", skip_serializing_if = "Forcing::is_none")]
    pub magnetic_forcing: Forcing,
    /// `[time]`.
    pub time: Time,
    /// `[output]`.
    pub output: Output,
    /// `[parallel]`.
    pub parallel: Parallel,
}

/// `[grid]`: points and size of the periodic box.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Grid {
    /// Points along x, y, z; at least 1.
    pub points: [usize; AXES],
    /// Side lengths along x, y, z in units of 2 pi.
    pub lengths: [f64; AXES],
    /// Which modes are cut off.
    pub dealias: Dealias,
}

impl Grid {
    /// The numerical grid.
    pub fn build(&self) -> grid::Grid {
        self.dealias.grid(self.points, self.lengths)
    }
}

/// `[time]`: how the run advances, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Time {
    /// Runge-Kutta scheme.
    pub scheme: Scheme,
    /// How long a step is.
    #[serde(flatten)]
    pub step: Step,
    /// Time at which the run ends; it starts at 0.
    pub end: f64,
}

/// The rule for the time step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Step {
    /// The same step always.
    Fixed {
        /// The step.
        dt: f64,
    },
    /// As long as the Courant number allows.
    Cfl {
        /// The Courant number.
        cfl: f64,
        /// The longest step, whatever the velocity.
        #[serde(skip_serializing_if = "Option::is_none")]
        dt_max: Option<f64>,
    },
    /// As long as an estimate of the error allows.
    Tolerance {
        /// The relative error of a step.
        tolerance: f64,
        /// The longest step, whatever the error.
        #[serde(skip_serializing_if = "Option::is_none")]
        dt_max: Option<f64>,
    },
}

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

/// `gradients = { every = .. }`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gradients {
    /// Time between two rows.
    pub every: f64,
}

/// `checkpoints = { every = .., keep = .. }`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoints {
    /// Time between two checkpoints. No step is shortened for them.
    pub every: f64,
    /// How many stay, the newest ones.
    #[serde(default = "kept_checkpoints")]
    pub keep: usize,
}

/// How many checkpoints stay when the configuration does not say.
pub fn kept_checkpoints() -> usize {
    2
}

fn is_zero(vector: &[f64; AXES]) -> bool {
    *vector == [0.0; AXES]
}

/// `[parallel]`: how a rank works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    /// Threads of each rank, at least 1.
    #[serde(default = "one_thread")]
    pub threads: usize,
    /// How ranks exchange rows between columns and planes.
    #[serde(default)]
    pub exchange: Exchange,
    /// Groups of ranks and ranks of each group; chosen by the program when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<[usize; 2]>,
}

fn one_thread() -> usize {
    1
}

/// How ranks exchange rows. The results are the same to the bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Through shared memory when all ranks are on one node, by messages otherwise.
    #[default]
    Auto,
    /// By messages always.
    AllToAll,
}

impl Default for Parallel {
    fn default() -> Self {
        Parallel { threads: one_thread(), exchange: Exchange::default(), grid: None }
    }
}

impl Config {
    /// Reads the file at `path` on rank 0, applies `overrides` (`key=value`, see
    /// `dns-solver --help`), checks everything, and gives every rank the same result. Collective.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) with every problem found.
    pub fn load(communicator: &Communicator, path: &Path, overrides: &[String]) -> Result<Self> {
        let resolved = communicator.from_root(|| {
            let text = std::fs::read_to_string(path).map_err(|cause| {
                Error::input(format!(
                    "cannot read the configuration {}: {cause}; give the path of a TOML file, see \
                     dns-solver --help",
                    path.display()
                ))
            })?;
            let absolute = std::path::absolute(path)
                .map_err(|cause| Error::io("find the directory of", path, cause))?;
            let directory = absolute.parent().unwrap_or(&absolute);
            let config = Config::parse(&text, &path.display().to_string(), directory, overrides)?;
            Ok(config.to_toml()?.into_bytes())
        })?;
        let text = String::from_utf8_lossy(&resolved);
        communicator.agree(Config::parse(&text, "resolved configuration", Path::new(""), &[]))
    }

    /// Reads and checks TOML `text`, with `overrides` applied. `name` is what messages call the
    /// text, `directory` what paths of input files are relative to.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) with every problem found.
    pub fn parse(text: &str, name: &str, directory: &Path, overrides: &[String]) -> Result<Self> {
        let mut table: Table = toml::from_str(text).map_err(|e| {
            Error::input(format!("{name} is not valid TOML\n{}", e.to_string().trim_end()))
        })?;
        let mut problems = Problems::default();
        for text in overrides {
            if let Err(message) = overrides::apply(&mut table, text) {
                problems.add(format!("--set {text}"), message);
            }
        }
        let config = schema::config(table, directory, &mut problems);
        if let (Some(config), true) = (config, problems.is_empty()) {
            return Ok(config);
        }
        for problem in &mut problems.list {
            if let Some(text) =
                overrides.iter().rfind(|o| reader::lies_in(&problem.path, overrides::path(o)))
            {
                problem.message += &format!(" (from --set {text})");
            }
        }
        let count = match problems.list.len() {
            1 => "1 problem".into(),
            n => format!("{n} problems"),
        };
        Err(Error::input(format!("{name} has {count}:\n{}", problems.report().trim_end())))
    }

    /// The configuration as TOML with every default written out. Reading it gives the same
    /// configuration again.
    ///
    /// # Errors
    /// A path is not valid UTF-8, which TOML needs.
    pub fn to_toml(&self) -> Result<String> {
        let mut table = Table::try_from(self)
            .map_err(|e| Error::input(format!("cannot write the configuration as TOML: {e}")))?;
        tags::turn_in(&mut table);
        Ok(table.to_string())
    }
}

/// One section on its own, for the tests of what it describes.
#[cfg(test)]
pub(crate) fn section<D: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<D> {
    let content: Table = toml::from_str(text).unwrap();
    let table = Table::from_iter([(name.to_string(), content.into())]);
    let mut problems = Problems::default();
    let sections = reader::read::<std::collections::HashMap<String, D>>(table, &mut problems);
    let section = sections.and_then(|mut sections| sections.remove(name));
    section.filter(|_| problems.is_empty()).ok_or_else(|| Error::input(problems.report()))
}

#[cfg(test)]
mod manual;
#[cfg(test)]
mod tests;
