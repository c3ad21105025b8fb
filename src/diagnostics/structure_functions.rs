//! Structure functions: averages of powers of the increment of a field over a separation.
//!
//! The increment u(x + r e) - u(x) along an axis e has the coefficients û(k) (exp(i k.e r) - 1): it is
//! exact at any r, on the grid or between its points, and one sweep takes it to all points (no array
//! is held, and no plane has to know another). With p = 2 to 8 and <.> over all points,
//!
//! longitudinal <(du_L)^p>, and <|du_L|^p>; transverse <|du_T|^p>, over both components but
//! for one that is zero everywhere
//! scalar <|ds|^p>, and mixed <du_L (ds)^2> (Monin & Yaglom 1975, Statistical Fluid Mechanics 2, section 22)

use std::sync::{Mutex, PoisonError};

use super::powers::{absolute_power_sums, mixed_sum, power_sums};
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Wavenumbers;
use crate::parallel::Communicator;
use crate::physics::Physics;
use crate::real::{Real, Vector};
use crate::simd::{self, Kernel, doubles};
use crate::transform::plane_job::{Block, PlaneJob};
use crate::transform::sweep::Sweep;
use crate::variable::Variable;

/// How many orders there are, see [`StructureFunctions::ORDERS`].
const ORDER_COUNT: usize = 7;
/// Sums of one vector: of powers along the separation, of their magnitudes, and of those of both other components.
const OF_VECTOR: usize = 4 * ORDER_COUNT;

/// The axes of an array of structure functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// `[axis][order][separation]`.
    Orders,
    /// `[axis][separation]`.
    Separations,
}

/// The structure functions of one [`Physics`].
pub struct StructureFunctions {
    axes: Vec<usize>,
    separations: Vec<f64>,
    /// First fields of vectors, and scalars.
    vectors: Vec<usize>,
    scalars: Vec<usize>,
    arrays: Vec<(Variable, Over)>,
}

impl StructureFunctions {
    /// The orders p.
    pub const ORDERS: std::ops::RangeInclusive<usize> = 2..=ORDER_COUNT + 1;

    /// Those along `axes` over `separations`.
    pub fn new(physics: &Physics, axes: Vec<usize>, separations: Vec<f64>) -> Self {
        let mut vectors = vec![("velocity", 0)];
        vectors.extend(physics.magnetic_fields().map(|fields| ("magnetic", fields.start)));
        let groups = physics.vectors_and_scalars();
        let scalars = groups.into_iter().filter(|group| group.len() == 1).map(|group| group.start);
        let scalars: Vec<_> = scalars.collect();
        let fields = physics.fields();
        let mut arrays = Vec::new();
        let mut add = |name: String, unit: &str, description: &str, over| {
            arrays.push((Variable::new(name, unit, description), over));
        };
        for (name, _) in &vectors {
            let unit = "(L/T)^p";
            add(format!("{name}_longitudinal"), unit, "<(du_L)^p>", Over::Orders);
            add(format!("{name}_longitudinal_absolute"), unit, "<|du_L|^p>", Over::Orders);
            add(format!("{name}_transverse"), unit, "<|du_T|^p>", Over::Orders);
        }
        for field in scalars.iter().map(|&field| &fields[field]) {
            let (name, unit) = (&field.name, &field.unit);
            add(format!("{name}_increment"), &format!("({unit})^p"), "<|ds|^p>", Over::Orders);
            let unit = if unit == "1" { "L/T".into() } else { format!("L/T ({unit})^2") };
            add(format!("{name}_mixed"), &unit, "<du_L (ds)^2>", Over::Separations);
        }
        StructureFunctions {
            axes,
            separations,
            vectors: vectors.into_iter().map(|(_, first)| first).collect(),
            scalars,
            arrays,
        }
    }

    /// Names and axes of the arrays.
    pub fn arrays(&self) -> &[(Variable, Over)] {
        &self.arrays
    }

    /// Returns how many transforms of a field take about as long as a measurement.
    pub fn transforms(&self) -> f64 {
        /// Sums over the points, beside the transforms.
        const WITH_SUMS: f64 = 1.4;
        let fields = AXES * self.vectors.len() + self.scalars.len();
        WITH_SUMS * (fields * self.axes.len() * self.separations.len()) as f64
    }

    /// Measures them, in one sweep there for each axis and separation. Collective: every
    /// rank must call this.
    pub fn measure<T: Real>(
        &self,
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        communicator: &Communicator,
    ) -> Vec<Vec<f64>> {
        let separations = self.separations.len();
        let lines = |over: &Over| if *over == Over::Orders { ORDER_COUNT } else { 1 };
        let len = |over: &Over| self.axes.len() * lines(over) * separations;
        let mut found: Vec<_> = self.arrays.iter().map(|(_, over)| vec![0.0; len(over)]).collect();
        for (index, &axis) in self.axes.iter().enumerate() {
            for (place, &separation) in self.separations.iter().enumerate() {
                let mut sums = self.at(state, sweep, communicator, axis, separation).into_iter();
                for ((_, over), array) in self.arrays.iter().zip(&mut found) {
                    for line in 0..lines(over) {
                        let at = (index * lines(over) + line) * separations + place;
                        array[at] = sums.next().unwrap_or_default();
                    }
                }
            }
        }
        found
    }

    /// The averages at one separation, array after array. Collective.
    fn at<T: Real>(
        &self,
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        communicator: &Communicator,
        axis: usize,
        separation: f64,
    ) -> Vec<f64> {
        let modes = state.modes;
        // exp(i a) - 1 without loss at small a, of the axis; the others add nothing.
        let factors = [0, 1].map(|part| {
            let mut factors = Wavenumbers::new(&modes);
            factors.fill_each(&modes, |along, k| match (along == axis, part) {
                (false, _) => 0.0,
                (true, 0) => -2.0 * (0.5 * k * separation).sin().powi(2),
                (true, _) => (k * separation).sin(),
            });
            factors
        });
        sweep.begin(state.count, &|bundle, _, outgoing| {
            let [(x, y), (x_im, y_im)] =
                factors.each_ref().map(|part| part.of_bundle(&modes, bundle));
            let along_z = factors.each_ref().map(|part| &part.z[..]);
            let factors = Factors { x: [x, x_im], y: [y, y_im], z: along_z };
            let state = state.bundle(bundle);
            simd::run::<f64, _>(Increments { factors, state, outgoing });
        });
        sweep.to_planes(state.count);
        let of_vectors = self.vectors.len() * OF_VECTOR;
        let count = of_vectors + self.scalars.len() * (ORDER_COUNT + 1);
        let total = Mutex::new(vec![ExactSum::default(); count]);
        let job = Powers { structure: self, axis, fields: state.count, total };
        sweep.run_planes(0..sweep.plan.planes.len(), &job);
        let mut total = job.total.into_inner().unwrap_or_else(PoisonError::into_inner);
        let points = modes.grid.point_count();
        let means: Vec<_> =
            communicator.exact_sums(&mut total).into_iter().map(|sum| sum / points).collect();
        let (of_vectors, of_scalars) = means.split_at(of_vectors);
        let mut found = Vec::new();
        for of_vector in of_vectors.chunks_exact(OF_VECTOR) {
            let (longitudinal, transverse) = of_vector.split_at(2 * ORDER_COUNT);
            found.extend(longitudinal);
            let (a, b) = transverse.split_at(ORDER_COUNT);
            // A component that is zero everywhere does not exist: the flow has two dimensions.
            let share = if a[0] == 0.0 || b[0] == 0.0 { 1.0 } else { 0.5 };
            found.extend(a.iter().zip(b).map(|(a, b)| share * (a + b)));
        }
        found.extend(of_scalars);
        found
    }
}

/// A complex factor for each mode of a bundle, the sum of three: of its lane, its column and its row; real
/// and imaginary parts.
#[derive(Clone, Copy)]
struct Factors<'a> {
    x: [&'a [f64]; 2],
    y: [f64; 2],
    z: [&'a [f64]; 2],
}

/// Puts the state of a bundle, each mode times its factor, into `outgoing`: `[field][row][re, im lanes]`.
struct Increments<'a, T> {
    factors: Factors<'a>,
    state: &'a [T],
    outgoing: &'a mut [T],
}

impl<T: Real> Kernel<f64> for Increments<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        let Factors { x, y, z } = self.factors;
        let (lanes, rows) = (x[0].len(), z[0].len());
        for row in 0..self.state.len() / (2 * lanes) {
            let rest = [0, 1].map(|part| V::splat(y[part] + z[part][row % rows]));
            for lane in (0..lanes).step_by(V::WIDTH) {
                let at = 2 * row * lanes + lane;
                let a: [V; 2] =
                    [doubles::load(self.state, at), doubles::load(self.state, at + lanes)];
                let b = [0, 1].map(|part| doubles::load::<f64, V>(x[part], lane) + rest[part]);
                doubles::store(a[0] * b[0] - a[1] * b[1], self.outgoing, at);
                doubles::store(a[0] * b[1] + a[1] * b[0], self.outgoing, at + lanes);
            }
        }
    }
}

/// Sums powers of increments along `axis`.
struct Powers<'a> {
    structure: &'a StructureFunctions,
    axis: usize,
    fields: usize,
    total: Mutex<Vec<ExactSum>>,
}

impl<T: Real> PlaneJob<T> for Powers<'_> {
    fn inputs(&self) -> usize {
        self.fields
    }

    fn look(&self, block: Block, inputs: &[T]) {
        // Lanes that are not in use hold zeros.
        let field = |field: usize| &inputs[field * block.len()..(field + 1) * block.len()];
        let absolute = |values| absolute_power_sums::<T, { ORDER_COUNT + 1 }>(values);
        let StructureFunctions { vectors, scalars, .. } = self.structure;
        let mut sums = Vec::new();
        for first in vectors {
            let along = field(first + self.axis);
            sums.extend(&power_sums::<T, { ORDER_COUNT + 1 }>(along, 1.0)[1..]);
            sums.extend(&absolute(along)[1..]);
            for next in [1, 2] {
                sums.extend(&absolute(field(first + (self.axis + next) % AXES))[1..]);
            }
        }
        for &scalar in scalars {
            sums.extend(&absolute(field(scalar))[1..]);
            sums.push(mixed_sum(field(self.axis), field(scalar), [1.0; 2]));
        }
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        total.iter_mut().zip(sums).for_each(|(total, sum)| total.add(sum));
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use num_complex::Complex;

    use super::*;
    use crate::grid::Grid;
    use crate::modes::Modes;
    use crate::parallel::ThreadPool;
    use crate::physics::Scalar;

    const POINTS: usize = 18;

    /// Increments of waves at separations on and off the grid, one point after the other.
    #[test]
    fn averages_are_those_of_increments_one_by_one() {
        let scalar = Scalar { name: "dye".into(), diffusivity: Some(0.1), ..Scalar::default() };
        let physics = Physics { scalars: vec![scalar], ..Physics::navier_stokes(0.1) };
        // u = sin a + sin(2 a) / 2, w = sin(2 a) and s = sin(a), a = y / 2 in a box of 4 pi.
        let modes = Modes::new(Grid::two_thirds([6, POINTS, 4], [1.0, 2.0, 1.0]), 8);
        let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), 4);
        for (n, field, amplitude) in [(1, 1, 1.0), (2, 1, 0.5), (2, 2, 1.0), (1, 3, 1.0)] {
            let half = Complex::new(0.0, -0.5 * amplitude);
            state.set(modes.index([0, n, 0]).unwrap(), field, half);
            state.set(modes.index([0, -n, 0]).unwrap(), field, half.conj());
        }
        let (serial, pool) = (Communicator::serial(), ThreadPool::new(2).unwrap());
        let mut sweep = Sweep::new(modes, &serial, pool, 6, 6).unwrap();
        let separations = vec![2.0 * TAU / POINTS as f64, 1.234];
        let structure = StructureFunctions::new(&physics, vec![0, 1], separations.clone());
        let found = structure.measure(&state, &mut sweep, &serial);
        let waves: [&dyn Fn(f64) -> f64; 3] =
            [&|a| a.sin() + 0.5 * (2.0 * a).sin(), &|a| (2.0 * a).sin(), &f64::sin];
        let average = |r: f64, of: &dyn Fn([f64; 3]) -> f64| {
            let points = (0..POINTS).map(|j| TAU * j as f64 / POINTS as f64);
            let terms = points.map(|a| of(waves.map(|wave| wave(a + 0.5 * r) - wave(a))));
            terms.sum::<f64>() / POINTS as f64
        };
        let close =
            |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} and {b}");
        for (place, &r) in separations.iter().enumerate() {
            for p in StructureFunctions::ORDERS {
                let power = p as i32;
                let at = (ORDER_COUNT + p - 2) * separations.len() + place;
                close(found[0][at], average(r, &|[v, _, _]| v.powi(power)));
                close(found[1][at], average(r, &|[v, _, _]| v.abs().powi(power)));
                // The other transverse component is zero, and left out.
                close(found[2][at], average(r, &|[_, w, _]| w.abs().powi(power)));
                close(found[3][at], average(r, &|[_, _, s]| s.abs().powi(power)));
            }
            let at = separations.len() + place;
            close(found[4][at], average(r, &|[v, _, s]| v * s * s));
            assert!(found[4][at].abs() > 1e-3);
        }
        // Nothing changes along x.
        let along_x = |array: &Vec<f64>| array[..array.len() / 2].iter().all(|value| *value == 0.0);
        assert!(found.iter().all(along_x));
        assert_eq!(found.len(), structure.arrays().len());
    }
}
