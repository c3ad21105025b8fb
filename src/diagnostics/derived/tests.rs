//! Fields of a flow against their definitions.

use super::*;
use crate::grid::Grid;
use crate::parallel::ThreadPool;

const VISCOSITY: f64 = 0.3;

/// The Taylor-Green vortex and an ABC flow together: the velocity.
fn velocity([x, y, z]: [f64; AXES]) -> [f64; AXES] {
    let u = x.sin() * y.cos() * z.cos() + z.sin() + 0.5 * y.cos();
    let v = -x.cos() * y.sin() * z.cos() + 2.0 * x.sin() + z.cos();
    [u, v, 0.5 * y.sin() + 2.0 * x.cos()]
}

/// Its gradient A_ij.
fn gradient([x, y, z]: [f64; AXES]) -> [[f64; AXES]; AXES] {
    let ((sx, cx), (sy, cy), (sz, cz)) = (x.sin_cos(), y.sin_cos(), z.sin_cos());
    [
        [cx * cy * cz, -sx * sy * cz - 0.5 * sy, -sx * cy * sz + cz],
        [sx * sy * cz + 2.0 * cx, -cx * cy * cz, cx * sy * sz - sz],
        [-2.0 * sx, 0.5 * cy, 0.0],
    ]
}

/// What the fields of `NAMES` are at a point, by their definitions.
fn exact(point: [f64; AXES]) -> Vec<f64> {
    let a = gradient(point);
    let pairs = || (0..AXES).flat_map(|i| (0..AXES).map(move |j| (i, j)));
    let vorticity = [a[2][1] - a[1][2], a[0][2] - a[2][0], a[1][0] - a[0][1]];
    let strain = |(i, j): (usize, usize)| 0.5 * (a[i][j] + a[j][i]);
    let mut values = vorticity.to_vec();
    values.push(2.0 * VISCOSITY * pairs().map(|pair| strain(pair).powi(2)).sum::<f64>());
    values.extend(a.as_flattened());
    values.push(-0.5 * pairs().map(|(i, j)| a[i][j] * a[j][i]).sum::<f64>());
    values.push(velocity(point)[1]);
    values.push(vorticity.iter().map(|w| w * w).sum::<f64>().sqrt());
    values
}

const NAMES: [&str; 6] =
    ["vorticity", "dissipation", "velocity_gradient", "q_criterion", "v", "vorticity_magnitude"];

#[test]
fn fields_are_what_they_are_by_definition() {
    let grid = Grid::two_thirds([18, 15, 24], [1.0; AXES]);
    let ([nx, ny, _], spacing) = (grid.points, grid.spacing());
    let (serial, pool) = (Communicator::serial(), ThreadPool::new(2).unwrap());
    let mut sweep = Sweep::<f64>::new(Modes::new(grid, 8), &serial, pool, 3, 3).unwrap();
    let state = sweep.from_physical(AXES, |batch, values| {
        let (len, planes) = (values.len() / AXES, &batch.ranges[2]);
        for index in 0..len {
            let at = [index % nx, index / nx % ny, planes.start + index / (nx * ny)];
            let found = velocity(std::array::from_fn(|axis| at[axis] as f64 * spacing[axis]));
            (0..AXES).for_each(|field| values[field * len + index] = found[field]);
        }
        Ok(())
    });
    let state = state.unwrap();
    let physics = Physics::navier_stokes(VISCOSITY);
    let fields = OutputFields::new(&NAMES.map(String::from), &physics).unwrap();
    assert_eq!(fields.momentum(), None);
    let flow = Flow::new(&state, None);
    for region in [Region::whole(&grid), Region { ranges: [4..9, 7..8, 3..20] }] {
        let [nz, ny, nx] = region.shape();
        let mut found = vec![Vec::new(); fields.fields().count()];
        let visited = fields.visit(&flow, &mut sweep, &region, |field, batch, values| {
            let before = batch.ranges[2].start - region.ranges[2].start;
            assert_eq!(found[field].len(), before * nx * ny);
            found[field].extend_from_slice(values);
            Ok(())
        });
        visited.unwrap();
        for index in 0..nx * ny * nz {
            let at = [index % nx, index / nx % ny, index / (nx * ny)];
            let point = |axis: usize| (region.ranges[axis].start + at[axis]) as f64;
            let exact = exact(std::array::from_fn(|axis| point(axis) * spacing[axis]));
            assert_eq!(exact.len(), found.len());
            for ((found, exact), field) in found.iter().zip(exact).zip(fields.fields()) {
                let error = (found[index] - exact).abs();
                assert!(error < 2e-14, "{} at {at:?}: error {error}", field.name);
            }
        }
    }
}

#[test]
fn names_depend_on_the_physics() {
    let physics = Physics::navier_stokes(0.1);
    let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    assert_eq!(OutputFields::new(&names(&["u", "current"]), &physics), Err(1));
    let state = OutputFields::new(&[], &physics).unwrap();
    assert_eq!(state.fields().cloned().collect::<Vec<_>>(), physics.fields());
    assert!(OutputFields::names(&physics).contains(&"pressure".into()));
}
