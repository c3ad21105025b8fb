//! Forces: what they put in, what they hold, and that they keep the order of the scheme.

use dns_solver::equation::Physics;
use dns_solver::fields::SpectralFields;
use dns_solver::forcing::Forcing;
use dns_solver::real::Real;

use super::setup::{Setup, distance, energy, norm, run, sum, tangled};

/// Constant power: the energy rises by the power put in, less what viscosity takes.
#[test]
fn constant_power_closes_its_budget() {
    let modes = tangled();
    let forcing = Forcing::ConstantPower { power: 0.3, wavenumber: 2.0 };
    let mut solver = Setup { forcing, modes: &modes, ..Setup::default() }.build::<f64>();
    let before = energy(solver.state());
    run(&mut solver, 0.01, 50);
    // Without viscosity nothing else changes the energy.
    assert!((energy(solver.state()) - before - 0.3 * 0.5).abs() < 1e-7);
    assert!((solver.injected_energy() - 0.15).abs() < 1e-9);
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
    assert!(solver.injected_energy() > 0.0);
    let mut single = setup.build::<f32>();
    run(&mut single, 0.02, 100);
    assert!((band_energy(single.state()) / before - 1.0).abs() < 1e-6);
}

/// The band's force does not change the order of the scheme.
#[test]
fn forced_runs_converge_with_the_order_of_the_scheme() {
    let modes = tangled();
    for forcing in [
        Forcing::ConstantEnergy { energy: None, wavenumber: 1.5 },
        Forcing::ConstantPower { power: 0.5, wavenumber: 1.5 },
    ] {
        let solve = |steps: usize| {
            let setup = Setup {
                forcing: forcing.clone(),
                physics: Physics::navier_stokes(0.05),
                modes: &modes,
                ..Setup::default()
            };
            let mut solver = setup.build::<f64>();
            run(&mut solver, 1.0 / steps as f64, steps);
            solver.state().clone()
        };
        let reference = solve(320);
        let errors = [20, 40].map(|steps| distance(&solve(steps), &reference));
        let order = (errors[0] / errors[1]).log2();
        assert!((order - 4.0).abs() < 0.3, "{forcing:?}: errors {errors:?}, order {order}");
    }
}

/// A long forced run keeps û(-k) = conj û(k) on the nx = 0 plane. Without the restoring step the
/// force amplifies the round-off that breaks it, at the rate P / 2E - nu k^2 of about 0.1 here.
#[test]
fn long_forced_runs_stay_hermitian() {
    let modes = tangled();
    let forcing = Forcing::ConstantPower { power: 0.3, wavenumber: 2.0 };
    let setup = Setup {
        points: [12; 3],
        forcing,
        physics: Physics::navier_stokes(0.02),
        modes: &modes,
        ..Setup::default()
    };
    let mut solver = setup.build::<f64>();
    run(&mut solver, 0.05, 8000);
    let size = energy(solver.state()).sqrt();
    let asymmetry = solver.band_asymmetry();
    assert!(asymmetry < 1e-13 * size, "asymmetry {asymmetry} at velocity {size}");
}
