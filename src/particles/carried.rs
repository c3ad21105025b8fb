//! All particles of a run, and how they ride on the sweeps of the flow.

use crate::grid::AXES;
use crate::integrator::Stage;
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::transform::plane_job::{Block, OutputRows, PlaneJob};

use super::interpolation::Interpolation;
use super::prefilter::Prefilter;
use super::sampler::Look;
use super::settings::ParticleSet;
use super::tracers::Tracers;

/// The particles that a flow carries.
pub struct Particles<T: Real> {
    modes: Modes,
    sets: Vec<Tracers>,
    /// One for each kind of splines in use: their coefficients pass with the fields of the flow.
    prefilters: Vec<Prefilter<T>>,
}

impl<T: Real> Particles<T> {
    /// The particles of some sets, where they are at first.
    pub fn new(sets: &[ParticleSet], modes: Modes) -> Self {
        let prefilters = kinds(sets).into_iter();
        Particles {
            modes,
            prefilters: prefilters.filter_map(|kind| Prefilter::new(kind, &modes)).collect(),
            sets: sets.iter().map(|set| Tracers::new(set.clone(), &modes.grid)).collect(),
        }
    }

    /// Returns the fields that pass with those of the flow when all do.
    pub fn fields(&self) -> usize {
        AXES * self.prefilters.len()
    }

    /// Returns the fields that pass with those of the flow in a stage.
    pub fn fields_in(&self, stage: usize) -> usize {
        if self.look_in(stage) { self.fields() } else { 0 }
    }

    /// Returns whether any look for the velocity in a stage.
    pub fn look_in(&self, stage: usize) -> bool {
        self.sets.iter().any(|set| set.looks_in(stage))
    }

    /// The sets.
    pub fn sets(&self) -> &[Tracers] {
        &self.sets
    }

    /// The sets, to go on from elsewhere.
    pub fn sets_mut(&mut self) -> &mut [Tracers] {
        &mut self.sets
    }

    /// Puts the fields that pass with those of a bundle behind the first `fields` of `outgoing`, if that has room
    /// for them.
    pub fn put_out(&self, bundle: usize, fields: usize, outgoing: &mut [T]) {
        let column = self.modes.column_len();
        let (flow, passing) = outgoing.split_at_mut(fields * column);
        let velocity = &flow[..AXES * column];
        for (prefilter, to) in self.prefilters.iter().zip(passing.chunks_exact_mut(AXES * column)) {
            prefilter.apply(&self.modes, bundle, velocity, to);
        }
    }

    /// Begins a step of `dt` at `time`.
    pub fn begin_step(&mut self, time: f64, dt: f64) {
        self.sets.iter_mut().for_each(|set| set.begin_step(time, dt));
    }

    /// Makes ready to look at the velocity in a stage, on grid points that are `shifted` by so much of the
    /// spacing.
    pub fn begin(&mut self, comm: &Communicator, pool: &ThreadPool, stage: usize, shifted: f64) {
        self.looking_in(stage).for_each(|set| set.begin(comm, pool, shifted));
    }

    /// Returns what looks at the velocity in a stage while it takes part in `job`.
    pub fn ride<'a>(&'a mut self, stage: usize, job: &'a dyn PlaneJob<T>) -> CarriedBy<'a, T> {
        let passing = self.fields_in(stage);
        let first: Vec<_> = self.prefilters.iter().map(Prefilter::interpolation).collect();
        let first = |interpolation: Interpolation| {
            let place = first.iter().position(|kind| *kind == interpolation);
            place.map_or(0, |place| job.inputs() + AXES * place)
        };
        let looks = self.looking_in(stage);
        let looks = looks.map(|set| (first(set.set().interpolation), set.sampler.look()));
        CarriedBy { looks: looks.collect(), passing, job }
    }

    /// Takes what was looked for in a stage. Collective.
    pub fn finish(&mut self, comm: &Communicator, pool: &ThreadPool, stage: usize) {
        self.looking_in(stage).for_each(|set| set.finish(comm, pool));
    }

    /// The sets that look for the velocity in a stage.
    fn looking_in(&mut self, stage: usize) -> impl Iterator<Item = &mut Tracers> {
        self.sets.iter_mut().filter(move |set| set.looks_in(stage))
    }

    /// Moves the particles to the next stage.
    pub fn advance(&mut self, stage: Stage) {
        self.sets.iter_mut().for_each(|set| set.advance(stage));
    }

    /// Ends a step that began at `time` and counts.
    pub fn accept(&mut self, time: f64) {
        self.sets.iter_mut().for_each(|set| set.accept(time));
    }

    /// Takes the particles back to the start of the step.
    pub fn reject(&mut self) {
        self.sets.iter_mut().for_each(Tracers::reject);
    }
}

/// Returns the fields that pass with those of the flow for some sets.
pub fn passing_fields(sets: &[ParticleSet]) -> usize {
    AXES * kinds(sets).len()
}

/// The kinds of splines that some sets need coefficients of.
fn kinds(sets: &[ParticleSet]) -> Vec<Interpolation> {
    let mut kinds = Vec::new();
    for set in sets {
        let kind = set.interpolation;
        if kind.symbol(0.0).is_some() && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// A job on planes, with particles that look at them as they pass.
pub struct CarriedBy<'a, T: Real> {
    /// For each set the first field of the velocity, or of its coefficients.
    looks: Vec<(usize, Look<'a>)>,
    /// Fields that pass with those of the job.
    passing: usize,
    job: &'a dyn PlaneJob<T>,
}

impl<T: Real> PlaneJob<T> for CarriedBy<'_, T> {
    fn inputs(&self) -> usize {
        self.job.inputs() + self.passing
    }

    fn products(&self) -> usize {
        self.job.products()
    }

    fn outputs(&self) -> usize {
        self.job.outputs()
    }

    fn look(&self, block: Block, inputs: &[T]) {
        self.job.look(block, inputs);
        self.looks.iter().for_each(|(first, look)| look.rows(block, *first, inputs));
    }

    fn product(&self, index: usize, block: Block, inputs: &[T], product: &mut [T]) {
        self.job.product(index, block, inputs, product);
    }

    fn contract(&self, bundle_along_x: usize, modes: &[T], outputs: &mut OutputRows<T>) {
        self.job.contract(bundle_along_x, modes, outputs);
    }
}
