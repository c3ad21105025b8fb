//! Rotation and stratification: waves at finite amplitude, and the energy they share.

use dns_solver::fields::SpectralFields;
use dns_solver::physics::{Axis, Physics, Stratification};

use super::setup::{
    C, Setup, ZERO, energy, frequency, i, mean_product, modes, order_of_drift, re, relative_work,
    run, tangled, with_more,
};

fn stratification(frequency: f64, vertical: Axis) -> Option<Stratification> {
    let (diffusivity, prandtl) = (None, Some(1.0));
    Some(Stratification { frequency, vertical, diffusivity, prandtl, hyper: None, drag: None })
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|axis| a[axis] * b[axis]).sum()
}

/// Largest distance of any coefficient of `state` from a sum of others.
fn distance_from(state: &SpectralFields<f64>, parts: &[(f64, &SpectralFields<f64>)]) -> f64 {
    let sum = |at: usize| parts.iter().map(|(factor, part)| factor * part.data[at]).sum::<f64>();
    state.data.iter().enumerate().map(|(at, x)| (x - sum(at)).abs()).fold(0.0, f64::max)
}

/// A plane wave of any amplitude only rotates: with L the linear term, X = L Y has no part in the
/// null space of L, and X'' = -omega^2 X. With equal diffusivities it decays as exp(-nu k^2 t).
fn check_wave<const N: usize>(physics: Physics, mode: [i64; 3], amplitude: [C; N], omega: f64) {
    let viscosity = physics.viscosity;
    let one = [(mode, amplitude)];
    let setup = Setup { points: [12; 3], physics, modes: &one, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    let start = solver.tendency();
    let largest = start.data.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    assert!(largest > 0.1, "no small wave: {largest}");
    solver.set_state(start.clone());
    let slope = solver.tendency();
    let t = 1.7;
    run(&mut solver, t / 200.0, 200);
    let decay = (-viscosity * mode.iter().map(|n| (n * n) as f64).sum::<f64>() * t).exp();
    let (cos, sin) = ((omega * t).cos(), (omega * t).sin() / omega);
    let error = distance_from(solver.state(), &[(decay * cos, &start), (decay * sin, &slope)]);
    assert!(error < 1e-8 * largest, "{mode:?}: error {error}");
}

const WAVES: [[i64; 3]; 4] = [[1, 0, 2], [2, -1, 1], [0, 3, 1], [1, 2, -1]];

#[test]
fn inertial_waves_have_their_frequency() {
    let rotation = [0.9, 0.5, 1.2];
    for mode in WAVES {
        let k = mode.map(|n| n as f64);
        let omega = 2.0 * dot(rotation, k) / dot(k, k).sqrt();
        // Perpendicular to k.
        let u = [re(-k[2] - k[1]), re(k[0]), re(k[0])].map(|c| c * C::new(0.4, 0.3));
        let u = if k[0] == 0.0 { [re(0.8), ZERO, ZERO] } else { u };
        let physics = Physics { rotation, ..Physics::navier_stokes(0.05) };
        check_wave(physics, mode, u, omega);
    }
}

#[test]
fn internal_and_inertia_gravity_waves_have_their_frequency() {
    for (axis, vertical) in [Axis::X, Axis::Y, Axis::Z].into_iter().enumerate() {
        for rotation in [[0.0; 3], [0.3, -0.2, 0.6]] {
            for mode in WAVES {
                let k = mode.map(|n| n as f64);
                let (n, k2) = (1.3, dot(k, k));
                let horizontal = k2 - k[axis] * k[axis];
                let omega2 = (n * n * horizontal + 4.0 * dot(rotation, k).powi(2)) / k2;
                let physics = Physics {
                    rotation,
                    stratification: stratification(n, vertical),
                    ..Physics::navier_stokes(0.05)
                };
                check_wave(physics, mode, [ZERO, ZERO, ZERO, C::new(2.0, -1.0)], omega2.sqrt());
            }
        }
    }
}

/// The mean flow of a rotating box turns with the inertial frequency 2 Omega.
#[test]
fn the_mean_flow_makes_inertial_oscillations() {
    let mean = [([0; 3], [re(0.5), ZERO, ZERO])];
    let physics = Physics { rotation: [0.0, 0.0, 0.5], ..Physics::default() };
    let mut solver = Setup { physics, modes: &mean, ..Setup::default() }.build::<f64>();
    run(&mut solver, 0.01, 100);
    let index = solver.state().modes.index([0; 3]).unwrap();
    let [u, v] = [0, 1].map(|field| solver.state().at(index, field).re);
    // Clockwise.
    assert!((u - 0.5 * 1.0_f64.cos()).abs() < 1e-10 && (v + 0.5 * 1.0_f64.sin()).abs() < 1e-10);
}

fn stratified_flow() -> Vec<([i64; 3], [C; 4])> {
    with_more::<3, 4>(&tangled(), |mode, _| vec![C::new(0.2, -0.1 * mode[2] as f64)])
}

/// Kinetic and potential energy are exchanged, and their sum is conserved.
#[test]
fn rotation_and_stratification_conserve_energy() {
    let physics = Physics {
        rotation: [0.3, 0.4, -1.0],
        stratification: stratification(1.5, Axis::Y),
        ..Physics::default()
    };
    let flow = stratified_flow();
    let setup = Setup { physics, modes: &flow, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    let kinetic = energy(solver.state());
    run(&mut solver, 0.02, 20);
    assert!((energy(solver.state()) - kinetic).abs() > 0.01, "nothing is exchanged");
    let tendency = solver.tendency();
    let work = relative_work(solver.state(), &tendency, 0..4);
    assert!(work.abs() < 1e-14, "{work}");
    let divergence = modes(&tendency)
        .map(|(k, _, f)| (f[0] * k[0] + f[1] * k[1] + f[2] * k[2]).norm())
        .fold(0.0, f64::max);
    assert!(divergence < 1e-14, "{divergence}");
    let order = order_of_drift(&setup, |state| energy(state) + 0.5 * mean_product(state, 3, 3));
    assert!((order - 5.0).abs() < 0.4, "order {order}");
}

/// Potential energy is what the buoyancy flux takes from the kinetic one.
#[test]
fn the_buoyancy_flux_lifts() {
    let physics = Physics { stratification: stratification(2.0, Axis::Z), ..Physics::default() };
    // Rising fluid in a shear wave along x: it must become heavy, theta < 0, and slow down.
    let wave = [([1, 0, 0], [ZERO, ZERO, i(0.5), ZERO])];
    let mut solver = Setup { physics, modes: &wave, ..Setup::default() }.build::<f64>();
    run(&mut solver, 0.01, 10);
    let flux = 2.0 * mean_product(solver.state(), 2, 3);
    assert!(flux < -0.1, "{flux}");
}

/// The fastest wave, sqrt(4 Omega^2 + N^2), limits the step of a fluid at rest as a mode at the
/// cutoff does that is carried with 2 pi / 3 times as many grid spacings a unit of time.
#[test]
fn waves_limit_the_time_step() {
    let physics = Physics {
        rotation: [0.0, 1.0, 2.0],
        stratification: stratification(4.0, Axis::Z),
        ..Physics::default()
    };
    let found = frequency(&Setup::<4> { physics, ..Setup::default() });
    assert!((found * std::f64::consts::TAU / 3.0 - 6.0).abs() < 1e-14, "{found}");
}
