//! All particles of a run, and how they ride on the sweeps of the flow.

use crate::grid::AXES;
use crate::integrator::Stage;
use crate::modes::Modes;
use crate::parallel::Communicator;
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

    /// Returns the fields that pass with those of the flow.
    pub fn fields(&self) -> usize {
        AXES * self.prefilters.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The sets.
    pub fn sets(&self) -> &[Tracers] {
        &self.sets
    }

    /// The sets, to go on from elsewhere.
    pub fn sets_mut(&mut self) -> &mut [Tracers] {
        &mut self.sets
    }

    /// Puts the fields that pass with those of a bundle behind the first `fields` of `outgoing`.
    pub fn put_out(&self, bundle: usize, fields: usize, outgoing: &mut [T]) {
        let column = self.modes.column_len();
        let (flow, passing) = outgoing.split_at_mut(fields * column);
        let velocity = &flow[..AXES * column];
        for (prefilter, to) in self.prefilters.iter().zip(passing.chunks_exact_mut(AXES * column)) {
            prefilter.apply(&self.modes, bundle, velocity, to);
        }
    }

    /// Makes ready to look at the velocity on grid points that are `shifted` by so much of the spacing, and
    /// returns what does so while it takes part in `job`.
    pub fn ride<'a>(&'a mut self, job: &'a dyn PlaneJob<T>, shifted: f64) -> CarriedBy<'a, T> {
        let (prefilters, passing) = (&self.prefilters, self.fields());
        let first = |interpolation: Interpolation| {
            let place = prefilters.iter().position(|p| p.interpolation() == interpolation);
            place.map_or(0, |place| job.inputs() + AXES * place)
        };
        let looks = self.sets.iter_mut().map(|set| {
            set.begin(shifted);
            (first(set.set().interpolation), set.sampler.look())
        });
        CarriedBy { looks: looks.collect(), passing, job }
    }

    /// Takes what was looked for. Collective.
    pub fn finish(&mut self, comm: &Communicator) {
        self.sets.iter_mut().for_each(|set| set.finish(comm));
    }

    /// Moves the particles to the next stage.
    pub fn advance(&mut self, stage: Stage) {
        self.sets.iter_mut().for_each(|set| set.advance(stage));
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
