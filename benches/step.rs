//! One Runge-Kutta step on demand, for `yardstick.py`.
//!
//! Takes a step for every line on standard input and prints its seconds (on rank 0), so that a
//! script can alternate it with other codes on a noisy machine. With `--steps N` it takes N steps
//! without being asked and prints the median, for runs under mpirun, whose other ranks would spin
//! while they wait for input.
//!
//! `step [--points N | NX,NY,NZ] [--threads N] [--single] [--messages] [--steps N]`

use std::io::{BufRead, Write};
use std::time::Instant;

use dns_solver::equation;
use dns_solver::grid::Grid;
use dns_solver::initial::TaylorGreen;
use dns_solver::initial::{self, Initial};
use dns_solver::integrator::Scheme;
use dns_solver::modes::Modes;
use dns_solver::parallel::{Communicator, Runtime, Team};
use dns_solver::real::Real;
use dns_solver::simulation::solver::Solver;
use dns_solver::transform::timings::Part;

/// What to measure.
struct Options {
    points: [usize; 3],
    threads: usize,
    single: bool,
    messages: bool,
    steps: Option<usize>,
}

/// Taylor-Green at Re = 1600, the right-hand side measured at CFL-safe steps.
fn serve<T: Real>(comm: &Communicator, options: &Options) {
    let modes = Modes::new(Grid::two_thirds(options.points, [1.0; 3]), T::LANES);
    let team = Team::new(options.threads).expect("threads");
    let equation = equation::navier_stokes::<T>(&modes, 1.0 / 1600.0);
    let mut solver =
        Solver::new(modes, comm, team, equation, Scheme::Rk4, Vec::new()).expect("solver");
    let mut state = solver.state().clone();
    let flow =
        initial::build(&Initial::TaylorGreen(TaylorGreen { amplitude: 1.0 }), &modes.grid, comm);
    let flow = flow.expect("initial field");
    state.fill(|mode, out| flow(mode, out));
    solver.set_state(state);
    let mut step = || {
        comm.barrier();
        let start = Instant::now();
        solver.step(|_, outlook| Ok((0.1 / outlook.frequency).min(1e-3))).expect("a finite flow");
        comm.barrier();
        start.elapsed().as_secs_f64()
    };
    let mut taken = 0;
    if let Some(count) = options.steps {
        step();
        let mut seconds: Vec<_> = (0..count).map(|_| step()).collect();
        seconds.sort_by(f64::total_cmp);
        taken = count + 1;
        if comm.is_root() {
            println!("{:e}", seconds[count / 2]);
        }
    } else {
        for _ in
            std::io::stdin().lock().lines().take_while(|line| !matches!(line.as_deref(), Ok("end")))
        {
            println!("{:e}", step());
            std::io::stdout().flush().expect("standard output");
            taken += 1;
        }
    }
    if comm.is_root() {
        let seconds = solver.timings().seconds();
        for (seconds, (_, name)) in seconds.iter().zip(Part::ALL) {
            println!("{name}: {:.3} ms", seconds * 1e3 / taken as f64);
        }
    }
}

fn main() {
    let _runtime = Runtime::start().expect("MPI");
    let mut options =
        Options { points: [64; 3], threads: 1, single: false, messages: false, steps: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--points" => {
                let list: Vec<usize> =
                    value().split(',').map(|n| n.parse().expect("a number of points")).collect();
                options.points =
                    if list.len() == 3 { [list[0], list[1], list[2]] } else { [list[0]; 3] };
            }
            "--threads" => options.threads = value().parse().expect("a number of threads"),
            "--steps" => options.steps = Some(value().parse().expect("a number of steps")),
            "--single" => options.single = true,
            "--messages" => options.messages = true,
            // What `cargo bench` adds.
            "--bench" => {}
            other => panic!("unknown argument {other}"),
        }
    }
    let world = Communicator::world();
    let comm = if options.messages { world.without_shared_memory() } else { world };
    if options.single {
        serve::<f32>(&comm, &options);
    } else {
        serve::<f64>(&comm, &options);
    }
}
