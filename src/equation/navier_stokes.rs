//! Incompressible Navier-Stokes equations in divergence form.
//!
//! du_i/dt + d(u_i u_j)/dx_j = -dp/dx_i + nu lap u_i, div u = 0; in modes
//!
//! dû_i/dt = -i (delta_il - k_i k_l / k^2) k_j T_lj(k) - nu k^2 û_i, T_lj = F[u_l u_j]
//!
//! (Canuto, Hussaini, Quarteroni & Zang 2007, Spectral Methods: Evolution to Complex Geometries,
//! eq. 3.2.12). Any multiple of the identity may be taken from T, for the projection removes its
//! gradient: with w^2 taken away five products are left instead of six (Basdevant 1983, J. Comput.
//! Phys. 50, 209). In a z-plane the derivatives along x and y are already known, so five products
//! become four fields before they travel: kx T_xx + ky T_xy, kx T_xy + ky T_yy, T_xz, T_yz.
//! The mean flow (k = 0) has no tendency and stays as it is.

use super::algebra::{Complex, add_scaled, combine, project, times_minus_i};
use super::formulas::{FieldCounts, Formulas};
use crate::integrator::Damping;
use crate::simd::Vector;

/// Navier-Stokes for the velocity (u, v, w).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NavierStokes {
    /// Viscosity, and whatever else damps the velocity.
    pub damping: Damping,
}

/// Products: u u - w w, u v, u w, v v - w w, v w.
const UU: usize = 0;
const UV: usize = 1;
const UW: usize = 2;
const VV: usize = 3;
const VW: usize = 4;

impl Formulas for NavierStokes {
    fn counts(&self) -> FieldCounts {
        FieldCounts { fields: 3, products: 5, contracted: 4 }
    }

    fn damping(&self, _field: usize) -> Damping {
        self.damping
    }

    #[inline(always)]
    fn products<V: Vector>(&self, field: impl Fn(usize) -> V, mut product: impl FnMut(usize, V)) {
        let [u, v, w] = [field(0), field(1), field(2)];
        let ww = w * w;
        product(UU, u * u - ww);
        product(UV, u * v);
        product(UW, u * w);
        product(VV, v * v - ww);
        product(VW, v * w);
    }

    #[inline(always)]
    fn frequency<V: Vector>(&self, field: impl Fn(usize) -> V, inverse_spacing: [V; 3]) -> V {
        let [x, y, z] = inverse_spacing;
        field(0).abs() * x + field(1).abs() * y + field(2).abs() * z
    }

    #[inline(always)]
    fn contract<V: Vector>(
        &self,
        [kx, ky]: [V; 2],
        product: impl Fn(usize) -> Complex<V>,
        mut contracted: impl FnMut(usize, Complex<V>),
    ) {
        let [uu, uv, uw, vv, vw] =
            [product(UU), product(UV), product(UW), product(VV), product(VW)];
        contracted(0, combine(kx, uu, ky, uv));
        contracted(1, combine(kx, uv, ky, vv));
        contracted(2, uw);
        contracted(3, vw);
    }

    #[inline(always)]
    fn assemble<V: Vector>(
        &self,
        k: [V; 3],
        _state: impl Fn(usize) -> Complex<V>,
        contracted: impl Fn(usize) -> Complex<V>,
        mut tendency: impl FnMut(usize, Complex<V>),
    ) {
        let [kx, ky, kz] = k;
        let [uw, vw] = [contracted(2), contracted(3)];
        // k_j T_ij, the divergence without its factor i.
        let x = add_scaled(contracted(0), kz, uw);
        let y = add_scaled(contracted(1), kz, vw);
        let z = combine(kx, uw, ky, vw);
        let [x, y, z] = project(k, [x, y, z]);
        tendency(0, times_minus_i(x));
        tendency(1, times_minus_i(y));
        tendency(2, times_minus_i(z));
    }
}
