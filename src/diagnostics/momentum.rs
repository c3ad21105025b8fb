//! What moves the fluid: the pressure, and the acceleration of its elements.
//!
//! a = du/dt + u.grad u = -grad p + nu lap u + f
//!
//! (Pope 2000, Turbulent Flows, eq. 2.35), in modes. f are all forces: those of `[forcing]`, of rotation
//! and buoyancy, and j x b of a magnetic field, j = curl b; hyperviscosity and drag count as the viscosity
//! does. It has the modes that the equations keep, and its products are aliased as those are.

use num_complex::Complex;

use super::linear_forces::LinearForces;
use super::pressure::pressure;
use super::triple::Triple;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::integrator::Damping;
use crate::modes::{Modes, Wavenumbers};
use crate::parallel::SharedSlice;
use crate::physics::Physics;
use crate::real::Real;
use crate::transform::plan::Plan;
use crate::transform::plane_job::{Block, PlaneJob};
use crate::transform::sweep::Sweep;

/// The transforms of a field that either part takes, without magnetic field and force.
pub const MOMENTUM_TRANSFORMS: f64 = 6.0;

/// The parts that somebody needs to know; each has those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MomentumPart {
    /// The pressure.
    Pressure,
    /// The acceleration.
    Acceleration,
}

/// The pressure and the acceleration of a flow.
#[derive(Clone)]
pub struct Momentum<T: Real> {
    /// The pressure by density, without mean.
    pub pressure: SpectralFields<T>,
    /// The three components of the acceleration, where somebody needs them.
    pub acceleration: Option<SpectralFields<T>>,
}

impl MomentumPart {
    /// Returns the bytes that it takes on a rank.
    pub fn bytes<T: Real>(self, plan: &Plan) -> f64 {
        let fields = match self {
            MomentumPart::Pressure => 1,
            MomentumPart::Acceleration => 1 + AXES,
        };
        (fields * plan.modes.column_len() * plan.bundles.len() * size_of::<T>()) as f64
    }
}

impl<T: Real> Momentum<T> {
    /// Returns the last part that is known.
    pub fn part(&self) -> MomentumPart {
        match self.acceleration {
            None => MomentumPart::Pressure,
            Some(_) => MomentumPart::Acceleration,
        }
    }

    /// Returns the modes of a part, if it is known.
    pub fn modes(&self, part: MomentumPart) -> Option<&SpectralFields<T>> {
        match part {
            MomentumPart::Pressure => Some(&self.pressure),
            MomentumPart::Acceleration => self.acceleration.as_ref(),
        }
    }

    /// The pressure of a state, and its acceleration if the forces of `[forcing]` on its velocity are
    /// given. Collective.
    pub fn new(
        state: &SpectralFields<T>,
        force: Option<SpectralFields<T>>,
        physics: &Physics,
        sweep: &mut Sweep<T>,
    ) -> Self {
        let Some(mut acceleration) = force else {
            let pressure = pressure(state, physics, sweep, &|_, _| {});
            return Momentum { pressure, acceleration: None };
        };
        let forces = Forces {
            modes: state.modes,
            linear: LinearForces::new(physics),
            damping: physics.velocity_damping(),
        };
        let (len, first) = (acceleration.bundle_len(), acceleration.bundles.start);
        let target = SharedSlice::new(&mut acceleration.data);
        let of_bundle = |bundle: usize| {
            let at = (bundle - first) * len;
            // SAFETY: every bundle is worked on by one thread.
            unsafe { target.slice(at..at + len) }
        };
        let pressure = pressure(state, physics, sweep, &|bundle, pressure| {
            forces.add(state, bundle, pressure, of_bundle(bundle));
        });
        if let Some(fields) = physics.magnetic_fields() {
            add_lorentz(fields.start, state, sweep, &|bundle, lorentz| {
                let sums = of_bundle(bundle).iter_mut().zip(lorentz);
                sums.for_each(|(sum, lorentz)| *sum = *sum + *lorentz);
            });
        }
        Momentum { pressure, acceleration: Some(acceleration) }
    }
}

/// The forces that follow from the modes of a bundle alone.
struct Forces {
    modes: Modes,
    linear: LinearForces,
    damping: Damping,
}

impl Forces {
    /// Adds them to `target`, `[component][row][re lanes, im lanes]`, given the pressure.
    fn add<T: Real>(
        &self,
        state: &SpectralFields<T>,
        bundle: usize,
        pressure: &[T],
        target: &mut [T],
    ) {
        let (modes, len) = (&self.modes, self.modes.column_len());
        for (mode, index) in modes.of_bundle(bundle) {
            let k = modes.grid.wavevector(mode);
            let rate = self.damping.rate(k.iter().map(|k| k * k).sum());
            let offset = modes.offset(index);
            let p = [offset, offset + modes.lanes].map(|at| pressure[at].double());
            let linear = self.linear.of(|field| state.double_at(index, field));
            for axis in 0..AXES {
                let u = state.double_at(index, axis);
                // -i k p.
                let gradient = Complex::new(p[1], -p[0]) * k[axis];
                let value = linear[axis] + gradient - u * rate;
                let at = axis * len + offset;
                target[at] = target[at] + T::from_double(value.re);
                target[at + modes.lanes] = target[at + modes.lanes] + T::from_double(value.im);
            }
        }
    }
}

/// Calls `add(bundle, force)` with the modes of j x b, b being the three fields from `first` on. Collective.
fn add_lorentz<T: Real>(
    first: usize,
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    add: &(dyn Fn(usize, &[T]) + Sync),
) {
    let (modes, wavenumbers) = (state.modes, Wavenumbers::new(&state.modes));
    let vector = AXES * modes.column_len();
    sweep.begin(2 * AXES, &|bundle, _, outgoing| {
        let (b, j) = outgoing.split_at_mut(vector);
        b.copy_from_slice(&state.bundle(bundle)[first * modes.column_len()..][..vector]);
        Triple::Curl(first).fill(&wavenumbers, state, bundle, j);
    });
    sweep.to_planes(2 * AXES);
    sweep.run_planes(0..sweep.plan.planes.len(), &Lorentz);
    sweep.to_columns(AXES);
    sweep.run_all_columns(AXES, 0, &|bundle, incoming, _| add(bundle, &incoming[..vector]));
}

/// j x b, of b and j.
struct Lorentz;

impl<T: Real> PlaneJob<T> for Lorentz {
    fn inputs(&self) -> usize {
        2 * AXES
    }

    fn products(&self) -> usize {
        AXES
    }

    fn product(&self, index: usize, block: Block, inputs: &[T], product: &mut [T]) {
        let field = |field: usize| &inputs[field * block.len()..][..block.len()];
        let (j, l) = ((index + 1) % AXES, (index + 2) % AXES);
        let (b, current) = ([field(j), field(l)], [field(AXES + j), field(AXES + l)]);
        for (point, product) in product[..block.len()].iter_mut().enumerate() {
            *product = current[0][point] * b[1][point] - current[1][point] * b[0][point];
        }
    }
}
