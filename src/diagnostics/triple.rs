//! Three fields that are transformed together: a curl, a gradient, half of the rate of strain.

use crate::equation::Complex;
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::grid::{AXES, Region};
use crate::modes::Wavenumbers;
use crate::real::{Real, Vector};
use crate::simd::{self, Kernel, doubles};
use crate::transform::sweep::Sweep;

/// Three fields that are linear in the state and its first derivatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Its coefficients at the wavevectors k, from those of the state.
    #[inline(always)]
    fn of<V: Vector<Scalar = f64>>(
        self,
        k: [V; AXES],
        state: impl Fn(usize) -> Complex<V>,
    ) -> [Complex<V>; AXES] {
        let times = |f: Complex<V>, k: V| (f.0 * k, f.1 * k);
        let mut values = [(V::zero(), V::zero()); AXES];
        for (axis, value) in values.iter_mut().enumerate() {
            let (j, l) = ((axis + 1) % AXES, (axis + 2) % AXES);
            let (re, im) = match self {
                Triple::Curl(first) => {
                    let (a, b) = (times(state(first + l), k[j]), times(state(first + j), k[l]));
                    (a.0 - b.0, a.1 - b.1)
                }
                Triple::Gradient(field) => times(state(field), k[axis]),
                Triple::Stretching => times(state(axis), k[axis]),
                Triple::Shear => {
                    let (a, b) = (times(state(j), k[l]), times(state(l), k[j]));
                    times((a.0 + b.0, a.1 + b.1), V::splat(0.5))
                }
            };
            // i times it.
            *value = (-im, re);
        }
        values
    }

    /// Puts it into `outgoing`, `[component][row][re lanes, im lanes]` of a bundle.
    pub fn fill<T: Real>(
        self,
        wavenumbers: &Wavenumbers<f64>,
        state: &SpectralFields<T>,
        bundle: usize,
        outgoing: &mut [T],
    ) {
        let (kx, ky) = wavenumbers.of_bundle(&state.modes, bundle);
        let (len, state) = (state.modes.column_len(), state.bundle(bundle));
        simd::run::<f64, _>(Fill {
            triple: self,
            kx,
            ky,
            kz: &wavenumbers.z,
            len,
            state,
            outgoing,
        });
    }

    /// Takes it to the points of a region, see [`Sweep::to_region`]. Collective.
    pub fn to_points<T: Real>(
        self,
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        region: &Region,
        visit: impl FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        let wavenumbers = Wavenumbers::new(&state.modes);
        sweep.to_region(
            AXES,
            &|bundle, _, outgoing| self.fill(&wavenumbers, state, bundle, outgoing),
            region,
            visit,
        )
    }
}

/// Puts a triple of one bundle into `outgoing`. Padding is zero in both.
struct Fill<'a, T> {
    triple: Triple,
    kx: &'a [f64],
    ky: f64,
    kz: &'a [f64],
    /// Numbers in one field.
    len: usize,
    state: &'a [T],
    outgoing: &'a mut [T],
}

impl<T: Real> Kernel<f64> for Fill<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        let lanes = self.kx.len();
        for (row, kz) in self.kz.iter().enumerate() {
            for lane in (0..lanes).step_by(V::WIDTH) {
                let at = 2 * row * lanes + lane;
                let k = [doubles::load(self.kx, lane), V::splat(self.ky), V::splat(*kz)];
                let values = self.triple.of(k, |field| {
                    let at = field * self.len + at;
                    (doubles::load(self.state, at), doubles::load(self.state, at + lanes))
                });
                for (component, (re, im)) in values.into_iter().enumerate() {
                    let at = component * self.len + at;
                    doubles::store(re, self.outgoing, at);
                    doubles::store(im, self.outgoing, at + lanes);
                }
            }
        }
    }
}
