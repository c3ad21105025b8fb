//! The first step of a run, from its initial field, before the run starts.

use crate::config::{Config, Step};
use crate::error::Result;
use crate::initial::Initial;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Real;

use super::restart::initial::{self, Start};
use super::time_step;
use crate::estimate::process_grid;

/// Points along an axis up to which the field is evaluated as it is; beyond them on a coarser grid,
/// which takes moments however large the run will be.
const MOST_POINTS: usize = 128;

/// Returns how long the first step of a run with `cfl` may be, and whether its forces could ever act;
/// `None` where the step follows from something else, or the field is in a file that has to be read
/// first. Collective.
///
/// # Errors
/// What the initial field needs is missing, or a force could never act.
pub fn first_step<T: Real>(comm: &Communicator, config: &Config) -> Result<Option<f64>> {
    let forced = !(config.forcing.is_none() && config.magnetic_forcing.is_none());
    let is_adapted = matches!(config.time.step, Step::Cfl { .. });
    if !(forced || is_adapted) || matches!(config.initial, Initial::File { .. }) {
        Start::open(config, comm)?;
        return Ok(None);
    }
    let mut coarse = config.clone();
    coarse.grid.points = config.grid.points.map(|points| points.min(MOST_POINTS));
    let modes = Modes::new(coarse.grid.build(), T::LANES);
    let comm = &comm.arranged(process_grid::choose(None, &modes, comm.size())?);
    let mut solver = initial::solver_at_rest::<T>(comm, &coarse, modes)?;
    let mut state = solver.state().clone();
    Start::open(&coarse, comm)?.fill(&coarse, comm, &mut state)?;
    solver.set_state(state);
    if coarse == *config {
        initial::check_forces(&mut solver, config)?;
    }
    let Step::Cfl { cfl, dt_max } = config.time.step else { return Ok(None) };
    let dt = time_step::longest_at(&solver.begin_step(), cfl, 0.0);
    // The grid of the run is so much finer: a flow crosses a spacing sooner.
    let finer = config.grid.points.iter().zip(coarse.grid.points);
    let finer = finer.map(|(&fine, coarse)| fine as f64 / coarse as f64).fold(1.0, f64::max);
    let longest = dt_max.unwrap_or(f64::INFINITY).min(config.time.end);
    Ok(Some((dt / finer).min(longest)).filter(|dt| *dt > 0.0))
}
