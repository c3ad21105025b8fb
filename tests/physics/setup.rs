//! Flows to test with, and what to measure of them.

use dns_solver::diagnostics::PRESSURE_PRODUCTS;
use dns_solver::fields::SpectralFields;
use dns_solver::forcing::{Forcing, ForcingTerm};
use dns_solver::grid::{Dealias, Grid};
use dns_solver::integrator::Scheme;
use dns_solver::modes::Modes;
use dns_solver::parallel::{Communicator, ThreadPool};
use dns_solver::particles::ParticleSet;
use dns_solver::physics::{Physics, Scalar};
use dns_solver::real::{Precision, Real};
use dns_solver::solver::{Solver, SolverOptions, Tolerance};
use num_complex::Complex;

pub type C = Complex<f64>;

/// A flow of N fields that starts from the modes listed: (mode numbers, coefficients); conjugates
/// are added.
#[derive(Clone)]
pub struct Setup<'a, const N: usize = 3> {
    pub points: [usize; 3],
    pub lengths: [f64; 3],
    pub physics: Physics,
    pub scheme: Scheme,
    pub forcing: Forcing,
    pub magnetic_forcing: Forcing,
    pub tolerance: Option<f64>,
    pub transpose_precision: Option<Precision>,
    pub particles: Vec<ParticleSet>,
    pub modes: &'a [([i64; 3], [C; N])],
}

impl<const N: usize> Default for Setup<'_, N> {
    fn default() -> Self {
        Setup {
            points: [16; 3],
            lengths: [1.0; 3],
            physics: Physics::default(),
            scheme: Scheme::Rk4,
            forcing: Forcing::None,
            magnetic_forcing: Forcing::None,
            tolerance: None,
            transpose_precision: None,
            particles: Vec::new(),
            modes: &[],
        }
    }
}

fn coefficient<const N: usize>(list: &[([i64; 3], [C; N])], mode: [i64; 3]) -> [C; N] {
    let negative = mode.map(|n| -n);
    let mut sum = [C::default(); N];
    for (m, value) in list {
        for i in 0..N {
            if *m == mode {
                sum[i] += value[i];
            } else if *m == negative {
                sum[i] += value[i].conj();
            }
        }
    }
    sum
}

impl<const N: usize> Setup<'_, N> {
    /// The flow at its start, on a grid with two-thirds truncation.
    pub fn build<T: Real>(&self) -> Solver<T> {
        self.build_on(Grid::two_thirds(self.points, self.lengths), Dealias::TwoThirds)
    }

    /// The flow at its start on a given grid, dealiased as it is for.
    pub fn build_on<T: Real>(&self, grid: Grid, dealias: Dealias) -> Solver<T> {
        let forces = self.physics.build_forces(&self.forcing, &self.magnetic_forcing, &grid);
        self.build_under(grid, dealias, forces)
    }

    /// The flow at its start under any forces.
    pub fn build_under<T: Real>(
        &self,
        grid: Grid,
        dealias: Dealias,
        forces: Vec<ForcingTerm>,
    ) -> Solver<T> {
        let modes = Modes::new(grid, T::LANES);
        let groups = self.physics.vectors_and_scalars();
        let mut solver = Solver::<T>::new(
            modes,
            &Communicator::serial(),
            ThreadPool::new(1).unwrap(),
            self.physics.build_equation(&modes),
            forces,
            SolverOptions {
                scheme: self.scheme,
                dealias,
                transpose_precision: self.transpose_precision,
                products: PRESSURE_PRODUCTS,
                particles: self.particles.clone(),
                tolerance: self.tolerance.map(|error| Tolerance { error, groups }),
            },
        )
        .unwrap();
        let mut state = solver.state().clone();
        state.fill(|mode, out| out.copy_from_slice(&coefficient(self.modes, mode)));
        solver.set_state(state);
        solver
    }
}

/// The state at t = 1 after so many equal steps.
pub fn solve<const N: usize>(setup: &Setup<N>, steps: usize) -> SpectralFields<f64> {
    let mut solver = setup.build::<f64>();
    run(&mut solver, 1.0 / steps as f64, steps);
    solver.state().clone()
}

/// A scalar `c` without initial field.
pub fn scalar(diffusivity: f64, gradient: [f64; 3]) -> Scalar {
    Scalar { name: "c".into(), diffusivity: Some(diffusivity), gradient, ..Scalar::default() }
}

pub fn run<T: Real>(solver: &mut Solver<T>, dt: f64, steps: usize) {
    for _ in 0..steps {
        solver.step(dt).unwrap();
    }
}

/// Sum over all modes, unstored conjugates included, of `term(wavevector, û)`.
pub fn sum<T: Real>(fields: &SpectralFields<T>, term: impl Fn([f64; 3], [C; 3]) -> f64) -> f64 {
    fields
        .owned_modes()
        .map(|(mode, index)| {
            let value = |f| {
                let c = fields.at(index, f);
                C::new(c.re.double(), c.im.double())
            };
            let k = fields.modes.grid.wavevector(mode);
            Modes::weight(mode[0]) * term(k, [value(0), value(1), value(2)])
        })
        .sum()
}

pub fn norm(u: [C; 3]) -> f64 {
    u.iter().map(|c| c.norm_sqr()).sum()
}

pub fn energy<T: Real>(fields: &SpectralFields<T>) -> f64 {
    0.5 * sum(fields, |_, u| norm(u))
}

pub fn enstrophy<T: Real>(fields: &SpectralFields<T>) -> f64 {
    0.5 * sum(fields, |k, u| k.iter().map(|k| k * k).sum::<f64>() * norm(u))
}

/// Largest difference of any coefficient.
pub fn distance<T: Real>(a: &SpectralFields<T>, b: &SpectralFields<T>) -> f64 {
    a.data
        .iter()
        .zip(b.data.iter())
        .map(|(a, b)| (a.double() - b.double()).abs())
        .fold(0.0, f64::max)
}

pub fn i(x: f64) -> C {
    C::new(0.0, x)
}

pub fn re(x: f64) -> C {
    C::new(x, 0.0)
}

pub const ZERO: C = C::new(0.0, 0.0);

/// u = (sin x cos y cos z, -cos x sin y cos z, 0).
pub fn taylor_green() -> Vec<([i64; 3], [C; 3])> {
    let mut modes = Vec::new();
    for y in [-1, 1] {
        for z in [-1, 1] {
            modes.push(([1, y, z], [i(-0.125), i(0.125 * y as f64), ZERO]));
        }
    }
    modes
}

/// A smooth, three-dimensional, helical flow without symmetries.
pub fn tangled() -> Vec<([i64; 3], [C; 3])> {
    vec![
        ([1, 0, 0], [ZERO, re(0.3), i(0.2)]),
        ([0, 1, 0], [i(0.25), ZERO, re(-0.2)]),
        ([0, 0, 1], [re(0.2), i(-0.3), ZERO]),
        ([1, 1, 0], [re(0.1), re(-0.1), i(0.15)]),
        ([0, 1, -2], [i(0.1), re(0.16), re(0.08)]),
        ([2, -1, 1], [C::new(0.05, 0.1), C::new(0.02, 0.1), C::new(-0.08, -0.1)]),
    ]
}

/// All fields at every mode kept, with its wavevector and how often it counts.
pub fn modes<T: Real>(
    fields: &SpectralFields<T>,
) -> impl Iterator<Item = ([f64; 3], f64, Vec<C>)> + '_ {
    fields.owned_modes().map(|(mode, index)| {
        let values = (0..fields.count).map(|field| {
            let c = fields.at(index, field);
            C::new(c.re.double(), c.im.double())
        });
        (fields.modes.grid.wavevector(mode), Modes::weight(mode[0]), values.collect())
    })
}

/// <u.omega>
pub fn helicity(fields: &SpectralFields<f64>) -> f64 {
    let term = |(k, weight, u): ([f64; 3], f64, Vec<C>)| {
        let cross = |a: usize, b: usize| u[a].re * u[b].im - u[b].re * u[a].im;
        2.0 * weight * (k[0] * cross(1, 2) + k[1] * cross(2, 0) + k[2] * cross(0, 1))
    };
    modes(fields).map(term).sum()
}

/// Mean of the product of two fields.
pub fn mean_product<T: Real>(fields: &SpectralFields<T>, a: usize, b: usize) -> f64 {
    modes(fields).map(|(_, weight, f)| weight * (f[a] * f[b].conj()).re).sum()
}

/// Sum of Re(N . conj u) over some fields, N the tendency and u the state, relative to that of
/// |N| |u|: the rate at which the tendency changes the sum of squares.
pub fn relative_work(
    state: &SpectralFields<f64>,
    tendency: &SpectralFields<f64>,
    fields: std::ops::Range<usize>,
) -> f64 {
    let (mut work, mut magnitude) = (0.0, 0.0);
    for ((_, weight, u), (_, _, n)) in modes(state).zip(modes(tendency)) {
        for field in fields.clone() {
            work += weight * (n[field] * u[field].conj()).re;
            magnitude += weight * n[field].norm() * u[field].norm();
        }
    }
    assert!(magnitude > 1e-3, "nothing happens");
    work / magnitude
}

/// Joins fields of the same modes: `modes` with `more(mode, û)` after its own.
pub fn with_more<const N: usize, const M: usize>(
    modes: &[([i64; 3], [C; N])],
    more: impl Fn([i64; 3], [C; N]) -> Vec<C>,
) -> Vec<([i64; 3], [C; M])> {
    let join = |(mode, u): &([i64; 3], [C; N])| {
        let fields: Vec<_> = u.iter().copied().chain(more(*mode, *u)).collect();
        (*mode, fields.try_into().unwrap())
    };
    modes.iter().map(join).collect()
}

/// How the change of `measure` within a time of 0.5 falls when the step of `rk4` is halved, as a
/// power of the step.
pub fn order_of_drift<const N: usize>(
    setup: &Setup<N>,
    measure: impl Fn(&SpectralFields<f64>) -> f64,
) -> f64 {
    let drift = |steps: usize| {
        let mut solver = setup.build::<f64>();
        let before = measure(solver.state());
        run(&mut solver, 0.5 / steps as f64, steps);
        (measure(solver.state()) - before).abs()
    };
    let (coarse, fine) = (drift(10), drift(20));
    assert!(fine > 1e-15 && coarse < 0.1, "drifts {coarse} and {fine}");
    (coarse / fine).log2()
}

/// What limits the time step, see `Formulas::frequency`.
pub fn frequency<const N: usize>(setup: &Setup<N>) -> f64 {
    setup.build::<f64>().begin_step().frequency
}
