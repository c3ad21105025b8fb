//! A right-hand side, and the update of one stage.

use std::ops::Range;

use super::error_control::{ErrorControl, assemble_all};
use super::forces::Pace;
use super::forces::amplification::Amplification;
use super::phase_shift::{self, PhaseShift};
use super::{Held, Solver};
use crate::equation::{Equation, NonlinearTerms};
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::integrator::{IntegratingFactors, Stage};
use crate::modes::Modes;
use crate::parallel::{SharedSlice, ThreadPool};
use crate::real::Real;

/// The work of a stage on one bundle after the other, each by one thread.
struct StageWork<'a, T: Real> {
    stage: Stage,
    modes: Modes,
    /// Fields of the state.
    fields: usize,
    /// First bundle of this rank, and numbers in a bundle.
    first: usize,
    len: usize,
    equation: &'a dyn Equation<T>,
    factors: &'a IntegratingFactors<T>,
    phase_shift: Option<&'a PhaseShift<T>>,
    /// The share of forces that acts on all modes.
    amplifications: &'a [Amplification],
    state: SharedSlice<'a, T>,
    sum: SharedSlice<'a, T>,
    /// The fields at this stage after the first, if anything uses them.
    stage_state: Option<SharedSlice<'a, T>>,
    /// The tendency, if it is known already.
    known: Option<&'a SpectralFields<T>>,
    /// The place to keep the tendency, if it is kept.
    kept: Option<SharedSlice<'a, T>>,
}

impl<T: Real> StageWork<'_, T> {
    fn range(&self, bundle: usize) -> Range<usize> {
        let start = (bundle - self.first) * self.len;
        start..start + self.len
    }

    /// The fields of a bundle at this stage; empty if nothing uses them.
    fn present(&self, bundle: usize) -> &[T] {
        let range = self.range(bundle);
        // SAFETY: every bundle is worked on by one thread.
        match (&self.stage_state, self.stage.index) {
            (None, _) => &[],
            (Some(_), 0) => unsafe { self.state.slice(range) },
            (Some(stage_state), _) => unsafe { stage_state.slice(range) },
        }
    }

    /// Makes the tendency of a bundle of its contracted products.
    fn assemble(&self, bundle: usize, contracted: &mut [T], tendency: &mut [T]) {
        let present = self.present(bundle);
        if let Some(known) = self.known {
            tendency.copy_from_slice(known.bundle(bundle));
        } else {
            if let Some(shift) = self.phase_shift {
                shift.from_points(self.stage.index, bundle, contracted);
            }
            self.equation.assemble(bundle, present, contracted, tendency);
        }
        if let Some(kept) = &self.kept {
            // SAFETY: every bundle is worked on by one thread.
            unsafe { kept.slice(self.range(bundle)) }.copy_from_slice(tendency);
        }
        for amplification in self.amplifications {
            amplification.add(&self.modes, bundle, present, tendency);
        }
        if let Some(sphere) = self.phase_shift {
            sphere.truncate(bundle, tendency);
        }
    }

    /// Updates a bundle; its tendency becomes the fields that the next stage starts from.
    fn advance(&self, bundle: usize, tendency: &mut [T]) {
        let range = self.range(bundle);
        // SAFETY: every bundle is worked on by one thread.
        let (u, s) = unsafe { (self.state.slice(range.clone()), self.sum.slice(range.clone())) };
        let len = self.modes.column_len();
        for field in 0..self.fields {
            let part = field * len..(field + 1) * len;
            let (u, s) = (&mut u[part.clone()], &mut s[part.clone()]);
            let tendency = &mut tendency[part];
            self.stage.update(&self.modes, self.factors, (bundle, field), u, s, tendency);
        }
        if let Some(stage_state) = &self.stage_state {
            // SAFETY: as above.
            unsafe { stage_state.slice(range) }.copy_from_slice(tendency);
        }
    }
}

impl<T: Real> Solver<T> {
    /// The fields as modes, their tendency without damping and force, and the threads of this rank.
    /// Collective.
    pub fn state_and_tendency(&mut self) -> (&SpectralFields<T>, &SpectralFields<T>, &ThreadPool) {
        if !self.control.as_ref().is_some_and(|control| control.is_known) {
            self.nonlinear_terms(0, false);
            // Between steps the sum is of no use to anyone.
            let (state, tendency) = (&self.state, &mut self.sum);
            assemble_all(&mut self.sweep, &*self.equation, state, tendency, &|_, _| {});
            self.held = Held::Other;
        }
        (&self.state, present_tendency(&self.control, &self.sum), self.sweep.pool())
    }

    /// The forces on the velocity as they are now, modes of three fields. Collective.
    pub fn force_on_velocity(&mut self) -> SpectralFields<T> {
        let mut force = self.sweep.zero_fields(AXES);
        if self.forces.are_there() {
            self.state_and_tendency();
            let tendency = present_tendency(&self.control, &self.sum);
            let (comm, pool) = (&self.communicator, self.sweep.pool());
            self.forces.add_to(comm, pool, [&self.state, tendency], &mut force);
        }
        force
    }

    /// A copy of the tendency of the present state without damping and force. Collective.
    pub fn tendency(&mut self) -> SpectralFields<T> {
        self.state_and_tendency().1.clone()
    }

    /// The physical half of the right-hand side of a stage: the sweep holds contracted products then, and
    /// particles know the velocity. Returns the largest frequency of this rank if `measure`. Collective.
    pub(super) fn nonlinear_terms(&mut self, stage: usize, measure: bool) -> f64 {
        let counts = self.equation.counts();
        let fields = counts.fields + self.particles.fields_in(stage);
        if self.held != Held::Fields {
            let (state, particles) = (&self.state, &self.particles);
            self.sweep.begin(fields, &|bundle, _, outgoing| {
                let fields = state.bundle(bundle);
                outgoing[..fields.len()].copy_from_slice(fields);
                particles.put_out(bundle, counts.fields, outgoing);
            });
        }
        self.sweep.to_planes(fields);
        let job = NonlinearTerms::new(&*self.equation, measure);
        let planes = 0..self.sweep.plan.planes.len();
        if self.particles.look_in(stage) {
            let shifted = self.phase_shift.as_ref().map_or(0.0, |_| phase_shift::spacings(stage));
            self.particles.begin(&self.communicator, self.sweep.pool(), stage, shifted);
            self.sweep.run_planes(planes, &self.particles.ride(stage, &job));
            self.particles.finish(&self.communicator, self.sweep.pool(), stage);
        } else {
            self.sweep.run_planes(planes, &job);
        }
        self.sweep.to_columns(counts.contracted);
        self.held = Held::Products;
        job.frequency()
    }

    /// The spectral half of a stage: the sweep holds the fields of the next one then. Collective.
    pub(super) fn update(&mut self, stage: Stage) {
        self.particles.advance(stage);
        let particles = &self.particles;
        let (comm, sweep, forces) = (&self.communicator, &mut self.sweep, &mut self.forces);
        let (state, sum, stage_state) = (&mut self.state, &mut self.sum, &mut self.stage_state);
        forces.amplify(comm, sweep.pool(), stage_state, stage, &mut self.amplifications);
        self.factors.prepare(stage);
        let control = self.control.as_mut();
        let (known, kept) = control.map_or((None, None), |control| control.tendencies(stage));
        let counts = self.equation.counts();
        let incoming = if known.is_some() { 0 } else { counts.contracted };
        if known.is_some() {
            sweep.clear();
        }
        let phase_shift = self.phase_shift.as_ref();
        let next = (stage.index + 1) % stage.scheme.stages();
        let (own, outgoing) = (state.bundle_len(), counts.fields + particles.fields_in(next));
        // What the next stage starts from, on its points.
        let put_out = |bundle: usize, outgoing: &mut [T]| {
            if let Some(shift) = phase_shift {
                shift.to_points(next, bundle, &mut outgoing[..own]);
            }
            particles.put_out(bundle, counts.fields, outgoing);
        };
        let work = StageWork {
            stage,
            modes: state.modes,
            fields: counts.fields,
            first: state.bundles.start,
            len: state.bundle_len(),
            equation: &*self.equation,
            factors: &self.factors,
            phase_shift,
            amplifications: &self.amplifications,
            state: SharedSlice::new(&mut state.data),
            sum: SharedSlice::new(&mut sum.data),
            stage_state: (!stage_state.data.is_empty())
                .then(|| SharedSlice::new(&mut stage_state.data)),
            known,
            kept,
        };
        let assemble =
            |bundle: usize, incoming: &mut [T], out: &mut [T]| work.assemble(bundle, incoming, out);
        forces.bring_in(comm, sweep, incoming, &assemble, stage);
        forces.advance(|bundle, tendency| work.advance(bundle, tendency));
        sweep.run_columns(&self.free, incoming, outgoing, &|bundle, incoming, outgoing| {
            work.assemble(bundle, incoming, &mut outgoing[..own]);
            work.advance(bundle, &mut outgoing[..own]);
            put_out(bundle, outgoing);
        });
        if stage.is_last() && stage.scheme.ends_in_sum() {
            std::mem::swap(&mut state.data, &mut sum.data);
        }
        forces.put_out(comm, sweep, (state, outgoing), stage, &put_out);
        self.held = Held::Fields;
    }

    /// Returns what forces ask of the next step, given the largest frequency of the flow. Collective.
    pub(super) fn look_ahead(&mut self, frequency: f64) -> Pace {
        let Solver { communicator: comm, sweep, forces, state, .. } = self;
        forces.look_ahead(comm, sweep.pool(), state, frequency)
    }
}

/// The tendency of the state between two steps, once it is known: error control has it, or the sum.
fn present_tendency<'a, T: Real>(
    control: &'a Option<ErrorControl<T>>,
    sum: &'a SpectralFields<T>,
) -> &'a SpectralFields<T> {
    let known = control.as_ref().filter(|control| control.is_known);
    known.map_or(sum, |control| &control.first)
}
