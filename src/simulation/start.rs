//! The velocity that a run starts from.

use num_complex::Complex;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::grid::{AXES, Grid};
use crate::initial::{self, Initial, VelocityModes};
use crate::io::checkpoint::{self, CheckpointReader};
use crate::io::snapshot::SnapshotReader;
use crate::modes::Modes;
use crate::parallel::{Communicator, Team};
use crate::real::Real;
use crate::transform::regrid::regrid;
use crate::transform::sweep::Sweep;

/// Names of the velocity's datasets in snapshots.
pub const VELOCITY: [&str; AXES] = ["u", "v", "w"];

/// What a run starts from: found and checked, but not yet in memory.
pub enum Start {
    /// A function of the mode numbers.
    Formula(VelocityModes),
    /// A snapshot, on any grid of the same box.
    Snapshot(SnapshotReader),
    /// A checkpoint, on any grid of the same box.
    Checkpoint(CheckpointReader),
}

impl Start {
    /// Opens what `[initial]` asks for. Collective.
    ///
    /// # Errors
    /// A file is missing, is no snapshot with a velocity, or is of another box.
    pub fn open(config: &Config, comm: &Communicator) -> Result<Self> {
        let grid = config.grid.build();
        let Initial::File { path } = &config.initial else {
            return Ok(Start::Formula(initial::build(&config.initial, &grid, comm)?));
        };
        let (start, lengths, fields): (_, _, Vec<_>) = if checkpoint::is_checkpoint(comm, path)? {
            let reader = CheckpointReader::open(comm, path)?;
            let (lengths, fields) = (reader.header().lengths, reader.header().fields.clone());
            (Start::Checkpoint(reader), lengths, fields)
        } else {
            let reader = SnapshotReader::open(comm, path)?;
            let fields = reader.header().fields.iter().map(|f| f.name.clone()).collect();
            let lengths = reader.header().lengths;
            (Start::Snapshot(reader), lengths, fields)
        };
        if lengths != grid.lengths {
            return Err(Error::input(format!(
                "initial.path: {} is of a box with lengths {lengths:?}, grid.lengths is {:?}; make \
                 them equal",
                path.display(),
                grid.lengths
            )));
        }
        if let Some(name) = VELOCITY.iter().find(|name| fields.iter().all(|f| f != *name)) {
            return Err(Error::input(format!(
                "initial.path: {} has no field {name}; it must hold u, v and w",
                path.display()
            )));
        }
        Ok(start)
    }

    /// Fills `state` and adds the mean flow. Collective.
    pub fn fill<T: Real>(
        self,
        config: &Config,
        comm: &Communicator,
        state: &mut SpectralFields<T>,
    ) -> Result<()> {
        match self {
            Start::Formula(velocity) => state.fill(velocity),
            Start::Snapshot(reader) => *state = read(&reader, config, comm, state.modes)?,
            Start::Checkpoint(reader) => *state = regrid(&reader.read()?, state.modes, comm),
        }
        let mean = state.modes.place([0; AXES]);
        if let Some(place) = mean.filter(|place| state.bundles.contains(&place.bundle)) {
            for (field, mean) in config.mean_flow.iter().enumerate() {
                let value = state.at(place, field);
                state.set(place, field, Complex::new(value.re + T::from_double(*mean), value.im));
            }
        }
        Ok(())
    }
}

/// The velocity of a snapshot on the modes that its grid and the run's both keep. What rounding
/// in the file made of div u = 0 is mended by projection. Collective.
pub fn read<T: Real>(
    reader: &SnapshotReader,
    config: &Config,
    comm: &Communicator,
    modes: Modes,
) -> Result<SpectralFields<T>> {
    let grid = Grid::two_thirds(reader.header().points, reader.header().lengths);
    let team = comm.agree(Team::new(config.parallel.threads))?;
    let mut sweep = Sweep::<T>::new(Modes::new(grid, T::LANES), comm, team, AXES, AXES)?;
    let fields = sweep.from_physical(AXES, |planes, values| {
        let len = values.len() / AXES;
        for (field, name) in VELOCITY.iter().enumerate() {
            let read = reader.read_planes(name, planes.clone())?;
            let target = &mut values[field * len..(field + 1) * len];
            target.iter_mut().zip(read).for_each(|(to, from)| *to = T::from_double(from));
        }
        Ok(())
    })?;
    // Its buffers are not needed beside the two fields.
    drop(sweep);
    let mut fields = regrid(&fields, modes, comm);
    project(&mut fields);
    Ok(fields)
}

/// Removes the part of a velocity along k.
fn project<T: Real>(velocity: &mut SpectralFields<T>) {
    for (mode, place) in velocity.owned_modes() {
        let k = velocity.modes.grid.wavevector(mode);
        let k_squared: f64 = k.iter().map(|k| k * k).sum();
        if k_squared > 0.0 {
            let u: [Complex<f64>; AXES] = std::array::from_fn(|axis| {
                let value = velocity.at(place, axis);
                Complex::new(value.re.double(), value.im.double())
            });
            let along: Complex<f64> = (0..AXES).map(|axis| u[axis] * k[axis]).sum();
            for axis in 0..AXES {
                let value = u[axis] - along * (k[axis] / k_squared);
                let value = Complex::new(T::from_double(value.re), T::from_double(value.im));
                velocity.set(place, axis, value);
            }
        }
    }
}
