//! What the file may say: keys, defaults, and all checks.
//!
//! The `Raw` types are what the file says, with required keys optional so that all missing ones
//! can be reported together.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

use super::reader::{is_reported, read};
use super::time::RawTime;
use super::{
    Checkpoints, Config, Dealias, Gradients, Grid, History, Output, Parallel, Pdfs, Physics,
    Precision, Slice, Snapshots, Spectra, SpectralSnapshots, Step, StructureFunctions, Time,
};
use crate::forcing::Forcing;
use crate::grid::{self, AXES};
use crate::initial::Initial;
use crate::integrator::PowerLaw;
use crate::multiples::Multiples;
use crate::physics::{Kind, Magnetic, Scalar, Stratification};
use crate::problems::Problems;

/// Most points along an axis: with this many along each, all their numbers can still be counted.
const MAX_POINTS: usize = 1 << 19;

/// Most threads of a rank: more than any machine has cores.
const MOST_THREADS: usize = 1024;

/// Rows of the history, or a few less, when the file does not say how many.
const HISTORY_ROWS: f64 = 100.0;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    precision: Precision,
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
    time: RawTime,
    output: RawOutput,
    parallel: Parallel,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawGrid {
    points: Option<[usize; AXES]>,
    lengths: [f64; AXES],
    dealias: Dealias,
}

impl Default for RawGrid {
    fn default() -> Self {
        RawGrid { points: None, lengths: [1.0; AXES], dealias: Dealias::default() }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawPhysics {
    equation: Kind,
    viscosity: Option<f64>,
    hyper: Option<PowerLaw>,
    drag: Option<PowerLaw>,
    rotation: [f64; AXES],
    magnetic: Option<Magnetic>,
    stratification: Option<Stratification>,
    scalars: Vec<Scalar>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawOutput {
    directory: Option<PathBuf>,
    history: Option<History>,
    spectra: Option<Spectra>,
    pdfs: Option<Pdfs>,
    structure_functions: Option<StructureFunctions>,
    gradients: Option<Gradients>,
    snapshots: Option<Snapshots>,
    modes: Option<SpectralSnapshots>,
    slices: Vec<Slice>,
    writers: Option<usize>,
    checkpoints: Option<Checkpoints>,
}

/// What the checks of `[output]` know of the other sections, as far as these could be read.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// `time.end`.
    pub end: Option<f64>,
    /// `[grid]`.
    pub grid: Option<&'a grid::Grid>,
    /// `[physics]`.
    pub physics: Option<&'a Physics>,
}

/// The configuration in `table`, with paths of input files relative to `directory`. Adds all that
/// is wrong to `problems`; `None` when a section is not complete.
pub fn config(table: Table, directory: &Path, problems: &mut Problems) -> Option<Config> {
    let raw: Raw = read(table, problems)?;
    let grid = raw.grid.check(problems);
    let numerical_grid = grid.map(|grid| grid.build());
    let physics = raw.physics.check(numerical_grid.as_ref(), problems);
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
    let initial = required(raw.initial, "initial", remedy, problems)
        .map(|initial| resolve("initial", initial, problems));
    let initial_magnetic =
        raw.initial_magnetic.map(|initial| resolve("initial.magnetic", initial, problems));
    for (name, mean) in
        [("mean_flow", raw.mean_flow), ("mean_magnetic_field", raw.mean_magnetic_field)]
    {
        for (axis, value) in mean.iter().enumerate() {
            let path = format!("initial.{name}[{axis}]");
            problems.require(value.is_finite(), &path, value, "a finite number");
        }
    }
    let has_magnetic_field = raw.mean_magnetic_field != [0.0; AXES] || initial_magnetic.is_some();
    let is_plain = physics.as_ref().is_some_and(|p| p.equation == Kind::NavierStokes);
    for (path, given) in [
        ("initial.magnetic", has_magnetic_field),
        ("forcing.magnetic", !raw.magnetic_forcing.is_none()),
    ] {
        if given && is_plain {
            let message = "is given, but equation = \"navier_stokes\" has no magnetic field; set \
                           physics.equation = \"mhd\"";
            problems.add(path, message);
        }
    }
    raw.forcing.check("forcing", numerical_grid.as_ref(), problems);
    raw.magnetic_forcing.check_magnetic(numerical_grid.as_ref(), problems);
    if let Some(grid) = &numerical_grid {
        if let Some(initial) = &initial {
            initial.check(grid, problems);
        }
        if let Some(initial) = &initial_magnetic {
            initial.check_at("initial.magnetic", grid, problems);
        }
    }
    let time = raw.time.check(raw.precision, grid.map(|grid| grid.dealias), problems);
    let known = Known {
        end: time.map(|time| time.end),
        grid: numerical_grid.as_ref(),
        physics: physics.as_ref(),
    };
    let output = raw.output.check(time, known, problems);
    problems.require(
        (1..=MOST_THREADS).contains(&raw.parallel.threads),
        "parallel.threads",
        raw.parallel.threads,
        &format!("1 to {MOST_THREADS}"),
    );
    for (i, count) in raw.parallel.grid.into_iter().flatten().enumerate() {
        problems.require(count > 0, &format!("parallel.grid[{i}]"), count, "1 or more");
    }
    Some(Config {
        precision: raw.precision,
        grid: grid?,
        physics: physics?,
        initial: initial?,
        mean_flow: raw.mean_flow,
        mean_magnetic_field: raw.mean_magnetic_field,
        initial_magnetic,
        forcing: raw.forcing,
        magnetic_forcing: raw.magnetic_forcing,
        time: time?,
        output: output?,
        parallel: raw.parallel,
    })
}

/// The value, or a problem that it is missing unless it was there and could not be read.
pub fn required<T>(
    value: Option<T>,
    path: &str,
    remedy: &str,
    problems: &mut Problems,
) -> Option<T> {
    if value.is_none() && !is_reported(problems, path) {
        problems.add(path, format!("is missing; {remedy}"));
    }
    value
}

impl RawGrid {
    fn check(self, problems: &mut Problems) -> Option<Grid> {
        let points =
            required(self.points, "grid.points", "for example points = [64, 64, 64]", problems);
        for (axis, n) in points.into_iter().flatten().enumerate() {
            let allowed = format!("1 to {MAX_POINTS}");
            problems.require(
                (1..=MAX_POINTS).contains(&n),
                &format!("grid.points[{axis}]"),
                n,
                &allowed,
            );
        }
        for (axis, length) in self.lengths.into_iter().enumerate() {
            problems.require_positive(&format!("grid.lengths[{axis}]"), length);
        }
        // A grid that is not valid cannot be used to check what depends on it.
        let usable = !is_reported(problems, "grid");
        points.filter(|_| usable).map(|points| Grid {
            points,
            lengths: self.lengths,
            dealias: self.dealias,
        })
    }
}

impl RawPhysics {
    fn check(self, grid: Option<&grid::Grid>, problems: &mut Problems) -> Option<Physics> {
        let viscosity = required(
            self.viscosity,
            "physics.viscosity",
            "the kinematic viscosity, for example viscosity = 1e-3",
            problems,
        )?;
        let RawPhysics {
            equation, hyper, drag, rotation, magnetic, stratification, scalars, ..
        } = self;
        let physics = Physics {
            equation,
            viscosity,
            hyper,
            drag,
            rotation,
            magnetic,
            stratification,
            scalars,
        };
        physics.check(grid, problems);
        Some(physics)
    }
}

impl RawOutput {
    /// `time` is `[time]`, if known.
    fn check(self, time: Option<Time>, known: Known, problems: &mut Problems) -> Option<Output> {
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
        let history = self.history.or(time.map(|Time { step, end, .. }| {
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
        }));
        Some(Output {
            directory: directory?,
            history: history?,
            spectra: self.spectra,
            pdfs: self.pdfs,
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
