//! `particles/NAME.h5`: the particles of a set, see [`ParticleSet`].

use std::fs;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::grid::AXES;
use crate::io::checkpoint::Accumulated;
use crate::io::records::{Array, Axis, Header, RecordsWriter};
use crate::modes::Modes;
use crate::multiples::Multiples;
use crate::particles::{ParticleSet, Tracers};
use crate::real::Real;
use crate::solver::Solver;
use crate::transform::plan::Plan;
use crate::variable::Variable;

use super::kind::{Opening, Output, OutputContext, OutputKind, RunContext, Volume};
use super::schedule::Schedule;
use crate::simulation::restart::state::Clock;

const DESCRIPTION: &str = "\
Particles that the flow of a direct numerical simulation carries, over `time`, `particle` and `component` \
(x, y, z). The box is periodic: a particle that has crossed one of its sides goes on outside, so that \
differences of `position` are the way that it has gone; modulo the sides of the box (attributes \
`box_x`, `box_y`, `box_z`) it is the place in the box. `velocity` is that of the flow there.";

/// The file of a set.
pub struct ParticlesOutput {
    /// The place of the set among those of the run.
    index: usize,
    writer: RecordsWriter,
}

impl<T: Real> OutputKind<T> for ParticleSet {
    fn times(&self) -> Multiples {
        self.every.into()
    }

    fn open(&self, opening: Opening) -> Result<Box<dyn Output<T>>> {
        let Opening { run: RunContext { comm, config, directory, modes }, after, .. } = opening;
        let path = directory.files().particles(&self.name);
        // Without the directory there is nothing to go on with.
        let is_there = path.parent().is_some_and(|parent| parent.is_dir());
        let step = after.filter(|_| is_there).map(|after| after.step);
        let schedule =
            Schedule::beginning(self.every, config.time.end, after.map(|after| after.time));
        let left = schedule.left(after.map_or(0.0, |after| after.time));
        let writer = RecordsWriter::open(comm, &path, &header(self, config, &modes)?, step, left)?;
        let index = config.particles.iter().position(|set| set.name == self.name);
        Ok(Box::new(ParticlesOutput { index: index.unwrap_or(0), writer }))
    }

    fn volume(&self, config: &Config, modes: &Modes) -> Result<Volume> {
        let name = format!("records of particles {}", self.name);
        let bytes = 8.0 * header(self, config, modes)?.numbers() as f64;
        // Where they are is known; the velocity there takes another look.
        let transforms = AXES as f64;
        Ok(Volume { name, every: self.every, bytes, transforms })
    }

    /// The record, on rank 0.
    fn memory(&self, config: &Config, plan: &Plan, _: f64) -> Result<f64> {
        Ok(8.0 * header(self, config, &plan.modes)?.numbers() as f64)
    }
}

/// What the file says beside its numbers.
fn header(set: &ParticleSet, config: &Config, modes: &Modes) -> Result<Header> {
    let numbers = |count: usize| (0..count).map(|number| number as f64).collect();
    let array =
        |name, unit, description: &str| Array::new(Variable::new(name, unit, description), &[0, 1]);
    let side = |axis: usize| modes.grid.spacing()[axis] * modes.grid.points[axis] as f64;
    Ok(Header {
        description: DESCRIPTION.into(),
        axes: vec![
            Axis::new("particle", "1", "number of the particle", numbers(set.count)),
            Axis::new("component", "1", "number of the component", numbers(AXES)),
        ],
        arrays: vec![
            array("position", "L", "position, not taken back into the box"),
            array("velocity", "L/T", "velocity of the flow at the particle"),
        ],
        attributes: vec![
            ("box_x", side(0)),
            ("box_y", side(1)),
            ("box_z", side(2)),
            ("start", set.start),
        ],
        config: config.to_toml()?,
    })
}

impl<T: Real> Output<T> for ParticlesOutput {
    fn begin(&mut self, run: RunContext) -> Result<()> {
        let directory = run.directory.files().particles_directory();
        let made = if run.comm.is_root() { fs::create_dir_all(&directory) } else { Ok(()) };
        run.comm.agree(made.map_err(|e| Error::io("create", &directory, e)))?;
        self.writer.begin(run.comm)
    }

    /// Adds a record, once the particles are released.
    fn write(&mut self, context: &mut OutputContext<T>) -> Result<()> {
        let Clock { time, step } = context.clock;
        if time < context.run.config.particles[self.index].start {
            return Ok(());
        }
        context.solver.look_at_particles();
        let set = &context.solver.particles().sets()[self.index];
        let record = [set.position().as_flattened(), set.velocity().as_flattened()].concat();
        context.run.comm.agree(self.writer.append(step, time, &record))
    }

    fn sync(&self) -> Result<()> {
        self.writer.sync()
    }
}

/// Returns the positions of all particles, for a checkpoint.
pub fn positions<T: Real>(solver: &Solver<T>) -> Accumulated {
    let of = |set: &Tracers| (set.set().name.clone(), set.position().as_flattened().to_vec());
    solver.particles().sets().iter().map(of).collect()
}

/// Returns what the particles remember of the last steps, for a checkpoint.
pub fn past<T: Real>(solver: &Solver<T>) -> Accumulated {
    let of = |set: &Tracers| (set.set().name.clone(), set.past().numbers());
    let all = solver.particles().sets().iter().map(of);
    all.filter(|(_, numbers)| !numbers.is_empty()).collect()
}

/// Returns when the next particles are released after `time`: a step ends there.
pub fn next_release(config: &Config, time: f64) -> f64 {
    let starts = config.particles.iter().map(|set| set.start);
    starts.filter(|start| *start > time).fold(f64::INFINITY, f64::min)
}
