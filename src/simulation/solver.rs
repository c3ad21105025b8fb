//! The state of a flow and how it takes one step.
//!
//! A right-hand side is one sweep. When its last half reaches a bundle, that bundle is brought in,
//! its tendency assembled, the stage's update made, and the velocity of the next stage put out
//! again, all while it is in cache; stage velocities never exist as a whole. The exchange always
//! holds the z-lines of the velocity that the next right-hand side needs.

use crate::diagnostics::{Budget, PRESSURE_PRODUCTS};
use crate::equation::{Equation, NonlinearTerms};
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::integrator::{Decays, Scheme, Stage};
use crate::modes::Modes;
use crate::parallel::{Communicator, SharedSlice, Team};
use crate::real::Real;
use crate::transform::sweep::Sweep;
use crate::transform::timings::Timings;

use super::forced_band::ForcedBand;
use super::phase_shift::{Direction, PhaseShift, is_shifted};
use crate::forcing::{Band, Drive, Linear};

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
    band: Option<ForcedBand<T>>,
    linear: Option<Linear>,
    /// Energy that the force has put in since the start, per mass.
    injected_energy: f64,
    /// Bundles of this rank that no force acts on.
    free: Vec<usize>,
    decays: Decays<T>,
    phase_shift: Option<PhaseShift<T>>,
    notice: i64,
}

/// What is known about the flow at the start of a step, the same on every rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Largest sum of |u_i| / dx_i over all points; NaN when any value is.
    pub frequency: f64,
    /// Largest of the ranks' notices, see [`Solver::give_notice`].
    pub notice: i64,
}

impl<T: Real> Solver<T> {
    /// A flow at rest. Fields start at zero; see [`Self::set_state`].
    pub fn new(
        modes: Modes,
        communicator: &Communicator,
        team: Team,
        equation: Box<dyn Equation<T>>,
        scheme: Scheme,
        drive: Option<Drive>,
    ) -> Result<Self> {
        let counts = equation.counts();
        let slots = counts.fields.max(counts.contracted);
        // Between steps the pressure may be asked for.
        let products = counts.products.max(PRESSURE_PRODUCTS);
        let sweep = Sweep::new(modes, communicator, team, slots, products)?;
        let owned = sweep.plan.bundles.clone();
        let state = sweep.zero_fields(counts.fields);
        let damping = equation.damping(0);
        let (band, linear) = match drive {
            None => (None, None),
            Some(Drive::Linear(force)) => {
                let band = force.mirror(&modes, damping);
                (Some(ForcedBand::new(&state, damping, Box::new(force), band)), Some(force))
            }
            Some(Drive::Band(force, wavenumber)) => {
                let band = Band::new(&modes, wavenumber);
                (Some(ForcedBand::new(&state, damping, force, band)), None)
            }
        };
        let free = owned
            .clone()
            .filter(|b| band.as_ref().is_none_or(|band| !band.bundles().contains(b)))
            .collect();
        let dampings = (0..counts.fields).map(|field| equation.damping(field));
        let uses_state = equation.uses_state() || linear.is_some();
        Ok(Solver {
            communicator: communicator.clone(),
            decays: Decays::new(modes, owned, scheme, dampings),
            staged: sweep.zero_fields(if uses_state { counts.fields } else { 0 }),
            sum: sweep.zero_fields(counts.fields),
            sweep,
            equation,
            scheme,
            state,
            band,
            linear,
            injected_energy: 0.0,
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
        if let Some(band) = &mut self.band {
            band.start(&self.communicator, &self.state);
        }
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
        self.nonlinear_terms(false);
        let state = &self.state;
        let mut tendency = state.clone();
        let (len, first) = (state.bundle_len(), state.bundles.start);
        let (equation, target) = (&*self.equation, SharedSlice::new(&mut tendency.data));
        let bundles = self.sweep.all_bundles();
        self.sweep.columns(&bundles, equation.counts().contracted, 0, &|bundle, incoming, _| {
            let at = (bundle - first) * len;
            // SAFETY: every bundle is worked on by one thread.
            let target = unsafe { target.slice(at..at + len) };
            equation.assemble(bundle, state.bundle(bundle), incoming, target);
        });
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

    /// Takes one step. `choose` is given the solver before the step and what every rank agrees on,
    /// and returns the time step, or an error that stops the run; it must decide the same on every
    /// rank. Collective.
    pub fn step(&mut self, choose: impl FnOnce(&Self, Outlook) -> Result<f64>) -> Result<f64> {
        let mut choose = Some(choose);
        let mut dt = 0.0;
        for index in 0..self.scheme.stages() {
            let frequency = self.nonlinear_terms(index == 0);
            if let Some(choose) = choose.take() {
                // Bits of numbers that are not negative are ordered as the numbers are; NaN comes
                // last, so it wins.
                let mut agreed = [frequency.to_bits() as i64, self.notice];
                self.communicator.max(&mut agreed);
                let [frequency, notice] = agreed;
                let frequency = f64::from_bits(frequency as u64);
                dt = choose(self, Outlook { frequency, notice })?;
            }
            self.update(Stage { scheme: self.scheme, index, dt });
        }
        Ok(dt)
    }

    /// The spectral half of a stage.
    fn update(&mut self, stage: Stage) {
        let rate = self.linear.map(|force| self.linear_rate(force, stage));
        let Solver { sweep, equation, state, sum, staged, band, decays, phase_shift, .. } = self;
        let (modes, counts) = (state.modes, equation.counts());
        let equation = &**equation;
        decays.prepare(stage);
        let phase_shift = phase_shift.as_ref();
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
                if let Some(shift) = phase_shift.filter(|_| is_shifted(stage.index)) {
                    shift.apply(Direction::Back, bundle, incoming);
                }
                // SAFETY: every bundle is worked on by one thread.
                let present: &[T] = match (keeps_stages, stage.index) {
                    (false, _) => &[],
                    (true, 0) => unsafe { u.slice(range(bundle)) },
                    (true, _) => unsafe { staged.slice(range(bundle)) },
                };
                equation.assemble(bundle, present, incoming, tendency);
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
                    stage.update(&modes, decays, (bundle, field), u, s, &mut tendency[part]);
                }
                if keeps_stages {
                    // SAFETY: as above.
                    unsafe { staged.slice(range(bundle)) }.copy_from_slice(tendency);
                }
            };
            if let Some(band) = band {
                self.injected_energy +=
                    band.bring_in(&self.communicator, sweep, counts.contracted, &assemble, stage);
                band.advance(advance);
            }
            sweep.columns(
                &self.free,
                counts.contracted,
                counts.fields,
                &|bundle, incoming, outgoing| {
                    assemble(bundle, incoming, outgoing);
                    advance(bundle, outgoing);
                    put_out(bundle, outgoing);
                },
            );
        }
        if let Some(band) = band {
            self.injected_energy += band.put_out(&self.communicator, sweep, state, stage, &put_out);
        }
    }

    /// The rate of the linear force in a stage; notes what it puts in. Collective.
    fn linear_rate(&mut self, force: Linear, stage: Stage) -> f64 {
        let present = if stage.index == 0 { &self.state } else { &self.staged };
        let budget = Budget::measure(present, 0.0, self.sweep.team(), &self.communicator);
        let rate = force.rate(budget.fluctuation_energy);
        let power = 2.0 * rate * budget.fluctuation_energy;
        self.injected_energy += stage.scheme.weight(stage.index) * stage.dt * power;
        rate
    }

    /// Something for all ranks to know at the next step, such as that it should be the last one.
    pub fn give_notice(&mut self, notice: i64) {
        self.notice = notice;
    }

    /// What the force remembers, see [`Force::state`](crate::forcing::Force::state); empty without forcing.
    pub fn force_state(&self) -> Vec<f64> {
        self.band.as_ref().map_or_else(Vec::new, ForcedBand::force_state)
    }

    /// Goes on from what the force remembered and the energy that it had put in, after
    /// [`Self::set_state`]; false when `force` is not of this force.
    pub fn restore_force(&mut self, force: &[f64], injected_energy: f64) -> bool {
        self.injected_energy = injected_energy;
        match &mut self.band {
            Some(band) => band.restore(force),
            None => force.is_empty(),
        }
    }

    /// Energy that the force has put in since the start, per mass.
    pub fn injected_energy(&self) -> f64 {
        self.injected_energy
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
