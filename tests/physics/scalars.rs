//! Passive scalars.

use dns_solver::physics::{Physics, Scalar};

use super::setup::{
    C, Setup, ZERO, i, mean_product, modes, order_of_drift, re, relative_work, run, scalar,
    tangled, with_more,
};

fn physics(viscosity: f64, scalars: Vec<Scalar>) -> Physics {
    Physics { scalars, ..Physics::navier_stokes(viscosity) }
}

/// In a flow that does not depend on z, w is a passive scalar: a scalar that starts as w and
/// diffuses like it stays w, whatever the flow does. One with another diffusivity does not.
#[test]
fn the_third_component_of_a_plane_flow_is_a_scalar() {
    let flow: Vec<([i64; 3], [C; 3])> = vec![
        ([1, 0, 0], [ZERO, re(0.3), i(0.2)]),
        ([0, 1, 0], [i(0.25), ZERO, re(-0.2)]),
        ([1, 1, 0], [re(0.1), re(-0.1), i(0.15)]),
        ([2, -1, 0], [C::new(0.05, 0.1), C::new(0.1, 0.2), C::new(-0.08, -0.1)]),
    ];
    for (axis, [a, b, c]) in [(2, [0, 1, 2]), (1, [2, 0, 1]), (0, [1, 2, 0])] {
        // The same flow with its third axis along x, y or z.
        let turn = |m: [i64; 3], u: [C; 3]| {
            let (mut mode, mut value) = ([0; 3], [ZERO; 3]);
            for (from, to) in [a, b, c].into_iter().enumerate() {
                (mode[to], value[to]) = (m[from], u[from]);
            }
            (mode, value)
        };
        let flow: Vec<_> = flow.iter().map(|&(m, u)| turn(m, u)).collect();
        let all: Vec<_> = with_more::<3, 5>(&flow, |_, u| vec![u[c], u[c]]);
        let slow = Scalar {
            name: "slow".into(),
            diffusivity: None,
            schmidt: Some(5.0),
            ..scalar(0.0, [0.0; 3])
        };
        let physics = physics(0.02, vec![scalar(0.02, [0.0; 3]), slow]);
        let mut solver = Setup { physics, modes: &all, ..Setup::default() }.build::<f64>();
        run(&mut solver, 0.05, 40);
        let difference = |field: usize| {
            modes(solver.state()).map(|(.., f)| (f[field] - f[axis]).norm()).fold(0.0, f64::max)
        };
        assert!(difference(3) < 1e-15, "axis {axis}: {}", difference(3));
        assert!(difference(4) > 1e-3);
    }
}

/// u = A cos z along x stays so without viscosity, and a mean gradient g along x makes
/// theta = -(g A / kappa) (1 - exp(-kappa t)) cos z.
#[test]
fn shear_across_a_mean_gradient_has_an_exact_solution() {
    for axis in 0..3 {
        let (mut mode, mut u) = ([0; 3], [ZERO; 4]);
        mode[(axis + 2) % 3] = 1;
        u[axis] = re(0.4);
        let flow = [(mode, u)];
        let mut gradient = [0.0; 3];
        gradient[axis] = 1.5;
        let physics = physics(0.0, vec![scalar(0.3, gradient)]);
        let mut solver = Setup { physics, modes: &flow, ..Setup::default() }.build::<f64>();
        run(&mut solver, 0.02, 50);
        let expected = -(1.5 * 0.4 / 0.3) * (1.0 - (-0.3_f64).exp());
        let index = solver.state().modes.index(mode).unwrap();
        let found = solver.state().at(index, 3);
        assert!(
            (found.re - expected).abs() < 1e-9 && found.im.abs() < 1e-15,
            "{found}, axis {axis}"
        );
    }
}

/// Advection neither makes nor destroys variance; the drift is that of the time step.
#[test]
fn advection_conserves_variance() {
    let all: Vec<_> = with_more::<3, 4>(&tangled(), |m, _| vec![C::new(0.2, 0.1 * m[1] as f64)]);
    let physics = physics(0.0, vec![scalar(0.0, [0.0; 3])]);
    let setup = Setup { physics, modes: &all, ..Setup::default() };
    let mut solver = setup.build::<f64>();
    run(&mut solver, 0.02, 20);
    let tendency = solver.tendency();
    let work = relative_work(solver.state(), &tendency, 3..4);
    assert!(work.abs() < 1e-14, "{work}");
    let order = order_of_drift(&setup, |state| mean_product(state, 3, 3));
    assert!((order - 5.0).abs() < 0.4, "order {order}");
}

/// d<theta^2>/dt = -2 G.<u theta> - 2 kappa <|grad theta|^2>, integrated over a run.
#[test]
fn production_by_a_mean_gradient_balances() {
    let all: Vec<_> = with_more::<3, 4>(&tangled(), |_, _| vec![re(0.1)]);
    let gradient = [0.5, -1.0, 2.0];
    let physics = physics(0.01, vec![scalar(0.05, gradient)]);
    let mut solver = Setup { physics, modes: &all, ..Setup::default() }.build::<f64>();
    let rate = |state: &_| {
        let flux: f64 = (0..3).map(|axis| gradient[axis] * mean_product(state, axis, 3)).sum();
        let square = |k: [f64; 3]| k.iter().map(|k| k * k).sum::<f64>();
        let gradients: f64 =
            modes(state).map(|(k, weight, f)| weight * square(k) * f[3].norm_sqr()).sum();
        -2.0 * flux - 2.0 * 0.05 * gradients
    };
    let before = mean_product(solver.state(), 3, 3);
    // Simpson's rule over pairs of steps.
    let dt = 0.01;
    let mut produced = 0.0;
    for _ in 0..20 {
        let first = rate(solver.state());
        run(&mut solver, dt, 1);
        let middle = rate(solver.state());
        run(&mut solver, dt, 1);
        produced += dt / 3.0 * (first + 4.0 * middle + rate(solver.state()));
    }
    let change = mean_product(solver.state(), 3, 3) - before;
    assert!(change.abs() > 1e-2 && (change - produced).abs() < 1e-8, "{change}, {produced}");
}
