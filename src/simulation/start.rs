//! The solver and the fields that a run starts from.

use std::ops::Range;

use num_complex::Complex;

use crate::config::{Config, Dealias, Step};
use crate::equation::{self, Physics};
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::forcing;
use crate::grid::{AXES, Grid};
use crate::initial::{self, Initial};
use crate::io::checkpoint::{self, CheckpointReader};
use crate::io::snapshot::SnapshotReader;
use crate::modes::Modes;
use crate::parallel::{Communicator, Team};
use crate::real::Real;
use crate::transform::regrid::regrid;
use crate::transform::sweep::Sweep;

use super::solver::{Idle, Solver};

/// The solver that `config` asks for, with all fields zero. Collective.
///
/// # Errors
/// The threads cannot be started, or the grid is too large for so few ranks.
pub fn solver_at_rest<T: Real>(
    comm: &Communicator,
    config: &Config,
    modes: Modes,
) -> Result<Solver<T>> {
    let team = comm.agree(Team::new(config.parallel.threads))?;
    let equation = equation::build(&config.physics, &modes);
    let forces =
        forcing::build(&config.forcing, &config.magnetic_forcing, &config.physics, &modes.grid);
    let mut solver = Solver::new(modes, comm, team, equation, config.time.scheme, forces)?;
    if config.grid.dealias == Dealias::PhaseShift {
        solver.use_phase_shifts();
    }
    if let Step::Tolerance { tolerance, .. } = config.time.step {
        solver.control_error(tolerance, config.physics.vectors_and_scalars());
    }
    Ok(solver)
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

/// What a run starts from: found and checked, but not yet in memory.
pub struct Start {
    /// Fields that are functions of the mode numbers, and where they are in the state.
    formulas: Vec<(Range<usize>, Formula)>,
    /// Fields that a file has, on any grid of the same box.
    file: Option<FieldsInFile>,
}

/// Some fields as a function of the mode numbers.
type Formula = Box<dyn Fn([i64; AXES], &mut [Complex<f64>])>;

/// Fields of a run that a file has.
struct FieldsInFile {
    reader: Reader,
    /// Their places in the state and in the file, and their names.
    fields: Vec<(usize, usize, String)>,
}

enum Reader {
    Snapshot(SnapshotReader),
    Checkpoint(CheckpointReader),
}

impl Start {
    /// Opens what `[initial]` asks for. Collective.
    ///
    /// # Errors
    /// A file is missing, is no snapshot with a velocity, or is of another box.
    pub fn open(config: &Config, comm: &Communicator) -> Result<Self> {
        let (grid, physics) = (config.grid.build(), &config.physics);
        let mut formulas: Vec<(Range<usize>, Formula)> = Vec::new();
        let mut file = None;
        if let Initial::File { path } = &config.initial {
            file = Some(FieldsInFile::open(config, path, comm)?);
        } else {
            formulas.push((0..AXES, initial::build(&config.initial, &grid, comm)?));
        }
        if let (Some(fields), Some(initial)) = (physics.magnetic_fields(), &config.initial_magnetic)
        {
            formulas.push((fields, initial::build(initial, &grid, comm)?));
        }
        for (field, scalar) in (physics.first_scalar()..).zip(&physics.scalars) {
            let modes = scalar.initial.build(&grid);
            formulas.push((field..field + 1, Box::new(move |mode, out| out[0] = modes(mode))));
        }
        Ok(Start { formulas, file })
    }

    /// Fills `state` and adds the mean velocity and magnetic field. Fields that the file has come
    /// from there. Collective.
    pub fn fill<T: Real>(
        self,
        config: &Config,
        comm: &Communicator,
        state: &mut SpectralFields<T>,
    ) -> Result<()> {
        state.fill(|mode, out| {
            for (fields, formula) in &self.formulas {
                formula(mode, &mut out[fields.clone()]);
            }
        });
        if let Some(file) = &self.file {
            file.read(config, comm, state)?;
        }
        let mean = state.modes.place([0; AXES]);
        if let Some(place) = mean.filter(|place| state.bundles.contains(&place.bundle)) {
            let magnetic = config.physics.magnetic_fields().into_iter().flatten();
            let means = (0..AXES).zip(config.mean_flow);
            for (field, mean) in means.chain(magnetic.zip(config.mean_magnetic_field)) {
                let value = state.at(place, field);
                state.set(place, field, Complex::new(value.re + T::from_double(mean), value.im));
            }
        }
        Ok(())
    }
}

impl FieldsInFile {
    /// Opens a snapshot or checkpoint. Collective.
    fn open(config: &Config, path: &std::path::Path, comm: &Communicator) -> Result<Self> {
        let grid = config.grid.build();
        let (reader, lengths, names): (_, _, Vec<_>) = if checkpoint::is_checkpoint(comm, path)? {
            let reader = CheckpointReader::open(comm, path)?;
            let (lengths, fields) = (reader.header().lengths, reader.header().fields.clone());
            (Reader::Checkpoint(reader), lengths, fields)
        } else {
            let reader = SnapshotReader::open(comm, path)?;
            let fields = reader.header().fields.iter().map(|f| f.name.clone()).collect();
            let lengths = reader.header().lengths;
            (Reader::Snapshot(reader), lengths, fields)
        };
        if lengths != grid.lengths {
            return Err(Error::input(format!(
                "initial.path: {} is of a box with lengths {lengths:?}, grid.lengths is {:?}; make \
                 them equal",
                path.display(),
                grid.lengths
            )));
        }
        let wanted = config.physics.fields();
        let found = |name: &str| names.iter().position(|n| n == name);
        if let Some(field) = wanted[..AXES].iter().find(|field| found(&field.name).is_none()) {
            return Err(Error::input(format!(
                "initial.path: {} has no field {}; it must hold u, v and w",
                path.display(),
                field.name
            )));
        }
        let fields = (wanted.into_iter().enumerate())
            .filter_map(|(field, wanted)| Some((field, found(&wanted.name)?, wanted.name)))
            .collect();
        Ok(FieldsInFile { reader, fields })
    }

    /// Puts the fields of the file into `state`. Collective.
    fn read<T: Real>(
        &self,
        config: &Config,
        comm: &Communicator,
        state: &mut SpectralFields<T>,
    ) -> Result<()> {
        let names: Vec<_> = self.fields.iter().map(|(_, _, name)| name.as_str()).collect();
        let (read, places): (_, Vec<_>) = match &self.reader {
            Reader::Snapshot(reader) => {
                (read(reader, &names, config, comm, state.modes)?, (0..names.len()).collect())
            }
            Reader::Checkpoint(reader) => (
                regrid(&reader.read()?, state.modes, comm),
                self.fields.iter().map(|(_, place, _)| *place).collect(),
            ),
        };
        let column = state.modes.column_len();
        for bundle in state.bundles.clone() {
            for ((field, ..), place) in self.fields.iter().zip(&places) {
                state.bundle_mut(bundle)[field * column..][..column]
                    .copy_from_slice(&read.bundle(bundle)[place * column..][..column]);
            }
        }
        if let Reader::Snapshot(_) = self.reader {
            make_solenoidal(state, &config.physics);
        }
        Ok(())
    }
}

/// The fields `names` of a snapshot on the modes that its grid and the run's both keep. Rounding in
/// the file breaks div u = 0, see [`make_solenoidal`]. Collective.
pub fn read<T: Real>(
    reader: &SnapshotReader,
    names: &[&str],
    config: &Config,
    comm: &Communicator,
    modes: Modes,
) -> Result<SpectralFields<T>> {
    let (points, lengths) = (reader.header().points, reader.header().lengths);
    let grid = match config.grid.dealias {
        Dealias::TwoThirds => Grid::two_thirds(points, lengths),
        Dealias::None | Dealias::PhaseShift => Grid::full(points, lengths),
    };
    let team = comm.agree(Team::new(config.parallel.threads))?;
    let count = names.len();
    let mut sweep = Sweep::<T>::new(Modes::new(grid, T::LANES), comm, team, count, count)?;
    let fields = sweep.from_physical(count, |region, values| {
        let len = values.len() / count;
        for (field, name) in names.iter().enumerate() {
            let read = reader.read(name, region)?;
            let target = &mut values[field * len..(field + 1) * len];
            target.iter_mut().zip(read).for_each(|(to, from)| *to = T::from_double(from));
        }
        Ok(())
    })?;
    // Its buffers are not needed beside the two fields.
    drop(sweep);
    Ok(regrid(&fields, modes, comm))
}

/// Removes what is not solenoidal from the velocity and the magnetic field.
pub fn make_solenoidal<T: Real>(state: &mut SpectralFields<T>, physics: &Physics) {
    project(state, 0);
    if let Some(magnetic) = physics.magnetic_fields() {
        project(state, magnetic.start);
    }
}

/// Removes the part along k of the vector whose components begin at field `first`.
fn project<T: Real>(fields: &mut SpectralFields<T>, first: usize) {
    for (mode, place) in fields.owned_modes() {
        let k = fields.modes.grid.wavevector(mode);
        let k_squared: f64 = k.iter().map(|k| k * k).sum();
        if k_squared > 0.0 {
            let u: [Complex<f64>; AXES] = std::array::from_fn(|axis| {
                let value = fields.at(place, first + axis);
                Complex::new(value.re.double(), value.im.double())
            });
            let along: Complex<f64> = (0..AXES).map(|axis| u[axis] * k[axis]).sum();
            for axis in 0..AXES {
                let value = u[axis] - along * (k[axis] / k_squared);
                let value = Complex::new(T::from_double(value.re), T::from_double(value.im));
                fields.set(place, first + axis, value);
            }
        }
    }
}
