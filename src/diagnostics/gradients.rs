//! Statistics at the grid points: extremes, and moments of gradients.
//!
//! With <.> the average over the grid points, and over the three directions of a longitudinal
//! gradient g = du/dx or the six of a transverse one, the skewness is <g^3> / <g^2>^(3/2) and the
//! flatness <g^4> / <g^2>^2 (Pope 2000, Turbulent Flows, section 6.4.2). The mixed skewness of a scalar s
//! is <g (ds/dx)^2> / (<g^2>^(1/2) <(ds/dx)^2>), all three averages over the directions as well, about
//! -0.5 in turbulence (Kerr 1985, J. Fluid Mech. 153, 31). Under the 2/3 rule averages of cubes are
//! exact, those of fourth powers are averages over points.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::each_mode;
use super::points::Together;
use super::quantities::norm;
use super::triple::Triple;
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::physics::Physics;
use crate::real::Real;
use crate::sums::sum_over_bundles;
use crate::transform::plane_job::{Block, PlaneJob};
use crate::transform::sweep::Sweep;
use crate::variable::Variable;

/// The statistics of one [`Physics`]. Those of a gradient that is zero everywhere are 0.
pub struct Gradients {
    variables: Vec<Variable>,
    /// The fields of each vector and scalar.
    groups: Vec<Range<usize>>,
}

impl Gradients {
    /// Those of every vector and scalar.
    pub fn new(physics: &Physics) -> Self {
        let mut gradients =
            Gradients { variables: Vec::new(), groups: physics.vectors_and_scalars() };
        gradients.add_vector("", ["speed", "vorticity"], ["u", "v", "w"]);
        if physics.magnetic.is_some() {
            let names = ["magnetic_field", "current"];
            gradients.add_vector("magnetic_", names, ["bx", "by", "bz"]);
        }
        let fields = physics.fields();
        for group in gradients.groups.clone().iter().filter(|group| group.len() == 1) {
            gradients.add_scalar(&fields[group.start].name, &fields[group.start].unit);
        }
        gradients
    }

    /// Their names, in the order in which they are measured.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn add(&mut self, name: String, unit: &str, description: String) {
        self.variables.push(Variable::new(name, unit, description));
    }

    fn add_vector(&mut self, prefix: &str, [vector, curl]: [&str; 2], [x, y, z]: [&str; AXES]) {
        let along = format!("d{x}/dx, d{y}/dy and d{z}/dz");
        self.add(
            format!("max_{vector}"),
            "L/T",
            format!("largest |({x}, {y}, {z})| of the grid points"),
        );
        self.add(
            format!("max_{curl}"),
            "1/T",
            format!("largest |curl ({x}, {y}, {z})| of the grid points"),
        );
        self.add(format!("{prefix}longitudinal_skewness"), "1", format!("skewness of {along}"));
        self.add(format!("{prefix}longitudinal_flatness"), "1", format!("flatness of {along}"));
        let others = format!("flatness of the six other derivatives of {x}, {y} and {z}");
        self.add(format!("{prefix}transverse_flatness"), "1", others);
        self.add(
            format!("{curl}_flatness"),
            "1",
            format!("flatness of the components of the {curl}"),
        );
    }

    fn add_scalar(&mut self, name: &str, unit: &str) {
        self.add(format!("max_{name}"), unit, format!("largest |{name}| of the grid points"));
        for axis in ["x", "y", "z"] {
            let description = format!("skewness of d{name}/d{axis}");
            self.add(format!("{name}_gradient_skewness_{axis}"), "1", description);
        }
        let description = format!("flatness of the derivatives of {name} along x, y and z");
        self.add(format!("{name}_gradient_flatness"), "1", description);
        let description =
            "mixed skewness of longitudinal velocity gradients and those of".to_string();
        self.add(format!("{name}_mixed_skewness"), "1", format!("{description} {name}"));
    }

    /// Measures them, in a sweep for the fields, four for each vector and one for each scalar. Collective:
    /// every rank must call this.
    pub fn measure<T: Real>(
        &self,
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        communicator: &Communicator,
    ) -> Vec<f64> {
        let plain = vec![1.0; state.count];
        let fields = look(Together::State, &self.groups, &plain, state, sweep, communicator);
        let mut values = Vec::new();
        for (group, largest) in self.groups.iter().zip(fields.largest) {
            values.push(largest);
            if group.len() == 1 {
                values.extend(of_scalar(group.start, state, sweep, communicator));
            } else {
                values.extend(of_vector(group.start, state, sweep, communicator));
            }
        }
        values
    }
}

/// What is measured of the gradient of the vector that begins at field `first`. Collective.
fn of_vector<T: Real>(
    first: usize,
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    communicator: &Communicator,
) -> [f64; 5] {
    let scales = [scale(state, first..first + AXES, sweep.pool(), communicator); AXES];
    let (mut longitudinal, mut transverse) = (Moments::default(), Moments::default());
    for component in 0..AXES {
        let gradient = Together::Triple(Triple::Gradient(first + component));
        let found = look(gradient, &[], &scales, state, sweep, communicator);
        for (axis, moments) in found.of_fields.iter().enumerate() {
            let sum = if component == axis { &mut longitudinal } else { &mut transverse };
            sum.merge(moments);
        }
    }
    let curl = Together::Triple(Triple::Curl(first));
    let whole = std::slice::from_ref(&(0..AXES));
    let curl = look(curl, whole, &scales, state, sweep, communicator);
    [
        curl.largest[0],
        longitudinal.skewness(),
        longitudinal.flatness(),
        transverse.flatness(),
        Moments::of_all(&curl.of_fields).flatness(),
    ]
}

/// What is measured of the gradient of the scalar in `field`. Collective.
fn of_scalar<T: Real>(
    field: usize,
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    communicator: &Communicator,
) -> [f64; 5] {
    let both = Together::Pair(Triple::Stretching, Triple::Gradient(field));
    let scale = |of| scale(state, of, sweep.pool(), communicator);
    let scales = [[scale(0..AXES); AXES], [scale(field..field + 1); AXES]].concat();
    let found = look(both, &[], &scales, state, sweep, communicator);
    let (stretching, gradient) = found.of_fields.split_at(AXES);
    let all = Moments::of_all(gradient);
    let velocity = Moments::of_all(stretching).mean(0).sqrt();
    let mixed = found.mixed / all.count;
    let scale = velocity * all.mean(0);
    [
        gradient[0].skewness(),
        gradient[1].skewness(),
        gradient[2].skewness(),
        all.flatness(),
        if scale == 0.0 { 0.0 } else { mixed / scale },
    ]
}

/// What gradients of some fields are multiplied with before their powers are summed: 1, or a power of
/// two where fourth powers would be too small or too large for a number. Skewness and flatness do not
/// depend on it. Collective.
fn scale<T: Real>(
    state: &SpectralFields<T>,
    fields: Range<usize>,
    pool: &ThreadPool,
    communicator: &Communicator,
) -> f64 {
    /// What lies between its inverse and this has powers that are numbers.
    const PLAIN: f64 = 1e60;
    let grid = state.modes.grid;
    let sums = sum_over_bundles(state, 1, pool, communicator, |bundle, sums| {
        let mut square = 0.0;
        each_mode(state, bundle, |_, mode, values| {
            let k_squared: f64 = grid.wavevector(mode).iter().map(|k| k * k).sum();
            square += Modes::weight(mode[0]) * k_squared * norm(&values[fields.clone()]);
        });
        sums[0].add(square);
    });
    let rms = sums[0].sqrt();
    let is_plain = rms == 0.0 || !rms.is_finite() || (1.0 / PLAIN..PLAIN).contains(&rms);
    if is_plain { 1.0 } else { 2_f64.powi(-rms.log2() as i32) }
}

/// Sums of powers of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Moments {
    count: f64,
    /// Of the squares, cubes and fourth powers.
    sums: [f64; 3],
}

impl Moments {
    fn of_all(parts: &[Moments]) -> Self {
        let mut all = Moments::default();
        parts.iter().for_each(|part| all.merge(part));
        all
    }

    fn merge(&mut self, other: &Moments) {
        self.count += other.count;
        self.sums.iter_mut().zip(other.sums).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// The average of the squares, the cubes or the fourth powers: 0, 1, 2.
    fn mean(&self, power: usize) -> f64 {
        self.sums[power] / self.count
    }

    fn skewness(&self) -> f64 {
        let square = self.mean(0);
        if square == 0.0 { 0.0 } else { self.mean(1) / square.powf(1.5) }
    }

    fn flatness(&self) -> f64 {
        let square = self.mean(0);
        if square == 0.0 { 0.0 } else { self.mean(2) / (square * square) }
    }
}

/// What is known about fields at all points.
struct Looked {
    of_fields: Vec<Moments>,
    /// The largest magnitude of each group of fields.
    largest: Vec<f64>,
    /// The sum of g_i h_i^2 over the points and i, of six fields g and h.
    mixed: f64,
}

/// Takes fields to the points and looks at them, each multiplied by its scale but for the largest
/// magnitudes. Collective.
fn look<T: Real>(
    fields: Together,
    groups: &[Range<usize>],
    scales: &[f64],
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    communicator: &Communicator,
) -> Looked {
    let inputs = fields.count(state.count);
    let job = Accumulate {
        inputs,
        groups,
        scales,
        sums: Mutex::new(vec![ExactSum::default(); 3 * inputs + 1]),
        largest: groups.iter().map(|_| AtomicU64::new(0)).collect(),
    };
    fields.look(state, sweep, &job);
    let mut sums = job.sums.into_inner().unwrap_or_else(PoisonError::into_inner);
    let sums = communicator.exact_sums(&mut sums);
    let largest = job.largest.into_iter().map(|largest| {
        // Bits of numbers that are not negative are ordered as the numbers are; NaN comes last.
        let mut largest = [largest.into_inner() as i64];
        communicator.max(&mut largest);
        f64::from_bits(largest[0] as u64).sqrt()
    });
    let (powers, mixed) = sums.split_at(3 * inputs);
    let count = sweep.plan.modes.grid.point_count();
    Looked {
        largest: largest.collect(),
        of_fields: powers.as_chunks().0.iter().map(|&sums| Moments { count, sums }).collect(),
        mixed: mixed[0],
    }
}

/// Sums the powers of fields, for each its squares, cubes and fourth powers, and finds the largest sum
/// of squares of groups of them. A block is summed in order: its sum depends on nothing else.
struct Accumulate<'a> {
    inputs: usize,
    groups: &'a [Range<usize>],
    scales: &'a [f64],
    /// Of the powers, field by field, and last the mixed sum.
    sums: Mutex<Vec<ExactSum>>,
    /// Bits of the largest sums of squares.
    largest: Vec<AtomicU64>,
}

impl<T: Real> PlaneJob<T> for Accumulate<'_> {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn look(&self, block: Block, inputs: &[T]) {
        let field = |index: usize| &inputs[index * block.len()..(index + 1) * block.len()];
        let mut sums = Vec::with_capacity(3 * self.inputs + 1);
        // Lanes that are not in use hold zeros.
        for index in 0..self.inputs {
            let mut powers = [0.0; 3];
            for value in field(index).iter().map(|value| self.scales[index] * value.double()) {
                let square = value * value;
                powers[0] += square;
                powers[1] += square * value;
                powers[2] += square * square;
            }
            sums.extend(powers);
        }
        let mut mixed = 0.0;
        if self.inputs == 2 * AXES {
            for axis in 0..AXES {
                let pairs = field(axis).iter().zip(field(AXES + axis));
                let [of_g, of_h] = [self.scales[axis], self.scales[AXES + axis]];
                let product = |g: &T, h: &T| of_g * g.double() * (of_h * h.double()).powi(2);
                mixed += pairs.map(|(g, h)| product(g, h)).sum::<f64>();
            }
        }
        sums.push(mixed);
        for (group, largest) in self.groups.iter().zip(&self.largest) {
            let square = |point: usize| {
                group.clone().map(|index| field(index)[point].double().powi(2)).sum::<f64>()
            };
            let found = (0..block.len()).map(square).fold(0.0, f64::max);
            largest.fetch_max(found.to_bits(), Ordering::Relaxed);
        }
        let mut total = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        total.iter_mut().zip(sums).for_each(|(total, sum)| total.add(sum));
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::grid::Grid;
    use crate::physics::Scalar;

    fn physics() -> Physics {
        let scalar = Scalar { name: "dye".into(), diffusivity: Some(0.1), ..Scalar::default() };
        Physics { scalars: vec![scalar], ..Physics::navier_stokes(0.1) }
    }

    /// u = sin x + sin(2 x)/2 and v = sin x + sin 2 x, with the averages of g = cos x + c cos 2 x:
    /// <g^2> = (1 + c^2)/2, <g^3> = 3/4 c, <g^4> = 3/8 (1 + c^4) + 3/2 c^2.
    #[test]
    fn two_waves_have_the_moments_that_they_have_by_hand() {
        let modes = Modes::new(Grid::two_thirds([24, 16, 12], [1.0; 3]), 8);
        // The scalar is u. A flow has the same moments however weak or strong it is.
        let waves = [(1, 0, 1.0), (2, 0, 0.5), (1, 1, 1.0), (2, 1, 1.0), (1, 3, 1.0), (2, 3, 0.5)];
        let state = |strength: f64| {
            let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES + 1);
            for (n, field, amplitude) in waves {
                let place = modes.index([n, 0, 0]).unwrap();
                state.set(place, field, Complex::new(0.0, -0.5 * amplitude * strength));
            }
            state
        };
        // Of the gradients of one kind, of which there are `count`, one is not zero.
        let flatness = |c: f64, count: f64| {
            let (square, fourth) =
                ((1.0 + c * c) / 2.0, 3.0 / 8.0 * (1.0 + c.powi(4)) + 1.5 * c * c);
            fourth * count / (square * square)
        };
        let speeds = (0..24).map(|i| {
            let x = std::f64::consts::TAU * f64::from(i) / 24.0;
            (x.sin() + 0.5 * (2.0 * x).sin()).hypot(x.sin() + (2.0 * x).sin())
        });
        let max_scalar = (0..24).map(|i| {
            let x = std::f64::consts::TAU * f64::from(i) / 24.0;
            (x.sin() + 0.5 * (2.0 * x).sin()).abs()
        });
        let skewness = 0.75;
        let expected = [
            ("max_speed", speeds.fold(0.0, f64::max)),
            ("max_vorticity", 3.0),
            ("longitudinal_skewness", skewness * f64::sqrt(3.0)),
            ("longitudinal_flatness", flatness(1.0, 3.0)),
            ("transverse_flatness", flatness(2.0, 6.0)),
            ("vorticity_flatness", flatness(2.0, 3.0)),
            ("max_dye", max_scalar.fold(0.0, f64::max)),
            ("dye_gradient_skewness_x", skewness),
            ("dye_gradient_skewness_y", 0.0),
            ("dye_gradient_skewness_z", 0.0),
            ("dye_gradient_flatness", flatness(1.0, 3.0)),
            ("dye_mixed_skewness", skewness * f64::sqrt(3.0)),
        ];
        let gradients = Gradients::new(&physics());
        let names: Vec<_> =
            gradients.variables().iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, expected.map(|(name, _)| name));
        let mut found = Vec::new();
        for (threads, strength) in [(1, 1.0), (3, 1.0), (1, 1e-90), (1, 1e90)] {
            let (serial, pool) = (Communicator::serial(), ThreadPool::new(threads).unwrap());
            let mut sweep = Sweep::new(modes, &serial, pool, 2 * AXES, 2 * AXES).unwrap();
            let gradients = gradients.measure(&state(strength), &mut sweep, &serial);
            assert_eq!(gradients.len(), expected.len());
            for ((name, expected), found) in expected.iter().zip(&gradients) {
                let unit = if name.starts_with("max_") { strength } else { 1.0 };
                assert!(
                    (found / unit - expected).abs() < 1e-12 * expected.abs().max(1.0),
                    "{name}: {found}"
                );
            }
            found.push(gradients);
        }
        assert_eq!(found[0], found[1]);
    }

    #[test]
    fn a_fluid_at_rest_has_zeros() {
        let modes = Modes::new(Grid::two_thirds([8; 3], [1.0; 3]), 8);
        let state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES + 1);
        let (serial, pool) = (Communicator::serial(), ThreadPool::new(1).unwrap());
        let mut sweep = Sweep::new(modes, &serial, pool, 2 * AXES, 2 * AXES).unwrap();
        let found = Gradients::new(&physics()).measure(&state, &mut sweep, &serial);
        assert_eq!(found, [0.0; 12]);
    }
}
