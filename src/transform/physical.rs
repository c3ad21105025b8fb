//! Whole fields of physical values, batch by batch of planes: for snapshots and their like.

use std::ops::Range;

use crate::error::Result;
use crate::fields::SpectralFields;
use crate::grid::{AXES, Region};
use crate::parallel::SharedSlice;
use crate::real::Real;

use super::plan::Plan;
use super::plane_job::{Block, PlaneJob};
use super::sweep::{ColumnJob, Sweep};

/// Copies values between blocks and an array `[field][z][y][x]` of the points of a region.
struct Copy<'a, T> {
    array: SharedSlice<'a, T>,
    fields: usize,
    region: Region,
}

impl<T: Real> Copy<'_, T> {
    /// Calls `each(row of the array, field, lane)` for the rows of some fields in a block.
    fn rows(
        &self,
        block: Block,
        fields: Range<usize>,
        mut each: impl FnMut(&mut [T], usize, usize),
    ) {
        let [_, rows, planes] = &self.region.ranges;
        let [nz, ny, nx] = self.region.shape();
        for field in fields {
            for lane in (0..block.rows).filter(|lane| rows.contains(&(block.first_row + lane))) {
                let plane = field * nz + block.plane - planes.start;
                let start = (plane * ny + block.first_row + lane - rows.start) * nx;
                // SAFETY: every row belongs to one block, and a block to one thread.
                each(unsafe { self.array.slice(start..start + nx) }, field, lane);
            }
        }
    }
}

/// Inputs to the array.
struct CopyOut<'a, T>(Copy<'a, T>);

impl<T: Real> PlaneJob<T> for CopyOut<'_, T> {
    fn inputs(&self) -> usize {
        self.0.fields
    }

    fn look(&self, block: Block, inputs: &[T]) {
        let fields = 0..self.0.fields;
        self.0.rows(block, fields, |row, field, lane| {
            let line = inputs[field * block.len() + lane..].iter().step_by(block.lanes);
            let values = line.skip(self.0.region.ranges[0].start);
            row.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
        });
    }
}

/// Three inputs and arrays of some fields, point by point.
struct Fold<'a, T, F> {
    copy: Copy<'a, T>,
    fold: F,
}

impl<T: Real, F: Fn(usize, &mut T, [T; AXES]) + Sync> PlaneJob<T> for Fold<'_, T, F> {
    fn inputs(&self) -> usize {
        AXES
    }

    fn look(&self, block: Block, inputs: &[T]) {
        let first = self.copy.region.ranges[0].start * block.lanes;
        self.copy.rows(block, 0..self.copy.fields, |row, array, lane| {
            let line = |field: usize| {
                let start = field * block.len() + first + lane;
                inputs[start..].iter().step_by(block.lanes)
            };
            let values = line(0).zip(line(1)).zip(line(2));
            let points = row.iter_mut().zip(values);
            points.for_each(|(to, ((x, y), z))| (self.fold)(array, to, [*x, *y, *z]));
        });
    }
}

/// The array to products.
struct CopyIn<'a, T>(Copy<'a, T>);

impl<T: Real> PlaneJob<T> for CopyIn<'_, T> {
    fn inputs(&self) -> usize {
        0
    }

    fn products(&self) -> usize {
        self.0.fields
    }

    fn product(&self, index: usize, block: Block, _: &[T], product: &mut [T]) {
        product.fill(T::ZERO);
        self.0.rows(block, index..index + 1, |row, _, lane| {
            let values = product[lane..].iter_mut().step_by(block.lanes);
            values.zip(row).for_each(|(to, from)| *to = *from);
        });
    }
}

/// Batches aim at this many values a field, to bound memory.
const VALUES_PER_BATCH: usize = 1 << 22;

impl<T: Real> Sweep<T> {
    /// The most planes in a batch that [`Self::to_physical`] or [`Self::from_physical`] holds.
    pub fn planes_per_batch(plan: &Plan) -> usize {
        let [nx, ny, _] = plan.modes.grid.points;
        let whole = Region::whole(&plan.modes.grid);
        (VALUES_PER_BATCH / (nx * ny)).clamp(1, most_planes(plan, &whole))
    }

    /// The grid points of this rank.
    pub fn points(&self) -> Region {
        self.plan.points()
    }

    /// Returns what this rank has of a region, batch after batch of planes: the same number of batches on every
    /// rank, some of them without points.
    pub fn batches(&self, region: &Region) -> impl Iterator<Item = Region> + use<T> {
        let batch = (VALUES_PER_BATCH / region.plane_len()).max(1);
        let tallest = most_planes(&self.plan, region);
        let [x, y, planes] = region.common(&self.points()).ranges;
        (0..tallest).step_by(batch).map(move |z| {
            let bound = |z: usize| (planes.start + z).min(planes.end);
            Region { ranges: [x.clone(), y.clone(), bound(z)..bound(z + batch)] }
        })
    }

    /// Transforms `fields` to physical space and hands them over in batches: `visit(region, values)`
    /// with values `[field][z][y][x]` of the points of a region. Every rank makes the same number of
    /// calls, also with no points. Collective.
    pub fn to_physical(
        &mut self,
        fields: &SpectralFields<T>,
        visit: impl FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        let whole = Region::whole(&self.plan.modes.grid);
        self.to_region(
            fields.count,
            &|bundle, _, outgoing| outgoing.copy_from_slice(fields.bundle(bundle)),
            &whole,
            visit,
        )
    }

    /// Transforms `count` fields, whose modes `work` puts out bundle by bundle, to the points of a
    /// region, and hands them over as [`Self::to_physical`] does. Only planes with such points are transformed along y and x. Collective.
    pub fn to_region(
        &mut self,
        count: usize,
        work: &ColumnJob<T>,
        region: &Region,
        mut visit: impl FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        self.begin(count, work);
        self.to_planes(count);
        let first = self.plan.planes.start;
        let mut array = Vec::new();
        for batch in self.batches(region) {
            let planes = batch.ranges[2].clone();
            array.resize(count * batch.len(), T::ZERO);
            if !planes.is_empty() {
                let array = SharedSlice::new(&mut array);
                let copy = Copy { array, fields: count, region: batch.clone() };
                self.run_planes(planes.start - first..planes.end - first, &CopyOut(copy));
            }
            visit(&batch, &array)?;
        }
        Ok(())
    }

    /// Transforms three fields, whose modes `work` puts out bundle by bundle, to the points of a region, and
    /// calls `fold(field, number of the array, values)` at each of them that this rank has, for each field of
    /// an array `[field][z][y][x]` of those. Collective.
    pub fn fold_region(
        &mut self,
        work: &ColumnJob<T>,
        region: &Region,
        (array, fields): (&mut [T], usize),
        fold: impl Fn(usize, &mut T, [T; AXES]) + Sync,
    ) {
        self.begin(AXES, work);
        self.to_planes(AXES);
        let (region, first) = (region.common(&self.points()), self.plan.planes.start);
        let planes = region.ranges[2].clone();
        // Ranks that share planes work on them together, also those that have no point of the region.
        if !planes.is_empty() {
            let copy = Copy { array: SharedSlice::new(array), fields, region };
            self.run_planes(planes.start - first..planes.end - first, &Fold { copy, fold });
        }
    }

    /// Transforms `count` physical fields to their kept modes. `supply(region, values)` fills
    /// values `[field][z][y][x]` of the points of a region. Every rank makes the same number of
    /// calls, also with no points. Collective.
    pub fn from_physical(
        &mut self,
        count: usize,
        mut supply: impl FnMut(&Region, &mut [T]) -> Result<()>,
    ) -> Result<SpectralFields<T>> {
        self.clear();
        let whole = Region::whole(&self.plan.modes.grid);
        let first = self.plan.planes.start;
        let mut array = Vec::new();
        for batch in self.batches(&whole) {
            let planes = batch.ranges[2].clone();
            array.resize(count * batch.len(), T::ZERO);
            supply(&batch, &mut array)?;
            let copy = Copy { array: SharedSlice::new(&mut array), fields: count, region: batch };
            self.run_planes(planes.start - first..planes.end - first, &CopyIn(copy));
        }
        self.to_columns(count);
        let mut fields = SpectralFields::zeros(self.plan.modes, self.plan.bundles.clone(), count);
        let (len, start) = (fields.bundle_len(), self.plan.bundles.start);
        let target = SharedSlice::new(&mut fields.data);
        self.run_all_columns(count, 0, &|bundle, incoming, _| {
            let at = (bundle - start) * len;
            // SAFETY: every bundle is worked on by one thread.
            unsafe { target.slice(at..at + len) }.copy_from_slice(incoming);
        });
        Ok(fields)
    }
}

/// The most planes of a region that a rank has, or a few more.
fn most_planes(plan: &Plan, region: &Region) -> usize {
    plan.z_to_y.to.most().min(region.ranges[2].len())
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::grid::Grid;
    use crate::modes::Modes;
    use crate::parallel::{Communicator, ThreadPool};

    /// Some Hermitian field of coefficients as a function of the mode numbers.
    fn coefficient(mode: [i64; 3], field: usize) -> Complex<f64> {
        let value = |m: [i64; 3]| {
            let phase = (3 * m[0] + 7 * m[1] * m[1] + 5 * m[2] + m[0] * m[2]) as f64 + field as f64;
            Complex::new(phase.sin(), (1.7 * phase).cos())
        };
        (value(mode) + value(mode.map(|n| -n)).conj()) * 0.5
    }

    /// Physical values by the definition, and back, for one set of sizes.
    fn check<T: Real>(points: [usize; 3], threads: usize) {
        let modes = Modes::new(Grid::two_thirds(points, [1.0; 3]), T::LANES);
        let serial = Communicator::serial();
        let mut sweep =
            Sweep::<T>::new(modes, &serial, ThreadPool::new(threads).unwrap(), 2, 2).unwrap();
        let mut fields = SpectralFields::<T>::zeros(modes, 0..modes.bundles(), 2);
        fields.fill(|mode, out| {
            out.iter_mut().enumerate().for_each(|(f, c)| *c = coefficient(mode, f));
        });
        let [nx, ny, nz] = points;
        let mut physical = Vec::new();
        sweep
            .to_physical(&fields, |_, values| {
                physical.extend_from_slice(values);
                Ok(())
            })
            .unwrap();
        let [kx, ky, kz] = modes.grid.cutoff.map(|k| k as i64);
        let mut largest: f64 = 0.0;
        let mut error: f64 = 0.0;
        // A few points spread over the box, among them the corners.
        for point in 0..40 {
            let [x, y, z] = match point {
                0 => [0, 0, 0],
                1 => [nx - 1, ny - 1, nz - 1],
                p => [(7 * p) % nx, (11 * p) % ny, (5 * p) % nz],
            };
            for field in 0..2 {
                let mut exact = 0.0;
                for mx in -kx..=kx {
                    for my in -ky..=ky {
                        for mz in -kz..=kz {
                            let turns = mx as f64 * x as f64 / nx as f64
                                + my as f64 * y as f64 / ny as f64
                                + mz as f64 * z as f64 / nz as f64;
                            let wave = Complex::from_polar(1.0, std::f64::consts::TAU * turns);
                            exact += (coefficient([mx, my, mz], field) * wave).re;
                        }
                    }
                }
                let value = physical[((field * nz + z) * ny + y) * nx + x].double();
                error = error.max((value - exact).abs());
                largest = largest.max(exact.abs());
            }
        }
        let tolerance = 40.0 * T::epsilon().double() * largest.max(1.0);
        assert!(error < tolerance, "{points:?}: error {error}, tolerance {tolerance}");

        let back = sweep
            .from_physical(2, |region, values| {
                let (plane, planes) = (nx * ny, &region.ranges[2]);
                for field in 0..2 {
                    let from = (field * nz + planes.start) * plane;
                    let to = field * planes.len() * plane;
                    let len = planes.len() * plane;
                    values[to..to + len].copy_from_slice(&physical[from..from + len]);
                }
                Ok(())
            })
            .unwrap();
        let epsilon = T::epsilon().double();
        for (a, b) in fields.data.iter().zip(back.data.iter()) {
            assert!((a.double() - b.double()).abs() < 60.0 * epsilon, "{points:?}: {a} became {b}");
        }
        // Padding lanes are exactly zero: no mask is applied later.
        for bundle in 0..modes.bundles() {
            let (nx0, _) = modes.bundle_mode(bundle);
            for row in back.bundle(bundle).chunks_exact(T::LANES) {
                for (lane, value) in row.iter().enumerate() {
                    assert!(nx0 + lane <= modes.grid.cutoff[0] || *value == T::ZERO);
                }
            }
        }
    }

    #[test]
    fn transform_is_the_fourier_sum_on_all_kinds_of_sizes() {
        for points in [
            [16, 16, 16],
            [12, 10, 8],
            [7, 9, 15],
            [11, 13, 17],
            [20, 6, 35],
            [1, 8, 8],
            [8, 1, 9],
            [9, 5, 1],
            [36, 40, 5],
            [2, 3, 4],
            [23, 34, 12],
        ] {
            check::<f64>(points, 1);
            check::<f32>(points, 1);
        }
    }

    #[test]
    fn threads_share_the_work() {
        check::<f64>([18, 20, 10], 2);
        check::<f64>([8, 9, 2], 3);
    }
}
