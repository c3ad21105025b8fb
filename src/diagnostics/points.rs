//! Linear fields of the state at the grid points, a few at a time.

use num_complex::Complex;

use super::derived::Triple;
use super::gradients::fill;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::real::Real;
use crate::transform::planes::PlaneJob;
use crate::transform::sweep::Sweep;

/// Fields that are transformed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Together {
    /// All fields of the state.
    State,
    /// Three that follow from them.
    Triple(Triple),
}

impl Together {
    /// How many they are, when the state has `count` fields.
    pub fn count(self, count: usize) -> usize {
        match self {
            Together::State => count,
            Together::Triple(_) => AXES,
        }
    }

    /// Their coefficients at wavevector k, from those of the state.
    pub fn of(self, k: [f64; AXES], state: &[Complex<f64>]) -> Vec<Complex<f64>> {
        match self {
            Together::State => state.to_vec(),
            Together::Triple(triple) => triple.of(k, |field| state[field]).to_vec(),
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
        }
        sweep.to_planes(count);
        sweep.planes(0..sweep.plan.planes.len(), job);
    }
}
