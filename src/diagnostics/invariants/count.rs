//! Counting what the velocity gradient is at the points, block by block.

use std::sync::{Mutex, PoisonError};

use super::densities::{AVERAGES, Densities};
use super::point::{Point, Tensor};
use crate::diagnostics::held::HeldPlaces;
use crate::exact_sum::ExactSum;
use crate::grid::AXES;
use crate::parallel::SharedSlice;
use crate::real::Real;
use crate::transform::plane_job::{Block, PlaneJob};

/// Numbers that are held at each point: the gradients of two components, then the vorticity.
pub const HELD: usize = 2 * AXES;

/// Counts in all bins, and sums over the points.
pub struct Tally {
    pub counts: Vec<i64>,
    pub sums: [ExactSum; AVERAGES],
}

/// Holds three fields, for a look at others.
pub struct Hold<'a> {
    pub held: &'a SharedSlice<'a, f64>,
    pub places: HeldPlaces,
    /// The first of the numbers at a point that they are.
    pub first: usize,
}

impl<T: Real> PlaneJob<T> for Hold<'_> {
    fn inputs(&self) -> usize {
        AXES
    }

    fn look(&self, block: Block, inputs: &[T]) {
        // SAFETY: every block is worked on by one thread.
        let held = unsafe { self.held.slice(self.places.of_block(block)) };
        let target = held[self.first * block.len()..].iter_mut();
        target.zip(inputs).for_each(|(to, from)| *to = from.double());
    }
}

/// Counts the velocity gradients, given that of the last component, and leaves the vorticity where those of
/// the others were held.
pub struct Count<'a> {
    pub held: &'a SharedSlice<'a, f64>,
    pub places: HeldPlaces,
    pub densities: &'a Densities,
    /// The root of <s_ij s_ij>.
    pub strain: f64,
    pub total: Mutex<Tally>,
}

impl Count<'_> {
    fn add(&self, point: &Point, counts: &mut [u32], sums: &mut [f64; AVERAGES]) {
        let densities = self.densities;
        let unit = if self.strain > 0.0 { 1.0 / self.strain } else { 0.0 };
        let (square, cube) = (unit * unit, unit * unit * unit);
        let mut count = |bin: Option<usize>| {
            if let Some(bin) = bin {
                counts[bin] += 1;
            }
        };
        count(densities.joint(point.q * square, point.r * cube));
        count(densities.enstrophy_production(point.enstrophy_production * cube));
        count(densities.strain_production(point.strain_production * cube));
        for (axis, eigenvalue) in point.eigenvalues.into_iter().enumerate() {
            count(densities.eigenvalue(axis, eigenvalue * unit));
        }
        for (axis, cosine) in point.alignment.into_iter().flatten().enumerate() {
            count(densities.alignment(axis, cosine));
        }
        count(point.shape.and_then(|shape| densities.shape(shape)));
        let [a, b, c] = point.eigenvalues;
        let values = [point.enstrophy_production, point.strain_production, point.square, a, b, c];
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
}

impl<T: Real> PlaneJob<T> for Count<'_> {
    fn inputs(&self) -> usize {
        AXES
    }

    fn look(&self, block: Block, inputs: &[T]) {
        // SAFETY: every block is worked on by one thread.
        let held = unsafe { self.held.slice(self.places.of_block(block)) };
        let mut counts = vec![0; self.densities.bins()];
        let mut sums = [0.0; AVERAGES];
        for at in points(block) {
            let number = |index: usize| held[index * block.len() + at];
            let last = |axis: usize| inputs[axis * block.len() + at].double();
            let gradient: Tensor = [
                std::array::from_fn(number),
                std::array::from_fn(|axis| number(AXES + axis)),
                std::array::from_fn(last),
            ];
            let point = Point::new(&gradient);
            self.add(&point, &mut counts, &mut sums);
            for (axis, vorticity) in point.vorticity.into_iter().enumerate() {
                held[axis * block.len() + at] = vorticity;
            }
        }
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        let Tally { counts: all, sums: totals } = &mut *total;
        all.iter_mut().zip(counts).for_each(|(total, count)| *total += i64::from(count));
        totals.iter_mut().zip(sums).for_each(|(total, sum)| total.add(sum));
    }
}

/// Counts the cosine of the angle between velocity and vorticity, given all fields of the state.
pub struct CountHelicity<'a> {
    pub held: &'a SharedSlice<'a, f64>,
    pub places: HeldPlaces,
    pub densities: &'a Densities,
    /// Fields of the state.
    pub fields: usize,
    pub total: Mutex<Tally>,
}

impl<T: Real> PlaneJob<T> for CountHelicity<'_> {
    fn inputs(&self) -> usize {
        self.fields
    }

    fn look(&self, block: Block, inputs: &[T]) {
        // SAFETY: every block is worked on by one thread.
        let held = unsafe { self.held.slice(self.places.of_block(block)) };
        let mut bins = Vec::with_capacity(block.len());
        for at in points(block) {
            let mut sums = [0.0; 3];
            for axis in 0..AXES {
                let (u, omega) =
                    (inputs[axis * block.len() + at].double(), held[axis * block.len() + at]);
                sums[0] += u * omega;
                sums[1] += u * u;
                sums[2] += omega * omega;
            }
            let scale = (sums[1] * sums[2]).sqrt();
            if scale > 0.0 {
                bins.extend(self.densities.helicity((sums[0] / scale).clamp(-1.0, 1.0)));
            }
        }
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        bins.into_iter().for_each(|bin| total.counts[bin] += 1);
    }
}

/// The places of the points of a block in its fields.
fn points(block: Block) -> impl Iterator<Item = usize> {
    (0..block.points).flat_map(move |x| x * block.lanes..x * block.lanes + block.rows)
}
