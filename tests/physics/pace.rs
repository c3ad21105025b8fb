//! Forces that are fast beside the flow: steps by a Courant number or a tolerance follow them.

use dns_solver::forcing::{Forcing, ScalarForcing};
use dns_solver::initial::Kolmogorov;
use dns_solver::integrator::Scheme;
use dns_solver::physics::{Kind, Magnetic, Physics, Scalar};
use dns_solver::simulation::time_step::{longest_at, longest_within};
use dns_solver::solver::{Attempt, Solver, StepEstimate};

use super::setup::{Setup, ZERO, energy, i, mean_product, re, scalar};

/// The longest step from a time on.
type Longest<'a> = dyn Fn(&StepEstimate, f64) -> f64 + 'a;

/// Steps to `end`, each as long as it may be. Returns their number.
fn advance(solver: &mut Solver<f64>, end: f64, longest: &Longest<'_>) -> u32 {
    let (mut time, mut steps) = (0.0, 0);
    while time < end {
        let mut estimate = solver.begin_step();
        loop {
            let dt = longest(&estimate, time).min(end - time);
            match solver.try_step(dt) {
                Attempt::Rejected(shorter) => estimate = shorter,
                Attempt::Accepted => {
                    (time, steps) = (time + dt, steps + 1);
                    break;
                }
            }
        }
    }
    steps
}

/// Rules for the step, and the error that they may make.
const RULES: [(&Longest<'static>, f64); 3] = [
    (&|estimate, time| longest_at(estimate, 0.5, time), 1e-4),
    (&|estimate, time| longest_within(estimate, 1e-4, time), 2e-4),
    (&|estimate, time| longest_within(estimate, 1e-6, time), 5e-6),
];

/// A wave of |k| = 1 whose energy is 1e-6: it is along its vorticity, so that it only decays.
fn beltrami(fields: [usize; 2]) -> [f64; 6] {
    let mut amplitudes = [0.0; 6];
    fields.into_iter().for_each(|field| amplitudes[field] = 1e-3 / 2_f64.sqrt());
    amplitudes
}

const RATE: f64 = 0.1;
const POWER: f64 = 0.1;
const END: f64 = 0.5;

/// E at the end, with dE/dt = P - 2 lambda E and E = 1e-6 at the start.
fn expected() -> f64 {
    let decay = (-2.0 * RATE * END).exp();
    1e-6 * decay + POWER / (2.0 * RATE) * (1.0 - decay)
}

/// Power into a wave that has nearly no energy, whose rate P / 2E is 5e4 at first: energy put into
/// flow, magnetic field and scalar is what the force is asked for.
#[test]
fn power_into_weak_fields_is_what_is_asked_for() {
    let constant_power = Forcing::ConstantPower { power: POWER, wavenumber: 1.0, helicity: None };
    let helical = Forcing::ConstantPower { power: POWER, wavenumber: 1.0, helicity: Some(1.0) };
    let linear = Forcing::Linear { rate: 0.25, energy: Some(POWER / 0.5) };
    let a = beltrami([1, 2]);
    for forcing in [constant_power.clone(), helical, linear] {
        // v + i w with k along x: of positive helicity.
        let modes = [([1, 0, 0], [ZERO, re(a[1]), i(a[2])])];
        let physics = Physics::navier_stokes(RATE);
        let tolerance = Some(1e-3);
        let setup = Setup { physics, forcing, tolerance, modes: &modes, ..Setup::default() };
        for (longest, tolerance) in RULES {
            let mut solver = setup.build::<f64>();
            let steps = advance(&mut solver, END, longest);
            let error = energy(solver.state()) / expected() - 1.0;
            assert!(error.abs() < tolerance, "{:?}: {error} in {steps} steps", setup.forcing);
            assert!(steps < 200, "{:?}: {steps} steps", setup.forcing);
        }
    }
    let modes = [([1, 0, 0], [ZERO, ZERO, ZERO, ZERO, re(a[1]), i(a[2])])];
    let magnetic = Some(Magnetic { diffusivity: Some(RATE), ..Magnetic::default() });
    let physics = Physics { equation: Kind::Mhd, magnetic, ..Physics::navier_stokes(RATE) };
    let setup =
        Setup { physics, magnetic_forcing: constant_power, modes: &modes, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    advance(&mut solver, END, RULES[0].0);
    let found: f64 = (3..6).map(|field| 0.5 * mean_product(solver.state(), field, field)).sum();
    assert!((found / expected() - 1.0).abs() < 1e-4, "magnetic: {found}");

    let forcing = Some(ScalarForcing { injection: POWER, wavenumber: 1.0 });
    let scalars = vec![Scalar { forcing, ..scalar(RATE, [0.0; 3]) }];
    let physics = Physics { scalars, ..Physics::navier_stokes(RATE) };
    let modes = [([0, 1, 0], [ZERO, ZERO, ZERO, re(a[1])])];
    let mut solver = Setup { physics, modes: &modes, ..Setup::default() }.build::<f64>();
    advance(&mut solver, END, RULES[0].0);
    let found = mean_product(solver.state(), 3, 3);
    assert!((found / expected() - 1.0).abs() < 1e-4, "scalar: {found}");
}

/// The error falls with the order of the scheme, at least, when steps are shorter beside the force.
#[test]
fn the_order_in_time_is_that_of_the_scheme() {
    let a = beltrami([1, 2]);
    let modes = [([1, 0, 0], [ZERO, re(a[1]), i(a[2])])];
    let forcing = Forcing::ConstantPower { power: POWER, wavenumber: 1.0, helicity: None };
    for (scheme, order) in [(Scheme::Rk2, 2.0), (Scheme::Rk3, 3.0), (Scheme::Rk4, 4.0)] {
        let physics = Physics::navier_stokes(RATE);
        let forcing = forcing.clone();
        let setup = Setup { scheme, physics, forcing, modes: &modes, ..Setup::default() };
        let error = |courant: f64| {
            let mut solver = setup.build::<f64>();
            advance(&mut solver, END, &|estimate, time| longest_at(estimate, courant, time));
            (energy(solver.state()) / expected() - 1.0).abs()
        };
        let (coarse, fine) = (error(0.4), error(0.05));
        let found = (coarse / fine).log2() / 3.0;
        assert!(found > order - 0.4, "{scheme:?}: {coarse}, {fine}, order {found}");
    }
}

/// A steady force from rest against a damping that is fast beside it: u = A / (nu k^2) in the end.
#[test]
fn a_steady_force_balances_strong_damping() {
    let forcing = Forcing::Kolmogorov(Kolmogorov { amplitude: 1.0, wavenumber: 2.0 });
    let (physics, tolerance) = (Physics::navier_stokes(1.0), Some(1e-3));
    let setup = Setup::<3> { physics, forcing, tolerance, ..Setup::default() };
    for (longest, tolerance) in RULES {
        let mut solver = setup.build::<f64>();
        advance(&mut solver, 10.0, longest);
        let error = energy(solver.state()) / (0.25_f64.powi(2) / 4.0) - 1.0;
        assert!(error.abs() < tolerance, "{error}");
    }
}

/// A stochastic force is constant within a step: steps are short beside its correlation time even
/// where nothing moves.
#[test]
fn steps_are_short_beside_a_correlation_time() {
    let forcing = Forcing::Stochastic {
        power: 1e-6,
        wavenumber: 2.0,
        correlation_time: 0.02,
        seed: 1,
        plane: false,
    };
    let mut solver = Setup::<3> { forcing, ..Setup::default() }.build::<f64>();
    assert_eq!(longest_at(&solver.begin_step(), 0.5, 0.0), 0.01);
}

/// A step that is too long for a force makes it put in less, never more, and never what is not finite.
#[test]
fn long_steps_put_in_no_more_than_asked_for() {
    let a = beltrami([1, 2]);
    let modes = [([1, 0, 0], [ZERO, re(a[1]), i(a[2])])];
    for helicity in [None, Some(0.0)] {
        let forcing = Forcing::ConstantPower { power: POWER, wavenumber: 1.0, helicity };
        let physics = Physics::navier_stokes(RATE);
        let setup = Setup { physics, forcing, modes: &modes, ..Setup::default() };
        let mut solver = setup.build::<f64>();
        advance(&mut solver, END, &|_, _| 0.01);
        let part = energy(solver.state()) / expected();
        // Of the power that is for negative helicity nothing is put in.
        let whole = if helicity.is_some() { 0.5 } else { 1.0 };
        assert!((0.9 * whole..whole).contains(&part), "{helicity:?}: {part}");
    }
}
