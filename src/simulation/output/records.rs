//! Statistics that go into a file of records: measured at every sample, averaged from one record to
//! the next.

use crate::config::{Config, Sampling};
use crate::error::Result;
use crate::grid::Grid;
use crate::io::records::{Header, RecordsWriter};
use crate::modes::Modes;
use crate::multiples::Multiples;
use crate::real::Real;
use crate::transform::plan::Plan;

use super::kind::{Opening, Output, OutputContext, OutputKind, RunContext, Volume};
use super::schedule::Schedule;
use crate::simulation::restart::state::Clock;

/// A measurement for a file of records.
pub trait Statistic<T: Real> {
    /// The numbers of every array of the file, for the flow at this context. Collective.
    fn measure(&self, context: &mut OutputContext<T>) -> Vec<Vec<f64>>;
}

/// A section of `[output]` that asks for a file of records: an [`OutputKind`] with one file, which its
/// header describes.
pub trait RecordsKind {
    /// The measurement.
    type Statistic;
    /// Name of the file, less `.h5`, and of what averages have summed up in checkpoints.
    const FILE: &'static str;
    /// The contents of a record in words: `records of ..`.
    const OF: &'static str;

    /// Returns when it is sampled and recorded.
    fn sampling(&self) -> Sampling;

    /// Returns what the file says beside its numbers, and what is measured.
    fn describe(&self, run: &Config, grid: &Grid) -> Result<(Header, Self::Statistic)>;

    /// Returns how many transforms of a field take about as long as a sample.
    fn transforms(&self, run: &Config, modes: &Modes, statistic: &Self::Statistic) -> f64;

    /// See [`OutputKind::memory`].
    fn memory<T: Real>(&self, _run: &Config, _plan: &Plan, _others: f64) -> Result<f64> {
        Ok(0.0)
    }
}

impl<T: Real, K: RecordsKind<Statistic: Statistic<T> + 'static>> OutputKind<T> for K {
    fn times(&self) -> Multiples {
        self.sampling().times()
    }

    fn open(&self, opening: Opening) -> Result<Box<dyn Output<T>>> {
        let (header, statistic) = self.describe(opening.run.config, &opening.run.modes.grid)?;
        let sampling = self.sampling();
        Ok(Box::new(RecordsOutput::open(opening, K::FILE, &header, sampling, statistic)?))
    }

    fn volume(&self, config: &Config, modes: &Modes) -> Result<Volume> {
        let (header, statistic) = self.describe(config, &modes.grid)?;
        let (name, Sampling { every, samples }) =
            (format!("records of {}", K::OF), self.sampling());
        let transforms = samples as f64 * self.transforms(config, modes, &statistic);
        Ok(Volume { name, every, bytes: 8.0 * header.numbers() as f64, transforms })
    }

    fn names(&self, config: &Config, grid: Grid) -> Result<Option<(String, Vec<String>)>> {
        let (header, _) = self.describe(config, &grid)?;
        let axes = header.axes.into_iter().map(|axis| axis.variable.name);
        let arrays = header.arrays.into_iter().map(|array| array.variable.name);
        let fixed = ["records", "step", "time"].map(String::from);
        let names = fixed.into_iter().chain(axes).chain(arrays).collect();
        Ok(Some((format!("{}.h5", K::FILE), names)))
    }

    fn memory(&self, config: &Config, plan: &Plan, others: f64) -> Result<f64> {
        RecordsKind::memory::<T>(self, config, plan, others)
    }
}

/// A file of records, and what it is about.
pub struct RecordsOutput<S> {
    name: &'static str,
    statistic: S,
    writer: RecordsWriter,
    average: Average,
    /// The times of records; samples are due when the output itself is.
    records: Schedule,
}

impl<S> RecordsOutput<S> {
    /// Makes ready to create the file `name`.h5, or to go on with it. Collective.
    pub fn open(
        opening: Opening,
        name: &'static str,
        header: &Header,
        sampling: Sampling,
        statistic: S,
    ) -> Result<Self> {
        let Opening { run: RunContext { comm, config, directory, .. }, after, accumulated } =
            opening;
        let path = directory.files().records(name);
        let step = after.map(|after| after.step);
        let time = after.map(|after| after.time);
        let records = Schedule::beginning(sampling.every, config.time.end, time);
        let left = records.left(time.unwrap_or(0.0));
        let writer = RecordsWriter::open(comm, &path, header, step, left)?;
        let accumulated = accumulated.get(name).and_then(|numbers| Average::from_numbers(numbers));
        // Of other records the average begins anew; before the first record they may have changed, too.
        let goes_on = writer.is_continued(comm)?;
        let average =
            accumulated.filter(|average| goes_on && average.sums.len() == writer.numbers());
        Ok(RecordsOutput { name, statistic, writer, average: average.unwrap_or_default(), records })
    }
}

impl<T: Real, S: Statistic<T>> Output<T> for RecordsOutput<S> {
    fn begin(&mut self, run: RunContext) -> Result<()> {
        self.writer.begin(run.comm)
    }

    /// Takes a sample, and adds a record if it is time.
    fn write(&mut self, context: &mut OutputContext<T>) -> Result<()> {
        let Clock { time, step } = context.clock;
        self.average.add(self.statistic.measure(context).concat());
        if self.records.take(time) {
            let record = std::mem::take(&mut self.average).value();
            context.run.comm.agree(self.writer.append(step, time, &record))?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.writer.sync()
    }

    fn accumulated(&self) -> Option<(&'static str, Vec<f64>)> {
        (self.average.samples > 0).then(|| (self.name, self.average.to_numbers()))
    }
}

/// The average of some samples, each a list of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
struct Average {
    samples: u32,
    sums: Vec<f64>,
}

impl Average {
    fn add(&mut self, sample: Vec<f64>) {
        if self.samples == 0 {
            self.sums = sample;
        } else {
            self.sums.iter_mut().zip(sample).for_each(|(sum, number)| *sum += number);
        }
        self.samples += 1;
    }

    fn value(mut self) -> Vec<f64> {
        self.sums.iter_mut().for_each(|sum| *sum /= f64::from(self.samples));
        self.sums
    }

    /// For a checkpoint: the number of samples, and the sums.
    fn to_numbers(&self) -> Vec<f64> {
        std::iter::once(f64::from(self.samples)).chain(self.sums.iter().copied()).collect()
    }

    /// Reads what [`Self::to_numbers`] gave.
    fn from_numbers(numbers: &[f64]) -> Option<Self> {
        let (samples, sums) = numbers.split_first()?;
        Some(Average { samples: *samples as u32, sums: sums.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_goes_on_from_its_numbers() {
        let mut average = Average::default();
        average.add(vec![0.1, 2.0]);
        average.add(vec![0.2, 4.0]);
        let mut again = Average::from_numbers(&average.to_numbers()).unwrap();
        assert_eq!(again, average);
        again.add(vec![0.3, 6.0]);
        assert_eq!(again.value(), [(0.1 + 0.2 + 0.3) / 3.0, 4.0]);
    }
}
