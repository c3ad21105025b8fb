//! Criterion benches of the parts of a step: line transforms, columns, exchange, planes,
//! right-hand side, step; the velocity at particles.
//!
//! `cargo bench --bench parts [-- FILTER]`, or under mpirun the program that it names. Rank 0 runs
//! Criterion and tells the others how many repetitions to join in.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};

use dns_solver::equation::{self, NonlinearTerms};
use dns_solver::fields::zeros;
use dns_solver::grid::{AXES, Grid};
use dns_solver::initial::{self, Initial, TaylorGreen};
use dns_solver::modes::Modes;
use dns_solver::parallel::{Communicator, Runtime, SharedSlice, ThreadPool};
use dns_solver::particles::{Interpolation, Sampler};
use dns_solver::random::{Random, Stream};
use dns_solver::real::Real;
use dns_solver::simd::Cpu;
use dns_solver::solver::{Solver, SolverOptions};
use dns_solver::transform::lines::{Direction, Lines, Source, Target};
use dns_solver::transform::plane_job::Block;
use dns_solver::transform::row_array::RowPointer;

/// Criterion on rank 0, its repetitions on all.
struct Bench<'a> {
    criterion: Option<Criterion>,
    comm: &'a Communicator,
}

impl Bench<'_> {
    /// Measures `work`, which does something for `points` points, or other things.
    fn measure(&mut self, group: &str, name: &str, points: usize, mut work: impl FnMut()) {
        let comm = self.comm;
        let mut repeat = |count: u64| {
            comm.barrier();
            let start = Instant::now();
            (0..count).for_each(|_| work());
            comm.barrier();
            start.elapsed()
        };
        let Some(criterion) = &mut self.criterion else {
            loop {
                let mut count = Vec::new();
                comm.broadcast(&mut count);
                match <[u8; 8]>::try_from(count) {
                    Ok(count) => repeat(u64::from_le_bytes(count)),
                    // An empty message ends the bench.
                    Err(_) => return,
                };
            }
        };
        let mut group = criterion.benchmark_group(group);
        group.sample_size(10).warm_up_time(Duration::from_millis(300));
        group
            .measurement_time(Duration::from_secs(2))
            .throughput(Throughput::Elements(points as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                comm.broadcast(&mut count.to_le_bytes().to_vec());
                repeat(count)
            })
        });
        group.finish();
        comm.broadcast(&mut Vec::new());
    }
}

/// A batch of lines of one length, in cache.
fn lines<T: Real>(bench: &mut Bench, group: &str, lines: &Lines<T>, length: usize) {
    let row = 2 * T::LANES;
    let offsets: Vec<usize> = (0..length).map(|j| j * row).collect();
    let (read, write) = (lines.read_table(&offsets), lines.write_table(&offsets));
    let (mut from, mut to) = (zeros::<T>(length * row), zeros::<T>(length * row));
    let [from, to] = [&mut from, &mut to].map(|rows| SharedSlice::new(rows));
    let mut work = zeros::<T>(lines.work_len());
    bench.measure(group, &length.to_string(), length * T::LANES, || {
        let source = Source { start: RowPointer::new(from), table: &read, lanes: T::LANES };
        let target = Target { start: RowPointer::new(to), table: &write };
        // SAFETY: offsets stay within both arrays.
        unsafe { lines.transform(Direction::Forward, source, target, &mut work) };
    });
}

/// Navier-Stokes on a cube.
fn step<T: Real>(bench: &mut Bench, points: usize) {
    let modes = Modes::new(Grid::two_thirds([points; 3], [1.0; 3]), T::LANES);
    let equation = equation::navier_stokes::<T>(&modes, 1.0 / 1600.0);
    let job_equation = equation::navier_stokes::<T>(&modes, 1.0 / 1600.0);
    let pool = ThreadPool::new(1).expect("a thread");
    let mut solver =
        Solver::new(modes, bench.comm, pool, equation, Vec::new(), SolverOptions::default())
            .expect("a solver");
    let flow = Initial::TaylorGreen(TaylorGreen { amplitude: 1.0 });
    let flow = initial::build(&flow, &modes.grid, bench.comm).expect("an initial field");
    let mut state = solver.state().clone();
    state.fill(|mode, out| flow(mode, out));
    solver.set_state(state);

    let all = points.pow(3);
    let name = format!("{points} {}", T::NAME);
    let counts = job_equation.counts();
    bench.measure("step", &name, all, || {
        let dt = (0.1 / solver.begin_step().frequency).min(1e-3);
        solver.step(dt).expect("a finite flow");
    });
    bench.measure("right-hand side", &name, all, || {
        solver.state_and_tendency();
    });
    let (state, sweep) = solver.state_and_sweep();
    sweep.begin(counts.fields, &|bundle, _, outgoing| {
        outgoing.copy_from_slice(state.bundle(bundle))
    });
    sweep.to_planes(counts.fields);
    let here = sweep.plan.planes.clone().len();
    bench.measure("planes", &name, all, || {
        sweep.run_planes(0..here, &NonlinearTerms::new(&*job_equation, false));
    });
    bench.measure("exchange", &name, all, || {
        sweep.to_columns(counts.contracted);
        sweep.to_planes(counts.fields);
    });
    bench.measure("columns", &name, all, || {
        sweep.run_all_columns(counts.contracted, counts.fields, &|_, incoming, outgoing| {
            outgoing.copy_from_slice(&incoming[..outgoing.len()]);
        });
        sweep.to_planes(counts.fields);
    });
}

/// The velocity at `count` particles on a cube, from values in cache.
fn particles<T: Real>(
    bench: &mut Bench,
    interpolation: Interpolation,
    points: usize,
    count: usize,
) {
    let (comm, pool) = (Communicator::serial(), ThreadPool::new(1).expect("a thread"));
    let mut sampler = Sampler::new(interpolation, [points; AXES]);
    let lanes = 2 * Cpu::current().vector_width::<T>();
    let inputs = zeros::<T>(AXES * points * lanes);
    let random = Random::new(1, Stream::Particles);
    let positions: Vec<[f64; AXES]> = (0..count as u32)
        .map(|i| [0, 1, 2].map(|axis| points as f64 * random.uniform([i, axis, 0])[0]))
        .collect();
    let mut velocity = vec![[0.0; AXES]; count];
    bench.measure("particles", &format!("{interpolation:?} {}", T::NAME), count, || {
        sampler.begin(&comm, &pool, count, |particle| positions[particle]);
        let look = sampler.look();
        for (plane, first_row) in
            (0..points).flat_map(|z| (0..points).step_by(lanes).map(move |y| (z, y)))
        {
            let rows = lanes.min(points - first_row);
            look.rows(Block { plane, first_row, rows, points, lanes }, 0, &inputs);
        }
        sampler.finish(&comm, &pool, &mut velocity);
    });
}

fn main() {
    let _runtime = Runtime::start().expect("MPI");
    let comm = Communicator::world();
    let criterion = comm.is_root().then(|| Criterion::default().configure_from_args());
    let mut bench = Bench { criterion, comm: &comm };
    for length in [64, 96, 128, 160, 192, 240, 256, 512, 1024] {
        lines(&mut bench, "lines, double", &Lines::<f64>::new(length, f64::LANES), length);
        lines(&mut bench, "lines, single", &Lines::<f32>::new(length, f32::LANES), length);
        lines(
            &mut bench,
            "lines, RustFFT",
            &Lines::<f64>::with_rustfft(length, f64::LANES),
            length,
        );
    }
    for points in [64, 128] {
        step::<f64>(&mut bench, points);
        step::<f32>(&mut bench, points);
    }
    for interpolation in [Interpolation::Spline4, Interpolation::Spline6, Interpolation::Lagrange4]
    {
        particles::<f64>(&mut bench, interpolation, 128, 32768);
        particles::<f32>(&mut bench, interpolation, 128, 32768);
    }
}
