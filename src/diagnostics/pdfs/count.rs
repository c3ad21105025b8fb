//! Counting the values of fields block by block.

use std::sync::{Mutex, PoisonError};

use super::bins::{Normalization, ORDERS, Scale};
use super::catalogue::{Density, Look};
use super::logarithms::Logarithms;
use super::tabulate::{Tabulate, count_slots};
use crate::diagnostics::held::HeldPlaces;
use crate::diagnostics::powers::sum_squares;
use crate::exact_sum::ExactSum;
use crate::parallel::SharedSlice;
use crate::real::Real;
use crate::simd;
use crate::transform::plane_job::{Block, PlaneJob};

/// Counts in the bins of all densities, and sums of powers.
pub(super) struct Tally {
    pub counts: Vec<i64>,
    pub powers: Vec<ExactSum>,
}

impl Tally {
    pub fn new(bins: usize, densities: usize) -> Self {
        Tally { counts: vec![0; bins], powers: vec![ExactSum::default(); densities * ORDERS] }
    }
}

/// Counts the values of one look.
pub(super) struct Count<'a> {
    pub look: &'a Look,
    /// Field by field: the density that it is counted in.
    pub of_fields: &'a [Option<usize>],
    pub inputs: usize,
    pub densities: &'a [Density],
    pub scales: &'a [Scale],
    /// The first bin of each density among all.
    pub starts: &'a [usize],
    /// A sum of squares that several looks make, block by block.
    pub held: SharedSlice<'a, f64>,
    pub places: HeldPlaces,
    pub total: Mutex<Tally>,
}

/// Room for what is made of the values of one block.
struct Room {
    /// Of each lane: 1, or 0 where it is not in use.
    in_use: Vec<f64>,
    slots: Vec<f64>,
    logarithms: Vec<f64>,
}

impl Room {
    fn new(block: Block) -> Self {
        let in_use = (0..block.lanes).map(|lane| if lane < block.rows { 1.0 } else { 0.0 });
        Room { in_use: in_use.collect(), slots: vec![0.0; block.len()], logarithms: Vec::new() }
    }
}

impl Count<'_> {
    /// Counts the values of one block that belong to `density`.
    fn count<N: Real>(&self, density: usize, values: &[N], room: &mut Room) {
        let Density { normalization, bins, .. } = self.densities[density];
        let [origin, factor] = self.scales[density].origin_and_factor(normalization);
        let Room { in_use, slots, logarithms } = room;
        let powers = if normalization == Normalization::Logarithm {
            // A difference of squares may be less than nothing by rounding.
            logarithms.resize(values.len(), 0.0);
            simd::run::<f64, _>(Logarithms { values, factor, to: logarithms });
            let (origin, factor) = (0.0, if factor == 0.0 { 0.0 } else { 1.0 });
            let values = &logarithms[..];
            simd::run::<f64, _>(Tabulate { values, origin, factor, in_use, bins, slots })
        } else {
            simd::run::<f64, _>(Tabulate { values, origin, factor, in_use, bins, slots })
        };
        let counts = count_slots(slots, bins);
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.starts[density];
        let mine = total.counts[start..start + bins.count].iter_mut();
        mine.zip(&counts[1..]).for_each(|(total, count)| *total += i64::from(*count));
        let mine = total.powers[density * ORDERS..].iter_mut();
        mine.zip(powers).for_each(|(total, power)| total.add(power));
    }
}

impl<T: Real> PlaneJob<T> for Count<'_> {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn look(&self, block: Block, inputs: &[T]) {
        let mut room = Room::new(block);
        let densities = self.of_fields.iter().zip(inputs.chunks_exact(block.len()));
        for (density, values) in densities {
            if let Some(density) = *density {
                self.count(density, values, &mut room);
            }
        }
        if self.look.of_square.is_none() && self.look.held.is_none() {
            return;
        }
        let mut squares = vec![0.0; block.len()];
        sum_squares(inputs, &mut squares);
        if let Some(density) = self.look.of_square {
            self.count(density, &squares, &mut room);
        }
        if let Some((factor, complete)) = self.look.held {
            // SAFETY: every block is worked on by one thread.
            let held = unsafe { self.held.slice(self.places.of_block(block)) };
            held.iter_mut().zip(&squares).for_each(|(sum, square)| *sum += factor * square);
            if let Some(density) = complete {
                self.count(density, held, &mut room);
            }
        }
    }
}
