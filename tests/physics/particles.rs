//! Particles against paths that are known.

use dns_solver::grid::{Dealias, Grid};
use dns_solver::integrator::Scheme;
use dns_solver::particles::{Interpolation, Kind, ParticleSet, Placing};
use dns_solver::physics::Physics;
use dns_solver::solver::{Attempt, Solver};

use super::setup::{C, Setup, run};

const ALL: [Interpolation; 5] = [
    Interpolation::Exact,
    Interpolation::Spline4,
    Interpolation::Spline6,
    Interpolation::Lagrange4,
    Interpolation::Lagrange6,
];

type Modes = Vec<([i64; 3], [C; 3])>;

fn set(interpolation: Interpolation) -> ParticleSet {
    ParticleSet {
        name: format!("{interpolation:?}"),
        kind: Kind::Tracer,
        count: 10,
        placing: Placing::Random { seed: 3 },
        interpolation,
        start: 0.0,
        every: 1.0,
    }
}

/// u = (sin z + cos y / 2, 0.7 sin x + cos z, sin y / 2 + 0.7 cos x), an ABC flow: steady without viscosity.
fn abc() -> Modes {
    let (sin, cos) = (C::new(0.0, -0.5), C::new(0.5, 0.0));
    vec![
        ([0, 0, 1], [sin, cos, 0.0.into()]),
        ([0, 1, 0], [0.5 * cos, 0.0.into(), 0.5 * sin]),
        ([1, 0, 0], [0.0.into(), 0.7 * sin, 0.7 * cos]),
    ]
}

fn abc_velocity([x, y, z]: [f64; 3]) -> [f64; 3] {
    [z.sin() + 0.5 * y.cos(), 0.7 * x.sin() + z.cos(), 0.5 * y.sin() + 0.7 * x.cos()]
}

/// The classical scheme with steps of a thousandth.
fn path(mut x: [f64; 3], velocity: fn([f64; 3]) -> [f64; 3], time: f64) -> [f64; 3] {
    let steps = (1000.0 * time).round() as u32;
    let h = time / f64::from(steps);
    let moved = |x: [f64; 3], u: [f64; 3], h: f64| std::array::from_fn(|i| x[i] + h * u[i]);
    for _ in 0..steps {
        let a = velocity(x);
        let b = velocity(moved(x, a, 0.5 * h));
        let c = velocity(moved(x, b, 0.5 * h));
        let d = velocity(moved(x, c, h));
        x = std::array::from_fn(|i| x[i] + h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]));
    }
    x
}

fn inviscid<'a>(modes: &'a [([i64; 3], [C; 3])], particles: &[ParticleSet]) -> Setup<'a> {
    let physics = Physics { viscosity: 0.0, ..Physics::default() };
    Setup { physics, particles: particles.to_vec(), modes, ..Setup::default() }
}

/// Largest distance of the particles of a set from their paths in the ABC flow at `time`.
fn distance(solver: &Solver<f64>, index: usize, time: f64) -> f64 {
    let set = &solver.particles().sets()[index];
    let starts = set.set().places(&solver.state().modes.grid);
    let expected = starts.iter().map(|start| path(*start, abc_velocity, time));
    let apart = |(found, expected): (&[f64; 3], [f64; 3])| {
        (0..3).map(|i| (found[i] - expected[i]).powi(2)).sum::<f64>().sqrt()
    };
    set.position().iter().zip(expected).map(apart).fold(0.0, f64::max)
}

#[test]
fn paths_in_an_abc_flow_are_those_of_another_integration() {
    let modes = abc();
    let setup = Setup { points: [9, 8, 12], ..inviscid(&modes, &[set(Interpolation::Exact)]) };
    let mut solver = setup.build::<f64>();
    run(&mut solver, 0.0025, 400);
    let error = distance(&solver, 0, 1.0);
    assert!(error < 1e-10, "{error:e}");
    // Points of odd stages are shifted.
    let mut solver =
        setup.build_on::<f64>(Grid::spherical([9, 8, 12], [1.0; 3]), Dealias::PhaseShift);
    run(&mut solver, 0.0025, 400);
    let error = distance(&solver, 0, 1.0);
    assert!(error < 1e-10, "shifted: {error:e}");
    // The velocity at them is that of where they are.
    solver.look_at_particles();
    let set = &solver.particles().sets()[0];
    for (x, u) in set.position().iter().zip(set.velocity()) {
        let expected = abc_velocity(*x);
        (0..3).for_each(|i| assert!((u[i] - expected[i]).abs() < 1e-12, "{u:?}, {expected:?}"));
    }
}

#[test]
fn each_scheme_and_interpolation_has_its_order() {
    let modes = abc();
    // The scheme of the flow takes three steps only.
    for (scheme, order) in [(Scheme::Rk2, 3.0), (Scheme::Rk3, 4.0), (Scheme::Rk4, 4.0)] {
        let error = |steps: usize| {
            let setup = inviscid(&modes, &[set(Interpolation::Exact)]);
            let mut solver = Setup { points: [8; 3], scheme, ..setup }.build::<f64>();
            run(&mut solver, 1.0 / steps as f64, steps);
            distance(&solver, 0, 1.0)
        };
        let found = (error(40) / error(80)).log2();
        assert!((found - order).abs() < 0.3, "{scheme:?}: order {found}");
    }
    let sets: Vec<_> = ALL.into_iter().map(set).collect();
    let errors = |points: usize| {
        let mut solver = Setup { points: [points; 3], ..inviscid(&modes, &sets) }.build::<f64>();
        run(&mut solver, 0.0025, 200);
        [1, 2, 3, 4].map(|index| distance(&solver, index, 0.5))
    };
    let (coarse, fine) = (errors(12), errors(24));
    for (index, order) in [4.0, 6.0, 4.0, 6.0].into_iter().enumerate() {
        let found = (coarse[index] / fine[index]).log2();
        assert!((found - order).abs() < 0.5, "{:?}: order {found}", ALL[index + 1]);
    }
    // Splines are the more exact ones.
    assert!(fine[0] < 0.3 * fine[2] && fine[1] < 0.3 * fine[3], "{fine:?}");
}

/// psi = sin x sin y: u = (sin x cos y, -cos x sin y), steady without viscosity. In two dimensions.
#[test]
fn the_stream_function_of_a_cell_is_conserved() {
    let (quarter, none) = (C::new(0.0, -0.25), C::default());
    let modes =
        vec![([1, 1, 0], [quarter, -quarter, none]), ([1, -1, 0], [quarter, quarter, none])];
    let psi = |x: &[f64; 3]| x[0].sin() * x[1].sin();
    let sets = [set(Interpolation::Exact), set(Interpolation::Spline6)];
    let mut solver = Setup { points: [32, 32, 1], ..inviscid(&modes, &sets) }.build::<f64>();
    let start = sets[0].places(&solver.state().modes.grid);
    run(&mut solver, 0.02, 500);
    for (set, most) in solver.particles().sets().iter().zip([1e-7, 1e-5]) {
        for (x, start) in set.position().iter().zip(&start) {
            let change = (psi(x) - psi(start)).abs();
            assert!(change < most, "{}: {change:e}", set.set().name);
            assert_eq!(x[2], start[2]);
        }
    }
}

#[test]
fn a_lattice_in_a_mean_flow_moves_as_one() {
    let mean = [0.3, -1.7, 0.9];
    let modes = [([0, 0, 0], mean.map(C::from))];
    let lattice = |kind| ParticleSet { placing: Placing::Lattice {}, count: 27, ..set(kind) };
    let sets: Vec<_> = ALL.into_iter().map(lattice).collect();
    let setup = Setup {
        points: [8, 9, 5],
        lengths: [1.0, 2.0, 0.5],
        particles: sets.clone(),
        modes: &modes,
        ..Setup::default()
    };
    let mut solver = setup.build::<f64>();
    run(&mut solver, 0.1, 100);
    for set in solver.particles().sets() {
        for (x, start) in set.position().iter().zip(set.set().places(&solver.state().modes.grid)) {
            for axis in 0..3 {
                let error = (x[axis] - start[axis] - 10.0 * mean[axis]).abs();
                assert!(error < 1e-12, "{}: {error:e}", set.set().name);
            }
        }
    }
}

#[test]
fn they_stay_until_they_are_released() {
    let modes = abc();
    let late = ParticleSet { start: 0.5, ..set(Interpolation::Exact) };
    let mut solver = Setup { points: [8; 3], ..inviscid(&modes, &[late]) }.build::<f64>();
    let start = solver.particles().sets()[0].position().to_vec();
    run(&mut solver, 0.125, 4);
    assert_eq!(solver.particles().sets()[0].position(), start);
    run(&mut solver, 0.0025, 200);
    assert!(distance(&solver, 0, 0.5) < 1e-10);
}

/// A step that error control takes back leaves no trace.
#[test]
fn a_rejected_step_takes_them_back() {
    let modes = [
        ([1, 2, 0], [C::new(0.8, 0.1), C::new(-0.4, -0.05), C::new(0.0, 0.3)]),
        ([0, 1, 1], [C::new(0.5, 0.0), C::new(0.0, 0.4), C::new(0.0, -0.4)]),
        ([2, 0, 1], [C::new(0.1, 0.2), C::new(0.3, 0.0), C::new(-0.2, -0.4)]),
    ];
    let sets: Vec<_> = ALL.into_iter().map(set).collect();
    let setup = Setup { tolerance: Some(1e-5), particles: sets, modes: &modes, ..Setup::default() };
    let positions = |solver: &Solver<f64>| -> Vec<_> {
        solver.particles().sets().iter().map(|set| set.position().to_vec()).collect()
    };
    let (mut tried, mut plain) = (setup.build::<f64>(), setup.build::<f64>());
    let start = positions(&tried);
    assert!(matches!(tried.try_step(2.0), Attempt::Rejected(_)));
    assert_eq!(positions(&tried), start);
    for _ in 0..6 {
        for solver in [&mut tried, &mut plain] {
            assert!(matches!(solver.try_step(0.004), Attempt::Accepted));
        }
        assert!(matches!(tried.try_step(2.0), Attempt::Rejected(_)));
    }
    assert_ne!(positions(&tried), start);
    assert_eq!(positions(&tried), positions(&plain));
}
