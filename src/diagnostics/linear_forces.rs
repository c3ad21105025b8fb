//! The forces on the velocity that are linear in the state: of rotation and buoyancy.

use num_complex::Complex;

use crate::grid::AXES;
use crate::physics::Physics;

/// f = u x 2 Omega, and buoyancy.
pub struct LinearForces {
    /// 2 Omega.
    vorticity: [f64; AXES],
    /// Of each scalar that has weight: its field, and the acceleration by a scalar of 1.
    buoyancy: Vec<(usize, [f64; AXES])>,
}

impl LinearForces {
    /// Those of `physics`.
    pub fn new(physics: &Physics) -> Self {
        let first = physics.magnetic_fields().map_or(AXES, |fields| fields.end);
        let scalars = physics.scalar_formulas().into_iter().zip(first..);
        LinearForces {
            vorticity: physics.rotation.map(|omega| 2.0 * omega),
            buoyancy: scalars.map(|(scalar, field)| (field, scalar.buoyancy)).collect(),
        }
    }

    /// f of a mode, of which `state` gives the fields.
    pub fn of(&self, state: impl Fn(usize) -> Complex<f64>) -> [Complex<f64>; AXES] {
        let u: [_; AXES] = std::array::from_fn(&state);
        std::array::from_fn(|axis| {
            let (j, l) = ((axis + 1) % AXES, (axis + 2) % AXES);
            let coriolis = u[j] * self.vorticity[l] - u[l] * self.vorticity[j];
            let buoyancy = self.buoyancy.iter().map(|(field, f)| state(*field) * f[axis]);
            coriolis + buoyancy.sum::<Complex<f64>>()
        })
    }

    /// i k.f of a mode.
    pub fn divergence(
        &self,
        k: [f64; AXES],
        state: impl Fn(usize) -> Complex<f64>,
    ) -> Complex<f64> {
        // f = u x 2 Omega, so k.f = u.(2 Omega x k).
        let [fx, fy, fz] = self.vorticity;
        let turned = [fy * k[2] - fz * k[1], fz * k[0] - fx * k[2], fx * k[1] - fy * k[0]];
        let coriolis = (0..AXES).map(|axis| state(axis) * turned[axis]);
        let buoyancy = self.buoyancy.iter().map(|(field, acceleration)| {
            state(*field) * k.iter().zip(acceleration).map(|(k, a)| k * a).sum::<f64>()
        });
        coriolis.chain(buoyancy).sum::<Complex<f64>>() * Complex::i()
    }
}
