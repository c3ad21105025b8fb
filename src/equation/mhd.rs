//! Incompressible magnetohydrodynamics in divergence form, b in units of the Alfven speed.
//!
//! du_i/dt + d(u_i u_j - b_i b_j)/dx_j = -dp/dx_i + nu lap u_i
//! db/dt = curl (u x b) + eta lap b, div u = div b = 0
//!
//! (Biskamp 2003, Magnetohydrodynamic Turbulence, eqs. 2.20 and 2.21). The stress
//! u_i u_j - b_i b_j takes the place of u_i u_j in [`NavierStokes`], its trace removed as there;
//! the three components of u x b go back as they are, and their curl is solenoidal to round-off.
//! The mean field (k = 0) has no tendency: a uniform B0 is the mean of b.

use super::algebra::{Complex, combine, times_minus_i};
use super::formulas::{FieldCounts, Formulas};
use super::navier_stokes::NavierStokes;
use crate::integrator::Damping;
use crate::simd::Vector;

/// Navier-Stokes with a magnetic field: the state is (u, v, w, bx, by, bz).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mhd {
    /// The velocity alone.
    pub flow: NavierStokes,
    /// Magnetic diffusion, and whatever else damps the magnetic field.
    pub damping: Damping,
}

/// Products and contracted fields of the velocity come first.
const STRESSES: usize = 5;
const FORCES: usize = 4;

impl Formulas for Mhd {
    fn counts(&self) -> FieldCounts {
        FieldCounts { fields: 6, products: STRESSES + 3, contracted: FORCES + 3 }
    }

    fn damping(&self, field: usize) -> Damping {
        if field < 3 { self.flow.damping } else { self.damping }
    }

    #[inline(always)]
    fn products<V: Vector>(&self, field: impl Fn(usize) -> V, mut product: impl FnMut(usize, V)) {
        let [u, v, w] = [field(0), field(1), field(2)];
        let [bx, by, bz] = [field(3), field(4), field(5)];
        let trace = w * w - bz * bz;
        product(0, u * u - bx * bx - trace);
        product(1, u * v - bx * by);
        product(2, u * w - bx * bz);
        product(3, v * v - by * by - trace);
        product(4, v * w - by * bz);
        product(STRESSES, v * bz - w * by);
        product(STRESSES + 1, w * bx - u * bz);
        product(STRESSES + 2, u * by - v * bx);
    }

    /// Alfven waves run along b on top of the flow.
    #[inline(always)]
    fn frequency<V: Vector>(&self, field: impl Fn(usize) -> V, inverse_spacing: [V; 3]) -> V {
        let [x, y, z] = inverse_spacing;
        let speed = |axis: usize| field(axis).abs() + field(3 + axis).abs();
        speed(0) * x + speed(1) * y + speed(2) * z
    }

    #[inline(always)]
    fn contract<V: Vector>(
        &self,
        k: [V; 2],
        product: impl Fn(usize) -> Complex<V>,
        mut contracted: impl FnMut(usize, Complex<V>),
    ) {
        self.flow.contract(k, &product, &mut contracted);
        for axis in 0..3 {
            contracted(FORCES + axis, product(STRESSES + axis));
        }
    }

    #[inline(always)]
    fn assemble<V: Vector>(
        &self,
        k: [V; 3],
        state: impl Fn(usize) -> Complex<V>,
        contracted: impl Fn(usize) -> Complex<V>,
        mut tendency: impl FnMut(usize, Complex<V>),
    ) {
        self.flow.assemble(k, &state, &contracted, &mut tendency);
        let [kx, ky, kz] = k;
        let [x, y, z] = [contracted(FORCES), contracted(FORCES + 1), contracted(FORCES + 2)];
        // i k x E, as -i times the curl the other way round.
        tendency(3, times_minus_i(combine(kz, y, -ky, z)));
        tendency(4, times_minus_i(combine(kx, z, -kz, x)));
        tendency(5, times_minus_i(combine(ky, x, -kx, y)));
    }
}
