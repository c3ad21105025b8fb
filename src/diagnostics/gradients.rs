//! Statistics at the grid points: extremes, and moments of the velocity gradient.
//!
//! With <.> the average over the grid points, and over the three directions of a longitudinal
//! gradient g = du/dx or the six of a transverse one, the skewness is <g^3> / <g^2>^(3/2) and the
//! flatness <g^4> / <g^2>^2 (Pope 2000, Turbulent Flows, section 6.4.2). Under the 2/3 rule averages of
//! cubes are exact, those of fourth powers are averages over points.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use num_complex::Complex;

use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Place;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::transform::planes::{Block, PlaneJob};
use crate::transform::sweep::Sweep;

type C = Complex<f64>;

/// Statistics of the velocity and its gradient at the grid points. Those of a gradient that is
/// zero everywhere are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gradients {
    /// Largest |u|.
    pub max_speed: f64,
    /// Largest |omega|.
    pub max_vorticity: f64,
    /// Skewness of du/dx, dv/dy and dw/dz.
    pub longitudinal_skewness: f64,
    /// Flatness of these.
    pub longitudinal_flatness: f64,
    /// Flatness of the six others.
    pub transverse_flatness: f64,
    /// Flatness of the components of the vorticity.
    pub vorticity_flatness: f64,
}

impl Gradients {
    /// Measures the velocity in the first three fields of `state`, which the exchange holds as it does
    /// between steps, in five sweeps. It must be filled again afterwards. Collective: every rank
    /// must call this.
    pub fn measure<T: Real>(
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        communicator: &Communicator,
    ) -> Self {
        let velocity = look(sweep, state.count, communicator);
        let mut longitudinal = Moments::default();
        let mut transverse = Moments::default();
        for axis in 0..AXES {
            let along = at_points(state, sweep, communicator, |k, u| {
                u.map(|u| C::new(-k[axis] * u.im, k[axis] * u.re))
            });
            for (component, moments) in along.of_component.iter().enumerate() {
                let sum = if component == axis { &mut longitudinal } else { &mut transverse };
                sum.merge(moments);
            }
        }
        let vorticity = at_points(state, sweep, communicator, |k, u| {
            let cross = |i: usize, j: usize| k[i] * u[j] - k[j] * u[i];
            [cross(1, 2), cross(2, 0), cross(0, 1)].map(|c| C::new(-c.im, c.re))
        });
        let mut curl = Moments::default();
        vorticity.of_component.iter().for_each(|moments| curl.merge(moments));
        Gradients {
            max_speed: velocity.largest,
            max_vorticity: vorticity.largest,
            longitudinal_skewness: longitudinal.skewness(),
            longitudinal_flatness: longitudinal.flatness(),
            transverse_flatness: transverse.flatness(),
            vorticity_flatness: curl.flatness(),
        }
    }
}

/// Sums of powers of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Moments {
    count: f64,
    /// Of the squares, cubes and fourth powers.
    sums: [f64; 3],
}

impl Moments {
    fn merge(&mut self, other: &Moments) {
        self.count += other.count;
        self.sums.iter_mut().zip(other.sums).for_each(|(mine, theirs)| *mine += theirs);
    }

    fn skewness(&self) -> f64 {
        let [square, cube, _] = self.sums.map(|sum| sum / self.count);
        if square == 0.0 { 0.0 } else { cube / square.powf(1.5) }
    }

    fn flatness(&self) -> f64 {
        let [square, _, fourth] = self.sums.map(|sum| sum / self.count);
        if square == 0.0 { 0.0 } else { fourth / (square * square) }
    }
}

/// What is known about a vector field at all points.
struct Vectors {
    of_component: [Moments; AXES],
    /// The largest magnitude.
    largest: f64,
}

/// Takes a vector field, a function of the wavevector and the velocity of each mode, to the points.
/// Collective.
fn at_points<T: Real>(
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    communicator: &Communicator,
    vector: impl Fn([f64; AXES], [C; AXES]) -> [C; AXES] + Sync,
) -> Vectors {
    sweep.begin(AXES, &|bundle, _, outgoing| {
        fill(state, bundle, outgoing, &|k, state| vector(k, [state(0), state(1), state(2)]));
    });
    look(sweep, AXES, communicator)
}

/// Takes `fields` fields to the points and looks at the first three. Every rank has looked when this
/// returns, so that the exchange may be filled again. Collective.
fn look<T: Real>(sweep: &mut Sweep<T>, fields: usize, communicator: &Communicator) -> Vectors {
    sweep.to_planes(fields);
    let job = Accumulate::default();
    sweep.planes(0..sweep.plan.planes.len(), &job);
    let mut sums = job.sums.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    let sums = communicator.exact_sums(&mut sums);
    // Bits of numbers that are not negative are ordered as the numbers are; NaN comes last.
    let mut largest = [job.largest.into_inner() as i64];
    communicator.max(&mut largest);
    let count = sweep.plan.modes.grid.point_count();
    Vectors {
        of_component: std::array::from_fn(|component| Moments {
            count,
            sums: std::array::from_fn(|power| sums[3 * component + power]),
        }),
        largest: f64::from_bits(largest[0] as u64).sqrt(),
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
    for row in 0..modes.rows() {
        for lane in 0..modes.lanes {
            let place = Place { bundle, row, lane };
            let Some(mode) = modes.mode(place) else { break };
            let state = |field| {
                let value = state.at(place, field);
                C::new(value.re.double(), value.im.double())
            };
            let values = values(modes.grid.wavevector(mode), &state);
            for (component, value) in values.into_iter().enumerate() {
                let at = component * modes.column_len() + modes.offset(place);
                outgoing[at] = T::from_double(value.re);
                outgoing[at + modes.lanes] = T::from_double(value.im);
            }
        }
    }
}

/// Sums the powers of three fields, for each its squares, cubes and fourth powers, and finds the
/// largest sum of their squares. A block is summed in order: its sum depends on nothing else.
struct Accumulate {
    sums: Mutex<Vec<ExactSum>>,
    largest: AtomicU64,
}

impl Default for Accumulate {
    fn default() -> Self {
        let sums = Mutex::new(vec![ExactSum::default(); 3 * AXES]);
        Accumulate { sums, largest: AtomicU64::new(0) }
    }
}

impl<T: Real> PlaneJob<T> for Accumulate {
    fn inputs(&self) -> usize {
        AXES
    }

    fn pointwise(&self, block: Block, inputs: &[T], _: &mut [T]) {
        let mut sums = [[0.0; 3]; AXES];
        let mut largest: f64 = 0.0;
        // Lanes that are not in use hold zeros.
        for point in 0..block.len() {
            let mut magnitude = 0.0;
            for (component, sums) in sums.iter_mut().enumerate() {
                let value = inputs[component * block.len() + point].double();
                let square = value * value;
                magnitude += square;
                sums[0] += square;
                sums[1] += square * value;
                sums[2] += square * square;
            }
            largest = largest.max(magnitude);
        }
        self.largest.fetch_max(largest.to_bits(), Ordering::Relaxed);
        let mut total = self.sums.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        total.iter_mut().zip(sums.as_flattened()).for_each(|(total, sum)| total.add(*sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::modes::Modes;
    use crate::parallel::Team;

    /// u = sin x + sin(2 x)/2 and v = sin x + sin 2 x, with the averages of g = cos x + c cos 2 x:
    /// <g^2> = (1 + c^2)/2, <g^3> = 3/4 c, <g^4> = 3/8 (1 + c^4) + 3/2 c^2.
    #[test]
    fn two_waves_have_the_moments_that_they_have_by_hand() {
        let modes = Modes::new(Grid::two_thirds([24, 16, 12], [1.0; 3]), 8);
        let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES);
        for (n, field, amplitude) in [(1, 0, 1.0), (2, 0, 0.5), (1, 1, 1.0), (2, 1, 1.0)] {
            let place = modes.place([n, 0, 0]).unwrap();
            state.set(place, field, C::new(0.0, -0.5 * amplitude));
        }
        let close = |found: f64, expected: f64| {
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} and {expected}");
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
        let max_speed = speeds.fold(0.0, f64::max);
        let mut found = Vec::new();
        for threads in [1, 3] {
            let (serial, team) = (Communicator::serial(), Team::new(threads).unwrap());
            let mut sweep = Sweep::new(modes, &serial, team, AXES, AXES).unwrap();
            sweep.begin(AXES, &|bundle, _, outgoing| {
                outgoing.copy_from_slice(state.bundle(bundle));
            });
            let gradients = Gradients::measure(&state, &mut sweep, &serial);
            close(gradients.max_speed, max_speed);
            close(gradients.max_vorticity, 3.0);
            close(gradients.longitudinal_skewness, 0.75 * f64::sqrt(3.0));
            close(gradients.longitudinal_flatness, flatness(1.0, 3.0));
            close(gradients.transverse_flatness, flatness(2.0, 6.0));
            close(gradients.vorticity_flatness, flatness(2.0, 3.0));
            found.push(gradients);
        }
        assert_eq!(found[0], found[1]);
    }

    #[test]
    fn a_fluid_at_rest_has_zeros() {
        let modes = Modes::new(Grid::two_thirds([8; 3], [1.0; 3]), 8);
        let state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES);
        let (serial, team) = (Communicator::serial(), Team::new(1).unwrap());
        let mut sweep = Sweep::new(modes, &serial, team, AXES, AXES).unwrap();
        assert_eq!(Gradients::measure(&state, &mut sweep, &serial), Gradients::default());
    }
}
