//! Three fields that are transformed together: a curl, a gradient, half of the rate of strain.

use num_complex::Complex;

use crate::error::Result;
use crate::fields::SpectralFields;
use crate::grid::{AXES, Region};
use crate::real::Real;
use crate::transform::sweep::Sweep;

type C = Complex<f64>;

/// Three fields that are linear in the state and its first derivatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Triple {
    /// The curl of the vector that begins at this field.
    Curl(usize),
    /// The gradient of this field.
    Gradient(usize),
    /// s_xx, s_yy, s_zz.
    Stretching,
    /// s_yz, s_zx, s_xy.
    Shear,
}

impl Triple {
    /// Its coefficients at wavevector k, from those of the state.
    pub fn of(self, k: [f64; AXES], state: impl Fn(usize) -> C) -> [C; AXES] {
        std::array::from_fn(|axis| {
            let (j, l) = ((axis + 1) % AXES, (axis + 2) % AXES);
            let c = match self {
                Triple::Curl(first) => state(first + l) * k[j] - state(first + j) * k[l],
                Triple::Gradient(field) => state(field) * k[axis],
                Triple::Stretching => state(axis) * k[axis],
                Triple::Shear => (state(j) * k[l] + state(l) * k[j]) * 0.5,
            };
            // i times it.
            C::new(-c.im, c.re)
        })
    }

    /// Takes it to the points of a region, see [`Sweep::to_region`]. Collective.
    pub fn to_points<T: Real>(
        self,
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        region: &Region,
        visit: impl FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        sweep.to_region(
            AXES,
            &|bundle, _, outgoing| fill(state, bundle, outgoing, &|k, state| self.of(k, state)),
            region,
            visit,
        )
    }
}

/// Puts three fields, a function of the wavevector and the state of each mode of a bundle, into
/// `outgoing`; padding stays zero.
pub(super) fn fill<T: Real>(
    state: &SpectralFields<T>,
    bundle: usize,
    outgoing: &mut [T],
    values: &impl Fn([f64; AXES], &dyn Fn(usize) -> C) -> [C; AXES],
) {
    let modes = &state.modes;
    outgoing.fill(T::ZERO);
    for (mode, index) in modes.of_bundle(bundle) {
        let values = values(modes.grid.wavevector(mode), &|field| state.double_at(index, field));
        for (component, value) in values.into_iter().enumerate() {
            let at = component * modes.column_len() + modes.offset(index);
            outgoing[at] = T::from_double(value.re);
            outgoing[at + modes.lanes] = T::from_double(value.im);
        }
    }
}
