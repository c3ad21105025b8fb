//! Forces: what they put in, what they hold, and that they keep the order of the scheme.

use dns_solver::equation::Physics;
use dns_solver::fields::SpectralFields;
use dns_solver::forcing::Forcing;
use dns_solver::real::Real;

use dns_solver::initial::{Abc, Kolmogorov, TaylorGreen};

use super::setup::{
    C, Setup, ZERO, distance, energy, enstrophy, i, modes, norm, run, solve, sum, tangled,
};

/// Constant power: the energy rises by the power put in, less what viscosity takes.
#[test]
fn constant_power_closes_its_budget() {
    let modes = tangled();
    let forcing = Forcing::ConstantPower { power: 0.3, wavenumber: 2.0, helicity: None };
    let mut solver = Setup { forcing, modes: &modes, ..Setup::default() }.build::<f64>();
    let before = energy(solver.state());
    run(&mut solver, 0.01, 50);
    // Without viscosity nothing else changes the energy.
    assert!((energy(solver.state()) - before - 0.3 * 0.5).abs() < 1e-7);
    assert!((solver.forces().injected_energy() - 0.15).abs() < 1e-9);
}

/// Constant energy: the forced modes keep theirs to round-off, in double and single.
#[test]
fn constant_energy_holds_the_band() {
    fn band_energy<T: Real>(fields: &SpectralFields<T>) -> f64 {
        0.5 * sum(
            fields,
            |k, u| if k.iter().map(|k| k * k).sum::<f64>() <= 2.25 { norm(u) } else { 0.0 },
        )
    }
    let modes = tangled();
    let forcing = Forcing::ConstantEnergy { energy: None, wavenumber: 1.5 };
    let setup =
        Setup { forcing, physics: Physics::navier_stokes(0.02), modes: &modes, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    let before = band_energy(solver.state());
    run(&mut solver, 0.02, 100);
    assert!((band_energy(solver.state()) / before - 1.0).abs() < 1e-14);
    assert!(solver.forces().injected_energy() > 0.0);
    let mut single = setup.build::<f32>();
    run(&mut single, 0.02, 100);
    assert!((band_energy(single.state()) / before - 1.0).abs() < 1e-6);
}

/// A force does not change the order of the scheme.
#[test]
fn forced_runs_converge_with_the_order_of_the_scheme() {
    let modes = tangled();
    for forcing in [
        Forcing::ConstantEnergy { energy: None, wavenumber: 1.5 },
        Forcing::ConstantPower { power: 0.5, wavenumber: 1.5, helicity: Some(0.7) },
        Forcing::Linear { rate: 0.3, energy: None },
        Forcing::Linear { rate: 0.3, energy: Some(0.5) },
        Forcing::Abc(Abc { coefficients: [1.0, 0.5, 0.2], wavenumber: 1.0 }),
    ] {
        let physics = Physics::navier_stokes(0.05);
        let setup = Setup { forcing, physics, modes: &modes, ..Setup::default() };
        let reference = solve(&setup, 320);
        let errors = [20, 40].map(|steps| distance(&solve(&setup, steps), &reference));
        let order = (errors[0] / errors[1]).log2();
        let forcing = &setup.forcing;
        assert!((order - 4.0).abs() < 0.3, "{forcing:?}: errors {errors:?}, order {order}");
    }
}

/// Largest |û(-k) - conj û(k)| on the nx = 0 plane.
fn asymmetry(fields: &SpectralFields<f64>) -> f64 {
    let plane = fields.owned_modes().filter(|(mode, _)| mode[0] == 0);
    let difference = |(mode, place): ([i64; 3], _)| {
        let opposite = fields.modes.place(mode.map(|n| -n)).unwrap();
        let of_field = |field| (fields.at(place, field) - fields.at(opposite, field).conj()).norm();
        (0..3).map(of_field).fold(0.0, f64::max)
    };
    plane.map(difference).fold(0.0, f64::max)
}

/// A long forced run keeps û(-k) = conj û(k) on the nx = 0 plane. Without the restoring step a
/// force that multiplies û amplifies the round-off that breaks it: at the rate P / 2E - nu k^2 of
/// about 0.1 with constant power, of A - nu k^2 = 0.28 and more with linear forcing.
#[test]
fn long_forced_runs_stay_hermitian() {
    let modes = tangled();
    for (forcing, dt, steps) in [
        (Forcing::ConstantPower { power: 0.3, wavenumber: 2.0, helicity: None }, 0.05, 8000),
        (Forcing::Linear { rate: 0.3, energy: Some(0.5) }, 0.1, 2000),
    ] {
        let physics = Physics::navier_stokes(0.02);
        let setup = Setup { points: [12; 3], forcing, physics, modes: &modes, ..Setup::default() };
        let mut solver = setup.build::<f64>();
        run(&mut solver, dt, steps);
        let size = energy(solver.state()).sqrt();
        let asymmetry = asymmetry(solver.state());
        assert!(asymmetry < 1e-13 * size, "asymmetry {asymmetry} at velocity {size}");
    }
}

/// dE/dt = P - epsilon for every force, integrated over a run: the power in the account is the one
/// that the flow got.
#[test]
fn what_is_put_in_less_what_is_dissipated_is_there() {
    let modes = tangled();
    let abc = Abc { coefficients: [1.0, 0.5, 0.2], wavenumber: 1.0 };
    for forcing in [
        Forcing::ConstantPower { power: 0.3, wavenumber: 2.0, helicity: Some(-0.5) },
        Forcing::ConstantEnergy { energy: None, wavenumber: 1.5 },
        Forcing::Linear { rate: 0.4, energy: None },
        Forcing::Linear { rate: 0.4, energy: Some(0.6) },
        Forcing::Stochastic { power: 0.3, wavenumber: 2.0, correlation_time: 0.5, seed: 1 },
        Forcing::TaylorGreen(TaylorGreen { amplitude: 0.7 }),
        Forcing::Kolmogorov(Kolmogorov { amplitude: 0.7, wavenumber: 2.0 }),
        Forcing::Abc(abc),
    ] {
        let viscosity = 0.03;
        let physics = Physics::navier_stokes(viscosity);
        let setup = Setup { physics, forcing: forcing.clone(), modes: &modes, ..Setup::default() };
        let mut solver = setup.build::<f64>();
        let before = energy(solver.state());
        let dt = 0.005;
        let mut dissipated = 0.0;
        for _ in 0..30 {
            // The force of `stochastic` jumps from step to step, and epsilon has a kink there: the
            // trapezoidal rule suits all.
            let first = 2.0 * viscosity * enstrophy(solver.state());
            run(&mut solver, dt, 1);
            dissipated += 0.5 * dt * (first + 2.0 * viscosity * enstrophy(solver.state()));
        }
        let change = energy(solver.state()) - before;
        let injected = solver.forces().injected_energy();
        assert!(injected.abs() > 1e-3, "{forcing:?} puts in {injected}");
        let error = change - (injected - dissipated);
        assert!(error.abs() < 1e-6, "{forcing:?}: error {error}");
    }
}

/// Without viscosity, a linear force makes the energy grow as exp(2 A t), and one that aims at an
/// energy K_0 puts in 2 A K_0 at all times. The mean flow is not pushed.
#[test]
fn linear_forcing_has_its_rate() {
    let mut modes = tangled();
    let fluctuations = {
        let solver = Setup { modes: &modes, ..Setup::default() }.build::<f64>();
        energy(solver.state())
    };
    modes.push(([0; 3], [C::new(0.5, 0.0), ZERO, ZERO]));
    let grown = |energy_wanted| {
        let forcing = Forcing::Linear { rate: 0.8, energy: energy_wanted };
        let mut solver = Setup { forcing, modes: &modes, ..Setup::default() }.build::<f64>();
        run(&mut solver, 0.01, 50);
        energy(solver.state()) - 0.125
    };
    let free = fluctuations * (0.8_f64).exp();
    assert!((grown(None) - free).abs() < 1e-7, "{} is not {free}", grown(None));
    let steered = fluctuations + 2.0 * 0.8 * 0.9 * 0.5;
    assert!((grown(Some(0.9)) - steered).abs() < 1e-7, "{} is not {steered}", grown(Some(0.9)));
}

fn helicity(fields: &SpectralFields<f64>) -> f64 {
    let term = |(k, weight, u): ([f64; 3], f64, Vec<C>)| {
        let cross = |a: usize, b: usize| u[a].re * u[b].im - u[b].re * u[a].im;
        2.0 * weight * (k[0] * cross(1, 2) + k[1] * cross(2, 0) + k[2] * cross(0, 1))
    };
    modes(fields).map(term).sum()
}

/// On modes with k = 1, power P with helicity h adds 2 h P to the helicity, which nothing else
/// changes without viscosity.
#[test]
fn constant_power_adds_the_helicity_asked_for() {
    let modes = tangled();
    for (share, rate) in [(1.0, 0.6), (-0.5, -0.3), (0.0, 0.0)] {
        let forcing = Forcing::ConstantPower { power: 0.3, wavenumber: 1.0, helicity: Some(share) };
        let mut solver = Setup { forcing, modes: &modes, ..Setup::default() }.build::<f64>();
        let before = (energy(solver.state()), helicity(solver.state()));
        run(&mut solver, 0.01, 50);
        let gained = energy(solver.state()) - before.0;
        assert!((gained - 0.15).abs() < 1e-6, "helicity {share}: energy {gained}");
        let gained = helicity(solver.state()) - before.1;
        assert!((gained - 0.5 * rate).abs() < 1e-6, "helicity {share}: {gained}");
    }
}

/// A steady force along a flow that viscosity alone acts on drives it to A / (nu k^2).
#[test]
fn steady_forces_drive_their_laminar_flows() {
    let (viscosity, k): (f64, f64) = (0.4, 2.0);
    let rate = viscosity * k * k;
    let reached = (1.0 - (-rate).exp()) / rate;
    let kolmogorov = Forcing::Kolmogorov(Kolmogorov { amplitude: 3.0, wavenumber: k });
    let abc = Forcing::Abc(Abc { coefficients: [1.0, 0.5, 0.2], wavenumber: k });
    for (forcing, mode, field, expected) in
        [(kolmogorov, [0, 2, 0], 0, i(-1.5 * reached)), (abc, [2, 0, 0], 1, i(-0.25 * reached))]
    {
        let physics = Physics::navier_stokes(viscosity);
        let setup = Setup::<3> { physics, forcing, ..Setup::default() };
        let mut solver = setup.build::<f64>();
        run(&mut solver, 0.01, 100);
        let place = solver.state().modes.place(mode).unwrap();
        let found = solver.state().at(place, field);
        assert!((found - expected).norm() < 1e-8, "{found} is not {expected}");
    }
    // From rest, u = f t at first; the mean of f^2 / 2 is A^2 / 8.
    let forcing = Forcing::TaylorGreen(TaylorGreen { amplitude: 2.0 });
    let mut solver = Setup::<3> { forcing, ..Setup::default() }.build::<f64>();
    run(&mut solver, 1e-3, 1);
    assert!((energy(solver.state()) / 0.5e-6 - 1.0).abs() < 1e-6);
}

/// Stochastic forcing puts in about the power asked for, in a flow that had time to settle.
#[test]
fn stochastic_forcing_has_about_its_power() {
    let forcing =
        Forcing::Stochastic { power: 0.5, wavenumber: 2.0, correlation_time: 0.3, seed: 5 };
    let physics = Physics::navier_stokes(0.05);
    let modes = tangled();
    let setup = Setup { points: [12; 3], physics, forcing, modes: &modes, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    run(&mut solver, 0.02, 500);
    let before = solver.forces().injected_energy();
    run(&mut solver, 0.02, 1500);
    let power = (solver.forces().injected_energy() - before) / 30.0;
    assert!((0.3..0.8).contains(&power), "{power}");
}
