//! The acceleration of fluid elements is the rate of change of the velocity, and what the flow carries past.

use std::collections::BTreeMap;

use dns_solver::diagnostics::Momentum;
use dns_solver::fields::SpectralFields;
use dns_solver::forcing::Forcing;
use dns_solver::integrator::PowerLaw;
use dns_solver::modes::Modes;
use dns_solver::physics::{Axis, Kind, Magnetic, Physics, Stratification};
use dns_solver::solver::Solver;

use super::setup::{C, Setup, i, re, run, scalar, tangled, with_more};

/// The velocity of each mode that there is, conjugates included.
fn velocities(state: &SpectralFields<f64>) -> BTreeMap<[i64; 3], [C; 3]> {
    let mut all = BTreeMap::new();
    for (mode, index) in state.owned_modes() {
        let u: [C; 3] = std::array::from_fn(|axis| state.at(index, axis));
        if u.iter().any(|u| u.norm() > 0.0) {
            all.insert(mode, u);
            if Modes::weight(mode[0]) == 2.0 {
                all.insert(mode.map(|n| -n), u.map(|u| u.conj()));
            }
        }
    }
    all
}

/// The modes of u.grad u, term by term.
fn advection(state: &SpectralFields<f64>) -> BTreeMap<[i64; 3], [C; 3]> {
    let velocities = velocities(state);
    let mut sum = BTreeMap::new();
    for (p, carries) in &velocities {
        for (q, carried) in &velocities {
            let k = state.modes.grid.wavevector(*q);
            let rate = i(1.0) * (0..3).map(|axis| carries[axis] * k[axis]).sum::<C>();
            let target = sum.entry([0, 1, 2].map(|a| p[a] + q[a])).or_insert([C::default(); 3]);
            (0..3).for_each(|axis| target[axis] += rate * carried[axis]);
        }
    }
    sum
}

/// The largest difference, over all modes, between the acceleration that a flow has and what its velocity
/// does in the next steps, relative to its largest mode.
fn error<const N: usize>(setup: &Setup<N>) -> f64 {
    const STEP: f64 = 1e-3;
    /// Of a derivative at the first of five points, with an error of fourth order.
    const WEIGHTS: [f64; 5] = [-25.0 / 12.0, 4.0, -3.0, 4.0 / 3.0, -0.25];
    let mut solver: Solver<f64> = setup.build();
    let force = solver.force_on_velocity();
    let (state, sweep) = solver.state_and_sweep();
    let found = Momentum::new(state, Some(force), &setup.physics, sweep).acceleration.unwrap();
    let advected = advection(state);
    let mut rates = solver.state().clone();
    rates.data.fill(0.0);
    for weight in WEIGHTS {
        let state = solver.state();
        let sums = rates.data.iter_mut().zip(state.data.iter());
        sums.for_each(|(rate, value)| *rate += weight * value / STEP);
        run(&mut solver, STEP, 1);
    }
    let (mut error, mut largest) = (0.0_f64, 0.0_f64);
    for (mode, index) in found.owned_modes() {
        let advected = advected.get(&mode).copied().unwrap_or_default();
        for (axis, advected) in advected.into_iter().enumerate() {
            let expected = rates.at(index, axis) + advected;
            error = error.max((found.at(index, axis) - expected).norm());
            largest = largest.max(expected.norm());
        }
    }
    error / largest
}

#[test]
fn is_the_change_along_the_path_of_a_fluid_element() {
    let law = |coefficient, order| Some(PowerLaw { coefficient, order });
    let drag = law(0.1, 0.0);
    let plain = Physics { hyper: law(1e-3, 2.0), drag, ..Physics::navier_stokes(0.1) };
    let physics = Physics {
        equation: Kind::Mhd,
        magnetic: Some(Magnetic { prandtl: Some(1.0), ..Magnetic::default() }),
        rotation: [0.3, -0.5, 0.7],
        stratification: Some(Stratification {
            frequency: 1.5,
            vertical: Axis::Y,
            diffusivity: None,
            prandtl: Some(1.0),
            hyper: None,
            drag: None,
        }),
        scalars: vec![scalar(0.1, [1.0, 0.0, 0.0])],
        ..plain.clone()
    };
    let (flow, points) = (tangled(), [32; 3]);
    let mut modes: Vec<([i64; 3], [C; 8])> = with_more(&flow, |[nx, ny, nz], u| {
        // A magnetic field without divergence, as the velocity at -k is.
        let turned = u.map(|u| u * i(0.4 + 0.1 * (nx + ny * nz) as f64));
        [&turned[..], &[u[0] + u[2], u[1] - i(0.2)]].concat()
    });
    let mean = [0.2, -0.1, 0.3, 0.5, 0.4, -0.6, 0.0, 0.0].map(|x| re(0.5 * x));
    modes.push(([0; 3], mean));
    for forcing in [
        Forcing::None,
        Forcing::ConstantEnergy { wavenumber: 1.5, energy: None },
        Forcing::ConstantPower { wavenumber: 2.5, power: 0.3, helicity: None },
        Forcing::Linear { rate: 0.4, energy: None },
    ] {
        let whole = Setup {
            points,
            physics: physics.clone(),
            forcing: forcing.clone(),
            modes: &modes,
            ..Setup::default()
        };
        let found = error(&whole);
        assert!(found < 1e-9, "{forcing:?}: {found:e}");
        let neutral =
            Setup { points, physics: plain.clone(), forcing, modes: &flow, ..Setup::default() };
        let found = error(&neutral);
        assert!(found < 1e-9, "{found:e}");
    }
}
