//! The velocity at particles, from planes as they pass.
//!
//! The sum over a stencil is taken along x first, while the rows of a block are in cache: each row of each
//! stencil has a number of its own, which whoever has that row writes. Then come the sums along y and z.

use crate::grid::AXES;
use crate::parallel::{Communicator, SharedSlice};
use crate::real::Real;
use crate::transform::plane_job::Block;

use super::interpolation::Interpolation;

/// The velocity at the particles of a set, while it is looked for.
pub struct Sampler {
    stencils: Stencils,
    /// Sums along x, `[particle][z][y][component]`; zeros where another rank has the row.
    rows: Vec<f64>,
}

/// The stencils of all particles.
struct Stencils {
    interpolation: Interpolation,
    points: [usize; AXES],
    /// Points of a stencil along x, y, z.
    width: [usize; AXES],
    /// Of each particle the weights along x, y and z, one after the other.
    weights: Vec<f64>,
    /// Of each particle the first point of its stencil along x.
    first_x: Vec<u32>,
    /// The particles by the first z and y of their stencil, and where each of these begins there.
    sorted: Vec<u32>,
    starts: Vec<u32>,
}

/// What looks at rows of values for a sampler.
pub struct Look<'a> {
    stencils: &'a Stencils,
    rows: SharedSlice<'a, f64>,
}

impl Sampler {
    /// A sampler on a grid of `points`.
    pub fn new(interpolation: Interpolation, points: [usize; AXES]) -> Self {
        let stencils = Stencils {
            interpolation,
            points,
            width: points.map(|points| interpolation.width(points)),
            weights: Vec::new(),
            first_x: Vec::new(),
            sorted: Vec::new(),
            starts: vec![0; points[1] * points[2] + 1],
        };
        Sampler { stencils, rows: Vec::new() }
    }

    /// Returns the bytes that a sampler of `count` particles holds.
    pub fn bytes(interpolation: Interpolation, points: [usize; AXES], count: usize) -> f64 {
        let width = points.map(|points| interpolation.width(points));
        // With the sums along y.
        let numbers = width.iter().sum::<usize>() + AXES * width[2] * (width[1] + 1);
        let each = numbers * size_of::<f64>() + 2 * size_of::<u32>();
        count as f64 * each as f64 + (points[1] * points[2] * size_of::<u32>()) as f64
    }

    /// Makes ready to look at the grid points, for `count` particles at `positions` in units of the
    /// spacing.
    pub fn begin(&mut self, count: usize, positions: impl Fn(usize) -> [f64; AXES]) {
        let [_, wy, wz] = self.stencils.width;
        self.rows.clear();
        self.rows.resize(count * wz * wy * AXES, 0.0);
        self.stencils.place(count, positions);
    }

    /// Returns what looks at rows of values, on all threads.
    pub fn look(&mut self) -> Look<'_> {
        Look { stencils: &self.stencils, rows: SharedSlice::new(&mut self.rows) }
    }

    /// Adds up what all ranks have seen, and calls `found(particle, velocity)`. Collective.
    pub fn finish(&mut self, comm: &Communicator, mut found: impl FnMut(usize, [f64; AXES])) {
        let Stencils { width: [wx, wy, wz], weights, .. } = &self.stencils;
        let (wx, wy, wz) = (*wx, *wy, *wz);
        // Where ranks share planes, none may have all rows of one.
        let shares_planes = comm.grid().columns > 1;
        if shares_planes {
            collect(comm, &mut self.rows);
        }
        let all = weights.chunks_exact(wx + wy + wz);
        let mut planes = Vec::with_capacity(self.rows.len() / wy);
        for (rows, weights) in self.rows.chunks_exact(wz * wy * AXES).zip(all.clone()) {
            for rows in rows.chunks_exact(wy * AXES) {
                planes.extend(sum(&weights[wx..wx + wy], rows));
            }
        }
        if !shares_planes {
            collect(comm, &mut planes);
        }
        for (particle, (planes, weights)) in planes.chunks_exact(wz * AXES).zip(all).enumerate() {
            found(particle, sum(&weights[wx + wy..], planes));
        }
    }
}

impl Stencils {
    /// Puts the stencils around `count` positions, and sorts the particles by them.
    fn place(&mut self, count: usize, positions: impl Fn(usize) -> [f64; AXES]) {
        let [wx, wy, wz] = self.width;
        self.weights.resize(count * (wx + wy + wz), 0.0);
        self.first_x.resize(count, 0);
        self.sorted.resize(count, 0);
        self.starts.fill(0);
        let mut bins = Vec::with_capacity(count);
        for (particle, weights) in self.weights.chunks_exact_mut(wx + wy + wz).enumerate() {
            let (x, rest) = weights.split_at_mut(wx);
            let (y, z) = rest.split_at_mut(wy);
            let position = positions(particle);
            let first = |axis: usize, weights: &mut [f64]| {
                self.interpolation.stencil(self.points[axis], position[axis], weights)
            };
            self.first_x[particle] = first(0, x) as u32;
            bins.push(first(2, z) * self.points[1] + first(1, y));
        }
        // They are counted, and each goes to its place from the end of its bin on.
        bins.iter().for_each(|bin| self.starts[*bin] += 1);
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        for (particle, bin) in bins.into_iter().enumerate().rev() {
            self.starts[bin] -= 1;
            self.sorted[self.starts[bin] as usize] = particle as u32;
        }
    }

    /// The particles whose stencils begin with a row.
    fn beginning_at(&self, z: usize, y: usize) -> &[u32] {
        let bin = z * self.points[1] + y;
        &self.sorted[self.starts[bin] as usize..self.starts[bin + 1] as usize]
    }
}

/// The sum of vectors with these weights.
fn sum(weights: &[f64], vectors: &[f64]) -> [f64; AXES] {
    let mut sum = [0.0; AXES];
    for (weight, vector) in weights.iter().zip(vectors.chunks_exact(AXES)) {
        sum.iter_mut().zip(vector).for_each(|(sum, number)| *sum += weight * number);
    }
    sum
}

/// Makes numbers, each of which one rank at most has, those of all. Collective.
fn collect(comm: &Communicator, numbers: &mut [f64]) {
    /// Numbers in a message.
    const MESSAGE: usize = 1 << 20;
    if comm.size() == 1 {
        return;
    }
    for numbers in numbers.chunks_mut(MESSAGE) {
        let mine = numbers.to_vec();
        comm.collect(&mine, numbers);
    }
}

impl Look<'_> {
    /// Adds up the rows of stencils that are in a block, of the velocity whose first component is field
    /// `first` of `inputs`, `[field][x][lane]`.
    pub fn rows<T: Real>(&self, block: Block, first: usize, inputs: &[T]) {
        let Stencils { points: [_, ny, nz], width: [_, wy, wz], .. } = *self.stencils;
        let velocity = &inputs[first * block.len()..(first + AXES) * block.len()];
        for lane in 0..block.rows {
            let y = block.first_row + lane;
            for (jz, jy) in (0..wz).flat_map(|jz| (0..wy).map(move |jy| (jz, jy))) {
                let (z0, y0) = ((block.plane + wz * nz - jz) % nz, (y + wy * ny - jy) % ny);
                for &particle in self.stencils.beginning_at(z0, y0) {
                    let row = (particle as usize * wz + jz) * wy + jy;
                    // SAFETY: this row of the stencil is one y of one plane, which is in one block, and a
                    // block belongs to one thread.
                    let sums = unsafe { self.rows.slice(row * AXES..(row + 1) * AXES) };
                    sums.copy_from_slice(&self.along_x(particle as usize, block, velocity, lane));
                }
            }
        }
    }

    /// The sums of a particle's stencil along x, in one lane of a block.
    fn along_x<T: Real>(
        &self,
        particle: usize,
        block: Block,
        velocity: &[T],
        lane: usize,
    ) -> [f64; AXES] {
        let Stencils { points: [nx, ..], width, weights, first_x, .. } = self.stencils;
        let start = particle * width.iter().sum::<usize>();
        let mut x = first_x[particle] as usize;
        let mut sum = [0.0; AXES];
        for weight in &weights[start..start + width[0]] {
            let at = x * block.lanes + lane;
            for (component, sum) in sum.iter_mut().enumerate() {
                *sum += weight * velocity[component * block.len() + at].double();
            }
            x = if x + 1 == *nx { 0 } else { x + 1 };
        }
        sum
    }
}
