//! Forces that could never act: they multiply what is there, and nothing is there or comes there.

use super::Forces;
use super::active::{ActiveForce, collect};
use super::pace::absent;
use crate::fields::SpectralFields;
use crate::forcing::Part;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::sums::{MeanSquares, mean_square};

/// A force that could never act.
#[derive(Clone, Debug, PartialEq)]
pub struct Idle {
    /// The name of what it acts on, see [`ForcingTerm`](crate::forcing::ForcingTerm).
    pub name: String,
    /// The special kind of the modes that are missing, see [`Part`].
    pub part: &'static str,
    /// They would be those with 0 < k up to this; infinite when it is all modes.
    pub wavenumber: f64,
}

impl<T: Real> Forces<T> {
    /// Whether there are forces, and all of them multiply what is there.
    pub fn only_multiply(&self) -> bool {
        !self.active.is_empty() && self.active.iter().all(|active| !active.force.acts_from_rest())
    }

    /// The forces of which a part is absent from `state`, whose largest frequency is `frequency`, and
    /// from its `tendency`. Collective.
    pub fn idle(
        &mut self,
        comm: &Communicator,
        pool: &ThreadPool,
        state: &SpectralFields<T>,
        tendency: &SpectralFields<T>,
        frequency: f64,
    ) -> Vec<Idle> {
        let mut idle = Vec::new();
        for active in &mut self.active {
            let square = |of| mean_square(of, active.fields.clone(), pool, comm);
            let squares = [square(state), square(tendency)];
            // Rounding of the tendency is that of products, whose derivatives they are.
            let products = squares[1] + frequency * frequency * squares[0];
            let is_absent = |found: [f64; 2]| {
                found[0] <= absent::<T>(squares[0]) && found[1] <= absent::<T>(products)
            };
            let ActiveForce { name, force, band, fields, present, tendency: after, .. } = active;
            for (target, source) in [(&mut *present, state), (&mut *after, tendency)] {
                collect(comm, band, fields, source, target);
            }
            let [before, after] = [&*present, &*after].map(|field| force.parts(band, field));
            let mut missing = |part: Part, wavenumber| {
                idle.push(Idle { name: name.clone(), part: part.name, wavenumber });
            };
            for (part, after) in before.into_iter().flatten().zip(after.into_iter().flatten()) {
                if is_absent([part.square, after.square]) {
                    missing(part, band.wavenumber());
                }
            }
            if force.amplifies() && force.amplification(1.0) > 0.0 {
                let all = |of| MeanSquares::measure(of, fields.clone(), pool, comm).fluctuations;
                if is_absent([all(state), all(tendency)]) {
                    missing(Part { name: "", rate: 0.0, square: 0.0 }, f64::INFINITY);
                }
            }
        }
        idle
    }
}
