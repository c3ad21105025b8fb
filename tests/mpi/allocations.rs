//! A time step allocates nothing after the first ones.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use dns_solver::forcing::Forcing;
use dns_solver::grid::Grid;
use dns_solver::initial::{self, Initial, Kolmogorov, TaylorGreen};
use dns_solver::integrator::Scheme;
use dns_solver::modes::Modes;
use dns_solver::parallel::{Communicator, ThreadPool};
use dns_solver::physics::Physics;
use dns_solver::real::Real;
use dns_solver::solver::{Solver, SolverOptions, Tolerance};

use super::harness::Test;
use super::transform::arrangements;

pub const TESTS: [Test; 1] = [("a_step_allocates_nothing", a_step_allocates_nothing)];

/// The system's allocator, counted.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const STEPS: usize = 3;

/// A force of every kind.
fn forces() -> [Forcing; 7] {
    let (power, wavenumber, energy) = (0.1, 1.5, None);
    let seed = 1;
    [
        Forcing::None,
        Forcing::ConstantPower { power, wavenumber, helicity: None },
        Forcing::ConstantPower { power, wavenumber, helicity: Some(0.3) },
        Forcing::ConstantEnergy { energy, wavenumber },
        Forcing::Linear { rate: 0.1, energy: Some(0.5) },
        Forcing::Stochastic { power, wavenumber, correlation_time: 0.5, seed, plane: false },
        Forcing::Kolmogorov(Kolmogorov { amplitude: 0.1, wavenumber: 1.0 }),
    ]
}

/// Allocations in some steps after the first two, with error control if there is a `tolerance`.
fn allocations<T: Real>(
    comm: &Communicator,
    threads: usize,
    forcing: &Forcing,
    tolerance: Option<f64>,
) -> usize {
    let modes = Modes::new(Grid::two_thirds([24, 18, 22], [1.0; 3]), T::LANES);
    let pool = ThreadPool::new(threads).unwrap();
    let physics = Physics::navier_stokes(0.01);
    let forces = physics.build_forces(forcing, &Forcing::None, &modes.grid);
    let equation = physics.build_equation::<T>(&modes);
    let groups = physics.vectors_and_scalars();
    let tolerance = tolerance.map(|error| Tolerance { error, groups });
    let options = SolverOptions { tolerance, ..SolverOptions::default() };
    let mut solver = Solver::new(modes, comm, pool, equation, forces, options).unwrap();
    let initial = Initial::TaylorGreen(TaylorGreen { amplitude: 1.0 });
    let flow = initial::build(&initial, &modes.grid, comm).unwrap();
    let mut state = solver.state().clone();
    state.fill(|mode, out| flow(mode, out));
    solver.set_state(state);
    let mut step = || {
        let longest = solver.begin_step().longest;
        solver.step(longest.min(0.01)).unwrap()
    };
    step();
    step();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    (0..STEPS).for_each(|_| {
        step();
    });
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

fn a_step_allocates_nothing(comm: &Communicator) {
    let all = arrangements(comm);
    for comm in &all {
        // To a force it is the same whether ranks share planes.
        let forces = forces();
        let some = if comm.grid().columns == 1 { &forces[..] } else { &forces[..1] };
        for forcing in some {
            // One of these steps is too long at first.
            for tolerance in [None, Some(1e-9)] {
                assert_eq!(allocations::<f64>(comm, 1, forcing, tolerance), 0, "{forcing:?}");
            }
        }
        assert_eq!(allocations::<f32>(comm, 1, &Forcing::None, None), 0);
    }
    // Threads come last, for those of a pool that is no more may still be ending.
    for comm in &all {
        // rayon allocates a list of jobs whenever threads are set to work, at most three times for
        // planes, once for each of at most four parts of the columns, and now and then a piece of
        // its queue.
        let calls = STEPS * Scheme::Rk4.stages() * (3 + 4);
        let found = allocations::<f64>(comm, 2, &Forcing::None, None);
        assert!(found <= 2 * calls, "{found} allocations in {calls} calls");
    }
}
