//! The velocity at particles, from planes as they pass.
//!
//! The sum over a stencil is taken along x first, while the rows of a block are in cache, then along y and z.
//! A thread that has whole planes adds up their rows at once, in the order of y, as blocks pass. Where ranks share
//! planes, they bring the rows together first, and add them up in the same order.

use crate::grid::AXES;
use crate::parallel::{Communicator, SharedSlice, ThreadPool};
use crate::real::{MAX_WIDTH, Real, Vector};
use crate::simd::{self, Kernel, doubles};
use crate::transform::plane_job::Block;

use super::interpolation::Interpolation;
use super::stencils::Stencils;

/// The velocity at the particles of a set, while it is looked for.
pub struct Sampler {
    stencils: Stencils,
    /// Sums along x and y, `[slot][z][component]`; zeros where another rank has the plane.
    planes: Vec<f64>,
    /// Sums along x, `[slot][z][y][component]`, where ranks share planes; zeros where another has the row.
    rows: Vec<f64>,
}

/// What looks at rows of values for a sampler.
pub struct Look<'a> {
    stencils: &'a Stencils,
    /// Sums for planes, or for rows where ranks share planes.
    sums: SharedSlice<'a, f64>,
    shares_planes: bool,
}

impl Sampler {
    /// A sampler on a grid of `points`.
    pub fn new(interpolation: Interpolation, points: [usize; AXES]) -> Self {
        let stencils = Stencils::new(interpolation, points);
        Sampler { stencils, rows: Vec::new(), planes: Vec::new() }
    }

    /// Returns the bytes that a sampler of `count` particles holds; `shares_planes` if ranks do.
    pub fn bytes(
        interpolation: Interpolation,
        points: [usize; AXES],
        count: usize,
        shares_planes: bool,
    ) -> f64 {
        let [_, wy, wz] = points.map(|points| interpolation.width(points));
        let sums = AXES * wz * (1 + if shares_planes { wy } else { 0 });
        Stencils::bytes(interpolation, points, count) + (count * sums * size_of::<f64>()) as f64
    }

    /// Makes ready to look at the grid points, for `count` particles at `positions` in units of the
    /// spacing. `comm` has the ranks that have the planes.
    pub fn begin(
        &mut self,
        comm: &Communicator,
        pool: &ThreadPool,
        count: usize,
        positions: impl Fn(usize) -> [f64; AXES] + Sync,
    ) {
        let [_, wy, wz] = self.stencils.width();
        self.planes.resize(count * wz * AXES, 0.0);
        self.planes.fill(0.0);
        self.rows.resize(if shares_planes(comm) { wy * self.planes.len() } else { 0 }, 0.0);
        self.rows.fill(0.0);
        self.stencils.place(pool, count, positions);
    }

    /// Returns what looks at rows of values, on all threads.
    pub fn look(&mut self) -> Look<'_> {
        let Sampler { stencils, planes, rows } = self;
        let shares_planes = !rows.is_empty();
        let sums = SharedSlice::new(if shares_planes { rows } else { planes });
        Look { stencils, sums, shares_planes }
    }

    /// Adds up what all ranks have seen, to the `velocity` of each particle. Collective.
    pub fn finish(&mut self, comm: &Communicator, pool: &ThreadPool, velocity: &mut [[f64; AXES]]) {
        let Sampler { stencils, planes, rows } = self;
        let [_, wy, wz] = stencils.width();
        if rows.is_empty() {
            collect(comm, planes);
        } else {
            collect(comm, rows);
            for (index, plane) in planes.chunks_exact_mut(AXES).enumerate() {
                let [_, weights, _] = stencils.weights(index / wz);
                for jy in stencils.along_y(index / wz).into_iter().flat_map(|(rows, _)| rows) {
                    add(weights[jy], &rows[(index * wy + jy) * AXES..], plane);
                }
            }
        }
        let shared = SharedSlice::new(velocity.as_flattened_mut());
        pool.run(planes.len() / (wz * AXES), |_, run| {
            for slot in run {
                let particle = stencils.particle(slot);
                // SAFETY: every particle has one slot.
                let found = unsafe { shared.slice(particle * AXES..(particle + 1) * AXES) };
                found.fill(0.0);
                let [.., weights] = stencils.weights(slot);
                for (weight, plane) in weights.iter().zip(planes[slot * wz * AXES..].chunks(AXES)) {
                    add(*weight, plane, found);
                }
            }
        });
    }
}

/// Whether ranks share planes, so that none may have all rows of one.
fn shares_planes(comm: &Communicator) -> bool {
    comm.grid().columns > 1
}

/// Adds a vector with this weight to `sum`.
#[inline(always)]
fn add(weight: f64, vector: &[f64], sum: &mut [f64]) {
    sum.iter_mut().zip(vector).for_each(|(sum, number)| *sum += weight * number);
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
        let velocity = &inputs[first * block.len()..(first + AXES) * block.len()];
        simd::run::<f64, _>(RowSums { look: self, block, velocity });
    }
}

/// The sums along x of all stencils that reach into a block.
struct RowSums<'a, T> {
    look: &'a Look<'a>,
    block: Block,
    /// `[component][x][lane]`.
    velocity: &'a [T],
}

impl<T: Real> Kernel<f64> for RowSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        let (stencils, block) = (self.look.stencils, self.block);
        let ([_, _, nz], [_, _, wz]) = (stencils.points(), stencils.width());
        for jz in 0..wz {
            let z = (block.plane + wz * nz - jz) % nz;
            let rows = block.first_row..block.first_row + block.rows;
            for slots in stencils.reaching(z, rows) {
                for slot in slots {
                    self.of_plane::<V>(slot, jz);
                }
            }
        }
    }
}

impl<T: Real> RowSums<'_, T> {
    /// The rows of plane `jz` of a stencil that are in the block.
    #[inline(always)]
    fn of_plane<V: Vector<Scalar = f64>>(&self, slot: usize, jz: usize) {
        let Look { stencils, shares_planes, .. } = self.look;
        let ([_, ny, _], [_, wy, wz]) = (stencils.points(), stencils.width());
        let [along_x, along_y, _] = stencils.weights(slot);
        let plane = slot * wz + jz;
        // Sums of the lanes of one vector, and its first one.
        let mut found = [[0.0; MAX_WIDTH]; AXES];
        let mut first = usize::MAX;
        let mut sum = [0.0; AXES];
        if !shares_planes {
            sum.copy_from_slice(self.sums_at(plane));
        }
        for (rows, mut y) in stencils.along_y(slot) {
            for jy in rows {
                let lane = y.wrapping_sub(self.block.first_row);
                if lane < self.block.rows {
                    let within = lane % V::WIDTH;
                    if first != lane - within {
                        first = lane - within;
                        self.along_x::<V>(slot, along_x, first, &mut found);
                    }
                    let row = [found[0][within], found[1][within], found[2][within]];
                    if *shares_planes {
                        self.sums_at(plane * wy + jy).copy_from_slice(&row);
                    } else {
                        add(along_y[jy], &row, &mut sum);
                    }
                }
                y = if y + 1 == ny { 0 } else { y + 1 };
            }
        }
        if !shares_planes {
            self.sums_at(plane).copy_from_slice(&sum);
        }
    }

    /// The sums of a plane of a stencil that has rows in the block, or of such a row where ranks share planes.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "nobody else uses them")]
    fn sums_at(&self, index: usize) -> &mut [f64] {
        // SAFETY: a block is one thread's; so are all blocks of a plane, if ranks do not share planes.
        unsafe { self.look.sums.slice(index * AXES..(index + 1) * AXES) }
    }

    /// The sums along x of a stencil with these weights, for the lanes of a vector from `lane` on.
    #[inline(always)]
    fn along_x<V: Vector<Scalar = f64>>(
        &self,
        slot: usize,
        weights: &[f64],
        lane: usize,
        sums: &mut [[f64; MAX_WIDTH]; AXES],
    ) {
        let (nx, [mut x, _]) = (self.look.stencils.points()[0], self.look.stencils.first(slot));
        let mut found = [V::zero(); AXES];
        for weight in weights {
            let (weight, at) = (V::splat(*weight), x * self.block.lanes + lane);
            for (component, sum) in found.iter_mut().enumerate() {
                let values = doubles::load(self.velocity, component * self.block.len() + at);
                *sum = weight.mul_add(values, *sum);
            }
            x = if x + 1 == nx { 0 } else { x + 1 };
        }
        for (found, sums) in found.into_iter().zip(sums) {
            doubles::store(found, sums, 0);
        }
    }
}
