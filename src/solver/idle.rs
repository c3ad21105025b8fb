//! Forces that could never act: they multiply what is there, and nothing is there or comes there.

use super::error_control::assemble_all;
use super::forced_modes::{Idle, absent};
use super::{Held, Solver};
use crate::grid::AXES;
use crate::real::Real;
use crate::sums::{VelocityAverages, mean_square};

impl<T: Real> Solver<T> {
    /// The forces that could never act in a flow that starts from the present state. A force that acts
    /// from rest may drive what others wait for: with one of those there are none. To be called
    /// before the first step. Collective.
    pub fn idle_forces(&mut self) -> Vec<Idle> {
        if !self.forces.only_multiply() {
            return Vec::new();
        }
        let mine = self.nonlinear_terms(true);
        let (frequency, _) = self.agree_on(mine, 0);
        let mut tendency = self.state.clone();
        assemble_all(&mut self.sweep, &*self.equation, &self.state, &mut tendency, &|_, _| {});
        self.held = Held::Other;
        let Solver { communicator: comm, sweep, forces, linear, state, .. } = self;
        let pool = sweep.pool();
        let mut idle = forces.idle(comm, state, &tendency, |fields| {
            let square = |of| mean_square(of, fields.clone(), pool, comm);
            let [state, tendency] = [square(state), square(&tendency)];
            // Rounding of the tendency is that of products, whose derivatives they are.
            [absent::<T>(state), absent::<T>(tendency + frequency * frequency * state)]
        });
        if linear.is_some_and(|linear| linear.force.rate > 0.0) {
            let budget = VelocityAverages::measure(state, 0.0, pool, comm);
            let rests = budget.fluctuation_energy <= absent::<T>(budget.kinetic_energy);
            if rests && mean_square(&tendency, 0..AXES, pool, comm) == 0.0 {
                let name = crate::forcing::VELOCITY.into();
                idle.push(Idle { name, part: "", wavenumber: f64::INFINITY });
            }
        }
        idle
    }
}
