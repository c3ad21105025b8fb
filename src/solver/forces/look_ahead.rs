//! A look at what forces will meet in the next step, and at what they ask of its length.

use super::Forces;
use super::active::ActiveForce;
use super::pace::{Pace, Remark, absent};
use crate::fields::SpectralFields;
use crate::forcing::{Bounds, Part};
use crate::grid::AXES;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::sums::{MeanSquares, mean_square};

impl ActiveForce {
    /// Sees what the next step from `state`, a flow with this largest `frequency`, will meet.
    /// Collective.
    fn look_ahead<T: Real>(
        &mut self,
        comm: &Communicator,
        pool: &ThreadPool,
        state: &SpectralFields<T>,
        frequency: f64,
    ) {
        let parts = self.force.parts(&self.band, &self.present);
        let (all, total) = self.look_at_all(comm, pool, state).unzip();
        let parts = || parts.into_iter().flatten().chain(all);
        let rate =
            |parts: &mut dyn Iterator<Item = Part>| parts.map(|part| part.rate).fold(0.0, f64::max);
        // A part that would not limit the step is there, surely: its total need not be summed.
        let is_weak = rate(&mut parts()) > frequency;
        let weak = || is_weak.then(|| mean_square(state, self.fields.clone(), pool, comm));
        self.bounds.absent = total.or_else(weak).map_or(0.0, absent::<T>);
        let is_absent = |part: &Part| part.square <= self.bounds.absent;
        self.remark.absent = parts().find(is_absent).map(|part| part.name);
        let of_parts = rate(&mut parts().filter(|part| !is_absent(part)));
        let rate = of_parts.max(self.force.frequency(self.decay));
        self.pace = Pace { rate, acceleration: 0.0 };
        if self.force.acts_from_rest() && self.fields.len() == AXES {
            let ActiveForce { force, band, present, tendency, forcing, .. } = self;
            force.force(band, present, tendency, forcing);
            let spacing = state.modes.grid.spacing();
            let terms = band.rms(forcing).into_iter().zip(spacing).map(|(f, dx)| f / dx);
            self.pace.acceleration = terms.sum::<f64>().sqrt();
        }
    }

    /// Measures what it amplifies, if it amplifies all modes, and the mean square of that with its mean.
    /// Collective.
    fn look_at_all<T: Real>(
        &mut self,
        comm: &Communicator,
        pool: &ThreadPool,
        state: &SpectralFields<T>,
    ) -> Option<(Part, f64)> {
        if !self.force.amplifies() {
            return None;
        }
        let squares = MeanSquares::measure(state, self.fields.clone(), pool, comm);
        self.square = squares.fluctuations;
        self.force.bound(Bounds::NONE);
        let rate = 2.0 * self.force.amplification(self.square);
        Some((Part { name: "", rate, square: self.square }, squares.total))
    }

    /// Begins a step of `dt`.
    fn begin(&mut self, dt: f64) {
        self.bounds.rate = 1.0 / dt;
        self.force.bound(self.bounds);
        self.remark.frequency = self.pace.rate.max(self.pace.acceleration);
        if self.pace.rate * dt > 1.0 {
            self.remark.too_fast = self.remark.too_fast.max(self.pace.rate);
        }
    }
}

impl<T: Real> Forces<T> {
    /// Returns what forces ask of the next step from `state`, whose largest frequency is `frequency`.
    /// Collective.
    pub fn look_ahead(
        &mut self,
        comm: &Communicator,
        pool: &ThreadPool,
        state: &SpectralFields<T>,
        frequency: f64,
    ) -> Pace {
        let mut pace = Pace::default();
        for active in &mut self.active {
            active.look_ahead(comm, pool, state, frequency);
            pace = pace.max(active.pace);
        }
        pace
    }

    /// Begins a step of `dt`.
    pub fn begin(&mut self, dt: f64) {
        self.active.iter_mut().for_each(|active| active.begin(dt));
    }

    /// Returns what the user should know about each force, by the name of what it acts on.
    pub fn remarks(&self) -> impl Iterator<Item = (&str, Remark)> {
        self.active.iter().map(|active| (active.name.as_str(), active.remark))
    }
}
