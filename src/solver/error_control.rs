//! The error of a step, and what is kept to estimate it.
//!
//! The estimate is that of [`crate::integrator::Controller`], from what the equation makes of the
//! state at the last stage and at the end of the step. What forces add is left out: the embedded scheme
//! makes the same error, and their rate limits the step, see [`super::forces`]. The error of a vector or scalar
//! is the root mean square of its estimate over that of its fluctuations, and that of the step is the
//! largest of these.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::equation::Equation;
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::integrator::{Controller, EMBEDDED_WEIGHT, Stage};
use crate::modes::Modes;
use crate::parallel::{Communicator, SharedSlice};
use crate::real::Real;
use crate::transform::sweep::Sweep;

/// Error control of a flow.
pub struct ErrorControl<T: Real> {
    /// The largest error that a step may have.
    pub tolerance: f64,
    /// The length of the next step.
    pub controller: Controller,
    /// The first tendency of the next step, once it is known: what the equation makes of the state
    /// that the step begins with.
    pub first: SpectralFields<T>,
    /// Whether it is.
    pub is_known: bool,
    /// Largest frequency of that state on this rank.
    pub frequency: f64,
    /// The tendency of the last stage.
    pub last: SpectralFields<T>,
    /// The vectors and scalars of the state.
    groups: Vec<Range<usize>>,
    /// For each of them the sums of |last - first|^2 and of |state|^2, without the mean.
    sums: Mutex<Vec<ExactSum>>,
}

/// Modes summed side by side: divides every `Real::LANES`.
const BLOCK: usize = 8;

impl<T: Real> ErrorControl<T> {
    /// Control of fields like `zeros`, of which `groups` are vectors or scalars.
    pub fn new(tolerance: f64, groups: Vec<Range<usize>>, zeros: SpectralFields<T>) -> Self {
        ErrorControl {
            tolerance,
            controller: Controller::default(),
            first: zeros.clone(),
            is_known: false,
            frequency: 0.0,
            last: zeros,
            sums: Mutex::new(vec![ExactSum::default(); 2 * groups.len()]),
            groups,
        }
    }

    /// The first tendency, which is known already, if a stage is the first one, and room for the last
    /// one if it is the last.
    pub fn tendencies(
        &mut self,
        stage: Stage,
    ) -> (Option<&SpectralFields<T>>, Option<SharedSlice<'_, T>>) {
        let first = (stage.index == 0).then_some(&self.first);
        let last = stage.is_last().then(|| SharedSlice::new(&mut self.last.data));
        (first, last)
    }

    /// Brings in the tendency of `state` from the sweep, and compares it with [`Self::last`].
    pub fn bring_in(
        &mut self,
        sweep: &mut Sweep<T>,
        equation: &dyn Equation<T>,
        state: &SpectralFields<T>,
    ) {
        let ErrorControl { first, last, groups, sums, .. } = self;
        sums.get_mut().unwrap_or_else(PoisonError::into_inner).fill(ExactSum::default());
        let sums = &*sums;
        assemble_all(sweep, equation, state, first, &|bundle, first| {
            let tendencies = [first, last.bundle(bundle)];
            compare(&state.modes, bundle, groups, tendencies, state.bundle(bundle), sums);
        });
        self.is_known = true;
    }

    /// Whether a step of `dt` that led to the state last brought in is accurate. Collective.
    pub fn judge(&mut self, comm: &Communicator, dt: f64) -> bool {
        let sums = self.sums.get_mut().unwrap_or_else(PoisonError::into_inner);
        comm.add_exact_sums(sums);
        let error = sums
            .chunks_exact(2)
            .map(|sums| [sums[0].value(), sums[1].value()])
            .map(|[error, square]| if error == 0.0 { 0.0 } else { (error / square).sqrt() })
            // NaN is worse than any number.
            .fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a });
        self.controller.judge(dt, EMBEDDED_WEIGHT * dt * error / self.tolerance)
    }
}

/// Brings the contracted products of every bundle of this rank in from the sweep, makes `tendency`
/// of them, and calls `look(bundle, tendency)`.
pub fn assemble_all<T: Real>(
    sweep: &mut Sweep<T>,
    equation: &dyn Equation<T>,
    state: &SpectralFields<T>,
    tendency: &mut SpectralFields<T>,
    look: &(dyn Fn(usize, &[T]) + Sync),
) {
    let (len, first) = (state.bundle_len(), state.bundles.start);
    let target = SharedSlice::new(&mut tendency.data);
    sweep.run_all_columns(equation.counts().contracted, 0, &|bundle, incoming, _| {
        let at = (bundle - first) * len;
        // SAFETY: every bundle is worked on by one thread.
        let target = unsafe { target.slice(at..at + len) };
        equation.assemble(bundle, state.bundle(bundle), incoming, target);
        look(bundle, target);
    });
}

/// Adds for each of the `groups` of fields of a bundle |a - b|^2 and |state|^2 to its two `sums`.
fn compare<T: Real>(
    modes: &Modes,
    bundle: usize,
    groups: &[Range<usize>],
    [a, b]: [&[T]; 2],
    state: &[T],
    sums: &Mutex<Vec<ExactSum>>,
) {
    let (nx, ny) = modes.bundle_mode(bundle);
    for (group, fields) in groups.iter().enumerate() {
        for lane in (0..modes.lanes).step_by(BLOCK) {
            let (mut error, mut square) = ([0.0; BLOCK], [0.0; BLOCK]);
            for row in fields.start * modes.rows()..fields.end * modes.rows() {
                let is_mean = row % modes.rows() == 0 && lane == 0 && (nx, ny) == (0, 0);
                for part in [0, modes.lanes] {
                    let start = row * modes.row_len() + part + lane;
                    let [a, b, u] = [a, b, state].map(|field| &field[start..start + BLOCK]);
                    for i in usize::from(is_mean)..BLOCK {
                        error[i] += (a[i] - b[i]).double().powi(2);
                        square[i] += u[i].double().powi(2);
                    }
                }
            }
            let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            for (i, nx) in ((nx + lane) as i64..).take(BLOCK).enumerate() {
                sums[2 * group].add(Modes::weight(nx) * error[i]);
                sums[2 * group + 1].add(Modes::weight(nx) * square[i]);
            }
        }
    }
}
