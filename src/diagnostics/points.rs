//! Linear fields of the state at the grid points, a few at a time.

use num_complex::Complex;

use super::triple::{Triple, fill};
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::real::Real;
use crate::transform::plane_job::PlaneJob;
use crate::transform::sweep::Sweep;

/// Fields that are transformed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Together {
    /// All fields of the state.
    State,
    /// Three that follow from them.
    Triple(Triple),
    /// Three and three. There is room for six where there is a scalar.
    Pair(Triple, Triple),
}

impl Together {
    /// Returns how many they are, when the state has `count` fields.
    pub fn count(self, count: usize) -> usize {
        match self {
            Together::State => count,
            Together::Triple(_) => AXES,
            Together::Pair(..) => 2 * AXES,
        }
    }

    /// Adds their coefficients at wavevector k, which follow from those of the state, to `to`.
    pub fn push(self, k: [f64; AXES], state: &[Complex<f64>], to: &mut Vec<Complex<f64>>) {
        match self {
            Together::State => to.extend_from_slice(state),
            Together::Triple(triple) => to.extend(triple.of(k, |field| state[field])),
            Together::Pair(a, b) => {
                to.extend([a, b].into_iter().flat_map(|t| t.of(k, |field| state[field])));
            }
        }
    }

    /// Takes them to the points, where `job` looks at them. Collective: every rank must call this.
    pub fn look<T: Real>(
        self,
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        job: &dyn PlaneJob<T>,
    ) {
        let count = self.count(state.count);
        match self {
            Together::State => sweep.begin(count, &|bundle, _, outgoing| {
                outgoing.copy_from_slice(state.bundle(bundle));
            }),
            Together::Triple(triple) => sweep.begin(count, &|bundle, _, outgoing| {
                fill(state, bundle, outgoing, &|k, state| triple.of(k, state));
            }),
            Together::Pair(a, b) => sweep.begin(count, &|bundle, _, outgoing| {
                let (first, second) = outgoing.split_at_mut(AXES * state.modes.column_len());
                fill(state, bundle, first, &|k, state| a.of(k, state));
                fill(state, bundle, second, &|k, state| b.of(k, state));
            }),
        }
        sweep.to_planes(count);
        sweep.run_planes(0..sweep.plan.planes.len(), job);
    }
}
