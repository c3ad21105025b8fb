//! Exact solutions, invariants and orders of convergence of the Navier-Stokes equations.

use dns_solver::grid::Grid;
use dns_solver::integrator::Scheme;
use dns_solver::modes::Modes;
use dns_solver::physics::Physics;
use dns_solver::real::Precision;

use super::setup::{
    C, Setup, ZERO, distance, energy, enstrophy, helicity, i, re, run, solve, tangled, taylor_green,
};

/// Enstrophy of Taylor-Green at nu = 1/1600 and early times: its Taylor series in t, good to
/// round-off for t <= 0.2. The coefficients come from `taylor_green_series.py`; the first five are
/// 3/8, -9/4 nu, 5/128 + 27/4 nu^2, -(5/8 nu + 27/2 nu^3), 25/8448 + 1835/384 nu^2 + 81/4 nu^4.
fn taylor_green_enstrophy(t: f64) -> f64 {
    [
        0.375,
        -0.00140625,
        0.03906513671875,
        -0.0003906282958984376,
        0.002961146964648857,
        -6.009769162496482e-05,
        -0.0001386599401120456,
        -1.1864568487155664e-06,
        3.0584614531057264e-05,
        -9.166817662922813e-07,
        -4.800143447602406e-06,
        8.753549182957432e-08,
        6.192381848262688e-07,
    ]
    .iter()
    .rev()
    .fold(0.0, |sum, c| sum * t + c)
}

#[test]
fn taylor_green_follows_its_exact_series() {
    let nu = 1.0 / 1600.0;
    let modes = taylor_green();
    let setup = Setup {
        points: [32; 3],
        physics: Physics::navier_stokes(nu),
        modes: &modes,
        ..Setup::default()
    };
    let mut solver = setup.build::<f64>();
    assert!((energy(solver.state()) - 0.125).abs() < 1e-16);
    let (dt, mut t) = (0.00125, 0.0);
    let mut dissipated = 0.0;
    for _ in 0..8 {
        run(&mut solver, dt, 20);
        // dK/dt = -2 nu Omega, integrated exactly by Gauss-Legendre with 4 points.
        for (node, weight) in [
            (-0.8611363115940526, 0.34785484513745386),
            (-0.33998104358485626, 0.6521451548625461),
            (0.33998104358485626, 0.6521451548625461),
            (0.8611363115940526, 0.34785484513745386),
        ] {
            let at = t + 20.0 * dt * 0.5 * (1.0 + node);
            dissipated += 2.0 * nu * taylor_green_enstrophy(at) * weight * 10.0 * dt;
        }
        t += 20.0 * dt;
        let omega = enstrophy(solver.state());
        let error = omega - taylor_green_enstrophy(t);
        assert!(error.abs() < 1e-13, "enstrophy {omega} at {t}: error {error:e}");
        let k = energy(solver.state());
        assert!((k - (0.125 - dissipated)).abs() < 1e-13, "energy {k} at {t}");
    }
}

/// 2-D Taylor-Green vortices decay as exp(-2 nu t) in each of the three coordinate planes.
#[test]
fn plane_vortices_decay_exactly() {
    for axis in 0..3 {
        let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
        // u_a = sin a cos b, u_b = -cos a sin b.
        let mut modes = Vec::new();
        for sign in [-1, 1] {
            let (mut mode, mut value) = ([0; 3], [ZERO; 3]);
            (mode[a], mode[b]) = (1, sign);
            (value[a], value[b]) = (i(-0.25), i(0.25 * sign as f64));
            modes.push((mode, value));
        }
        let setup = Setup {
            points: [12, 16, 18],
            physics: Physics::navier_stokes(0.1),
            modes: &modes,
            ..Setup::default()
        };
        let mut solver = setup.build::<f64>();
        let mut exact = solver.state().clone();
        run(&mut solver, 0.05, 20);
        let factor = (-2.0_f64 * 0.1).exp();
        exact.data.iter_mut().for_each(|x| *x *= factor);
        assert!(distance(solver.state(), &exact) < 1e-15, "plane normal to axis {axis}");
    }
}

/// ABC flow is parallel to its vorticity: it only decays.
#[test]
fn abc_flow_decays_exactly() {
    let h = 0.5;
    let modes = [
        ([0, 0, 1], [i(-h), re(h), ZERO]),
        ([1, 0, 0], [ZERO, i(-h), re(h)]),
        ([0, 1, 0], [re(h), ZERO, i(-h)]),
    ];
    let setup = Setup { physics: Physics::navier_stokes(0.05), modes: &modes, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    run(&mut solver, 0.02, 50);
    assert!((energy(solver.state()) - 1.357256127054).abs() < 1e-12);
    let mut single = setup.build::<f32>();
    run(&mut single, 0.02, 50);
    assert!((energy(single.state()) - 1.357256127054).abs() < 2e-6);
}

/// A mean flow carries Taylor-Green along and changes nothing else (Galilean invariance).
#[test]
fn a_mean_flow_only_shifts() {
    let still = taylor_green();
    let mut moving = still.clone();
    let mean = [0.7, -0.4, 1.1];
    moving.push(([0, 0, 0], mean.map(re)));
    let build = |modes| {
        Setup { physics: Physics::navier_stokes(0.02), modes, ..Setup::default() }.build::<f64>()
    };
    let (mut a, mut b) = (build(&still), build(&moving));
    let (dt, steps) = (1e-3, 200);
    run(&mut a, dt, steps);
    run(&mut b, dt, steps);
    let t = dt * steps as f64;
    let mut shifted = a.state().clone();
    shifted.fill(|mode, out| {
        let index = a.state().modes.index(mode).unwrap();
        let phase: f64 = (0..3).map(|j| mode[j] as f64 * mean[j]).sum();
        for (f, value) in out.iter_mut().enumerate() {
            *value = a.state().at(index, f) * C::from_polar(1.0, -phase * t);
            if mode == [0; 3] {
                *value = re(mean[f]);
            }
        }
    });
    let error = distance(b.state(), &shifted);
    assert!(error < 1e-11, "difference {error}");
}

/// The nonlinear term moves energy between modes but makes none, and creates no divergence.
#[test]
fn nonlinear_term_is_conservative_and_solenoidal() {
    let modes = tangled();
    for (points, lengths) in [
        ([16, 16, 16], [1.0, 1.0, 1.0]),
        ([15, 21, 11], [1.0, 2.0, 0.5]),
        ([13, 12, 20], [3.0, 1.0, 1.0]),
    ] {
        // Solenoidal in a box of unequal sides: project.
        let grid = Grid::two_thirds(points, lengths);
        let projected: Vec<_> = modes
            .iter()
            .map(|&(m, u)| {
                let k = grid.wavevector(m);
                let k2: f64 = k.iter().map(|k| k * k).sum();
                let along = (0..3).map(|j| u[j] * k[j]).sum::<C>() / k2;
                (m, std::array::from_fn(|j| u[j] - along * k[j]))
            })
            .collect();
        let mut solver =
            Setup::<3> { points, lengths, modes: &projected, ..Setup::default() }.build::<f64>();
        run(&mut solver, 0.02, 20);
        let tendency = solver.tendency();
        let state = solver.state();
        let (mut transfer, mut magnitude, mut divergence) = (0.0, 0.0, 0.0_f64);
        for (mode, index) in state.owned_modes() {
            let k = grid.wavevector(mode);
            let weight = Modes::weight(mode[0]);
            let mut dot = [C::default(); 2];
            for (f, k) in k.into_iter().enumerate() {
                let (n, u) = (tendency.at(index, f), state.at(index, f));
                transfer += weight * (n.re * u.re + n.im * u.im);
                magnitude += weight * n.norm() * u.norm();
                dot[0] += u * k;
                dot[1] += n * k;
            }
            divergence = divergence.max(dot[0].norm()).max(dot[1].norm());
        }
        assert!(magnitude > 0.01);
        assert!(transfer.abs() / magnitude < 1e-14, "{points:?}: {transfer} of {magnitude}");
        assert!(divergence < 1e-14, "{points:?}: divergence {divergence}");
    }
}

/// Two modes at the cutoff make sums beyond it, which must not fold back onto kept modes.
#[test]
fn products_of_the_highest_modes_do_not_alias() {
    for points in [[16, 12, 14], [9, 10, 11]] {
        let grid = Grid::two_thirds(points, [1.0; 3]);
        let [a, b, c] = grid.cutoff.map(|k| k as i64);
        // v depends on x only and u on y only: (u . grad) v = u dv/dx has modes (+-a, +-b, 0)
        // alone, which are kept. The squares of each have (2a, 0, 0), which must vanish.
        let modes = [
            ([a, 0, 0], [ZERO, re(0.5), ZERO]),
            ([0, b, 0], [re(0.5), ZERO, ZERO]),
            ([0, 0, c], [re(0.5), re(0.25), ZERO]),
        ];
        let mut solver = Setup { points, modes: &modes, ..Setup::default() }.build::<f64>();
        let tendency = solver.tendency();
        for (mode, index) in tendency.owned_modes() {
            let allowed = [[a, b, 0], [a, 0, c], [0, b, c]]
                .iter()
                .any(|m| (0..3).all(|j| mode[j].abs() == m[j]));
            let size: f64 = (0..3).map(|f| tendency.at(index, f).norm()).sum();
            assert!(allowed || size < 1e-14, "{points:?}: alias on {mode:?}: {size}");
        }
    }
}

/// Without viscosity energy and helicity drift only by the time step's error, which falls with its
/// order.
#[test]
fn energy_and_helicity_are_conserved_without_viscosity() {
    let modes = tangled();
    for (scheme, order) in [(Scheme::Rk2, 3.0), (Scheme::Rk3, 3.0), (Scheme::Rk4, 5.0)] {
        let drifts = |steps: usize| {
            let mut solver = Setup { scheme, modes: &modes, ..Setup::default() }.build::<f64>();
            let before = [energy(solver.state()), helicity(solver.state())];
            run(&mut solver, 0.5 / steps as f64, steps);
            let after = [energy(solver.state()), helicity(solver.state())];
            [0, 1].map(|of| (after[of] - before[of]).abs())
        };
        let (coarse, fine) = (drifts(8), drifts(16));
        for of in [0, 1] {
            let measured = (coarse[of] / fine[of]).log2();
            assert!(
                (measured - order).abs() < 0.35,
                "{scheme:?}, invariant {of}: {coarse:?} to {fine:?}, order {measured}"
            );
            assert!(fine[of] < 1e-3);
        }
    }
}

/// Error against a fine reference falls with the order of the scheme, nonlinearity and viscosity on.
#[test]
fn schemes_converge_with_their_order() {
    let modes = tangled();
    let setup = |scheme| {
        let physics = Physics::navier_stokes(0.05);
        Setup { scheme, physics, modes: &modes, ..Setup::default() }
    };
    let reference = solve(&setup(Scheme::Rk4), 640);
    for (scheme, order) in [(Scheme::Rk2, 2.0), (Scheme::Rk3, 3.0), (Scheme::Rk4, 4.0)] {
        let errors = [20, 40].map(|steps| distance(&solve(&setup(scheme), steps), &reference));
        let measured = (errors[0] / errors[1]).log2();
        assert!((measured - order).abs() < 0.2, "{scheme:?}: errors {errors:?}, order {measured}");
    }
}

/// Relative distance of the Taylor-Green vortex after a tenth of a turn-over time from that with double
/// precision throughout, when rows of transposes are in single precision.
///
/// Every row is rounded four times a right-hand side, to 6e-8 of its values at most (2^-24); they are
/// multiplied by k dt <= 5 * 0.05 a step, and add up over 10 steps: 6e-8 * 4 * 0.25 * 10 = 6e-7 at
/// most. A step in which nothing is rounded would give less than 1e-14.
#[test]
fn transposes_in_single_precision_cost_single_digits_of_the_tendency() {
    let modes = taylor_green();
    let end = |transpose_precision| {
        let physics = Physics { viscosity: 1.0 / 1600.0, ..Physics::default() };
        let setup = Setup { physics, transpose_precision, modes: &modes, ..Setup::default() };
        let mut solver = setup.build::<f64>();
        run(&mut solver, 0.05, 10);
        solver.state().clone()
    };
    let double = end(None);
    let error = distance(&end(Some(Precision::Single)), &double) / energy(&double).sqrt();
    assert!((1e-10..6e-7).contains(&error), "{error}");
}
