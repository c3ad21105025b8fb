//! A flow with rotation, stratification and scalars.
//!
//! du/dt = .. - 2 Omega x u + sum of a_s theta_s - grad p
//! d theta_s/dt + d(u_j theta_s)/dx_j = -G_s.u + kappa_s lap theta_s
//!
//! Each scalar theta_s is the fluctuation about a mean that grows along G_s. A passive one has
//! a_s = 0. Stratification is one with G = a = N e, e upwards and N the buoyancy frequency: then
//! N theta is the buoyancy, (u^2 + theta^2) / 2 the conserved energy, and plane waves obey
//! omega^2 = (N^2 k_h^2 + (2 Omega.k)^2) / k^2 (Boussinesq; Davidson 2013, Turbulence in Rotating,
//! Stratified and Electrically Conducting Fluids, chapters 3 and 4).
//!
//! What is linear is taken from the state, mode by mode, and costs no transform. It is part of the
//! tendency, so its frequencies limit the time step.

use super::algebra::{Complex, add_scaled, combine, project, times_minus_i};
use super::formulas::{FieldCounts, Formulas};
use crate::integrator::Damping;
use crate::real::Real;
use crate::simd::Vector;

/// The equations of `flow` with rotation and scalars; the scalars follow its fields.
pub struct Coupled<F> {
    flow: F,
    /// 2 Omega.
    vorticity: [f64; 3],
    scalars: Vec<Scalar>,
    wave_frequency: f64,
}

/// One scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scalar {
    /// Its diffusion.
    pub damping: Damping,
    /// G, the gradient of its mean.
    pub gradient: [f64; 3],
    /// a, the acceleration by a scalar of 1; zero if it is passive.
    pub buoyancy: [f64; 3],
}

impl<F: Formulas> Coupled<F> {
    /// Adds to `flow` a rotation of the frame at the angular velocity Omega and `scalars`.
    /// `wave_frequency` bounds that of waves in a fluid at rest, as it enters the Courant number.
    pub fn new(flow: F, omega: [f64; 3], scalars: Vec<Scalar>, wave_frequency: f64) -> Self {
        let vorticity = omega.map(|omega| 2.0 * omega);
        Coupled { flow, vorticity, scalars, wave_frequency }
    }
}

#[inline(always)]
fn splat<V: Vector>(x: f64) -> V {
    V::splat(V::Scalar::from_double(x))
}

impl<F: Formulas> Formulas for Coupled<F> {
    fn counts(&self) -> FieldCounts {
        let FieldCounts { fields, products, contracted } = self.flow.counts();
        let scalars = self.scalars.len();
        FieldCounts {
            fields: fields + scalars,
            products: products + 3 * scalars,
            contracted: contracted + 2 * scalars,
        }
    }

    fn damping(&self, field: usize) -> Damping {
        match field.checked_sub(self.flow.counts().fields) {
            None => self.flow.damping(field),
            Some(scalar) => self.scalars[scalar].damping,
        }
    }

    fn uses_state(&self) -> bool {
        true
    }

    #[inline(always)]
    fn products<V: Vector>(&self, field: impl Fn(usize) -> V, mut product: impl FnMut(usize, V)) {
        self.flow.products(&field, &mut product);
        let FieldCounts { fields, products, .. } = self.flow.counts();
        for scalar in 0..self.scalars.len() {
            let theta = field(fields + scalar);
            for axis in 0..3 {
                product(products + 3 * scalar + axis, field(axis) * theta);
            }
        }
    }

    #[inline(always)]
    fn frequency<V: Vector>(&self, field: impl Fn(usize) -> V, inverse_spacing: [V; 3]) -> V {
        self.flow.frequency(field, inverse_spacing) + splat(self.wave_frequency)
    }

    #[inline(always)]
    fn contract<V: Vector>(
        &self,
        k: [V; 2],
        product: impl Fn(usize) -> Complex<V>,
        mut contracted: impl FnMut(usize, Complex<V>),
    ) {
        self.flow.contract(k, &product, &mut contracted);
        let FieldCounts { products, contracted: first, .. } = self.flow.counts();
        for scalar in 0..self.scalars.len() {
            let flux = |axis: usize| product(products + 3 * scalar + axis);
            contracted(first + 2 * scalar, combine(k[1], flux(1), k[0], flux(0)));
            contracted(first + 2 * scalar + 1, flux(2));
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
        let FieldCounts { fields, contracted: first, .. } = self.flow.counts();
        let u = [state(0), state(1), state(2)];
        // -2 Omega x u = u x 2 Omega.
        let [fx, fy, fz] = self.vorticity;
        let [fx, fy, fz] = [splat::<V>(fx), splat(fy), splat(fz)];
        let cross =
            |a: Complex<V>, fa: V, b: Complex<V>, fb: V| (a.0 * fb - b.0 * fa, a.1 * fb - b.1 * fa);
        let mut force =
            [cross(u[1], fy, u[2], fz), cross(u[2], fz, u[0], fx), cross(u[0], fx, u[1], fy)];
        for (index, scalar) in self.scalars.iter().enumerate() {
            let theta = state(fields + index);
            for (force, a) in force.iter_mut().zip(scalar.buoyancy) {
                *force = add_scaled(*force, splat(a), theta);
            }
            let in_plane = contracted(first + 2 * index);
            let flux = add_scaled(in_plane, k[2], contracted(first + 2 * index + 1));
            let mut value = times_minus_i(flux);
            for (u, g) in u.into_iter().zip(scalar.gradient) {
                value = add_scaled(value, splat(-g), u);
            }
            tendency(fields + index, value);
        }
        let force = project(k, force);
        self.flow.assemble(k, &state, &contracted, |field, value| match force.get(field) {
            Some(force) => tendency(field, (value.0 + force.0, value.1 + force.1)),
            None => tendency(field, value),
        });
    }
}
