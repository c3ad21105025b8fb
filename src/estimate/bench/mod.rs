//! `dns-solver bench`: how long each part of a run takes on the ranks and threads that there are.
//!
//! Measured are the transform alone (all fields to physical space and back), one right-hand side,
//! one step, a snapshot, every statistic in turn with steps, steps with particles in turn with steps without,
//! and what the machine could do at best.
//! Every sample begins and ends with a barrier, so that it takes as long as its slowest rank. Work that
//! is done quickly is repeated within a sample. A study over many grids and layouts is many calls:
//! `scripts/scaling.py`.

mod particles;
mod rates;
mod report;
mod statistics;
mod subject;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::config::{Config, Machine, Node};
use crate::console;
use crate::diagnostics::Flow;
use crate::error::{Error, Result};
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::{Real, for_precision};
use crate::transform::plane_job::{Block, PlaneJob};
use crate::transform::timings::Activity;

use crate::estimate::cost::Cost;
use crate::estimate::performance_model;
use crate::simulation::output::snapshots::{self, Contents};
use crate::simulation::restart::initial::{self, Start};
use crate::simulation::restart::state::Clock;
use crate::solver::Solver;
use rates::Rates;
use report::{Measured, Report, Roofline};
pub use subject::Subject;

/// The run that is measured without a configuration file: the Taylor-Green vortex at Re = 1600.
pub const CONFIGURATION: &str = "
grid.points = [128, 128, 128]
physics.viscosity = 6.25e-4
initial.kind = \"taylor_green\"
time = { cfl = 0.5, end = 1.0 }
output.directory = \".\"
";

/// The options of measurements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The subjects to measure.
    pub subjects: Vec<Subject>,
    /// Samples of each, at least 1.
    pub samples: usize,
    /// Repeats of the work in a sample; as often as takes some time, if not given.
    pub repeats: Option<usize>,
    /// The directory that the snapshot is written to.
    pub directory: PathBuf,
    /// JSON on standard output, not a table.
    pub json: bool,
    /// Machine file to write the rates into.
    pub machine: Option<PathBuf>,
}

/// Seconds that a sample takes at least.
const SAMPLE: f64 = 0.02;
/// File in the directory, which is removed at the end.
const SNAPSHOT: &str = "dns-solver-bench.h5";

/// Measures a run of `config`, and prints what was found. Collective.
///
/// # Errors
/// The run cannot be set up, or a file not be written.
pub fn bench(comm: &Communicator, config: &Config, options: &Options) -> Result<()> {
    let comm = &config.parallel.exchange.among(comm);
    let machine = options.machine.as_ref();
    let machine =
        machine.map(|path| Ok((path, known_machine(comm, options, path)?))).transpose()?;
    let report = for_precision!(config.precision, T => measure::<T>(comm, config, options))?;
    if let Some((path, machine)) = machine {
        comm.from_root(|| {
            let text = with_rates(machine, config, &report)?.to_toml()?;
            fs::write(path, text).map_err(|e| Error::io("write machine file", path, e))?;
            Ok(Vec::new())
        })?;
    }
    let text = comm.agree(if options.json { report.json() } else { Ok(report.table()) })?;
    let print = || console::print(format!("{}\n", text.trim_end()));
    comm.agree(if comm.is_root() { print() } else { Ok(()) })
}

fn measure<T: Real>(comm: &Communicator, config: &Config, options: &Options) -> Result<Report> {
    let modes = Modes::new(config.grid.build(), T::LANES);
    if config.particles.is_empty() && options.subjects == [Subject::Particles] {
        return Err(Error::input("the configuration has no [[particles]] that could be measured"));
    }
    let start = Start::open(config, comm)?;
    let mut solver = initial::solver_at_rest::<T>(comm, config, modes)?;
    let mut state = solver.state().clone();
    start.fill(config, comm, &mut state)?;
    solver.set_state(state);
    let exchange = match comm.node_size() {
        _ if comm.size() == 1 => "none",
        _ if comm.shares_memory() => "shared memory",
        1 => "messages from rank to rank",
        _ => "messages from node to node",
    };
    let mut report = Report::new(config, comm.size(), exchange);
    let bench = Bench { comm, config, options };
    for &subject in &options.subjects {
        let measured = match subject {
            Subject::Rates => continue,
            Subject::Statistics => {
                report.statistics = bench.statistics(&mut solver)?;
                continue;
            }
            Subject::Particles => {
                if !config.particles.is_empty() {
                    report.particles = Some(bench.particles(&mut solver)?);
                }
                continue;
            }
            Subject::Transform => bench.transforms(&mut solver),
            Subject::Tendency => bench.samples(|| {
                solver.state_and_tendency();
                Ok(())
            }),
            Subject::Step => bench.steps(&mut solver, &mut report),
            Subject::Snapshot => bench.snapshots(&mut solver, &mut report),
        };
        report.measured.insert(subject.name(), measured?);
    }
    if options.subjects.contains(&Subject::Rates) {
        let rates = Rates::measure::<T>(comm, solver.pool());
        if let Some(step) = report.measured.get(Subject::Step.name()) {
            let stages = config.time.scheme.stages() as f64;
            let cost = Cost::all::<T>(&modes, solver.counts(), config.row_precision());
            let (flops, bytes) = (stages * cost.flops, stages * cost.bytes);
            report.roofline = Some(Roofline {
                rates,
                flops,
                bytes,
                share_of_peak: flops / step.median / rates.peak,
                share_of_bandwidth: bytes / step.median / rates.bandwidth,
            });
        }
    }
    Ok(report)
}

/// Takes values as they are.
struct There {
    fields: usize,
}

impl<T: Real> PlaneJob<T> for There {
    fn inputs(&self) -> usize {
        self.fields
    }

    fn products(&self) -> usize {
        self.fields
    }

    fn product(&self, index: usize, block: Block, inputs: &[T], product: &mut [T]) {
        product.copy_from_slice(&inputs[index * block.len()..][..block.len()]);
    }
}

/// The things that all measurements share.
struct Bench<'a> {
    comm: &'a Communicator,
    config: &'a Config,
    options: &'a Options,
}

impl Bench<'_> {
    /// Measures `work`, after once to warm up. Collective.
    fn samples(&self, mut work: impl FnMut() -> Result<()>) -> Result<Measured> {
        let repeats = self.repeats(self.sample(1, &mut work)?);
        let seconds: Result<_> =
            (0..self.options.samples).map(|_| self.sample(repeats, &mut work)).collect();
        Ok(Measured::new(seconds?, repeats))
    }

    /// Measures two kinds of `work`, of numbers 0 and 1, in turn, after once of each to warm up. Collective.
    fn in_turn(&self, mut work: impl FnMut(usize) -> Result<()>) -> Result<[Measured; 2]> {
        let mut repeats = [0; 2];
        for (index, repeats) in repeats.iter_mut().enumerate() {
            *repeats = self.repeats(self.sample(1, &mut || work(index))?);
        }
        let mut seconds = [Vec::new(), Vec::new()];
        for _ in 0..self.options.samples {
            for (index, seconds) in seconds.iter_mut().enumerate() {
                seconds.push(self.sample(repeats[index], &mut || work(index))?);
            }
        }
        let [first, second] = seconds;
        Ok([Measured::new(first, repeats[0]), Measured::new(second, repeats[1])])
    }

    /// Seconds of `work`, the mean of some repeats. Collective.
    fn sample(&self, repeats: usize, work: &mut impl FnMut() -> Result<()>) -> Result<f64> {
        self.comm.barrier();
        let start = Instant::now();
        for _ in 0..repeats {
            work()?;
        }
        self.comm.barrier();
        Ok(start.elapsed().as_secs_f64() / repeats as f64)
    }

    /// Repeats of work in a sample, which takes so many seconds on this rank. Collective.
    fn repeats(&self, seconds: f64) -> usize {
        let wanted = self.options.repeats.unwrap_or((SAMPLE / seconds).ceil() as usize);
        let mut repeats = [wanted as u64];
        self.comm.max(&mut repeats);
        repeats[0].clamp(1, 1000) as usize
    }

    /// All fields to physical space and back.
    fn transforms<T: Real>(&self, solver: &mut Solver<T>) -> Result<Measured> {
        let (state, sweep) = solver.state_and_sweep();
        let fields = state.count;
        sweep.begin(fields, &|bundle, _, outgoing| outgoing.copy_from_slice(state.bundle(bundle)));
        self.samples(|| {
            sweep.to_planes(fields);
            sweep.run_planes(0..sweep.plan.planes.len(), &There { fields });
            sweep.to_columns(fields);
            sweep.run_all_columns(fields, fields, &|_, incoming, outgoing| {
                outgoing.copy_from_slice(incoming);
            });
            Ok(())
        })
    }

    /// Steps, and their parts.
    fn steps<T: Real>(&self, solver: &mut Solver<T>, report: &mut Report) -> Result<Measured> {
        let before = solver.timings().seconds();
        let measured = self.samples(|| short_step(solver))?;
        let steps = (1 + measured.repeats * measured.seconds.len()) as f64;
        let mine = solver.timings().seconds().map(|s| s * 1e3 / steps);
        let mine: Vec<_> = mine.iter().zip(before).map(|(s, b)| s - b * 1e3 / steps).collect();
        let all = self.comm.gather(&mine);
        for (index, (activity, name)) in Activity::ALL.iter().enumerate() {
            let of_ranks = all.chunks_exact(mine.len().max(1)).map(|rank| rank[index]);
            if *activity != Activity::Output && self.comm.is_root() {
                report.parts.insert(name, of_ranks.sum::<f64>() / self.comm.size() as f64);
            }
        }
        Ok(measured)
    }

    /// Snapshots in the precision of the fields.
    fn snapshots<T: Real>(&self, solver: &mut Solver<T>, report: &mut Report) -> Result<Measured> {
        let path = self.options.directory.join(SNAPSHOT);
        let precision = self.config.precision;
        let (state, sweep) = solver.state_and_sweep();
        let points = state.modes.grid.point_count();
        report.snapshot_bytes = points * (state.count * precision.bytes()) as f64;
        let clock = Clock { time: 0.0, step: 0 };
        let contents = Contents::state(self.config, precision)?;
        let measured = self.samples(|| {
            let flow = Flow::new(state, None);
            snapshots::save(self.comm, &path, self.config, &contents, &flow, sweep, clock).map(drop)
        });
        if self.comm.is_root() {
            // Not there when it could not be written, which is said below.
            let _ = fs::remove_file(&path);
        }
        measured
    }
}

/// Takes a step so short that the flow stays as it is. Collective.
fn short_step<T: Real>(solver: &mut Solver<T>) -> Result<()> {
    let dt = (0.1 / solver.begin_step().frequency).min(1e-3);
    solver.step(dt).map(drop)
}

/// Returns the contents of the machine file at `path`, before rates are written into it. Collective.
///
/// # Errors
/// The rates of a node would not be measured, or the file is no machine file.
fn known_machine(comm: &Communicator, options: &Options, path: &Path) -> Result<Machine> {
    if comm.size() > 1 && !comm.shares_memory() {
        return Err(Error::input(
            "--write-machine takes the rates of one node: start it with a rank for each core of one \
             node, and without parallel.exchange",
        ));
    }
    if [Subject::Step, Subject::Rates].iter().any(|needed| !options.subjects.contains(needed)) {
        return Err(Error::input("--write-machine needs step and rates; add them to --only"));
    }
    let found = comm.from_root(|| Ok(vec![u8::from(path.exists())]))?;
    if found == [1] { Machine::load(comm, path) } else { Ok(Machine::default()) }
}

/// `machine` with the rates that were measured.
fn with_rates(mut machine: Machine, config: &Config, report: &Report) -> Result<Machine> {
    let measured = report.measured.get(Subject::Step.name()).zip(report.roofline);
    let Some((step, Roofline { rates, flops, bytes, .. })) = measured else { return Ok(machine) };
    let stages = config.time.scheme.stages();
    let cores = report.ranks * report.threads;
    let cost = Cost { flops: flops / stages as f64, bytes: bytes / stages as f64 };
    let rate = performance_model::core_rate(cost, stages, step.median, cores, rates.bandwidth);
    let rate = rate.ok_or_else(|| {
        Error::input(
            "a step took less time than its bytes need from memory: the fields fit into the cache, \
             so no rate can be told; use more points",
        )
    })?;
    if machine.name.is_empty() {
        machine.name = report.machine["processor"].clone();
    }
    machine.node = Node { cores, bandwidth: rates.bandwidth };
    *machine.core.rate(config.precision) = Some(rate);
    Ok(machine)
}
