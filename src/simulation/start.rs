//! The velocity that a run starts from.

use std::path::Path;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::grid::{AXES, Grid};
use crate::initial::{self, Initial};
use crate::io::snapshot::SnapshotReader;
use crate::modes::Modes;
use crate::parallel::{Communicator, Team};
use crate::real::Real;
use crate::transform::regrid::regrid;
use crate::transform::sweep::Sweep;
use num_complex::Complex;

/// Names of the velocity's datasets in snapshots.
pub const VELOCITY: [&str; AXES] = ["u", "v", "w"];

/// Fills `state` as `[initial]` says. Collective.
pub fn initial_state<T: Real>(
    config: &Config,
    comm: &Communicator,
    state: &mut SpectralFields<T>,
) -> Result<()> {
    if let Initial::File { path } = &config.initial {
        *state = from_snapshot(path, config, comm, state.modes)?;
    } else {
        let velocity = initial::build(&config.initial, &state.modes.grid, comm)?;
        state.fill(|mode, out| velocity(mode, out));
    }
    let place = state.modes.place([0; AXES]);
    if let Some(place) = place.filter(|place| state.bundles.contains(&place.bundle)) {
        for (field, mean) in config.mean_flow.iter().enumerate() {
            let value = state.at(place, field);
            state.set(place, field, Complex::new(value.re + T::from_double(*mean), value.im));
        }
    }
    Ok(())
}

/// The velocity of a snapshot, on any grid of the same box: modes that both grids keep are copied.
/// What rounding in the file made of div u = 0 is mended by projection. Collective.
fn from_snapshot<T: Real>(
    path: &Path,
    config: &Config,
    comm: &Communicator,
    modes: Modes,
) -> Result<SpectralFields<T>> {
    let reader = SnapshotReader::open(comm, path)?;
    let header = reader.header().clone();
    if header.lengths != modes.grid.lengths {
        return Err(Error::input(format!(
            "initial.path: {} is of a box with lengths {:?}, grid.lengths is {:?}; make them equal",
            path.display(),
            header.lengths,
            modes.grid.lengths
        )));
    }
    let grid = Grid::two_thirds(header.points, header.lengths);
    let team = Team::new(config.parallel.threads)?;
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
