//! The particles of a set under way.

use crate::grid::{AXES, Grid};
use crate::integrator::Stage;
use crate::parallel::Communicator;

use super::sampler::Sampler;
use super::settings::ParticleSet;

/// Tracers: dx/dt = u(x, t), by the Runge-Kutta scheme of the flow, with its velocity at each stage.
pub struct Tracers {
    set: ParticleSet,
    spacing: [f64; AXES],
    /// At the present stage, and at the start of the step. They leave the box where they cross its sides.
    position: Vec<[f64; AXES]>,
    start: Vec<[f64; AXES]>,
    /// Velocity of the flow at the present stage.
    velocity: Vec<[f64; AXES]>,
    /// What the scheme has summed up.
    sum: Vec<[f64; AXES]>,
    /// The velocity at the present stage, while it is looked for.
    pub sampler: Sampler,
}

impl Tracers {
    /// The particles of a set where they are at first.
    pub fn new(set: ParticleSet, grid: &Grid) -> Self {
        let position = set.places(grid);
        let zeros = vec![[0.0; AXES]; position.len()];
        Tracers {
            spacing: grid.spacing(),
            start: position.clone(),
            velocity: zeros.clone(),
            sum: zeros,
            sampler: Sampler::new(set.interpolation, grid.points),
            position,
            set,
        }
    }

    /// Returns the bytes that the particles of a set take.
    pub fn bytes(set: &ParticleSet, grid: &Grid) -> f64 {
        let vectors = (4 * AXES * size_of::<f64>() * set.count) as f64;
        vectors + Sampler::bytes(set.interpolation, grid.points, set.count)
    }

    /// The set.
    pub fn set(&self) -> &ParticleSet {
        &self.set
    }

    /// The positions, `[particle][component]`. A particle that has crossed a side of the box goes on outside.
    pub fn position(&self) -> &[[f64; AXES]] {
        &self.position
    }

    /// The velocity of the flow at the particles, when it was last looked for.
    pub fn velocity(&self) -> &[[f64; AXES]] {
        &self.velocity
    }

    /// Goes on from these numbers, `[particle][component]`, if they are as many as there are. Returns
    /// whether they are.
    pub fn restore(&mut self, positions: &[f64]) -> bool {
        let fits = positions.len() == self.position.len() * AXES;
        if fits {
            self.position.as_flattened_mut().copy_from_slice(positions);
            self.start.copy_from_slice(&self.position);
        }
        fits
    }

    /// Makes ready to look at the velocity on grid points that are `shifted` by so much of the spacing.
    pub fn begin(&mut self, shifted: f64) {
        let (position, spacing) = (&self.position, self.spacing);
        self.sampler.begin(position.len(), |particle| {
            std::array::from_fn(|axis| position[particle][axis] / spacing[axis] - shifted)
        });
    }

    /// Takes what was looked for. Collective.
    pub fn finish(&mut self, comm: &Communicator) {
        let velocity = &mut self.velocity;
        self.sampler.finish(comm, |particle, found| velocity[particle] = found);
    }

    /// Moves the particles to the next stage, if they are released.
    pub fn advance(&mut self, stage: Stage) {
        if stage.index == 0 {
            self.start.copy_from_slice(&self.position);
        }
        if stage.start < self.set.start {
            return;
        }
        let position = self.position.as_flattened_mut().iter_mut();
        let start = self.start.as_flattened().iter();
        let sum = self.sum.as_flattened_mut().iter_mut();
        let rate = self.velocity.as_flattened().iter();
        for (((x, start), sum), rate) in position.zip(start).zip(sum).zip(rate) {
            *x = stage.advance(*start, *x, sum, *rate);
        }
    }

    /// Takes the particles back to the start of the step.
    pub fn reject(&mut self) {
        self.position.copy_from_slice(&self.start);
    }
}
