//! Counting the values of fields block by block.

use std::sync::{Mutex, PoisonError};

use super::bins::Scale;
use super::catalogue::{Density, Look};
use crate::exact_sum::ExactSum;
use crate::parallel::SharedSlice;
use crate::real::Real;
use crate::transform::planes::{Block, PlaneJob};
use crate::transform::sweep::Sweep;

/// The order of the moments that are measured: 1 to 4.
pub(super) const ORDERS: usize = 4;

/// Numbers in the sum that is [held](Look::held) on this rank.
pub(super) fn held_points<T: Real>(sweep: &Sweep<T>) -> usize {
    let (plan, [nx, ny, _]) = (&sweep.plan, sweep.plan.modes.grid.points);
    plan.planes.len() * nx * ny.next_multiple_of(plan.modes.row_len())
}

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
    pub inputs: usize,
    pub densities: &'a [Density],
    pub scales: &'a [Scale],
    /// The first bin of each density among all.
    pub starts: &'a [usize],
    pub first_plane: usize,
    /// In a plane.
    pub blocks: usize,
    /// A sum of squares that several looks make, block by block.
    pub held: SharedSlice<'a, f64>,
    pub total: Mutex<Tally>,
}

impl Count<'_> {
    /// Counts the values of one block that belong to `density`.
    fn count(&self, density: usize, block: Block, value: impl Fn(usize) -> f64) {
        let (Density { normalization, bins, .. }, scale) =
            (&self.densities[density], self.scales[density]);
        let mut counts = vec![0; bins.count];
        let mut powers = [0.0; ORDERS];
        for x in 0..block.points {
            for lane in 0..block.rows {
                let t = scale.apply(*normalization, value(x * block.lanes + lane));
                if let Some(bin) = bins.of(t) {
                    counts[bin] += 1;
                }
                let mut power = 1.0;
                for sum in &mut powers {
                    power *= t;
                    *sum += power;
                }
            }
        }
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.starts[density];
        let mine = total.counts[start..].iter_mut();
        mine.zip(&counts).for_each(|(total, count)| *total += count);
        let mine = total.powers[density * ORDERS..].iter_mut();
        mine.zip(powers).for_each(|(total, power)| total.add(power));
    }

    /// Where the part of the held sum for a block lies.
    fn held(&self, block: Block) -> std::ops::Range<usize> {
        let index = (block.plane - self.first_plane) * self.blocks + block.first_row / block.lanes;
        index * block.len()..(index + 1) * block.len()
    }
}

impl<T: Real> PlaneJob<T> for Count<'_> {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn look(&self, block: Block, inputs: &[T]) {
        let field = |field: usize, point: usize| inputs[field * block.len() + point].double();
        for (index, density) in self.look.of_fields.iter().enumerate() {
            if let Some(density) = *density {
                self.count(density, block, |point| field(index, point));
            }
        }
        let square = |point: usize| (0..self.inputs).map(|f| field(f, point).powi(2)).sum::<f64>();
        if let Some(density) = self.look.of_square {
            self.count(density, block, square);
        }
        if let Some((factor, complete)) = self.look.held {
            // SAFETY: every block is worked on by one thread.
            let held = unsafe { self.held.slice(self.held(block)) };
            for (point, sum) in held.iter_mut().enumerate() {
                *sum += factor * square(point);
            }
            if let Some(density) = complete {
                self.count(density, block, |point| held[point]);
            }
        }
    }
}
