//! One Runge-Kutta step on demand, for `yardstick.py`.
//!
//! Takes a step for every line on standard input and prints its seconds (on rank 0), so that a
//! script can alternate it with other codes on a noisy machine. Runs under mpirun too, but then the other ranks
//! spin while they wait: measure one such variant at a time.
//!
//! `step [--points N | NX,NY,NZ] [--threads N] [--single] [--scheme rk2|rk3|rk4]`

use std::io::{BufRead, Write};
use std::time::Instant;

use dns_solver::equation;
use dns_solver::forcing::Forcing;
use dns_solver::grid::Grid;
use dns_solver::initial::TaylorGreen;
use dns_solver::initial::{self, Initial};
use dns_solver::integrator::Scheme;
use dns_solver::modes::Modes;
use dns_solver::parallel::{Communicator, Runtime, Team};
use dns_solver::real::Real;
use dns_solver::simulation::solver::Solver;
use dns_solver::transform::timings::Part;

/// Taylor-Green at Re = 1600, the right-hand side measured at CFL-safe steps.
fn serve<T: Real>(comm: &Communicator, points: [usize; 3], threads: usize, scheme: Scheme) {
    let modes = Modes::new(Grid::two_thirds(points, [1.0; 3]), T::LANES);
    let team = Team::new(threads).expect("threads");
    let equation = equation::navier_stokes::<T>(&modes, 1.0 / 1600.0);
    let mut solver =
        Solver::new(modes, comm, team, equation, scheme, Forcing::None.build(&modes.grid))
            .expect("solver");
    let mut state = solver.state().clone();
    let flow =
        initial::build(&Initial::TaylorGreen(TaylorGreen { amplitude: 1.0 }), &modes.grid, comm);
    let flow = flow.expect("initial field");
    state.fill(|mode, out| flow(mode, out));
    solver.set_state(state);
    let mut input = std::io::stdin().lock().lines();
    let mut steps = 0;
    loop {
        let mut line = Vec::new();
        if comm.is_root() {
            line = input.next().and_then(Result::ok).unwrap_or_else(|| "end".into()).into_bytes();
        }
        comm.broadcast(&mut line);
        if line == b"end" {
            break;
        }
        comm.barrier();
        let start = Instant::now();
        solver.step(|outlook| Ok((0.1 / outlook.frequency).min(1e-3))).expect("a finite flow");
        comm.barrier();
        steps += 1;
        if comm.is_root() {
            println!("{:e}", start.elapsed().as_secs_f64());
            std::io::stdout().flush().expect("standard output");
        }
    }
    if comm.is_root() {
        let seconds = solver.timings().seconds();
        for (seconds, (_, name)) in seconds.iter().zip(Part::ALL) {
            println!("{name}: {:.3} ms", seconds * 1e3 / steps as f64);
        }
    }
}

fn main() {
    let _runtime = Runtime::start().expect("MPI");
    let comm = Communicator::world();
    let (mut points, mut threads, mut single, mut scheme) = ([64; 3], 1, false, Scheme::Rk4);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--points" => {
                let list: Vec<usize> =
                    value().split(',').map(|n| n.parse().expect("a number of points")).collect();
                points = if list.len() == 3 { [list[0], list[1], list[2]] } else { [list[0]; 3] };
            }
            "--threads" => threads = value().parse().expect("a number of threads"),
            "--single" => single = true,
            "--scheme" => {
                scheme = match value().as_str() {
                    "rk2" => Scheme::Rk2,
                    "rk3" => Scheme::Rk3,
                    _ => Scheme::Rk4,
                }
            }
            // What `cargo bench` adds.
            "--bench" => {}
            other => panic!("unknown argument {other}"),
        }
    }
    if single {
        serve::<f32>(&comm, points, threads, scheme);
    } else {
        serve::<f64>(&comm, points, threads, scheme);
    }
}
