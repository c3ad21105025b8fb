//! Magnetohydrodynamics.

use dns_solver::physics::{Kind, Magnetic, Physics};

use super::setup::{
    C, Setup, ZERO, energy, frequency, i, mean_product, modes, order_of_drift, re, relative_work,
    run, tangled, taylor_green, with_more,
};

fn mhd(viscosity: f64, diffusivity: f64) -> Physics {
    let magnetic = Magnetic { diffusivity: Some(diffusivity), ..Magnetic::default() };
    Physics { equation: Kind::Mhd, magnetic: Some(magnetic), ..Physics::navier_stokes(viscosity) }
}

/// A flow with a magnetic field that has another shape.
fn dynamo() -> Vec<([i64; 3], [C; 6])> {
    with_more::<3, 6>(&tangled(), |mode, u| {
        let phase = C::from_polar(0.8, 0.5 + mode[0] as f64 - 2.0 * mode[1] as f64);
        u.iter().map(|u| u * phase).collect()
    })
}

/// With u = b, that is z- = 0, and nu = eta, any z+ = u + b is carried against B0 and decays,
/// whatever its shape and amplitude (Elsasser 1950; Biskamp 2003, section 2.5).
#[test]
fn alfven_waves_of_any_amplitude_only_travel() {
    let (mean, nu, t) = ([0.6, -0.3, 0.9], 0.03, 0.5);
    let mut flow: Vec<_> = with_more::<3, 6>(&tangled(), |_, u| u.to_vec());
    flow.push(([0; 3], [ZERO, ZERO, ZERO, re(mean[0]), re(mean[1]), re(mean[2])]));
    let setup = Setup { physics: mhd(nu, nu), modes: &flow, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    let start = solver.state().clone();
    run(&mut solver, t / 200.0, 200);
    let (mut error, mut moved) = (0.0_f64, 0.0_f64);
    for ((k, _, found), (_, _, before)) in modes(solver.state()).zip(modes(&start)) {
        let k2: f64 = k.iter().map(|k| k * k).sum();
        let phase = (0..3).map(|axis| k[axis] * mean[axis]).sum::<f64>() * t;
        for (found, before) in found.iter().zip(before) {
            let expected = before * C::from_polar((-nu * k2 * t).exp(), phase);
            error = error.max((found - expected).norm());
            moved = moved.max((before - expected).norm());
        }
    }
    assert!(moved > 0.1 && error < 1e-10, "error {error}, moved {moved}");
}

/// Energy, cross helicity and magnetic helicity are conserved without dissipation, and b stays
/// solenoidal.
#[test]
fn ideal_invariants_are_kept() {
    let flow = dynamo();
    let setup = Setup { physics: mhd(0.0, 0.0), modes: &flow, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    let magnetic = |state: &_| (3..6).map(|f| 0.5 * mean_product(state, f, f)).sum::<f64>();
    let before = magnetic(solver.state());
    run(&mut solver, 0.02, 20);
    assert!((magnetic(solver.state()) - before).abs() > 1e-3, "nothing is exchanged");
    let tendency = solver.tendency();
    let work = relative_work(solver.state(), &tendency, 0..6);
    assert!(work.abs() < 1e-14, "energy changes: {work}");
    let cross = |state: &_| (0..3).map(|f| mean_product(state, f, f + 3)).sum::<f64>();
    let helicity = |state: &_| {
        let term = |(k, weight, f): ([f64; 3], f64, Vec<C>)| {
            let k2: f64 = k.iter().map(|k| k * k).sum();
            let b = &f[3..];
            let curl = |a: usize, c: usize| b[a].re * b[c].im - b[c].re * b[a].im;
            let j_dot_b = 2.0 * (k[0] * curl(1, 2) + k[1] * curl(2, 0) + k[2] * curl(0, 1));
            if k2 > 0.0 { weight * j_dot_b / k2 } else { 0.0 }
        };
        modes(state).map(term).sum::<f64>()
    };
    for (name, order) in [
        ("energy", order_of_drift(&setup, |state| energy(state) + magnetic(state))),
        ("cross helicity", order_of_drift(&setup, cross)),
        ("magnetic helicity", order_of_drift(&setup, helicity)),
    ] {
        assert!((order - 5.0).abs() < 0.8, "{name}: order {order}");
    }
    for (k, _, f) in modes(solver.state()) {
        let divergence = (f[3] * k[0] + f[4] * k[1] + f[5] * k[2]).norm();
        assert!(divergence < 1e-15, "{divergence}");
    }
}

/// The flow and field that spectralDNS tests with (Mortensen & Langtangen 2016, Comput. Phys.
/// Commun. 203, 53), in a box of unequal sides.
#[test]
fn taylor_green_with_a_field_has_known_energies() {
    let waves = |mode: [i64; 3]| [mode[0], 2 * mode[1], 3 * mode[2]];
    let mut flow: Vec<([i64; 3], [C; 6])> = Vec::new();
    for (mode, u) in taylor_green() {
        // b = (sin x sin y cos z, cos x cos y cos z, 0).
        let b = [re(-0.125 * mode[1] as f64), re(0.125), ZERO];
        flow.push((waves(mode), [u[0], u[1], u[2], b[0], b[1], b[2]]));
    }
    let setup = Setup {
        points: [16, 32, 64],
        lengths: [1.0, 2.0, 3.0],
        physics: mhd(6.25e-4, 0.01),
        modes: &flow,
        ..Setup::default()
    };
    let mut solver = setup.build::<f64>();
    run(&mut solver, 0.01, 10);
    let half = |fields: std::ops::Range<usize>| {
        fields.map(|f| 0.5 * mean_product(solver.state(), f, f)).sum::<f64>()
    };
    let (kinetic, magnetic) = (half(0..3), half(3..6));
    assert!((kinetic - 0.124565408177).abs() < 1e-12, "{kinetic}");
    assert!((magnetic - 0.124637762143).abs() < 1e-12, "{magnetic}");
}

/// A current sheet at rest decays by its own diffusivity, and a helical field exerts no force.
#[test]
fn a_force_free_field_decays_at_rest() {
    let field = [([0, 0, 1], [ZERO, ZERO, ZERO, i(-0.5), re(0.5), ZERO])];
    let setup = Setup { physics: mhd(0.3, 0.1), modes: &field, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    run(&mut solver, 0.05, 20);
    assert!(energy(solver.state()) < 1e-30);
    let found: f64 = (3..6).map(|f| 0.5 * mean_product(solver.state(), f, f)).sum();
    assert!((found - 0.5 * (-0.2_f64).exp()).abs() < 1e-14, "{found}");
}

/// Alfven waves travel with |u| + |b|.
#[test]
fn alfven_waves_limit_the_time_step() {
    let mean = [0.3, 0.0, -0.2, 0.5, -1.0, 0.0].map(re);
    let flow = [([0; 3], mean)];
    let found = frequency(&Setup { physics: mhd(0.0, 0.0), modes: &flow, ..Setup::default() });
    let spacing = std::f64::consts::TAU / 16.0;
    assert!((found * spacing - 2.0).abs() < 1e-14, "{found}");
}
