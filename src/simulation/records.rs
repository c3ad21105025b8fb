//! Statistics that go into a file of records: measured at every sample, averaged from one record to
//! the next.

use std::path::Path;

use crate::diagnostics::Name;
use crate::error::Result;
use crate::io::records::{Array, Header, RecordsWriter};
use crate::real::Real;

use super::outputs::{Moment, Output, Place, Stamp};
use super::schedule::Schedule;

/// What is measured for a file of records.
pub trait Statistic<T: Real> {
    /// The numbers of every array of the file, for the flow at this moment. It leaves the solver
    /// prepared for the next step. Collective.
    fn measure(&self, moment: &mut Moment<T>) -> Vec<Vec<f64>>;
}

/// A file of records, and what it is about.
pub struct RecordsOutput<S> {
    statistic: S,
    writer: RecordsWriter,
    average: Average,
    /// When records are due; samples are when the output itself is.
    records: Schedule,
}

impl<S> RecordsOutput<S> {
    /// Creates the file at `path`, with a record `every` time units, or goes on with it `after` some
    /// instant. Collective.
    pub fn open(
        place: Place,
        (path, header): (&Path, &Header),
        every: f64,
        after: Option<Stamp>,
        statistic: S,
    ) -> Result<Self> {
        let Place { comm, config, .. } = place;
        Ok(RecordsOutput {
            statistic,
            writer: RecordsWriter::open(comm, path, header, after.map(|after| after.step))?,
            average: Average::default(),
            records: Schedule::beginning(every, config.time.end, after.map(|after| after.time)),
        })
    }
}

impl<T: Real, S: Statistic<T>> Output<T> for RecordsOutput<S> {
    /// Takes a sample, and adds a record if it is time.
    fn write(&mut self, moment: &mut Moment<T>) -> Result<()> {
        let Stamp { time, step } = moment.stamp;
        self.average.add(self.statistic.measure(moment));
        if self.records.take(time) {
            let record = self.average.take();
            moment.place.comm.agree(self.writer.append(step, time, &record))?;
        }
        Ok(())
    }
}

/// An array of a file of records over some of its axes.
pub fn array(name: &Name, axes: &[usize]) -> Array {
    Array {
        name: name.name.clone(),
        unit: name.unit.clone(),
        description: name.description.clone(),
        axes: axes.to_vec(),
    }
}

/// The average of some samples, each a list of arrays.
#[derive(Clone, Debug, Default, PartialEq)]
struct Average {
    samples: u32,
    sums: Vec<Vec<f64>>,
}

impl Average {
    fn add(&mut self, sample: Vec<Vec<f64>>) {
        if self.samples == 0 {
            self.sums = sample;
        } else {
            let numbers = self.sums.iter_mut().flatten().zip(sample.iter().flatten());
            numbers.for_each(|(sum, number)| *sum += number);
        }
        self.samples += 1;
    }

    /// The average so far; then a new one begins.
    fn take(&mut self) -> Vec<Vec<f64>> {
        let Average { samples, mut sums } = std::mem::take(self);
        sums.iter_mut().flatten().for_each(|sum| *sum /= f64::from(samples));
        sums
    }
}
