//! One step: its stages, and with error control whether it counts.
//!
//! With error control the first right-hand side of a step is taken at the end of the last one, for it
//! tells the error of that: so a step that counts costs no more than without. One that does not is
//! taken back, and its start evaluated again.

use super::Solver;
use super::forced_modes::Pace;
use crate::error::Result;
use crate::integrator::{Controller, Stage};
use crate::real::Real;

/// What is known about the flow at the start of a step, the same on every rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Largest sum of |u_i| / dx_i over all points; NaN when any value is.
    pub frequency: f64,
    /// Largest of the ranks' notices, see [`Solver::give_notice`].
    pub notice: i64,
    /// The longest step that is likely to keep to the tolerance; infinite without error control.
    pub longest: f64,
    /// What forces ask for.
    pub forces: Pace,
    /// How often this step was tried and not found accurate.
    pub rejected: u32,
}

/// Steps are never shorter than this part of the time that has passed: it is not far from what
/// rounding makes of time.
const SHORTEST: f64 = 1e-12;

impl Outlook {
    /// The longest step from `time` on with this Courant number.
    pub fn longest_at(&self, courant: f64, time: f64) -> f64 {
        let frequency = self.frequency.max(self.forces.acceleration);
        (courant / frequency).min(self.longest_forced(courant, time))
    }

    /// The longest step from `time` on that is likely to keep to a `tolerance`.
    pub fn longest_within(&self, tolerance: f64, time: f64) -> f64 {
        self.longest.min(self.longest_forced(Controller::forced_courant(tolerance), time))
    }

    /// The longest step from `time` on that is `courant` over the rate of forces at most; beyond 1
    /// they are not followed.
    fn longest_forced(&self, courant: f64, time: f64) -> f64 {
        (courant.min(1.0) / self.forces.rate).max(SHORTEST * time)
    }
}

/// Courant number of the first step that error control tries.
const FIRST_COURANT: f64 = 0.1;

impl<T: Real> Solver<T> {
    /// Takes one step. `choose` is given the solver before the step and what every rank agrees on,
    /// and returns the time step, or an error that stops the run; it must decide the same on every
    /// rank. It is asked again when error control finds that the step was too long. Collective.
    pub fn step(&mut self, mut choose: impl FnMut(&Self, Outlook) -> Result<f64>) -> Result<f64> {
        let mut outlook = self.outlook();
        loop {
            let dt = choose(self, outlook)?;
            self.forces.begin(dt);
            for index in 0..self.scheme.stages() {
                if index > 0 {
                    self.nonlinear_terms(false);
                }
                self.update(Stage { scheme: self.scheme, index, start: 0.0, dt });
            }
            if self.is_accurate(dt) {
                self.forces.accept();
                return Ok(dt);
            }
            self.go_back();
            outlook.longest = self.longest(outlook.frequency.max(outlook.forces.acceleration));
            outlook.rejected += 1;
        }
    }

    /// What is known at the start of the first step. Collective.
    pub fn first_outlook(mut self) -> Outlook {
        self.outlook()
    }

    /// Half of the first right-hand side of a step (with error control all of it, unless the last
    /// step has left it), and what all ranks agree on then. Collective.
    fn outlook(&mut self) -> Outlook {
        let mine = match &self.control {
            None => self.nonlinear_terms(true),
            Some(control) if control.is_known => control.frequency,
            Some(_) => self.find_first_tendency(),
        };
        let (frequency, notice) = self.agree_on(mine, self.notice);
        let forces = self.look_ahead(frequency);
        let longest = self.longest(frequency.max(forces.acceleration));
        Outlook { frequency, notice, longest, forces, rejected: 0 }
    }

    /// The largest `frequency` and `notice` of any rank; a frequency of NaN wins. Collective.
    pub(super) fn agree_on(&self, frequency: f64, notice: i64) -> (f64, i64) {
        // Bits of numbers that are not negative are ordered as the numbers are; NaN comes last.
        let mut agreed = [frequency.to_bits() as i64, notice];
        self.communicator.max(&mut agreed);
        (f64::from_bits(agreed[0] as u64), agreed[1])
    }

    /// The longest step that error control allows.
    fn longest(&self, frequency: f64) -> f64 {
        self.control.as_ref().map_or(f64::INFINITY, |control| {
            control.controller.longest.unwrap_or(FIRST_COURANT / frequency)
        })
    }

    /// The first tendency of the next step, with error control. Returns the largest frequency of
    /// this rank.
    fn find_first_tendency(&mut self) -> f64 {
        let frequency = self.nonlinear_terms(true);
        if let Some(control) = &mut self.control {
            control.bring_in(&mut self.sweep, &*self.equation, &self.state);
            control.frequency = frequency;
        }
        frequency
    }

    /// Whether a step of `dt` counts: it is accurate, or nobody asks. Collective.
    fn is_accurate(&mut self, dt: f64) -> bool {
        if self.control.is_none() {
            return true;
        }
        self.find_first_tendency();
        let comm = &self.communicator;
        self.control.as_mut().is_none_or(|control| control.judge(comm, dt))
    }

    /// Undoes a step: all is as it was before. Collective.
    fn go_back(&mut self) {
        // The last stage has left in the sum what the step started from.
        std::mem::swap(&mut self.state.data, &mut self.sum.data);
        self.forces.reject(&self.communicator, &self.state);
        self.prepare();
        self.find_first_tendency();
    }
}
