//! Steps that are as long as an error allows.

use dns_solver::fields::SpectralFields;
use dns_solver::forcing::Forcing;
use dns_solver::physics::{Kind, Magnetic, Physics};
use dns_solver::real::Real;
use dns_solver::solver::{Attempt, Solver};

use super::setup::{C, Setup, ZERO, distance, energy, re, scalar, solve, tangled, with_more};

fn controlled<const N: usize, T: Real>(setup: &Setup<N>, tolerance: f64) -> Solver<T> {
    Setup { tolerance: Some(tolerance), ..setup.clone() }.build()
}

/// The state at t = 1 and the number of steps.
fn adapt<const N: usize, T: Real>(setup: &Setup<N>, tolerance: f64) -> (SpectralFields<T>, u32) {
    let mut solver = controlled(setup, tolerance);
    let (mut time, mut steps) = (0.0, 0);
    while time < 1.0 {
        let dt = solver.begin_step().longest.min(1.0 - time);
        time += solver.step(dt).unwrap();
        steps += 1;
    }
    (solver.state().clone(), steps)
}

/// The error at the end is in proportion to the tolerance, and the number of steps to its fourth
/// root: with an estimate of another order it would not be.
#[test]
fn errors_follow_the_tolerance() {
    let modes = tangled();
    let physics = Physics::navier_stokes(0.05);
    let setup = Setup { physics, modes: &modes, ..Setup::default() };
    let reference = solve(&setup, 640);
    let [coarse, fine] = [1e-5, 1e-8].map(|tolerance| {
        let (state, steps) = adapt::<3, f64>(&setup, tolerance);
        (distance(&state, &reference) / tolerance, f64::from(steps))
    });
    assert!((0.01..1.0).contains(&coarse.0), "{coarse:?}");
    let ratio = fine.0 / coarse.0;
    assert!((0.3..3.0).contains(&ratio), "{coarse:?}, {fine:?}");
    let steps = fine.1 / coarse.1 / 1000_f64.powf(0.25);
    assert!((0.6..1.6).contains(&steps), "{coarse:?}, {fine:?}");
    let (single, _) = adapt::<3, f32>(&setup, 1e-5);
    assert!((energy(&single) / energy(&reference) - 1.0).abs() < 1e-5);
}

/// The estimate is of the error of the embedded scheme, which falls with the fourth power of the
/// step: where it is set against the tolerance, the next step follows.
#[test]
fn the_estimate_falls_with_its_order() {
    let modes = tangled();
    let setup = Setup { modes: &modes, ..Setup::default() };
    let estimate = |dt: f64| {
        let mut solver = controlled::<3, f64>(&setup, 1e-4);
        assert_eq!(solver.step(dt).unwrap(), dt);
        let longest = solver.controller().unwrap().longest.unwrap();
        (0.9 * dt / longest).powf(4.0 / 0.7)
    };
    let (coarse, fine) = (estimate(0.1), estimate(0.05));
    assert!(coarse < 1.0 && fine > 1e-4, "{coarse}, {fine}");
    assert!(((coarse / fine).log2() - 4.0).abs() < 0.2, "{coarse}, {fine}");
}

/// A scalar counts in proportion to its own fluctuations, however weak they are, and whatever its
/// mean is.
#[test]
fn every_field_has_its_own_relative_error() {
    let longest = |strength: f64, mean: f64| {
        // It has finer scales than the flow, and so larger errors.
        let mut flow: Vec<_> = with_more::<3, 4>(&tangled(), |_, _| vec![ZERO]);
        flow.push(([3, -2, 2], [ZERO, ZERO, ZERO, re(strength)]));
        flow.push(([0; 3], [ZERO, ZERO, ZERO, re(mean)]));
        let physics = Physics { scalars: vec![scalar(0.0, [0.0; 3])], ..Physics::default() };
        let setup = Setup { physics, modes: &flow, ..Setup::default() };
        let mut solver = controlled::<4, f64>(&setup, 1e-6);
        assert_eq!(solver.step(0.02).unwrap(), 0.02);
        solver.controller().unwrap().longest.unwrap()
    };
    let strong = longest(1.0, 0.0);
    assert!(strong < 0.9 * longest(0.0, 0.0));
    for other in [longest(1e-6, 0.0), longest(1.0, 100.0)] {
        assert!((other / strong - 1.0).abs() < 1e-6, "{other} is not {strong}");
    }
}

/// A step that is taken again leaves nothing of the first try: not in the fields, nor in any force.
#[test]
fn a_step_that_does_not_count_leaves_nothing() {
    let stochastic = Forcing::Stochastic {
        power: 0.3,
        wavenumber: 2.0,
        correlation_time: 0.5,
        seed: 1,
        plane: false,
    };
    let held = Forcing::ConstantEnergy { energy: None, wavenumber: 1.5 };
    let linear = Forcing::Linear { rate: 0.4, energy: Some(0.6) };
    let magnetic = Some(Magnetic { diffusivity: Some(0.02), ..Magnetic::default() });
    let physics = Physics { equation: Kind::Mhd, magnetic, ..Physics::navier_stokes(0.02) };
    let flow: Vec<([i64; 3], [C; 6])> =
        with_more::<3, 6>(&tangled(), |_, u| u.iter().map(|u| u.conj()).collect());
    for (forcing, magnetic_forcing) in [(stochastic.clone(), held), (linear, stochastic)] {
        let setup = Setup {
            physics: physics.clone(),
            forcing,
            magnetic_forcing,
            modes: &flow,
            ..Setup::default()
        };
        let [mut once, mut twice] = [0, 1].map(|_| controlled::<6, f64>(&setup, 1e-6));
        for long in [0.3, 5.0, 0.5] {
            assert_eq!(once.try_step(0.01), Attempt::Accepted);
            let Attempt::Rejected(estimate) = twice.try_step(long) else {
                panic!("a step of {long} is accurate");
            };
            assert!(estimate.longest < long && estimate.rejected == 1, "{estimate:?}");
            assert_eq!(twice.try_step(0.01), Attempt::Accepted);
            assert!(once.state().data == twice.state().data);
            assert_eq!(once.forces().states(), twice.forces().states());
        }
        assert!(once.forces().injected_energy() != 0.0);
    }
}
