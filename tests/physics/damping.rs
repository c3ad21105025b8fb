//! Hyperviscosity and drag: a plane wave only decays, at the rate of its mode.

use dns_solver::integrator::{PowerLaw, Scheme};
use dns_solver::physics::{Axis, Physics, Scalar, Stratification};
use dns_solver::real::Real;

use super::setup::{C, Setup, ZERO, energy, re, run, scalar, with_more};

fn check<T: Real>(scheme: Scheme, tolerance: f64) {
    let law = |coefficient, order| Some(PowerLaw { coefficient, order });
    let physics =
        Physics { hyper: law(1e-3, 2.0), drag: law(0.4, 1.0), ..Physics::navier_stokes(0.02) };
    for (mode, k2) in [([1, 0, 0], 1.0), ([0, 2, 1], 4.25), ([3, -1, 0], 10.0)] {
        let u: [C; 3] = if mode[0] == 0 { [re(0.3), ZERO, ZERO] } else { [ZERO, ZERO, re(0.3)] };
        let modes = [(mode, u)];
        let physics = physics.clone();
        let lengths = [1.0, 1.0, 2.0];
        let setup = Setup { physics, lengths, scheme, modes: &modes, ..Setup::default() };
        let mut solver = setup.build::<T>();
        run(&mut solver, 0.1, 10);
        let rate: f64 = 0.02 * k2 + 1e-3 * k2 * k2 + 0.4 / k2;
        let expected = 0.09 * (-2.0 * rate).exp();
        let found = energy(solver.state());
        assert!((found / expected - 1.0).abs() < tolerance, "{scheme:?}, {mode:?}: {found}");
    }
}

#[test]
fn each_mode_decays_at_its_rate() {
    for scheme in [Scheme::Rk2, Scheme::Rk3, Scheme::Rk4] {
        check::<f64>(scheme, 1e-13);
        check::<f32>(scheme, 1e-5);
    }
}

/// A scalar and the buoyancy are damped by their own laws. Buoyancy that varies along the vertical alone
/// moves nothing.
#[test]
fn scalars_and_buoyancy_have_their_own() {
    let hyper = Some(PowerLaw { coefficient: 0.01, order: 2.0 });
    let drag = Some(PowerLaw { coefficient: 0.4, order: 1.0 });
    let stratification = Stratification {
        frequency: 3.0,
        vertical: Axis::Z,
        diffusivity: Some(0.1),
        prandtl: None,
        hyper,
        drag,
    };
    let physics = Physics {
        stratification: Some(stratification),
        scalars: vec![
            Scalar { hyper, ..scalar(0.0, [0.0; 3]) },
            Scalar { drag, ..scalar(0.2, [0.0; 3]) },
        ],
        ..Physics::default()
    };
    let wave = [([0, 0, 2], [ZERO, ZERO, ZERO, re(0.3), re(0.2), re(0.1)])];
    let mut solver = Setup { physics, modes: &wave, ..Setup::default() }.build::<f64>();
    run(&mut solver, 0.05, 10);
    let index = solver.state().modes.index([0, 0, 2]).unwrap();
    let (hyper, drag): (f64, f64) = (0.01 * 16.0, 0.4 / 4.0);
    for (field, start, rate) in
        [(3, 0.3, 0.4 + hyper + drag), (4, 0.2, hyper), (5, 0.1, 0.8 + drag)]
    {
        let found = solver.state().at(index, field).re;
        assert!((found - start * (-0.5 * rate).exp()).abs() < 1e-15, "field {field}: {found}");
    }
    assert!(energy(solver.state()) < 1e-30);
}

/// Any field can have its own: the magnetic field's is its alone.
#[test]
fn every_field_has_its_own() {
    use dns_solver::physics::{Kind, Magnetic};
    let hyper = Some(PowerLaw { coefficient: 0.01, order: 3.0 });
    let magnetic = Magnetic { diffusivity: Some(0.0), hyper, ..Magnetic::default() };
    let physics = Physics { equation: Kind::Mhd, magnetic: Some(magnetic), ..Physics::default() };
    let wave = [([2, 0, 0], [ZERO, ZERO, re(0.3)])];
    let modes: [_; 1] =
        with_more::<3, 6>(&wave, |_, _| vec![ZERO, re(0.2), ZERO]).try_into().unwrap();
    let mut solver = Setup { physics, modes: &modes, ..Setup::default() }.build::<f64>();
    run(&mut solver, 0.05, 10);
    let index = solver.state().modes.index([2, 0, 0]).unwrap();
    assert!((solver.state().at(index, 2).re - 0.3).abs() < 1e-15);
    assert!((solver.state().at(index, 4).re - 0.2 * (-0.01_f64 * 64.0 * 0.5).exp()).abs() < 1e-15);
}
