//! How fast forces change what they act on, and whether there is anything to act on.
//!
//! A force f = P û / (2 E) makes the energy E of what it multiplies grow at the rate P / E, which has
//! no bound as E falls; a steady force against a damping lambda is balanced at the rate 2 lambda; a
//! random one changes within its correlation time. Steps must be short beside the inverse of each.
//! And what E holds must be more than rounding: otherwise nothing is there.

use std::ops::Range;

use super::{Forced, ForcedBands};
use crate::fields::SpectralFields;
use crate::forcing::Part;
use crate::grid::{AXES, Grid};
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::sums::mean_square;

/// Frequencies that forces ask steps to be short beside, as they must be beside that of the flow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// Largest rate at which a force changes what it acts on.
    pub rate: f64,
    /// sqrt(|f_x| / dx + ..), rms, of forces that act from rest: in one over it they make a flow that
    /// crosses a grid spacing in that time.
    pub acceleration: f64,
}

impl Pace {
    /// The larger of each frequency.
    pub fn max(self, other: Pace) -> Pace {
        Pace {
            rate: self.rate.max(other.rate),
            acceleration: self.acceleration.max(other.acceleration),
        }
    }
}

/// What the user should know about a force.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Remark {
    /// What it should multiply, but is absent in the present step: its name, see [`Part::name`].
    pub absent: Option<&'static str>,
    /// Largest rate at which it changed what it acts on of steps that were too long for it; 0 if none
    /// was.
    pub too_fast: f64,
    /// What it asked the last step to be short beside.
    pub frequency: f64,
}

/// A force that could never act.
#[derive(Clone, Debug, PartialEq)]
pub struct Idle {
    /// The name of what it acts on, see [`Drive`](crate::forcing::Drive).
    pub name: String,
    /// What is special about the modes that are missing, see [`Part`](crate::forcing::Part).
    pub part: &'static str,
    /// They would be those with 0 < k up to this; infinite when it is all modes.
    pub wavenumber: f64,
}

/// Rounding errors of the modes that are absent, in units of those of a single number: they are
/// sums of many.
const ROUNDING: f64 = 100.0;

/// The mean square up to which a part of a field with the mean square `total` is absent.
pub fn absent<T: Real>(total: f64) -> f64 {
    (ROUNDING * T::epsilon().double()).powi(2) * total
}

impl Forced {
    /// Sees what the next step of a flow with this largest `frequency` will meet. `total` measures
    /// the mean square of fields, collectively; it is asked only when a part is so weak that its
    /// rate would limit the step.
    fn look_ahead<T: Real>(
        &mut self,
        grid: &Grid,
        frequency: f64,
        total: impl FnOnce(&Range<usize>) -> f64,
    ) {
        let Forced {
            force, band, fields, decay, bounds, pace, remark, present, rest, push, ..
        } = self;
        let parts = force.parts(band, present);
        let rate =
            |parts: [Option<Part>; 2]| parts.iter().flatten().map(Part::rate).fold(0.0, f64::max);
        let is_weak = rate(parts) > frequency;
        bounds.absent = if is_weak { absent::<T>(total(fields)) } else { 0.0 };
        let is_absent = |part: &Part| part.square <= bounds.absent;
        remark.absent = parts.iter().flatten().find(|part| is_absent(part)).map(|part| part.name);
        let there = parts.map(|part| part.filter(|part| !is_absent(part)));
        *pace = Pace { rate: rate(there).max(force.frequency(*decay)), acceleration: 0.0 };
        if force.acts_from_rest() && fields.len() == AXES {
            force.force(band, present, rest, push);
            let terms = band.rms(push).into_iter().zip(grid.spacing()).map(|(f, dx)| f / dx);
            pace.acceleration = terms.sum::<f64>().sqrt();
        }
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

impl<T: Real> ForcedBands<T> {
    /// Whether there are forces, and all of them multiply what is there.
    pub fn only_multiply(&self) -> bool {
        !self.forces.is_empty() && self.forces.iter().all(|forced| !forced.force.acts_from_rest())
    }

    /// The forces whose band, or part of it, is absent from `state` and from its `tendency`. `absent`
    /// gives the mean squares up to which those are absent in some fields. Collective.
    pub fn idle(
        &mut self,
        comm: &Communicator,
        state: &SpectralFields<T>,
        tendency: &SpectralFields<T>,
        absent: impl Fn(&Range<usize>) -> [f64; 2],
    ) -> Vec<Idle> {
        let mut idle = Vec::new();
        for Forced { name, force, band, fields, present, rest, .. } in &mut self.forces {
            let absent = absent(fields);
            for (target, source) in [(&mut *present, state), (&mut *rest, tendency)] {
                band.collect(comm, target, |place, component| {
                    source.get(place, fields.clone().nth(component)?)
                });
            }
            let parts = [&*present, &*rest].map(|field| force.parts(band, field));
            for pair in parts[0].iter().flatten().zip(parts[1].iter().flatten()) {
                if pair.0.square <= absent[0] && pair.1.square <= absent[1] {
                    let wavenumber = band.wavenumber();
                    idle.push(Idle { name: name.clone(), part: pair.0.name, wavenumber });
                }
            }
        }
        idle
    }

    /// What forces ask of the next step from `state`, whose largest frequency is `frequency`.
    /// Collective.
    pub fn look_ahead(
        &mut self,
        comm: &Communicator,
        pool: &ThreadPool,
        state: &SpectralFields<T>,
        frequency: f64,
    ) -> Pace {
        let mut pace = Pace::default();
        for forced in &mut self.forces {
            let total = |fields: &Range<usize>| mean_square(state, fields.clone(), pool, comm);
            forced.look_ahead::<T>(&state.modes.grid, frequency, total);
            pace = pace.max(forced.pace);
        }
        pace
    }

    /// Notes for the first force, which acts on other modes than its band as well, the rate at which
    /// it will do so, or that there is nothing to act on.
    pub fn note_pace(&mut self, rate: f64, is_absent: bool) {
        self.forces[0].pace.rate = rate;
        self.forces[0].remark.absent = is_absent.then_some("");
    }

    /// Begins a step of `dt`.
    pub fn begin(&mut self, dt: f64) {
        self.forces.iter_mut().for_each(|forced| forced.begin(dt));
    }

    /// What the user should know about each force, by the name of what it acts on.
    pub fn remarks(&self) -> impl Iterator<Item = (&str, Remark)> {
        self.forces.iter().map(|forced| (forced.name.as_str(), forced.remark))
    }
}
