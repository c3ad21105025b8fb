//! The cost of particles, in steps.

use super::report::Carried;
use super::{Bench, short_step};
use crate::config::Config;
use crate::error::Result;
use crate::real::Real;
use crate::simulation::restart::initial;
use crate::solver::Solver;

impl Bench<'_> {
    /// Steps of `solver`, whose particles are released, and of one without. Collective.
    pub(super) fn particles<T: Real>(&self, solver: &mut Solver<T>) -> Result<Carried> {
        let sets = &self.config.particles;
        let (modes, state) = (solver.state().modes, solver.state().clone());
        let bare = Config { particles: Vec::new(), ..self.config.clone() };
        let mut without = initial::solver_at_rest::<T>(self.comm, &bare, modes)?;
        without.set_state(state);
        solver.set_time(sets.iter().map(|set| set.start).fold(0.0, f64::max));
        // The first steps of particles are not like those that follow.
        for _ in 0..4 {
            short_step(solver)?;
        }
        let solvers = &mut [solver, &mut without];
        let [with, without] = self.in_turn(|index| short_step(solvers[index]))?;
        let count = sets.iter().map(|set| set.count).sum();
        Ok(Carried::new(count, with, without))
    }
}
