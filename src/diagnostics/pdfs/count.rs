//! Counting the values of fields block by block.

use std::sync::{Mutex, PoisonError};

use super::bins::Scale;
use super::catalogue::{Density, Look};
use crate::diagnostics::powers::{power_sums, sum_squares};
use crate::exact_sum::ExactSum;
use crate::parallel::SharedSlice;
use crate::real::Real;
use crate::transform::plane_job::{Block, PlaneJob};
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
    /// Counts the values of one block that belong to `density`, with `room` for as many numbers.
    fn count<N: Real>(&self, density: usize, block: Block, values: &[N], room: &mut [f64]) {
        let (Density { normalization, bins, .. }, scale) =
            (&self.densities[density], self.scales[density]);
        scale.apply(*normalization, values, room);
        let mut counts = vec![0; bins.count];
        for row in room.chunks_exact_mut(block.lanes) {
            let (used, unused) = row.split_at_mut(block.rows);
            bins.count(used, &mut counts);
            // Those have no powers.
            unused.fill(0.0);
        }
        let powers: [f64; ORDERS] = power_sums(room, 1.0);
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
        let mut room = vec![0.0; block.len()];
        let densities = self.look.of_fields.iter().zip(inputs.chunks_exact(block.len()));
        for (density, values) in densities {
            if let Some(density) = *density {
                self.count(density, block, values, &mut room);
            }
        }
        if self.look.of_square.is_none() && self.look.held.is_none() {
            return;
        }
        let mut squares = vec![0.0; block.len()];
        sum_squares(inputs, &mut squares);
        if let Some(density) = self.look.of_square {
            self.count(density, block, &squares, &mut room);
        }
        if let Some((factor, complete)) = self.look.held {
            // SAFETY: every block is worked on by one thread.
            let held = unsafe { self.held.slice(self.held(block)) };
            held.iter_mut().zip(&squares).for_each(|(sum, square)| *sum += factor * square);
            if let Some(density) = complete {
                self.count(density, block, held, &mut room);
            }
        }
    }
}
