//! Forces: what they put in, what they hold, and that they keep the order of the scheme.

use dns_solver::fields::SpectralFields;
use dns_solver::forcing::{Band, BandField, Force, Forcing, ForcingTerm, ScalarForcing};
use dns_solver::grid::{Dealias, Grid};
use dns_solver::initial::{Abc, Kolmogorov, TaylorGreen};
use dns_solver::integrator::Damping;
use dns_solver::modes::Modes;
use dns_solver::physics::{Kind, Magnetic, Physics, Scalar};
use dns_solver::real::Real;

use super::setup::{
    C, Setup, ZERO, distance, energy, enstrophy, helicity, i, mean_product, modes, norm, re, run,
    scalar, solve, sum, tangled, with_more,
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

/// f = a c' on all modes of a scalar.
struct Amplify(f64);

impl Force for Amplify {
    fn band(&self, layout: &Modes, _damping: Damping) -> Band {
        Band::mirror(layout, 0.0)
    }

    fn amplifies(&self) -> bool {
        true
    }

    fn amplification(&self, _square: f64) -> f64 {
        self.0
    }

    fn force(&self, _: &Band, _: &BandField, _: &BandField, force: &mut BandField) {
        force.fill(Default::default());
    }
}

/// Whatever it is that a force on all modes acts on, and beside which others: the fluctuations of a
/// scalar that nothing diffuses grow as exp(a t) wherever the flow takes them, and its mean stays.
#[test]
fn any_field_can_be_forced_in_all_modes() {
    let mut modes: Vec<_> =
        tangled().iter().map(|(k, u)| (*k, [u[0], u[1], u[2], re(0.0)])).collect();
    modes.push(([1, -2, 1], [re(0.0), re(0.0), re(0.0), C::new(0.3, 0.1)]));
    modes.push(([0, 0, 0], [re(0.0), re(0.0), re(0.0), re(0.35)]));
    let physics = Physics { scalars: vec![scalar(0.0, [0.0; 3])], ..Physics::navier_stokes(0.05) };
    let forcing = Forcing::Linear { rate: 0.3, energy: Some(0.5) };
    let setup = Setup { physics, forcing, modes: &modes, ..Setup::default() };
    let grid = Grid::two_thirds(setup.points, setup.lengths);
    let mut forces = setup.physics.build_forces(&setup.forcing, &setup.magnetic_forcing, &grid);
    let rate = 0.4;
    forces.push(ForcingTerm { name: "c".into(), fields: 3..4, force: Box::new(Amplify(rate)) });
    let mut solver = setup.build_under::<f64>(grid, Dealias::TwoThirds, forces);
    let variance = |solver: &dns_solver::solver::Solver<f64>| {
        let fields = solver.state();
        let of_mode = |(mode, place): ([i64; 3], _)| {
            if mode == [0; 3] {
                0.0
            } else {
                Modes::weight(mode[0]) * fields.at(place, 3).norm_sqr()
            }
        };
        fields.owned_modes().map(of_mode).sum::<f64>()
    };
    let before = variance(&solver);
    run(&mut solver, 0.01, 20);
    let growth = variance(&solver) / before;
    assert!((growth / (2.0_f64 * rate * 0.2).exp() - 1.0).abs() < 1e-8, "grew by {growth}");
    let injected = solver.forces().injected("c");
    assert!((injected / (0.5 * before * (growth - 1.0)) - 1.0).abs() < 1e-8, "{injected}");
    let mean = solver.state().modes.index([0; 3]).unwrap();
    assert!((solver.state().at(mean, 3).re - 0.35).abs() < 1e-14);
    assert!(solver.forces().injected("velocity") > 0.01);
}

/// Largest |û(-k) - conj û(k)| on the nx = 0 plane.
fn asymmetry(fields: &SpectralFields<f64>) -> f64 {
    let plane = fields.owned_modes().filter(|(mode, _)| mode[0] == 0);
    let difference = |(mode, index): ([i64; 3], _)| {
        let opposite = fields.modes.index(mode.map(|n| -n)).unwrap();
        let of_field = |field| (fields.at(index, field) - fields.at(opposite, field).conj()).norm();
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
        Forcing::Stochastic {
            power: 0.3,
            wavenumber: 2.0,
            correlation_time: 0.5,
            seed: 1,
            plane: false,
        },
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
        let index = solver.state().modes.index(mode).unwrap();
        let found = solver.state().at(index, field);
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
    let forcing = Forcing::Stochastic {
        power: 0.5,
        wavenumber: 2.0,
        correlation_time: 0.3,
        seed: 5,
        plane: false,
    };
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

/// Energy of the first fields, and the rate at which diffusion takes it up, a coefficient each.
fn energy_and_loss(state: &SpectralFields<f64>, damping: &[f64]) -> [f64; 2] {
    let mut sums = [0.0; 2];
    for (k, weight, f) in modes(state) {
        let k2: f64 = k.iter().map(|k| k * k).sum();
        for (field, damping) in damping.iter().enumerate() {
            let square = weight * f[field].norm_sqr();
            sums[0] += 0.5 * square;
            sums[1] += damping * k2 * square;
        }
    }
    sums
}

/// Every force can act on the magnetic field: the energy of flow and field changes by the power put
/// into both, less what is dissipated, and the field stays solenoidal.
#[test]
fn magnetic_forces_close_the_budget_and_make_no_divergence() {
    let flow: Vec<([i64; 3], [C; 6])> =
        with_more::<3, 6>(&tangled(), |_, u| u.iter().map(|u| u.conj()).collect());
    let magnetic = Some(Magnetic { diffusivity: Some(0.02), ..Magnetic::default() });
    let physics = Physics { equation: Kind::Mhd, magnetic, ..Physics::navier_stokes(0.03) };
    let abc = Abc { coefficients: [1.0, 0.5, 0.2], wavenumber: 1.0 };
    for magnetic_forcing in [
        Forcing::ConstantPower { power: 0.3, wavenumber: 2.0, helicity: Some(-0.5) },
        Forcing::ConstantEnergy { energy: None, wavenumber: 1.5 },
        Forcing::Stochastic {
            power: 0.3,
            wavenumber: 2.0,
            correlation_time: 0.5,
            seed: 1,
            plane: false,
        },
        Forcing::TaylorGreen(TaylorGreen { amplitude: 0.7 }),
        Forcing::Abc(abc),
    ] {
        let setup = Setup {
            physics: physics.clone(),
            forcing: Forcing::ConstantPower { power: 0.2, wavenumber: 1.5, helicity: None },
            magnetic_forcing: magnetic_forcing.clone(),
            modes: &flow,
            ..Setup::default()
        };
        let mut solver = setup.build::<f64>();
        let damping = [0.03, 0.03, 0.03, 0.02, 0.02, 0.02];
        let (dt, mut dissipated) = (0.005, 0.0);
        let [before, mut loss] = energy_and_loss(solver.state(), &damping);
        for _ in 0..30 {
            run(&mut solver, dt, 1);
            let now = energy_and_loss(solver.state(), &damping)[1];
            dissipated += 0.5 * dt * (loss + now);
            loss = now;
        }
        let change = energy_and_loss(solver.state(), &damping)[0] - before;
        let forces = solver.forces();
        assert!((forces.injected("velocity") - 0.2 * 0.15).abs() < 1e-6);
        let magnetic = forces.injected("magnetic");
        assert!(magnetic.abs() > 1e-5, "{magnetic_forcing:?}: {magnetic}");
        let error = change - (forces.injected_energy() - dissipated);
        assert!(error.abs() < 1e-6, "{magnetic_forcing:?}: error {error}");
        for (k, _, f) in modes(solver.state()) {
            let divergence = (f[3] * k[0] + f[4] * k[1] + f[5] * k[2]).norm();
            assert!(divergence < 1e-15, "{magnetic_forcing:?}: {divergence}");
        }
    }
}

/// The variance of a scalar rises by what its force puts in: at the rate asked for, into its own field
/// and its own band alone.
#[test]
fn scalar_forcing_puts_in_its_variance() {
    let forcing = Some(ScalarForcing { injection: 0.4, wavenumber: 1.0 });
    let forced = Scalar { forcing, ..scalar(0.0, [0.0; 3]) };
    let free = Scalar { name: "free".into(), ..scalar(0.0, [0.0; 3]) };
    let physics = Physics { scalars: vec![free, forced], ..Physics::default() };
    let flow: Vec<([i64; 3], [C; 5])> =
        with_more::<3, 5>(&tangled(), |m, _| vec![C::new(0.2, 0.1 * m[1] as f64); 2]);
    let mut solver = Setup { physics, modes: &flow, ..Setup::default() }.build::<f64>();
    let before = [3, 4].map(|field| mean_product(solver.state(), field, field));
    let kinetic = energy(solver.state());
    run(&mut solver, 0.01, 50);
    let after = [3, 4].map(|field| mean_product(solver.state(), field, field));
    assert!((after[0] - before[0]).abs() < 1e-7, "{before:?}, {after:?}");
    assert!((after[1] - before[1] - 0.4 * 0.5).abs() < 1e-7, "{before:?}, {after:?}");
    assert!((2.0 * solver.forces().injected("c") - 0.2).abs() < 1e-9);
    // It is no energy of the flow.
    assert_eq!(solver.forces().injected_energy(), 0.0);
    assert!((energy(solver.state()) - kinetic).abs() < 1e-7);
    // In a fluid at rest nothing leaves the band 0 < k <= 1.
    let waves =
        [([1, 0, 0], [ZERO, ZERO, ZERO, re(0.1)]), ([0, 1, 1], [ZERO, ZERO, ZERO, re(0.1)])];
    let physics = Physics {
        scalars: vec![Scalar { forcing, ..scalar(0.0, [0.0; 3]) }],
        ..Physics::default()
    };
    let mut solver = Setup { physics, modes: &waves, ..Setup::default() }.build::<f64>();
    run(&mut solver, 0.01, 50);
    let amplitude = |mode| {
        let state = solver.state();
        state.at(state.modes.index(mode).unwrap(), 3).re
    };
    assert!((2.0 * amplitude([1, 0, 0]).powi(2) - 0.02 - 0.2).abs() < 1e-6);
    assert_eq!(amplitude([0, 1, 1]), 0.1);
}
