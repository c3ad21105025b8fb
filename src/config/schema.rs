//! What the file may say: keys, defaults, and all checks.
//!
//! The `Raw` types are what the file says, with required keys optional so that all missing ones
//! can be reported together.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

use super::reader::{is_reported, read};
use super::{
    Checkpoints, Config, Dealias, Gradients, Grid, History, Output, Parallel, Physics, Precision,
    Scheme, Snapshots, Spectra, Step, Time,
};
use crate::equation::physics::{Kind, Magnetic, Scalar, Stratification};
use crate::forcing::Forcing;
use crate::grid::{self, AXES};
use crate::initial::Initial;
use crate::integrator::PowerLaw;
use crate::problems::Problems;

/// Largest Courant number accepted: beyond the limit of stability of every scheme.
const CFL_LIMIT: f64 = 3.0;

/// Most points along an axis: with this many along each, all their numbers can still be counted.
const MAX_POINTS: usize = 1 << 19;

/// Smallest tolerance of the error of a step, in double and in single precision, and the largest one.
const SMALLEST_TOLERANCE: [f64; 2] = [1e-13, 1e-6];
const LARGEST_TOLERANCE: f64 = 0.1;

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
struct RawTime {
    scheme: Scheme,
    dt: Option<f64>,
    cfl: Option<f64>,
    tolerance: Option<f64>,
    dt_max: Option<f64>,
    end: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawOutput {
    directory: Option<PathBuf>,
    history: Option<History>,
    spectra: Option<Spectra>,
    gradients: Option<Gradients>,
    snapshots: Option<Snapshots>,
    checkpoints: Option<Checkpoints>,
}

/// The configuration in `table`, with paths of input files relative to `directory`. Adds all that
/// is wrong to `problems`; `None` when a section is not complete.
pub fn config(table: Table, directory: &Path, problems: &mut Problems) -> Option<Config> {
    let raw: Raw = read(table, problems)?;
    let grid = raw.grid.check(problems);
    let numerical_grid = grid.map(|grid| grid.build());
    let physics = raw.physics.check(numerical_grid.as_ref(), problems);
    let resolve = |mut initial: Initial| {
        initial.resolve_paths(directory);
        initial
    };
    let remedy = "add [initial] kind = \"taylor_green\"";
    let initial = required(raw.initial, "initial", remedy, problems).map(resolve);
    let initial_magnetic = raw.initial_magnetic.map(resolve);
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
    let time = raw.time.check(problems);
    let shifts = grid.is_some_and(|grid| grid.dealias == Dealias::PhaseShift);
    if shifts && time.is_some_and(|time| time.scheme == Scheme::Rk3) {
        let message = "is \"rk3\", but with grid.dealias = \"phase_shift\" it must be `rk2` or `rk4`, \
                       whose even and odd stages have equal weights";
        problems.add("time.scheme", message);
    }
    if let (Some(Step::Tolerance { tolerance, .. }), Some(grid)) =
        (time.map(|time| time.step), grid)
    {
        check_tolerance(tolerance, raw.precision, grid.dealias, problems);
    }
    let output = raw.output.check(time, problems);
    problems.require(
        raw.parallel.threads > 0,
        "parallel.threads",
        raw.parallel.threads,
        "1 or more",
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

/// Notes what keeps errors from being estimated, or is wrong with the `tolerance`.
fn check_tolerance(
    tolerance: f64,
    precision: Precision,
    dealias: Dealias,
    problems: &mut Problems,
) {
    let smallest = SMALLEST_TOLERANCE[precision as usize];
    let allowed = format!("from {smallest:e}, above rounding, to {LARGEST_TOLERANCE}");
    let fits = (smallest..=LARGEST_TOLERANCE).contains(&tolerance);
    problems.require(fits, "time.tolerance", tolerance, &allowed);
    if dealias == Dealias::PhaseShift {
        let message = "is given, but with grid.dealias = \"phase_shift\" the stages that it compares \
                       differ by their aliasing; give dt or cfl";
        problems.add("time.tolerance", message);
    }
}

/// The value, or a problem that it is missing unless it was there and could not be read.
fn required<T>(value: Option<T>, path: &str, remedy: &str, problems: &mut Problems) -> Option<T> {
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

impl RawTime {
    fn check(self, problems: &mut Problems) -> Option<Time> {
        let end = required(
            self.end,
            "time.end",
            "the time at which the run stops, for example end = 10.0",
            problems,
        );
        for (path, value) in [("time.dt", self.dt), ("time.dt_max", self.dt_max), ("time.end", end)]
        {
            if let Some(value) = value {
                problems.require_positive(path, value);
            }
        }
        if let Some(cfl) = self.cfl {
            let allowed = format!("above 0 and at most {CFL_LIMIT}");
            problems.require(cfl > 0.0 && cfl <= CFL_LIMIT, "time.cfl", cfl, &allowed);
        }
        if let (Some(dt), Some(end)) = (self.dt, end.filter(|end| *end > 0.0)) {
            problems.require(dt <= end, "time.dt", dt, &format!("at most time.end = {end}"));
        }
        if self.tolerance.is_some() && self.scheme != Scheme::Rk4 {
            let message = "must be `rk4` with time.tolerance: only there is the error of a step \
                           estimated";
            problems.add("time.scheme", message);
        }
        let step = self.step(problems);
        Some(Time { scheme: self.scheme, step: step?, end: end? })
    }

    /// Exactly one rule for the step.
    fn step(&self, problems: &mut Problems) -> Option<Step> {
        let RawTime { dt, cfl, tolerance, dt_max, .. } = *self;
        let rules = [("dt", dt), ("cfl", cfl), ("tolerance", tolerance)];
        let given: Vec<_> = rules.iter().filter_map(|(key, v)| v.map(|v| (*key, v))).collect();
        match given[..] {
            [("dt", dt)] => {
                if let Some(dt_max) = dt_max {
                    let message =
                        format!("is {dt_max}, but the step is fixed by time.dt = {dt}; remove one");
                    problems.add("time.dt_max", message);
                }
                Some(Step::Fixed { dt })
            }
            [("cfl", cfl)] => Some(Step::Cfl { cfl, dt_max }),
            [(_, tolerance)] => Some(Step::Tolerance { tolerance, dt_max }),
            [] => {
                if !is_reported(problems, "time.cfl") && !is_reported(problems, "time.tolerance") {
                    let remedy = "a fixed step such as dt = 1e-3, or cfl = 0.5 or tolerance = 1e-5 to \
                                  adapt the step";
                    required(None::<f64>, "time.dt", remedy, problems);
                }
                None
            }
            [first, second, ..] => {
                let [(a, x), (b, y)] = [first, second];
                let message = format!(
                    "has both {a} = {x} and {b} = {y}; remove one, in the file or with --set \
                     time.{a}= or --set time.{b}="
                );
                problems.add("time", message);
                None
            }
        }
    }
}

impl RawOutput {
    /// `time` is `[time]`, if known.
    fn check(self, time: Option<Time>, problems: &mut Problems) -> Option<Output> {
        let remedy =
            "where results go, for example directory = \"runs/first\" or --output runs/first";
        let directory = required(self.directory, "output.directory", remedy, problems);
        if let Some(history) = self.history {
            problems.require_positive("output.history.every", history.every);
        }
        if let Some(spectra) = self.spectra {
            problems.require_positive("output.spectra.every", spectra.every);
        }
        if let Some(gradients) = self.gradients {
            problems.require_positive("output.gradients.every", gradients.every);
        }
        if let Some(snapshots) = self.snapshots {
            problems.require_positive("output.snapshots.every", snapshots.every);
        }
        if let Some(checkpoints) = self.checkpoints {
            problems.require_positive("output.checkpoints.every", checkpoints.every);
            let keep = checkpoints.keep;
            problems.require(keep > 0, "output.checkpoints.keep", keep, "1 or more");
        }
        let history = self.history.or(time.map(|Time { step, end, .. }| {
            let every = end / HISTORY_ROWS;
            // Whole steps: what nobody asked for must not shorten them.
            let every = match step {
                Step::Fixed { dt } => dt * (every / dt).ceil(),
                Step::Cfl { .. } | Step::Tolerance { .. } => every,
            };
            History { every }
        }));
        Some(Output {
            directory: directory?,
            history: history?,
            spectra: self.spectra,
            gradients: self.gradients,
            snapshots: self.snapshots,
            checkpoints: self.checkpoints,
        })
    }
}
