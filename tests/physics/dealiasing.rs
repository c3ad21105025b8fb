//! Truncation and aliasing.

use dns_solver::grid::{Dealias, Grid};
use dns_solver::integrator::Scheme;
use dns_solver::physics::Physics;

use super::setup::{Setup, distance, run, tangled};

/// A flow that fills the sphere, on a small grid with phase shifts and on one whose points are
/// enough for the two-thirds rule with the same modes: they differ by aliasing that falls with the
/// time step. Without shifts it would not.
#[test]
fn phase_shifts_leave_aliasing_of_the_order_of_the_step() {
    let modes = tangled();
    let grid = Grid::spherical([14; 3], [1.0; 3]);
    assert_eq!(grid.cutoff, [6; 3]);
    let enough = Grid { points: [20; 3], ..grid };
    for scheme in [Scheme::Rk2, Scheme::Rk4] {
        let physics = Physics::navier_stokes(0.005);
        let setup = Setup { physics, scheme, modes: &modes, ..Setup::default() };
        let error = |steps: usize| {
            let [a, b] = [grid, enough].map(|grid| {
                let mut solver = setup.build_on::<f64>(grid, Dealias::PhaseShift);
                run(&mut solver, 2.0 / steps as f64, steps);
                solver.state().clone()
            });
            distance(&a, &b)
        };
        let (coarse, fine) = (error(40), error(80));
        let order = (coarse / fine).log2();
        assert!(fine > 1e-9, "there is nothing to alias: {fine}");
        assert!((0.8..2.5).contains(&order), "{scheme:?}: {coarse}, {fine}, order {order}");
    }
}
