//! The stencils of all particles of a set, sorted by where they are.

use std::ops::Range;

use crate::grid::AXES;
use crate::parallel::{SharedSlice, ThreadPool};

use super::interpolation::Interpolation;

/// The stencils of all particles. Those that begin in the same plane, and there in the same row, follow each
/// other, so that planes as they pass find theirs together; the places in this order are *slots*.
pub struct Stencils {
    interpolation: Interpolation,
    /// Points of the grid.
    points: [usize; AXES],
    /// Points of a stencil along x, y, z.
    width: [usize; AXES],
    /// The particle of each slot.
    particles: Vec<u32>,
    /// The first slot of each row `[z][y]`, and the number of slots.
    starts: Vec<u32>,
    /// Of each slot the first point along x, and along y.
    first: Vec<[u32; 2]>,
    /// Of each slot the weights along x, y and z, one after the other.
    weights: Vec<f64>,
    /// The row that each particle's stencil begins in, while they are sorted.
    rows: Vec<u32>,
}

impl Stencils {
    /// No stencils yet, on a grid of `points`.
    pub fn new(interpolation: Interpolation, points: [usize; AXES]) -> Self {
        Stencils {
            interpolation,
            points,
            width: points.map(|points| interpolation.width(points)),
            particles: Vec::new(),
            starts: vec![0; points[1] * points[2] + 1],
            first: Vec::new(),
            weights: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Returns the bytes of `count` stencils.
    pub fn bytes(interpolation: Interpolation, points: [usize; AXES], count: usize) -> f64 {
        let weights: usize = points.iter().map(|points| interpolation.width(*points)).sum();
        let each = weights * size_of::<f64>() + 4 * size_of::<u32>();
        (count * each + points[1] * points[2] * size_of::<u32>()) as f64
    }

    /// Points of the grid along x, y and z.
    pub fn points(&self) -> [usize; AXES] {
        self.points
    }

    /// Points of a stencil along x, y and z.
    pub fn width(&self) -> [usize; AXES] {
        self.width
    }

    /// The number of the particle of a slot.
    pub fn particle(&self, slot: usize) -> usize {
        self.particles[slot] as usize
    }

    /// The first point of a stencil along x, and along y.
    #[inline(always)]
    pub fn first(&self, slot: usize) -> [usize; 2] {
        self.first[slot].map(|point| point as usize)
    }

    /// The weights of a stencil along x, y and z.
    #[inline(always)]
    pub fn weights(&self, slot: usize) -> [&[f64]; AXES] {
        let [wx, wy, wz] = self.width;
        let weights = &self.weights[slot * (wx + wy + wz)..][..wx + wy + wz];
        let (x, rest) = weights.split_at(wx);
        let (y, z) = rest.split_at(wy);
        [x, y, z]
    }

    /// The rows of a stencil in the order of their y, as ranges that begin at one each.
    #[inline(always)]
    pub fn along_y(&self, slot: usize) -> [(Range<usize>, usize); 2] {
        let ([_, y], [_, wy, _], [_, ny, _]) = (self.first(slot), self.width, self.points);
        let before_end = wy.min(ny - y);
        [(before_end..wy, 0), (0..before_end, y)]
    }

    /// The slots whose stencils begin in plane `z`, and reach into any of some `rows` of it.
    pub fn reaching(&self, z: usize, rows: Range<usize>) -> [Range<usize>; 2] {
        let (ny, before) = (self.points[1], self.width[1] - 1);
        let slots = |rows: Range<usize>| {
            let [first, end] = [rows.start, rows.end].map(|y| self.starts[z * ny + y] as usize);
            first..end
        };
        if rows.len() + before >= ny {
            [slots(0..ny), 0..0]
        } else if rows.start < before {
            [slots(0..rows.end), slots(rows.start + ny - before..ny)]
        } else {
            [slots(rows.start - before..rows.end), 0..0]
        }
    }

    /// Puts the stencils around `count` particles at `positions`, in units of the spacing.
    pub fn place(
        &mut self,
        pool: &ThreadPool,
        count: usize,
        positions: impl Fn(usize) -> [f64; AXES] + Sync,
    ) {
        let total = self.width.iter().sum::<usize>();
        self.rows.resize(count, 0);
        self.particles.resize(count, 0);
        self.first.resize(count, [0; 2]);
        self.weights.resize(count * total, 0.0);
        let (interpolation, points, width) = (self.interpolation, self.points, self.width);
        let first = |axis: usize, position: [f64; AXES]| {
            interpolation.first(points[axis], position[axis]) as u32
        };
        let rows = SharedSlice::new(&mut self.rows);
        pool.run(count, |_, run| {
            // SAFETY: runs do not overlap.
            let rows = unsafe { rows.slice(run.clone()) };
            for (row, particle) in rows.iter_mut().zip(run) {
                let position = positions(particle);
                *row = first(2, position) * points[1] as u32 + first(1, position);
            }
        });
        self.sort();
        let (shared_first, weights) =
            (SharedSlice::new(&mut self.first), SharedSlice::new(&mut self.weights));
        let particles = &self.particles;
        pool.run(count, |_, run| {
            // SAFETY: runs do not overlap.
            let (shared_first, weights) = unsafe {
                let weights = weights.slice(run.start * total..run.end * total);
                (shared_first.slice(run.clone()), weights)
            };
            let slots = shared_first.iter_mut().zip(weights.chunks_exact_mut(total));
            for ((place, weights), particle) in slots.zip(&particles[run]) {
                let position = positions(*particle as usize);
                *place = [first(0, position), first(1, position)];
                let mut rest = weights;
                for axis in 0..AXES {
                    let (weights, others) = rest.split_at_mut(width[axis]);
                    interpolation.weights(points[axis], position[axis], weights);
                    rest = others;
                }
            }
        });
    }

    /// Gives particles their slots, by the row that their stencils begin in: each row's are counted, and each
    /// particle goes to its place from the end of its row on.
    fn sort(&mut self) {
        self.starts.fill(0);
        self.rows.iter().for_each(|row| self.starts[*row as usize] += 1);
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        for (particle, row) in self.rows.iter().enumerate().rev() {
            let start = &mut self.starts[*row as usize];
            *start -= 1;
            self.particles[*start as usize] = particle as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row of a stencil is found once in the blocks of the planes, on grids larger and smaller than it.
    #[test]
    fn planes_find_the_stencils_that_reach_into_them() {
        let pool = ThreadPool::new(2).unwrap();
        for (points, interpolation) in [
            ([8, 9, 7], Interpolation::Spline4),
            ([8, 20, 1], Interpolation::Spline6),
            ([8, 3, 2], Interpolation::Lagrange6),
            ([5, 6, 7], Interpolation::Exact),
        ] {
            let mut stencils = Stencils::new(interpolation, points);
            let place = |particle: usize, axis: usize| (37 * particle + 11 * axis) as f64 * 0.17;
            stencils.place(&pool, 40, |particle| {
                std::array::from_fn(|axis| place(particle, axis) - 3.0)
            });
            let mut numbers: Vec<_> = (0..40).map(|slot| stencils.particle(slot)).collect();
            let begins = |slot: &usize| {
                let at =
                    |axis| interpolation.first(points[axis], place(numbers[*slot], axis) - 3.0);
                at(2) * points[1] + at(1)
            };
            assert!((0..40).collect::<Vec<_>>().is_sorted_by_key(begins));
            for z in 0..points[2] {
                for rows in [0..points[1].min(4), points[1].saturating_sub(2)..points[1]] {
                    let found = stencils.reaching(z, rows.clone()).into_iter().flatten();
                    let mut found: Vec<_> = found.collect();
                    found.sort_unstable();
                    let reaches = |slot: &usize| {
                        let (row, wy) = (begins(slot), stencils.width()[1]);
                        let y = row % points[1];
                        row / points[1] == z && (y..y + wy).any(|y| rows.contains(&(y % points[1])))
                    };
                    assert_eq!(found, (0..40).filter(reaches).collect::<Vec<_>>(), "{points:?}");
                }
            }
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..40));
        }
    }
}
