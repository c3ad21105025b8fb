//! Moments of fields at the grid points, and their largest magnitudes.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::diagnostics::points::Together;
use crate::diagnostics::powers::{largest_square, mixed_sum, power_sums};
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::transform::plane_job::{Block, PlaneJob};
use crate::transform::sweep::Sweep;

/// Sums of powers of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// Number of values.
    pub count: f64,
    /// Of the squares, cubes and fourth powers.
    sums: [f64; 3],
}

impl Moments {
    /// Returns those of all parts together, but for those that are zero everywhere.
    pub fn of_all(parts: &[Moments]) -> Self {
        let mut all = Moments::default();
        for part in parts.iter().filter(|part| part.sums[0] != 0.0) {
            all.count += part.count;
            all.sums.iter_mut().zip(part.sums).for_each(|(sum, of_part)| *sum += of_part);
        }
        all
    }

    /// The average of the squares, the cubes or the fourth powers: 0, 1, 2. That of no values is 0.
    pub fn mean(&self, power: usize) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.sums[power] / self.count }
    }

    /// Returns <g^3> / <g^2>^(3/2); 0 when all values are.
    pub fn skewness(&self) -> f64 {
        let square = self.mean(0);
        if square == 0.0 { 0.0 } else { self.mean(1) / square.powf(1.5) }
    }

    /// Returns <g^4> / <g^2>^2; 0 when all values are.
    pub fn flatness(&self) -> f64 {
        let square = self.mean(0);
        if square == 0.0 { 0.0 } else { self.mean(2) / (square * square) }
    }
}

/// The statistics of some fields at all points.
pub struct PointStatistics {
    /// Of each field.
    pub of_fields: Vec<Moments>,
    /// The largest magnitude of each group of fields.
    pub largest: Vec<f64>,
    /// The sum of g_i h_i^2 over the points and i, of six fields g and h.
    pub mixed: f64,
}

/// Takes fields to the points and looks at them, each multiplied by its scale but for the largest
/// magnitudes. Collective.
pub fn look<T: Real>(
    fields: Together,
    groups: &[Range<usize>],
    scales: &[f64],
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    communicator: &Communicator,
) -> PointStatistics {
    let inputs = fields.count(state.count);
    let job = Accumulate {
        inputs,
        groups,
        scales,
        sums: Mutex::new(vec![ExactSum::default(); 3 * inputs + 1]),
        largest: groups.iter().map(|_| AtomicU64::new(0)).collect(),
    };
    fields.look(state, sweep, &job);
    let mut sums = job.sums.into_inner().unwrap_or_else(PoisonError::into_inner);
    let sums = communicator.exact_sums(&mut sums);
    let largest = job.largest.into_iter().map(|largest| {
        // Bits of numbers that are not negative are ordered as the numbers are; NaN comes last.
        let mut largest = [largest.into_inner() as i64];
        communicator.max(&mut largest);
        f64::from_bits(largest[0] as u64).sqrt()
    });
    let (powers, mixed) = sums.split_at(3 * inputs);
    let count = sweep.plan.modes.grid.point_count();
    PointStatistics {
        largest: largest.collect(),
        of_fields: powers.as_chunks().0.iter().map(|&sums| Moments { count, sums }).collect(),
        mixed: mixed[0],
    }
}

/// Sums the powers of fields, for each its squares, cubes and fourth powers, and finds the largest sum
/// of squares of groups of them. A block is summed in order: its sum depends on nothing else.
struct Accumulate<'a> {
    inputs: usize,
    groups: &'a [Range<usize>],
    scales: &'a [f64],
    /// Of the powers, field by field, and last the mixed sum.
    sums: Mutex<Vec<ExactSum>>,
    /// Bits of the largest sums of squares.
    largest: Vec<AtomicU64>,
}

impl<T: Real> PlaneJob<T> for Accumulate<'_> {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn look(&self, block: Block, inputs: &[T]) {
        let field = |index: usize| &inputs[index * block.len()..(index + 1) * block.len()];
        let mut sums = Vec::with_capacity(3 * self.inputs + 1);
        // Lanes that are not in use hold zeros.
        for (index, scale) in self.scales.iter().enumerate() {
            let powers: [f64; 4] = power_sums(field(index), *scale);
            sums.extend(&powers[1..]);
        }
        let pairs = if self.inputs == 2 * AXES { AXES } else { 0 };
        let mixed = (0..pairs).map(|axis| {
            let other = AXES + axis;
            mixed_sum(field(axis), field(other), [self.scales[axis], self.scales[other]])
        });
        sums.push(mixed.sum());
        for (group, largest) in self.groups.iter().zip(&self.largest) {
            let found =
                largest_square(&inputs[group.start * block.len()..], group.len(), block.len());
            largest.fetch_max(found.to_bits(), Ordering::Relaxed);
        }
        let mut total = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        total.iter_mut().zip(sums).for_each(|(total, sum)| total.add(sum));
    }
}
