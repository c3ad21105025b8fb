//! A solver fills its sweep again when it must, whoever has used it.

use dns_solver::physics::Physics;
use dns_solver::solver::{Attempt, Solver};

use super::setup::{Setup, tangled};

/// Leaves something else in the sweep.
fn use_sweep(solver: &mut Solver<f64>) {
    let (state, sweep) = solver.state_and_sweep();
    let fields = state.count;
    sweep.begin(fields, &|_, _, outgoing| outgoing.fill(1.0));
    sweep.to_planes(fields);
}

/// Before a step, between its beginning and the rest of it, and after it the sweep is anybody's: not a
/// bit of the flow changes, with error control or without.
#[test]
fn the_sweep_is_anybodys_between_steps() {
    let modes = tangled();
    for tolerance in [None, Some(1e-6)] {
        let physics = Physics::navier_stokes(0.02);
        let setup = Setup { physics, tolerance, modes: &modes, ..Setup::default() };
        let [mut alone, mut shared] = [0, 1].map(|_| setup.build::<f64>());
        for _ in 0..3 {
            assert_eq!(alone.step(0.01).unwrap(), 0.01);
            use_sweep(&mut shared);
            let estimate = shared.begin_step();
            use_sweep(&mut shared);
            let tendency = shared.tendency();
            assert_eq!(shared.begin_step(), estimate);
            assert!(shared.tendency().data == tendency.data);
            assert_eq!(shared.try_step(0.01), Attempt::Accepted);
            assert!(alone.state().data == shared.state().data, "tolerance {tolerance:?}");
        }
        assert!(alone.tendency().data == shared.tendency().data);
    }
}
