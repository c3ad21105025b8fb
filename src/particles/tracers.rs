//! The particles of a set under way.

use crate::grid::{AXES, Grid};
use crate::integrator::Stage;
use crate::parallel::{Communicator, ThreadPool};

use super::past::{ORDER, Past};
use super::sampler::Sampler;
use super::settings::ParticleSet;

/// Tracers: dx/dt = u(x, t). A step is made of the velocity at its start, and at the starts of the last ones
/// (see `past`); where these do not serve, of that at the stages of the Runge-Kutta scheme of the flow.
pub struct Tracers {
    set: ParticleSet,
    spacing: [f64; AXES],
    /// At present. They leave the box where they cross its sides.
    position: Vec<[f64; AXES]>,
    /// Velocity of the flow there, when it was last looked for.
    velocity: Vec<[f64; AXES]>,
    /// Both at the start of the step.
    start: Vec<[f64; AXES]>,
    start_velocity: Vec<[f64; AXES]>,
    way: Way,
    past: Past,
    /// What the Runge-Kutta scheme has summed up.
    sum: Vec<[f64; AXES]>,
    /// The velocity at the present stage, while it is looked for.
    pub sampler: Sampler,
}

/// The way in which particles take a step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// They stay where they are.
    Rests,
    /// By the scheme of the flow, stage by stage.
    RungeKutta,
    /// By the velocity at its start, and at those of the last ones, with these weights.
    AdamsBashforth([f64; ORDER]),
}

impl Tracers {
    /// The particles of a set where they are at first.
    pub fn new(set: ParticleSet, grid: &Grid) -> Self {
        let position = set.places(grid);
        let zeros = vec![[0.0; AXES]; position.len()];
        Tracers {
            spacing: grid.spacing(),
            velocity: zeros.clone(),
            start: position.clone(),
            start_velocity: zeros.clone(),
            way: Way::Rests,
            past: Past::default(),
            sum: zeros,
            sampler: Sampler::new(set.interpolation, grid.points),
            position,
            set,
        }
    }

    /// Returns the bytes that the particles of a set take; `shares_planes` if ranks do.
    pub fn bytes(set: &ParticleSet, grid: &Grid, shares_planes: bool) -> f64 {
        let vectors = (5 * AXES * size_of::<f64>() * set.count) as f64;
        let sampler = Sampler::bytes(set.interpolation, grid.points, set.count, shares_planes);
        vectors + Past::bytes(set.count) + sampler
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

    /// The velocity at the starts of the last steps.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// Goes on from these positions, `[particle][component]`, if they are as many as there are, and from the
    /// numbers of a past. Returns whether they are.
    pub fn restore(&mut self, positions: &[f64], past: &[f64]) -> bool {
        let fits = positions.len() == self.position.len() * AXES;
        if fits {
            self.position.as_flattened_mut().copy_from_slice(positions);
            self.start.copy_from_slice(&self.position);
            self.past.restore(past, self.position.len());
        }
        fits
    }

    /// Begins a step of `dt` at `time`.
    pub fn begin_step(&mut self, time: f64, dt: f64) {
        self.way = match self.past.weights(time, dt) {
            _ if time < self.set.start => Way::Rests,
            Some(weights) => Way::AdamsBashforth(weights),
            None => Way::RungeKutta,
        };
    }

    /// Returns whether the velocity is looked for in a stage.
    pub fn looks_in(&self, stage: usize) -> bool {
        stage == 0 || self.way == Way::RungeKutta
    }

    /// Makes ready to look at the velocity on grid points that are `shifted` by so much of the spacing.
    pub fn begin(&mut self, comm: &Communicator, pool: &ThreadPool, shifted: f64) {
        let (position, spacing) = (&self.position, self.spacing);
        self.sampler.begin(comm, pool, position.len(), |particle| {
            std::array::from_fn(|axis| position[particle][axis] / spacing[axis] - shifted)
        });
    }

    /// Takes what was looked for. Collective.
    pub fn finish(&mut self, comm: &Communicator, pool: &ThreadPool) {
        self.sampler.finish(comm, pool, &mut self.velocity);
    }

    /// Moves the particles to the next stage, or in the first one to the end of the step.
    pub fn advance(&mut self, stage: Stage) {
        if stage.index == 0 {
            self.start.copy_from_slice(&self.position);
            self.start_velocity.copy_from_slice(&self.velocity);
        }
        match self.way {
            Way::RungeKutta => self.advance_stage(stage),
            Way::AdamsBashforth(weights) if stage.index == 0 => self.advance_step(weights),
            Way::AdamsBashforth(_) | Way::Rests => {}
        }
    }

    fn advance_stage(&mut self, stage: Stage) {
        let position = self.position.as_flattened_mut().iter_mut();
        let start = self.start.as_flattened().iter();
        let sum = self.sum.as_flattened_mut().iter_mut();
        let rate = self.velocity.as_flattened().iter();
        for (((x, start), sum), rate) in position.zip(start).zip(sum).zip(rate) {
            *x = stage.advance(*start, *x, sum, *rate);
        }
    }

    fn advance_step(&mut self, weights: [f64; ORDER]) {
        let [now, last, second, third] = weights;
        let rates = self.past.velocities().map(|velocity| velocity.as_flattened().iter());
        let [last_rate, second_rate, third_rate] = rates;
        let position = self.position.as_flattened_mut().iter_mut();
        let with_rates = position.zip(self.start_velocity.as_flattened());
        for ((((x, a), b), c), d) in with_rates.zip(last_rate).zip(second_rate).zip(third_rate) {
            *x += now * a + last * b + second * c + third * d;
        }
    }

    /// Ends a step that began at `time` and counts.
    pub fn accept(&mut self, time: f64) {
        match self.way {
            Way::Rests => self.past.clear(),
            Way::RungeKutta | Way::AdamsBashforth(_) => {
                self.past.add(time, &mut self.start_velocity)
            }
        }
    }

    /// Takes the particles back to the start of the step.
    pub fn reject(&mut self) {
        self.position.copy_from_slice(&self.start);
    }
}
