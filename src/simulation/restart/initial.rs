//! The solver and the fields that a run starts from.

use std::ops::Range;

use num_complex::Complex;

use crate::config::{Config, Step};
use crate::diagnostics::PRESSURE_PRODUCTS;
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::forcing;
use crate::grid::{AXES, Grid};
use crate::initial::{self, Initial};
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::sums::mean_square;

use super::file_fields::FieldsInFile;
use crate::solver::{Idle, Solver, SolverOptions, Tolerance};

/// The solver that `config` asks for, with all fields zero. Collective.
///
/// # Errors
/// The threads cannot be started, or the grid is too large for so few ranks.
pub fn solver_at_rest<T: Real>(
    comm: &Communicator,
    config: &Config,
    modes: Modes,
) -> Result<Solver<T>> {
    let pool = comm.agree(ThreadPool::new(config.parallel.threads))?;
    let equation = config.physics.build_equation(&modes);
    let (forcing, magnetic) = (&config.forcing, &config.magnetic_forcing);
    let forces = config.physics.build_forces(forcing, magnetic, &modes.grid);
    let tolerance = match config.time.step {
        Step::Tolerance { tolerance: error, .. } => {
            Some(Tolerance { error, groups: config.physics.vectors_and_scalars() })
        }
        Step::Fixed { .. } | Step::Cfl { .. } => None,
    };
    let options = SolverOptions {
        scheme: config.time.scheme,
        dealias: config.grid.dealias,
        tolerance,
        transpose_precision: config.transpose_precision,
        products: PRESSURE_PRODUCTS,
        particles: config.particles.clone(),
    };
    Solver::new(modes, comm, pool, equation, forces, options)
}

/// Sees that every force of a flow that is about to start has something to act on, now or later.
/// Collective.
///
/// # Errors
/// A force that could never act.
pub fn check_forces<T: Real>(solver: &mut Solver<T>, config: &Config) -> Result<()> {
    let idle = solver.idle_forces();
    let Some(Idle { name, part, wavenumber }) = idle.first() else { return Ok(()) };
    let other = "take a force that acts from rest, such as `stochastic` or `abc`";
    let (force, field, section, remedy) = match name.as_str() {
        forcing::VELOCITY => {
            let force = format!("forcing.kind: is \"{}\"", config.forcing.kind());
            (force, "velocity".into(), "initial", other)
        }
        forcing::MAGNETIC => {
            let force = format!("forcing.magnetic.kind: is \"{}\"", config.magnetic_forcing.kind());
            (force, "magnetic field".into(), "initial.magnetic", other)
        }
        scalar => {
            let index = config.physics.scalars.iter().position(|other| other.name == scalar);
            let force = format!("physics.scalars[{}].forcing: is given", index.unwrap_or(0));
            (force, format!("scalar {scalar}"), "its `initial`", "give it a mean `gradient`")
        }
    };
    let remedy = if part.is_empty() { remedy } else { "change or leave out its `helicity`" };
    let modes = match (wavenumber.is_finite(), part.is_empty()) {
        (false, _) => "fluctuations".into(),
        (true, true) => format!("modes 0 < k <= {wavenumber}"),
        (true, false) => format!("modes 0 < k <= {wavenumber} of {part}"),
    };
    Err(Error::input(format!(
        "{force}, which multiplies what is there, but the {field} that the run starts from has no \
         {modes}, and nothing makes any: it would never act; put some into {section}, or {remedy}"
    )))
}

/// The start of a run: found and checked, but not yet in memory.
pub struct Start {
    /// Fields that are functions of the mode numbers; they add up.
    groups: Vec<Group>,
    /// Fields that a file has, on any grid of the same box.
    file: Option<FieldsInFile>,
}

/// Some fields as a function of the mode numbers.
struct Group {
    /// Their places in the state.
    fields: Range<usize>,
    formula: Formula,
    /// The mean square that they are scaled to, and the key that asks for it, if any does.
    wanted: Option<(f64, String)>,
}

type Formula = Box<dyn Fn([i64; AXES], &mut [Complex<f64>])>;

/// A field whose mean square differs from that asked for by less than this is left as it is.
const EXACT_ENOUGH: f64 = 1e-6;
/// Parts of a spectrum beyond the grid that are worth a word.
const NOTABLE: f64 = 0.01;

impl Start {
    /// Opens what `[initial]` asks for. Collective.
    ///
    /// # Errors
    /// A file is missing, is no snapshot with a velocity, or is of another box.
    pub fn open(config: &Config, comm: &Communicator) -> Result<Self> {
        let (grid, physics) = (config.grid.build(), &config.physics);
        let mut groups = Vec::new();
        let mut vector = |fields, initial: &Initial, path: &str| -> Result<()> {
            let wanted = initial.energy().map(|energy| (2.0 * energy, format!("{path}.spectrum")));
            groups.push(Group { fields, formula: initial::build(initial, &grid, comm)?, wanted });
            Ok(())
        };
        let mut file = None;
        if let Initial::File { path } = &config.initial {
            file = Some(FieldsInFile::open(config, path, comm)?);
        } else {
            vector(0..AXES, &config.initial, "initial")?;
        }
        if let (Some(fields), Some(initial)) = (physics.magnetic_fields(), &config.initial_magnetic)
        {
            vector(fields, initial, "initial.magnetic")?;
        }
        for (index, scalar) in physics.scalars.iter().enumerate() {
            let field = physics.first_scalar() + index;
            let variance = scalar.initial.variance;
            let path = format!("physics.scalars[{index}].initial.peak");
            let wanted = (variance > 0.0).then_some((variance, path));
            let [random, given] = scalar.initial.build(&grid);
            for (modes, wanted) in [(random, wanted), (given, None)] {
                let formula = Box::new(move |mode, out: &mut [_]| out[0] = modes(mode));
                groups.push(Group { fields: field..field + 1, formula, wanted });
            }
        }
        Ok(Start { groups, file })
    }

    /// Fills `state`, which is zero, and adds the mean velocity and magnetic field, which take the
    /// place of those of a file. Fields that the file has come from there. Returns what the user
    /// should know. Collective.
    ///
    /// # Errors
    /// The file is damaged, or the grid has no mode for a random field.
    pub fn fill<T: Real>(
        self,
        config: &Config,
        comm: &Communicator,
        state: &mut SpectralFields<T>,
    ) -> Result<Said> {
        let mut said = Said::default();
        let (pool, grid) =
            (comm.agree(ThreadPool::new(config.parallel.threads))?, state.modes.grid);
        for Group { fields, formula, wanted } in &self.groups {
            add(state, fields, formula);
            let Some((wanted, key)) = wanted else { continue };
            let found = mean_square(state, fields.clone(), &pool, comm);
            if found == 0.0 {
                let message = "has nothing in the modes that the grid keeps; take more grid.points";
                return Err(Error::input(format!("{key}: {message}")));
            }
            if (found / wanted - 1.0).abs() > EXACT_ENOUGH {
                scale(state, fields, (wanted / found).sqrt());
            }
            if wanted - found > NOTABLE * wanted {
                said.lines.push(format!(
                    "{key}: {:.1} % of what it describes is beyond the modes that the grid keeps; the \
                     rest is scaled up to the energy or variance asked for",
                    100.0 * (1.0 - found / wanted)
                ));
            }
            if let Some(axis) = grid.flat_axis().filter(|_| fields.len() == AXES) {
                let across = fields.start + axis..fields.start + axis + 1;
                let whole = mean_square(state, fields.clone(), &pool, comm);
                let share = mean_square(state, across, &pool, comm) / whole;
                let section = key.trim_end_matches(".spectrum");
                said.lines
                    .extend((share > 0.0).then(|| out_of_plane(section, share, "energy", axis)));
            }
        }
        said.lines.extend(forces_out_of_plane(config, &grid));
        if let Some(file) = &self.file {
            said.warnings.extend(file.read(config, comm, state)?);
        }
        let magnetic = config.physics.magnetic_fields().map(|fields| ("magnetic field", fields));
        let means = [config.mean_flow, config.mean_magnetic_field];
        for ((name, fields), given) in [("flow", 0..AXES)].into_iter().chain(magnetic).zip(means) {
            let in_file = self.file.as_ref().is_some_and(|file| file.has(fields.start));
            let mean = set_mean(state, comm, fields, given, in_file);
            if in_file && mean != [0.0; AXES] {
                said.lines.push(format!("mean {name} {mean:?}"));
            }
        }
        Ok(said)
    }
}

/// Words to the user about the fields that a run starts from.
#[derive(Debug, Default)]
pub struct Said {
    /// For the log.
    pub lines: Vec<String>,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// Where random forces put their power on a grid that has no waves along an axis.
fn forces_out_of_plane(config: &Config, grid: &Grid) -> Vec<String> {
    let Some(axis) = grid.flat_axis() else { return Vec::new() };
    let sections =
        [("forcing", &config.forcing), ("forcing.magnetic", &config.magnetic_forcing)].into_iter();
    let leave_the_plane = sections.filter(|(_, forcing)| forcing.leaves_the_plane());
    leave_the_plane.map(|(section, _)| out_of_plane(section, 0.5, "power", axis)).collect()
}

/// Tells which share of something that `section` asks for is along the axis without waves.
fn out_of_plane(section: &str, share: f64, what: &str, axis: usize) -> String {
    let name = ["x", "y", "z"][axis];
    format!(
        "{section}: {:.0} % of the {what} is along {name}, along which nothing varies; {section}.plane = true \
         puts all of it into the plane",
        100.0 * share
    )
}

/// Adds `fields` that are a function of the mode numbers.
fn add<T: Real>(state: &mut SpectralFields<T>, fields: &Range<usize>, formula: &Formula) {
    let mut values = vec![Complex::default(); fields.len()];
    for (mode, index) in state.owned_modes() {
        if state.modes.grid.keeps(mode) {
            formula(mode, &mut values);
            for (field, value) in fields.clone().zip(&values) {
                let value = Complex::new(T::from_double(value.re), T::from_double(value.im));
                state.set(index, field, state.at(index, field) + value);
            }
        }
    }
}

/// Multiplies some fields.
fn scale<T: Real>(state: &mut SpectralFields<T>, fields: &Range<usize>, factor: f64) {
    let (column, factor) = (state.modes.column_len(), T::from_double(factor));
    for bundle in state.bundles.clone() {
        let part = fields.start * column..fields.end * column;
        state.bundle_mut(bundle)[part].iter_mut().for_each(|value| *value = *value * factor);
    }
}

/// Adds a mean to three fields, or puts it in the place of one that a file had; a mean of zero leaves
/// that. Returns the mean that results. Collective.
fn set_mean<T: Real>(
    state: &mut SpectralFields<T>,
    comm: &Communicator,
    fields: Range<usize>,
    given: [f64; AXES],
    in_file: bool,
) -> [f64; AXES] {
    let (mut mine, mut mean) = ([0.0; AXES], [0.0; AXES]);
    let index = state.modes.index([0; AXES]);
    if let Some(index) = index.filter(|index| state.bundles.contains(&index.bundle)) {
        for ((field, given_here), mine) in fields.zip(given).zip(&mut mine) {
            let found = state.at(index, field);
            let kept = if in_file && given != [0.0; AXES] { T::ZERO } else { found.re };
            let value = kept + T::from_double(given_here);
            state.set(index, field, Complex::new(value, found.im));
            *mine = value.double();
        }
    }
    comm.collect(&mine, &mut mean);
    mean
}
