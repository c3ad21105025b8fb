//! Fields that a run takes from a snapshot or checkpoint, on any grid of the same box.
//!
//! All modes that the file holds and the run keeps are taken: on N points those are |n| < N / 2.

use std::ops::Range;
use std::path::{Path, PathBuf};

use num_complex::Complex;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::{AXES, Grid};
use crate::io::checkpoint::{self, CheckpointReader};
use crate::io::snapshot::SnapshotReader;
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::physics::Physics;
use crate::real::Real;
use crate::sums::mean_square;
use crate::transform::regrid::regrid;
use crate::transform::sweep::Sweep;

/// A part of the energy in a file that is more than rounding: it is not lost without a word.
const NOTABLE: f64 = 1e-6;

/// Fields of a run that a file has.
pub struct FieldsInFile {
    reader: Reader,
    path: PathBuf,
    /// Their places in the state and in the file, and their names.
    fields: Vec<(usize, usize, String)>,
}

enum Reader {
    Snapshot(SnapshotReader),
    Checkpoint(CheckpointReader),
}

/// Fields on the modes of a run, and the mean square of each in the file.
struct Read<T: Real> {
    fields: SpectralFields<T>,
    in_file: Vec<f64>,
}

impl FieldsInFile {
    /// Opens the snapshot or checkpoint in `initial.path`. Collective.
    ///
    /// # Errors
    /// It is missing, is neither, has no velocity, or is of another box.
    pub fn open(config: &Config, path: &Path, comm: &Communicator) -> Result<Self> {
        let lengths = config.grid.lengths;
        let (file, of_box) = if checkpoint::is_checkpoint(comm, path)? {
            let reader = CheckpointReader::open(comm, path)?;
            let (of_box, names) = (reader.header().lengths, reader.header().fields.clone());
            (FieldsInFile::new(Reader::Checkpoint(reader), path, &names, config), of_box)
        } else {
            let reader = SnapshotReader::open(comm, path)?;
            let of_box = reader.header().lengths;
            (FieldsInFile::of_snapshot(reader, path, config), of_box)
        };
        if of_box != lengths {
            return Err(Error::input(format!(
                "initial.path: {} is of a box with lengths {of_box:?}, grid.lengths is {lengths:?}; make \
                 them equal",
                path.display()
            )));
        }
        if let Some(name) = file.missing(config, 0..AXES).first() {
            return Err(Error::input(format!(
                "initial.path: {} has no field {name} of three dimensions; it must hold u, v and w, each as \
                 [z][y][x]",
                path.display()
            )));
        }
        Ok(file)
    }

    /// The fields of a run with this configuration that a snapshot has.
    pub fn of_snapshot(reader: SnapshotReader, path: &Path, config: &Config) -> Self {
        let names: Vec<_> = reader.header().fields.iter().map(|f| f.name.clone()).collect();
        FieldsInFile::new(Reader::Snapshot(reader), path, &names, config)
    }

    fn new(reader: Reader, path: &Path, names: &[String], config: &Config) -> Self {
        let wanted = config.physics.fields().into_iter().enumerate();
        let found = |name: &str| names.iter().position(|n| n == name);
        let fields = wanted.filter_map(|(field, w)| Some((field, found(&w.name)?, w.name)));
        FieldsInFile { reader, path: path.into(), fields: fields.collect() }
    }

    /// Returns whether a field of the state comes from the file.
    pub fn has(&self, field: usize) -> bool {
        self.fields.iter().any(|(has, ..)| *has == field)
    }

    /// Names of those of some fields of the state that the file does not have.
    pub fn missing(&self, config: &Config, fields: Range<usize>) -> Vec<String> {
        let names = config.physics.fields().into_iter().enumerate();
        let missing = names.filter(|(field, _)| fields.contains(field) && !self.has(*field));
        missing.map(|(_, field)| field.name).collect()
    }

    /// Puts the fields of the file into `state`. Returns what the user should know: which part of
    /// the energy was lost. Collective.
    pub fn read<T: Real>(
        &self,
        config: &Config,
        comm: &Communicator,
        state: &mut SpectralFields<T>,
    ) -> Result<Vec<String>> {
        let pool = comm.agree(ThreadPool::new(config.parallel.threads))?;
        let Read { fields, in_file } = match &self.reader {
            Reader::Snapshot(reader) => {
                let pool = comm.agree(ThreadPool::new(config.parallel.threads))?;
                self.read_snapshot(reader, comm, pool, state.modes)?
            }
            Reader::Checkpoint(reader) => self.read_checkpoint(reader, comm, &pool, state.modes)?,
        };
        let column = state.modes.column_len();
        for bundle in state.bundles.clone() {
            for (place, (field, ..)) in self.fields.iter().enumerate() {
                state.bundle_mut(bundle)[field * column..][..column]
                    .copy_from_slice(&fields.bundle(bundle)[place * column..][..column]);
            }
        }
        drop(fields);
        cut(state);
        let mut said = Vec::new();
        let square = |state: &_, of: &Range<usize>| mean_square(state, of.clone(), &pool, comm);
        for group in config.physics.vectors_and_scalars() {
            let of_group = self.fields.iter().zip(&in_file);
            let of_group = of_group.filter(|((field, ..), _)| group.contains(field));
            let whole: f64 = of_group.map(|(_, square)| square).sum();
            if whole == 0.0 {
                continue;
            }
            let kept = square(state, &group);
            let name = name_of(&group, &config.physics);
            let lost =
                |part: f64| format!("{:.2} % of the energy of the {name}", 100.0 * part / whole);
            if whole - kept > NOTABLE * whole {
                said.push(format!(
                    "{} in {} is in modes that the run does not keep, and is cut off; take more \
                     grid.points to keep it",
                    lost(whole - kept),
                    self.path.display()
                ));
            }
            if group.len() < AXES || matches!(self.reader, Reader::Checkpoint(_)) {
                continue;
            }
            project(state, group.start);
            let removed = kept - square(state, &group);
            if removed > NOTABLE * whole {
                said.push(format!(
                    "{} in {} is not solenoidal, and is removed: div u is not 0 there; if that is not \
                     meant, see that arrays are [z][y][x] and components in their order",
                    lost(removed),
                    self.path.display()
                ));
            }
        }
        Ok(said)
    }

    /// The fields of a snapshot, on the modes that its points hold and those of the run. Collective.
    fn read_snapshot<T: Real>(
        &self,
        reader: &SnapshotReader,
        comm: &Communicator,
        pool: ThreadPool,
        modes: Modes,
    ) -> Result<Read<T>> {
        let mut grid = Grid::full(reader.header().points, reader.header().lengths);
        // Of those, modes that the run does not keep need no memory.
        for (cutoff, kept) in grid.cutoff.iter_mut().zip(modes.grid.cutoff) {
            *cutoff = kept.min(*cutoff);
        }
        let count = self.fields.len();
        let mut sweep = Sweep::<T>::new(Modes::new(grid, T::LANES), comm, pool, count, count)?;
        let mut squares = vec![ExactSum::default(); count];
        let fields = sweep.from_physical(count, |region, values| {
            let len = values.len() / count;
            for (field, (.., name)) in self.fields.iter().enumerate() {
                let read = reader.read(name, region)?;
                let target = &mut values[field * len..(field + 1) * len];
                target.iter_mut().zip(&read).for_each(|(to, from)| *to = T::from_double(*from));
                read.iter().for_each(|value| squares[field].add(value * value));
            }
            Ok(())
        })?;
        // Its buffers are not needed beside the two fields.
        drop(sweep);
        let points = grid.point_count();
        let in_file = comm.exact_sums(&mut squares).into_iter().map(|sum| sum / points).collect();
        Ok(Read { fields: regrid(&fields, modes, comm), in_file })
    }

    /// The fields of a checkpoint on the modes of the run. Collective.
    fn read_checkpoint<T: Real>(
        &self,
        reader: &CheckpointReader,
        comm: &Communicator,
        pool: &ThreadPool,
        modes: Modes,
    ) -> Result<Read<T>> {
        let state = reader.read::<T>()?;
        let square = |place: usize| mean_square(&state, place..place + 1, pool, comm);
        let in_file = self.fields.iter().map(|(_, place, _)| square(*place)).collect();
        let column = state.modes.column_len();
        let (bundles, count) = (state.bundles.clone(), self.fields.len());
        let mut fields = SpectralFields::zeros(state.modes, bundles.clone(), count);
        for bundle in bundles {
            for (field, (_, place, _)) in self.fields.iter().enumerate() {
                fields.bundle_mut(bundle)[field * column..][..column]
                    .copy_from_slice(&state.bundle(bundle)[place * column..][..column]);
            }
        }
        drop(state);
        Ok(Read { fields: regrid(&fields, modes, comm), in_file })
    }
}

/// Returns the name of a vector or scalar.
fn name_of(group: &Range<usize>, physics: &Physics) -> String {
    match group.len() {
        AXES if group.start == 0 => "velocity".into(),
        AXES => "magnetic field".into(),
        _ => physics.fields()[group.start].name.clone(),
    }
}

/// Zeroes stored modes that the grid does not keep.
pub fn cut<T: Real>(fields: &mut SpectralFields<T>) {
    for (mode, index) in fields.owned_modes() {
        if !fields.modes.grid.keeps(mode) {
            (0..fields.count).for_each(|field| fields.set(index, field, Complex::default()));
        }
    }
}

/// Removes the part along k of the vector whose components begin at field `first`. Not by
/// [`equation`](crate::equation)'s projection, which rounds in the precision of the run: what is removed
/// here may be as large as what stays; nor by that of the stochastic force, which divides first: the bits
/// of both are what runs go on with.
fn project<T: Real>(fields: &mut SpectralFields<T>, first: usize) {
    for (mode, index) in fields.owned_modes() {
        let k = fields.modes.grid.wavevector(mode);
        let k_squared: f64 = k.iter().map(|k| k * k).sum();
        if k_squared > 0.0 {
            let u: [Complex<f64>; AXES] =
                std::array::from_fn(|axis| fields.double_at(index, first + axis));
            let along: Complex<f64> = (0..AXES).map(|axis| u[axis] * k[axis]).sum();
            for axis in 0..AXES {
                let value = u[axis] - along * (k[axis] / k_squared);
                let value = Complex::new(T::from_double(value.re), T::from_double(value.im));
                fields.set(index, first + axis, value);
            }
        }
    }
}
