//! Linear fields of the state at the grid points, a few at a time.

use super::triple::Triple;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Wavenumbers;
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

    /// Puts them into `outgoing`, `[field][row][re lanes, im lanes]` of a bundle.
    pub fn fill<T: Real>(
        self,
        wavenumbers: &Wavenumbers<f64>,
        state: &SpectralFields<T>,
        bundle: usize,
        outgoing: &mut [T],
    ) {
        match self {
            Together::State => outgoing.copy_from_slice(state.bundle(bundle)),
            Together::Triple(triple) => triple.fill(wavenumbers, state, bundle, outgoing),
            Together::Pair(a, b) => {
                let (first, second) = outgoing.split_at_mut(AXES * state.modes.column_len());
                a.fill(wavenumbers, state, bundle, first);
                b.fill(wavenumbers, state, bundle, second);
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
        let (count, wavenumbers) = (self.count(state.count), Wavenumbers::new(&state.modes));
        sweep.begin(count, &|bundle, _, outgoing| {
            self.fill(&wavenumbers, state, bundle, outgoing);
        });
        sweep.to_planes(count);
        sweep.run_planes(0..sweep.plan.planes.len(), job);
    }
}
