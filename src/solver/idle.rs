//! Forces that could never act, found before the first step.

use super::error_control::assemble_all;
use super::forces::Idle;
use super::{Held, Solver};
use crate::real::Real;

impl<T: Real> Solver<T> {
    /// The forces that could never act in a flow that starts from the present state. A force that acts
    /// from rest may drive what others wait for: with one of those there are none. To be called
    /// before the first step. Collective.
    pub fn idle_forces(&mut self) -> Vec<Idle> {
        if !self.forces.only_multiply() {
            return Vec::new();
        }
        let mine = self.nonlinear_terms(0, true);
        let (frequency, _) = self.agree_on(mine, 0);
        let mut tendency = self.state.clone();
        assemble_all(&mut self.sweep, &*self.equation, &self.state, &mut tendency, &|_, _| {});
        self.held = Held::Other;
        let Solver { communicator: comm, sweep, forces, state, .. } = self;
        forces.idle(comm, sweep.pool(), state, &tendency, frequency)
    }
}
