//! The state of a flow, and how it takes a step.
//!
//! A solver knows modes, an equation, a scheme and forces; no file, no configuration, no statistics.
//!
//! | file | what is in it |
//! |---|---|
//! | `step` | a step: what is known before it, and whether it counts |
//! | `stage` | a right-hand side, and the update of a stage |
//! | [`estimate`] | what a flow asks of the length of a step |
//! | [`error_control`] | the error of a step, estimated |
//! | [`forces`] | the forces, and the detour of their modes through a stage |
//! | `idle` | forces that could never act |
//! | [`phase_shift`] | dealiasing by phase shifts |
//!
//! A right-hand side is one sweep. When its last half reaches a bundle, that bundle is brought in,
//! its tendency assembled, the stage's update made, and the velocity of the next stage put out
//! again, all while it is in cache; stage velocities never exist as a whole. Between two steps the
//! sweep may be used for anything: the solver knows what it holds, and fills it again when it must.

pub mod error_control;
pub mod estimate;
pub mod forces;
mod idle;
pub mod phase_shift;
mod stage;
mod step;

use std::ops::Range;

use crate::equation::{Equation, FieldCounts};
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::forcing::ForcingTerm;
use crate::grid::Dealias;
use crate::integrator::{Controller, IntegratingFactors, Scheme};
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::particles::{ParticleSet, Particles};
use crate::real::{Precision, Real};
use crate::transform::plan::Room;
use crate::transform::sweep::Sweep;
use crate::transform::timings::Timings;

use self::error_control::ErrorControl;
use self::forces::Forces;
use self::forces::amplification::Amplification;
use self::phase_shift::PhaseShift;

pub use estimate::{Attempt, MOST_REJECTIONS, StepEstimate};
pub use forces::Idle;

/// The way in which a solver takes steps. The default is the classical Runge-Kutta scheme with two-thirds
/// truncation, by steps of given lengths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SolverOptions {
    /// The Runge-Kutta scheme.
    pub scheme: Scheme,
    /// The way in which aliasing is kept out. The grid is one [of it](Dealias::grid).
    pub dealias: Dealias,
    /// The largest error that a step may have; any without. It takes [`Scheme::Rk4`], and no phase
    /// shifts.
    pub tolerance: Option<Tolerance>,
    /// Precision of rows between transforms, single or that of the fields; the latter without.
    pub transpose_precision: Option<Precision>,
    /// Products that others form with the sweep between steps, if those are more than the equation's.
    pub products: usize,
    /// The particles that the flow carries.
    pub particles: Vec<ParticleSet>,
}

/// The largest error that a step may have.
#[derive(Clone, Debug, PartialEq)]
pub struct Tolerance {
    /// Root mean square of the error over that of the fluctuations.
    pub error: f64,
    /// The fields of each vector and scalar that is to keep to it, see
    /// [`Physics::vectors_and_scalars`](crate::physics::Physics::vectors_and_scalars).
    pub groups: Vec<Range<usize>>,
}

/// A flow under way.
pub struct Solver<T: Real> {
    communicator: Communicator,
    sweep: Sweep<T>,
    /// The contents of the sweep.
    held: Held,
    equation: Box<dyn Equation<T>>,
    scheme: Scheme,
    state: SpectralFields<T>,
    sum: SpectralFields<T>,
    /// The fields at the present stage after the first; empty unless something uses them.
    stage_state: SpectralFields<T>,
    forces: Forces<T>,
    /// The share of forces that acts on all modes, in the present stage.
    amplifications: Vec<Amplification>,
    control: Option<ErrorControl<T>>,
    /// Bundles of this rank that no force acts on.
    free: Vec<usize>,
    factors: IntegratingFactors<T>,
    phase_shift: Option<PhaseShift<T>>,
    particles: Particles<T>,
    /// The estimate of a step that has begun, and is still to be taken.
    begun: Option<StepEstimate>,
    /// The time at which the next step begins.
    time: f64,
}

/// The contents of a solver's sweep between two moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// The fields of the present stage: of the state, between steps.
    Fields,
    /// Their products as the equation contracts them.
    Products,
    /// Something else, or nothing.
    Other,
}

impl<T: Real> Solver<T> {
    /// A flow at rest, under these forces. Fields start at zero; see [`Self::set_state`].
    /// Collective.
    ///
    /// # Errors
    /// The grid is too large for so few ranks.
    pub fn new(
        modes: Modes,
        communicator: &Communicator,
        pool: ThreadPool,
        equation: Box<dyn Equation<T>>,
        forces: Vec<ForcingTerm>,
        options: SolverOptions,
    ) -> Result<Self> {
        let SolverOptions { scheme, dealias, tolerance, transpose_precision, products, particles } =
            options;
        let counts = equation.counts();
        let particles = Particles::new(&particles, modes);
        let slots = (counts.fields + particles.fields()).max(counts.contracted);
        let products = counts.products.max(products);
        let precision = transpose_precision.unwrap_or(T::PRECISION);
        let room = Room { slots, products, precision };
        let sweep = Sweep::with_room(modes, communicator, pool, room)?;
        let owned = sweep.plan.bundles.clone();
        let state = sweep.zero_fields(counts.fields);
        let forces = Forces::new(forces, &state, |field| equation.damping(field));
        let amplifications = forces.amplifications();
        let free = owned.clone().filter(|bundle| !forces.bundles().contains(bundle)).collect();
        let dampings = (0..counts.fields).map(|field| equation.damping(field));
        let uses_state = equation.uses_state() || !amplifications.is_empty();
        let zeros = || sweep.zero_fields(counts.fields);
        Ok(Solver {
            communicator: communicator.clone(),
            factors: IntegratingFactors::new(modes, owned, scheme, dampings),
            stage_state: sweep.zero_fields(if uses_state { counts.fields } else { 0 }),
            sum: zeros(),
            control: tolerance
                .map(|Tolerance { error, groups }| ErrorControl::new(error, groups, zeros())),
            phase_shift: (dealias == Dealias::PhaseShift).then(|| PhaseShift::new(modes)),
            held: Held::Other,
            sweep,
            equation,
            scheme,
            state,
            forces,
            amplifications,
            free,
            particles,
            begun: None,
            time: 0.0,
        })
    }

    /// Returns what is known about the length of the next step, with error control.
    pub fn controller(&self) -> Option<Controller> {
        self.control.as_ref().map(|control| control.controller)
    }

    /// Goes on with what was known about the length of the next step.
    pub fn set_controller(&mut self, controller: Controller) {
        if let Some(control) = &mut self.control {
            control.controller = controller;
        }
    }

    /// Fields of the equation on each leg of a sweep.
    pub fn counts(&self) -> FieldCounts {
        self.equation.counts()
    }

    /// The fields as modes.
    pub fn state(&self) -> &SpectralFields<T> {
        &self.state
    }

    /// The sweep, for transforms between steps.
    pub fn sweep(&mut self) -> &mut Sweep<T> {
        self.state_and_sweep().1
    }

    /// The fields as modes, and the sweep to transform them with.
    pub fn state_and_sweep(&mut self) -> (&SpectralFields<T>, &mut Sweep<T>) {
        self.held = Held::Other;
        (&self.state, &mut self.sweep)
    }

    /// Sets the fields that the next step starts from. Forces begin anew with them. Collective.
    pub fn set_state(&mut self, state: SpectralFields<T>) {
        // Copied, for the solver's own lie where its threads are.
        self.state.data.copy_from_slice(&state.data);
        if let Some(sphere) = &self.phase_shift {
            for bundle in self.state.bundles.clone() {
                sphere.truncate(bundle, self.state.bundle_mut(bundle));
            }
        }
        self.forces.start(&self.communicator, &self.state);
        self.control.iter_mut().for_each(|control| control.is_known = false);
        (self.held, self.begun) = (Held::Other, None);
    }

    /// Sets the time at which the next step begins, for what depends on it; at first it is 0, and every
    /// step adds its length.
    pub fn set_time(&mut self, time: f64) {
        self.time = time;
    }

    /// The forces.
    pub fn forces(&self) -> &Forces<T> {
        &self.forces
    }

    /// The forces, to restore what they remembered after [`Self::set_state`], or their accounts.
    pub fn forces_mut(&mut self) -> &mut Forces<T> {
        &mut self.forces
    }

    /// The particles. Their velocity is that at the present state after [`Self::look_at_particles`].
    pub fn particles(&self) -> &Particles<T> {
        &self.particles
    }

    /// The particles, to go on from elsewhere between two steps.
    pub fn particles_mut(&mut self) -> &mut Particles<T> {
        &mut self.particles
    }

    /// Finds the velocity at the particles between two steps. Collective.
    pub fn look_at_particles(&mut self) {
        // With error control the first tendency of the next step is known, and the velocity with it.
        if self.control.as_ref().is_none_or(|control| !control.is_known) {
            self.nonlinear_terms(0, false);
        }
    }

    /// Returns where the time went on this rank.
    pub fn timings(&self) -> Timings {
        self.sweep.timings()
    }

    /// The threads of this rank.
    pub fn pool(&self) -> &ThreadPool {
        self.sweep.pool()
    }

    /// Number of threads of this rank.
    pub fn threads(&self) -> usize {
        self.sweep.pool().threads()
    }
}
