//! The sections of a configuration, and the checks of what they say together.
//!
//! The `Raw` types are what the file says, with required keys optional so that all missing ones
//! can be reported together.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::grid::{Grid, RawGrid};
use super::output::{Known, Output, RawOutput};
use super::parallel::Parallel;
use super::physics::RawPhysics;
use super::reader::{read, required};
use super::time::{RawTime, Time};
use crate::forcing::Forcing;
use crate::grid::AXES;
use crate::initial::Initial;
use crate::particles::ParticleSet;
use crate::physics::{Kind, Physics};
use crate::problems::Problems;
use crate::real::Precision;

/// A checked configuration. Its sections are those of the file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// Number type of the fields.
    pub precision: Precision,
    /// Number type in which rows lie between transforms, and are sent, if it is not that of the fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transpose_precision: Option<Precision>,
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
    /// `[[particles]]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub particles: Vec<ParticleSet>,
    /// `[time]`.
    pub time: Time,
    /// `[output]`.
    pub output: Output,
    /// `[parallel]`.
    pub parallel: Parallel,
}

impl Config {
    /// Number type in which rows lie between transforms, and are sent.
    pub fn row_precision(&self) -> Precision {
        self.transpose_precision.unwrap_or(self.precision)
    }
}

fn is_zero(vector: &[f64; AXES]) -> bool {
    *vector == [0.0; AXES]
}

/// The sections of the file.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    precision: Precision,
    transpose_precision: Option<Precision>,
    grid: RawGrid,
    physics: RawPhysics,
    initial: Option<Initial>,
    #[serde(rename = "initial.mean_flow")]
    mean_flow: [f64; AXES],
    #[serde(rename = "initial.mean_magnetic_field")]
    mean_magnetic_field: [f64; AXES],
    #[serde(rename = "initial.magnetic")]
    initial_magnetic: Option<Initial>,
    forcing: Forcing,
    #[serde(rename = "forcing.magnetic")]
    magnetic_forcing: Forcing,
    particles: Vec<ParticleSet>,
    time: RawTime,
    output: RawOutput,
    parallel: Parallel,
}

/// The configuration in `table`, with paths of input files relative to `directory`. Adds all that
/// is wrong to `problems`; `None` when a section is not complete.
pub fn config(table: Table, directory: &Path, problems: &mut Problems) -> Option<Config> {
    let mut raw: Raw = read(table, problems)?;
    let grid = std::mem::take(&mut raw.grid).check(problems);
    let numerical_grid = grid.map(|grid| grid.build());
    let physics = std::mem::take(&mut raw.physics).check(numerical_grid.as_ref(), problems);
    raw.resolve_paths(directory, problems);
    raw.check_precision(problems);
    raw.check_means(problems);
    raw.check_magnetic_field(physics.as_ref(), problems);
    raw.forcing.check("forcing", numerical_grid.as_ref(), problems);
    raw.magnetic_forcing.check_magnetic(numerical_grid.as_ref(), problems);
    if let Some(grid) = &numerical_grid {
        if let Some(initial) = &raw.initial {
            initial.check(grid, problems);
        }
        if let Some(initial) = &raw.initial_magnetic {
            initial.check_at("initial.magnetic", grid, problems);
        }
    }
    let time = raw.time.check(
        raw.transpose_precision.unwrap_or(raw.precision),
        grid.map(|grid| grid.dealias),
        problems,
    );
    let end = time.map(|time| time.end);
    for index in 0..raw.particles.len() {
        ParticleSet::check(&raw.particles, index, end, problems);
    }
    let known = Known { end, grid: numerical_grid.as_ref(), physics: physics.as_ref() };
    let output = raw.output.check(time, known, problems);
    raw.parallel.check(problems);
    Some(Config {
        precision: raw.precision,
        transpose_precision: raw.transpose_precision.filter(|rows| *rows != raw.precision),
        grid: grid?,
        physics: physics?,
        initial: raw.initial?,
        mean_flow: raw.mean_flow,
        mean_magnetic_field: raw.mean_magnetic_field,
        initial_magnetic: raw.initial_magnetic,
        forcing: raw.forcing,
        magnetic_forcing: raw.magnetic_forcing,
        particles: raw.particles,
        time: time?,
        output: output?,
        parallel: raw.parallel,
    })
}

impl Raw {
    /// Makes the paths of input files relative to `directory`.
    fn resolve_paths(&mut self, directory: &Path, problems: &mut Problems) {
        // What is read once more, for the ranks, is resolved already.
        let is_resolved = directory.as_os_str().is_empty();
        let resolve = |key: &str, mut initial: Initial, problems: &mut Problems| {
            if let Some((inner, path)) = initial.path_mut().filter(|_| !is_resolved) {
                problems.require_path(&format!("{key}.{inner}"), path);
            }
            initial.resolve_paths(directory);
            initial
        };
        let remedy = "add [initial] kind = \"taylor_green\"";
        self.initial = required(self.initial.take(), "initial", remedy, problems)
            .map(|initial| resolve("initial", initial, problems));
        self.initial_magnetic = self
            .initial_magnetic
            .take()
            .map(|initial| resolve("initial.magnetic", initial, problems));
    }

    /// Adds to `problems` rows that have more digits than the fields.
    fn check_precision(&self, problems: &mut Problems) {
        if (self.precision, self.transpose_precision)
            == (Precision::Single, Some(Precision::Double))
        {
            let message = "is \"double\", but precision = \"single\"; leave it out";
            problems.add("transpose_precision", message);
        }
    }

    /// Adds to `problems` means that are not finite.
    fn check_means(&self, problems: &mut Problems) {
        for (name, mean) in
            [("mean_flow", self.mean_flow), ("mean_magnetic_field", self.mean_magnetic_field)]
        {
            for (axis, value) in mean.iter().enumerate() {
                let path = format!("initial.{name}[{axis}]");
                problems.require(value.is_finite(), &path, value, "a finite number");
            }
        }
    }

    /// Adds to `problems` what is said of a magnetic field that the equation does not have.
    fn check_magnetic_field(&self, physics: Option<&Physics>, problems: &mut Problems) {
        if physics.is_none_or(|physics| physics.equation != Kind::NavierStokes) {
            return;
        }
        let starts = self.mean_magnetic_field != [0.0; AXES] || self.initial_magnetic.is_some();
        let is_forced = !self.magnetic_forcing.is_none();
        for (path, given) in [("initial.magnetic", starts), ("forcing.magnetic", is_forced)] {
            if given {
                let message = "is given, but equation = \"navier_stokes\" has no magnetic field; set \
                               physics.equation = \"mhd\"";
                problems.add(path, message);
            }
        }
    }
}
