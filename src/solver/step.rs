//! One step: its stages, and with error control whether it counts.
//!
//! With error control the first right-hand side of a step is taken at the end of the last one, for it
//! tells the error of that: so a step that counts costs no more than without. One that does not is
//! taken back, and its start evaluated again.

use super::estimate::{Attempt, MOST_REJECTIONS, StepEstimate};
use super::{Held, Solver};
use crate::error::{Error, Result};
use crate::integrator::Stage;
use crate::real::Real;

/// Courant number of the first step that error control tries.
const FIRST_COURANT: f64 = 0.1;

impl<T: Real> Solver<T> {
    /// Takes one step of `dt`, or of less where it would not be accurate, with error control. Returns
    /// its length. Collective.
    ///
    /// # Errors
    /// No step is accurate: the flow blows up.
    pub fn step(&mut self, mut dt: f64) -> Result<f64> {
        while let Attempt::Rejected(estimate) = self.try_step(dt) {
            if estimate.rejected >= MOST_REJECTIONS {
                let text = format!("no step keeps to the tolerance, not even one of {dt:e}");
                return Err(Error::blow_up(text));
            }
            dt = dt.min(estimate.longest);
        }
        Ok(dt)
    }

    /// Begins a step: takes half of its first right-hand side (with error control all of it, unless
    /// the last step has left it), and returns what that tells about its length. Collective.
    pub fn begin_step(&mut self) -> StepEstimate {
        self.begin_step_with(0).0
    }

    /// As [`Self::begin_step`], with a `notice` to the other ranks; returns the largest one of any rank
    /// as well. It costs no message of its own. Collective.
    pub fn begin_step_with(&mut self, notice: i64) -> (StepEstimate, i64) {
        let mine = match &self.control {
            None => self.nonlinear_terms(0, true),
            Some(control) if control.is_known => control.frequency,
            Some(_) => self.find_first_tendency(),
        };
        let (frequency, notice) = self.agree_on(mine, notice);
        let forces = self.look_ahead(frequency);
        let mut estimate = StepEstimate { frequency, longest: f64::INFINITY, forces, rejected: 0 };
        self.limit(&mut estimate);
        self.begun = Some(estimate);
        (estimate, notice)
    }

    /// Takes the step that has begun, or begins one, with the length `dt`, the same on every rank.
    /// Collective.
    pub fn try_step(&mut self, dt: f64) -> Attempt {
        let begun = self.begun.take();
        let mut estimate = begun.unwrap_or_else(|| self.begin_step());
        self.begun = None;
        self.forces.begin(dt);
        self.particles.begin_step(self.time, dt);
        for index in 0..self.scheme.stages() {
            // With error control the first tendency is known.
            let is_known = index == 0 && self.control.is_some();
            if !is_known && self.held != Held::Products {
                self.nonlinear_terms(index, false);
            }
            self.update(Stage { scheme: self.scheme, index, start: self.time, dt });
        }
        if self.is_accurate(dt) {
            self.forces.accept();
            self.particles.accept(self.time);
            self.time += dt;
            return Attempt::Accepted;
        }
        self.go_back();
        estimate.rejected += 1;
        self.limit(&mut estimate);
        self.begun = Some(estimate);
        Attempt::Rejected(estimate)
    }

    /// The largest `frequency` and `notice` of any rank; a frequency of NaN wins. Collective.
    pub(super) fn agree_on(&self, frequency: f64, notice: i64) -> (f64, i64) {
        // Bits of numbers that are not negative are ordered as the numbers are; NaN comes last.
        let mut agreed = [frequency.to_bits() as i64, notice];
        self.communicator.max(&mut agreed);
        (f64::from_bits(agreed[0] as u64), agreed[1])
    }

    /// Puts the longest step that error control allows into `estimate`.
    fn limit(&self, estimate: &mut StepEstimate) {
        if let Some(control) = &self.control {
            let first = || FIRST_COURANT / estimate.courant_frequency();
            estimate.longest = control.controller.longest.unwrap_or_else(first);
        }
    }

    /// The first tendency of the next step, with error control. Returns the largest frequency of
    /// this rank.
    fn find_first_tendency(&mut self) -> f64 {
        let frequency = self.nonlinear_terms(0, true);
        if let Some(control) = &mut self.control {
            control.bring_in(&mut self.sweep, &*self.equation, &self.state);
            control.frequency = frequency;
            self.held = Held::Other;
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
        self.held = Held::Other;
        self.particles.reject();
        self.forces.reject(&self.communicator, &self.state);
        self.find_first_tendency();
    }
}
