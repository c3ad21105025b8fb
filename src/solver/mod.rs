//! The state of a flow and how it takes one step.
//!
//! A right-hand side is one sweep. When its last half reaches a bundle, that bundle is brought in,
//! its tendency assembled, the stage's update made, and the velocity of the next stage put out
//! again, all while it is in cache; stage velocities never exist as a whole. The exchange always
//! holds the z-lines of the velocity that the next right-hand side needs.

pub mod error_control;
pub mod forced_modes;
mod idle;
pub mod phase_shift;
mod step;

use std::ops::Range;

use crate::diagnostics::{Budget, PRESSURE_PRODUCTS};
use crate::equation::{Counts, Equation, NonlinearTerms};
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::integrator::{Controller, IntegratingFactors, Scheme, Stage};
use crate::modes::Modes;
use crate::parallel::{Communicator, SharedSlice, Team};
use crate::real::Real;
use crate::transform::sweep::Sweep;
use crate::transform::timings::Timings;

use self::error_control::{ErrorControl, assemble_all};
use self::forced_modes::{Forced, ForcedBands, Pace, absent};
use self::phase_shift::{Direction, PhaseShift, is_shifted};
use crate::forcing::{Action, Band, Bounds, Drive, Linear};

pub use idle::Idle;
pub use step::Outlook;

/// A flow under way.
pub struct Solver<T: Real> {
    communicator: Communicator,
    sweep: Sweep<T>,
    equation: Box<dyn Equation<T>>,
    scheme: Scheme,
    state: SpectralFields<T>,
    sum: SpectralFields<T>,
    /// The fields at the present stage after the first; empty unless something uses them.
    staged: SpectralFields<T>,
    forces: ForcedBands<T>,
    linear: Option<LinearForce>,
    control: Option<ErrorControl<T>>,
    /// Bundles of this rank that no force acts on.
    free: Vec<usize>,
    factors: IntegratingFactors<T>,
    phase_shift: Option<PhaseShift<T>>,
    notice: i64,
}

/// A force on all modes.
#[derive(Clone, Copy)]
struct LinearForce {
    force: Linear,
    /// Energy of the fluctuations at the start of the step, and that up to which there are none.
    energy: f64,
    absent: f64,
}

impl<T: Real> Solver<T> {
    /// A flow at rest. Fields start at zero; see [`Self::set_state`].
    pub fn new(
        modes: Modes,
        communicator: &Communicator,
        team: Team,
        equation: Box<dyn Equation<T>>,
        scheme: Scheme,
        drives: Vec<Drive>,
    ) -> Result<Self> {
        let counts = equation.counts();
        let slots = counts.fields.max(counts.contracted);
        // Between steps the pressure may be asked for.
        let products = counts.products.max(PRESSURE_PRODUCTS);
        let sweep = Sweep::new(modes, communicator, team, slots, products)?;
        let owned = sweep.plan.bundles.clone();
        let state = sweep.zero_fields(counts.fields);
        let mut linear = None;
        let forces = drives.into_iter().map(|Drive { name, fields, action }| {
            let damping = equation.damping(fields.start);
            let (force, band) = match action {
                Action::Band(force, wavenumber) => (force, Band::new(&modes, wavenumber)),
                Action::Linear(force) => {
                    linear = Some(LinearForce { force, energy: 0.0, absent: 0.0 });
                    (Box::new(force) as _, force.mirror(&modes, damping))
                }
            };
            Forced::new((name, fields), damping, force, band)
        });
        let forces = ForcedBands::new(&state, forces.collect());
        let free = owned.clone().filter(|bundle| !forces.bundles().contains(bundle)).collect();
        let dampings = (0..counts.fields).map(|field| equation.damping(field));
        let uses_state = equation.uses_state() || linear.is_some();
        Ok(Solver {
            communicator: communicator.clone(),
            factors: IntegratingFactors::new(modes, owned, scheme, dampings),
            staged: sweep.zero_fields(if uses_state { counts.fields } else { 0 }),
            sum: sweep.zero_fields(counts.fields),
            sweep,
            equation,
            scheme,
            state,
            forces,
            linear,
            control: None,
            free,
            phase_shift: None,
            notice: 0,
        })
    }

    /// From now on aliasing is removed by phase shifts; the grid must be a spherical one. To be
    /// called before [`Self::set_state`].
    pub fn use_phase_shifts(&mut self) {
        self.phase_shift = Some(PhaseShift::new(self.state.modes));
    }

    /// From now on steps are as long as a relative error of `tolerance` allows, for each of the
    /// `groups` of fields that are one vector or scalar. The scheme must be `rk4`, without phase
    /// shifts. To be called before [`Self::set_state`].
    pub fn control_error(&mut self, tolerance: f64, groups: Vec<Range<usize>>) {
        let zeros = self.sweep.zero_fields(self.state.count);
        self.control = Some(ErrorControl::new(tolerance, groups, zeros));
    }

    /// What is known about the length of the next step, with error control.
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
    pub fn counts(&self) -> Counts {
        self.equation.counts()
    }

    /// The velocity as modes.
    pub fn state(&self) -> &SpectralFields<T> {
        &self.state
    }

    /// The sweep, for transforms between steps. Its exchange must be filled again afterwards by
    /// [`Self::prepare`].
    pub fn sweep(&mut self) -> &mut Sweep<T> {
        &mut self.sweep
    }

    /// The velocity as modes, and the sweep to transform it with.
    pub fn state_and_sweep(&mut self) -> (&SpectralFields<T>, &mut Sweep<T>) {
        (&self.state, &mut self.sweep)
    }

    /// Sets the fields that the run starts from. Collective.
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
        self.prepare();
    }

    /// Fills the exchange for the next step.
    pub fn prepare(&mut self) {
        let state = &self.state;
        self.sweep.begin(state.count, &|bundle, _, outgoing| {
            outgoing.copy_from_slice(state.bundle(bundle));
        });
    }

    /// Tendency of the present state without diffusion and force. Leaves the exchange ready for a
    /// step. Collective.
    pub fn tendency(&mut self) -> SpectralFields<T> {
        if let Some(control) = self.control.as_ref().filter(|control| control.is_known) {
            return control.first.clone();
        }
        self.nonlinear_terms(false);
        let mut tendency = self.state.clone();
        assemble_all(&mut self.sweep, &*self.equation, &self.state, &mut tendency, &|_, _| {});
        self.prepare();
        tendency
    }

    /// The physical half of a right-hand side: from the velocity in the exchange to contracted
    /// products in it. Returns the largest frequency of this rank if `measure`.
    fn nonlinear_terms(&mut self, measure: bool) -> f64 {
        let counts = self.equation.counts();
        self.sweep.to_planes(counts.fields);
        let job = NonlinearTerms::new(&*self.equation, measure);
        self.sweep.planes(0..self.sweep.plan.planes.len(), &job);
        self.sweep.to_columns(counts.contracted);
        job.frequency()
    }

    /// The spectral half of a stage.
    fn update(&mut self, stage: Stage) {
        let rate = self.linear.map(|linear| self.linear_rate(linear, stage));
        let Solver {
            communicator: comm, sweep, equation, state, sum, staged, forces, factors, ..
        } = self;
        let (modes, counts) = (state.modes, equation.counts());
        let equation = &**equation;
        factors.prepare(stage);
        let is_last = stage.is_last();
        // With error control the first tendency is there already, and the last one is kept.
        let (mut known, mut kept) = (None, None);
        if let Some(ErrorControl { first, last, .. }) = &mut self.control {
            known = Some(&*first).filter(|_| stage.index == 0);
            kept = Some(SharedSlice::new(&mut last.data)).filter(|_| is_last);
        }
        let incoming = if known.is_some() { 0 } else { counts.contracted };
        if known.is_some() {
            sweep.clear();
        }
        let phase_shift = self.phase_shift.as_ref();
        let next = (stage.index + 1) % stage.scheme.stages();
        let shift = phase_shift.filter(|_| is_shifted(next));
        // What the next stage starts from, on its points.
        let put_out = |bundle: usize, outgoing: &mut [T]| {
            if let Some(shift) = shift {
                shift.apply(Direction::Out, bundle, outgoing);
            }
        };
        let (len, first) = (state.bundle_len(), state.bundles.start);
        let column_len = modes.column_len();
        {
            let keeps_stages = !staged.data.is_empty();
            let (u, s) = (SharedSlice::new(&mut state.data), SharedSlice::new(&mut sum.data));
            let staged = SharedSlice::new(&mut staged.data);
            let range = |bundle: usize| (bundle - first) * len..(bundle + 1 - first) * len;
            let assemble = |bundle: usize, incoming: &mut [T], tendency: &mut [T]| {
                // SAFETY: every bundle is worked on by one thread.
                let present: &[T] = match (keeps_stages, stage.index) {
                    (false, _) => &[],
                    (true, 0) => unsafe { u.slice(range(bundle)) },
                    (true, _) => unsafe { staged.slice(range(bundle)) },
                };
                if let Some(known) = known {
                    tendency.copy_from_slice(known.bundle(bundle));
                } else {
                    if let Some(shift) = phase_shift.filter(|_| is_shifted(stage.index)) {
                        shift.apply(Direction::Back, bundle, incoming);
                    }
                    equation.assemble(bundle, present, incoming, tendency);
                }
                if let Some(kept) = kept {
                    // SAFETY: as above.
                    unsafe { kept.slice(range(bundle)) }.copy_from_slice(tendency);
                }
                if let Some(rate) = rate {
                    Linear::add(&modes, bundle, rate, present, tendency);
                }
                if let Some(sphere) = phase_shift {
                    sphere.truncate(bundle, tendency);
                }
            };
            let advance = |bundle: usize, tendency: &mut [T]| {
                // SAFETY: every bundle is worked on by one thread.
                let (u, s) = unsafe { (u.slice(range(bundle)), s.slice(range(bundle))) };
                for field in 0..counts.fields {
                    let part = field * column_len..(field + 1) * column_len;
                    let (u, s) = (&mut u[part.clone()], &mut s[part.clone()]);
                    stage.update(&modes, factors, (bundle, field), u, s, &mut tendency[part]);
                }
                if keeps_stages {
                    // SAFETY: as above.
                    unsafe { staged.slice(range(bundle)) }.copy_from_slice(tendency);
                }
            };
            forces.bring_in(comm, sweep, incoming, &assemble, stage);
            forces.advance(advance);
            sweep.columns(&self.free, incoming, counts.fields, &|bundle, incoming, outgoing| {
                assemble(bundle, incoming, outgoing);
                advance(bundle, outgoing);
                put_out(bundle, outgoing);
            });
        }
        if is_last && stage.scheme.ends_in_sum() {
            std::mem::swap(&mut state.data, &mut sum.data);
        }
        forces.put_out(comm, sweep, state, stage, &put_out);
    }

    /// What forces ask of the next step, given the largest frequency of the flow. Collective.
    fn look_ahead(&mut self, frequency: f64) -> Pace {
        let Solver { communicator: comm, sweep, forces, linear, state, .. } = self;
        let pace = forces.look_ahead(comm, sweep.team(), state, frequency);
        let Some(LinearForce { force, energy, absent: threshold }) = linear else { return pace };
        let budget = Budget::measure(state, 0.0, sweep.team(), comm);
        *energy = budget.fluctuation_energy;
        *threshold = absent::<T>(budget.kinetic_energy);
        let bounds = Bounds { absent: *threshold, ..Bounds::NONE };
        let rate = 2.0 * force.rate(*energy, bounds);
        forces.note_pace(rate, *energy <= *threshold);
        pace.max(Pace { rate, ..Pace::default() })
    }

    /// The rate of the linear force in a stage; notes what it puts in. Collective.
    fn linear_rate(&mut self, linear: LinearForce, stage: Stage) -> f64 {
        let LinearForce { force, mut energy, absent } = linear;
        if stage.index > 0 {
            let (team, comm) = (self.sweep.team(), &self.communicator);
            energy = Budget::measure(&self.staged, 0.0, team, comm).fluctuation_energy;
        }
        let rate = force.rate(energy, Bounds { absent, rate: 1.0 / stage.dt });
        let power = 2.0 * rate * energy;
        self.forces.note_injection(stage.weight() * power);
        rate
    }

    /// Something for all ranks to know at the next step, such as that it should be the last one.
    pub fn give_notice(&mut self, notice: i64) {
        self.notice = notice;
    }

    /// The forces.
    pub fn forces(&self) -> &ForcedBands<T> {
        &self.forces
    }

    /// The forces, to restore what they remembered after [`Self::set_state`], or their accounts.
    pub fn forces_mut(&mut self) -> &mut ForcedBands<T> {
        &mut self.forces
    }

    /// Where the time went on this rank.
    pub fn timings(&self) -> Timings {
        self.sweep.timings()
    }

    /// The threads of this rank.
    pub fn team(&self) -> &Team {
        self.sweep.team()
    }

    /// Number of threads of this rank.
    pub fn threads(&self) -> usize {
        self.sweep.team().threads()
    }
}
