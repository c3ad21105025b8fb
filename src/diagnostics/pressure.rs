//! The pressure that keeps the flow free of divergence.
//!
//! The divergence of du_i/dt + d(T_ij)/dx_j = -dp/dx_i + f_i with T_ij = u_i u_j is, in modes,
//!
//! p̂ = -(k_i k_j T̂_ij + i k.f̂) / k²
//!
//! (Pope 2000, Turbulent Flows, eq. 2.42, where f = 0). f is the Coriolis and the buoyancy force; the
//! forces of `[forcing]` have no divergence. A magnetic field adds -b_i b_j + b²/2 δ_ij to T, so
//! that p is the pressure of the fluid alone. p is per density, its mean is 0, and products are
//! aliased no more and no less than in the equations.

use num_complex::Complex;

use super::linear_forces::LinearForces;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::{Modes, Wavenumbers};
use crate::parallel::SharedSlice;
use crate::physics::Physics;
use crate::real::Real;
use crate::transform::plane_job::{Block, OutputRows, PlaneJob};
use crate::transform::sweep::Sweep;

/// Components of the stress T: the products at each point.
const STRESS: [(usize, usize); 6] = [(0, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 2)];

/// Products that a sweep must have room for.
pub const PRODUCTS: usize = STRESS.len();

/// What goes back: k_x² T_xx + 2 k_x k_y T_xy + k_y² T_yy, then k_x T_xz + k_y T_yz, then T_zz.
const CONTRACTED: usize = 3;

/// The modes of the pressure. Calls `look(bundle, pressure)` for each bundle of this rank. Collective.
pub fn pressure<T: Real>(
    state: &SpectralFields<T>,
    physics: &Physics,
    sweep: &mut Sweep<T>,
    look: &(dyn Fn(usize, &[T]) + Sync),
) -> SpectralFields<T> {
    let modes = state.modes;
    let job = Stress {
        is_magnetic: physics.magnetic_fields().is_some(),
        k: Wavenumbers::new(&modes),
        modes,
    };
    let inputs = PlaneJob::<T>::inputs(&job);
    sweep.begin(inputs, &|bundle, _, outgoing| {
        outgoing.copy_from_slice(&state.bundle(bundle)[..inputs * modes.column_len()]);
    });
    sweep.to_planes(inputs);
    sweep.run_planes(0..sweep.plan.planes.len(), &job);
    sweep.to_columns(CONTRACTED);
    let mut pressure = sweep.zero_fields(1);
    let (len, first) = (pressure.bundle_len(), pressure.bundles.start);
    let target = SharedSlice::new(&mut pressure.data);
    let force = LinearForces::new(physics);
    sweep.run_all_columns(CONTRACTED, 0, &|bundle, incoming, _| {
        let at = (bundle - first) * len;
        // SAFETY: every bundle is worked on by one thread.
        let target = unsafe { target.slice(at..at + len) };
        for (mode, index) in modes.of_bundle(bundle) {
            let k = modes.grid.wavevector(mode);
            let square: f64 = k.iter().map(|k| k * k).sum();
            if square == 0.0 {
                continue;
            }
            let offset = modes.offset(index);
            let came = |field: usize| {
                let at = field * modes.column_len() + offset;
                Complex::new(incoming[at].double(), incoming[at + modes.lanes].double())
            };
            let stress = came(0) + (came(1) * 2.0 + came(2) * k[2]) * k[2];
            let force = force.divergence(k, |field| state.double_at(index, field));
            let value = -(stress + force) / square;
            target[offset] = T::from_double(value.re);
            target[offset + modes.lanes] = T::from_double(value.im);
        }
        look(bundle, target);
    });
    pressure
}

/// From the velocity, and perhaps the magnetic field, to the contracted stress.
struct Stress<T> {
    is_magnetic: bool,
    k: Wavenumbers<T>,
    modes: Modes,
}

impl<T: Real> PlaneJob<T> for Stress<T> {
    fn inputs(&self) -> usize {
        if self.is_magnetic { 2 * AXES } else { AXES }
    }

    fn products(&self) -> usize {
        STRESS.len()
    }

    fn outputs(&self) -> usize {
        CONTRACTED
    }

    fn product(&self, index: usize, block: Block, inputs: &[T], product: &mut [T]) {
        let half = T::from_double(0.5);
        let (i, j) = STRESS[index];
        let field = |field: usize| &inputs[field * block.len()..][..block.len()];
        for (point, product) in product[..block.len()].iter_mut().enumerate() {
            *product = field(i)[point] * field(j)[point];
            if self.is_magnetic {
                let b = |axis: usize| field(AXES + axis)[point];
                let square = b(0) * b(0) + b(1) * b(1) + b(2) * b(2);
                let pressure = if i == j { half * square } else { T::ZERO };
                *product = *product - b(i) * b(j) + pressure;
            }
        }
    }

    fn contract(&self, bundle_along_x: usize, modes: &[T], outputs: &mut OutputRows<T>) {
        let row_len = self.modes.row_len();
        let bundles = self.modes.bundles_at(bundle_along_x..bundle_along_x + 1);
        let ny = bundles.len();
        let two = T::from_double(2.0);
        for (y, bundle) in bundles.enumerate() {
            let (kx, ky) = self.k.of_bundle(&self.modes, bundle);
            let row = |product: usize| &modes[(product * ny + y) * row_len..][..row_len];
            let [xx, xy, yy, xz, yz, zz] = std::array::from_fn(row);
            let kx = |i: usize| kx[i % self.modes.lanes];
            outputs.write(2, y, |i| zz[i]);
            outputs.write(1, y, |i| kx(i) * xz[i] + ky * yz[i]);
            outputs.write(0, y, |i| kx(i) * (kx(i) * xx[i] + two * ky * xy[i]) + ky * ky * yy[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::parallel::{Communicator, ThreadPool};
    use crate::physics::{Axis, Kind, Magnetic, Stratification};

    /// The largest difference between the pressure of the fields and the exact one, with either
    /// truncation.
    fn error(
        physics: &Physics,
        fields: impl Fn([f64; AXES], &mut [f64]),
        exact: impl Fn([f64; AXES]) -> f64,
    ) -> f64 {
        let grids =
            [Grid::two_thirds, Grid::spherical].map(|truncate| truncate([18, 15, 24], [1.0; AXES]));
        grids.map(|grid| error_on(grid, physics, &fields, &exact)).into_iter().fold(0.0, f64::max)
    }

    fn error_on(
        grid: Grid,
        physics: &Physics,
        fields: impl Fn([f64; AXES], &mut [f64]),
        exact: impl Fn([f64; AXES]) -> f64,
    ) -> f64 {
        let ([nx, ny, _], spacing) = (grid.points, grid.spacing());
        let point = |index: usize| {
            let index = [index % nx, index / nx % ny, index / (nx * ny)];
            std::array::from_fn(|axis| index[axis] as f64 * spacing[axis])
        };
        let (serial, pool) = (Communicator::serial(), ThreadPool::new(2).unwrap());
        let count = physics.fields().len();
        let mut sweep =
            Sweep::<f64>::new(Modes::new(grid, 8), &serial, pool, count, PRODUCTS.max(count))
                .unwrap();
        let state = sweep.from_physical(count, |batch, values| {
            let (len, planes) = (values.len() / count, &batch.ranges[2]);
            let mut found = vec![0.0; count];
            for index in 0..len {
                fields(point(planes.start * nx * ny + index), &mut found);
                (0..count).for_each(|field| values[field * len + index] = found[field]);
            }
            Ok(())
        });
        let pressure = pressure(&state.unwrap(), physics, &mut sweep, &|_, _| {});
        let mut error = 0.0_f64;
        let visited = sweep.to_physical(&pressure, |batch, values| {
            let points = (batch.ranges[2].start * nx * ny..).map(point);
            values.iter().zip(points).for_each(|(p, x)| error = error.max((p - exact(x)).abs()));
            Ok(())
        });
        visited.unwrap();
        error
    }

    /// Taylor & Green 1937; p in Brachet et al. 1983, J. Fluid Mech. 130, 411, section 2.
    #[test]
    fn of_the_taylor_green_vortex() {
        let error = error(
            &Physics::navier_stokes(0.1),
            |[x, y, z], u| {
                u[0] = x.sin() * y.cos() * z.cos();
                u[1] = -x.cos() * y.sin() * z.cos();
            },
            |[x, y, z]| ((2.0 * x).cos() + (2.0 * y).cos()) * ((2.0 * z).cos() + 2.0) / 16.0,
        );
        assert!(error < 1e-15, "{error}");
    }

    /// u = sin y and b = sin y along x, which feel no force along x: the pressure balances those of
    /// the magnetic pressure b^2/2, of rotation, -2 Omega u, and of buoyancy, N cos z.
    #[test]
    fn balances_all_forces() {
        let physics = Physics {
            equation: Kind::Mhd,
            magnetic: Some(Magnetic::default()),
            rotation: [0.0, 0.0, 0.7],
            stratification: Some(Stratification {
                frequency: 3.0,
                vertical: Axis::Z,
                diffusivity: None,
                prandtl: Some(1.0),
                hyper: None,
                drag: None,
            }),
            ..Physics::navier_stokes(0.1)
        };
        let error = error(
            &physics,
            |[_, y, z], fields| {
                fields[0] = y.sin();
                fields[3] = y.sin();
                fields[6] = z.cos();
            },
            |[_, y, z]| 0.25 * (2.0 * y).cos() + 1.4 * y.cos() + 3.0 * z.sin(),
        );
        assert!(error < 1e-14, "{error}");
    }
}
