//! The physical half of a sweep: one z-plane at a time, in cache.
//!
//! A plane goes through three stages:
//!
//! 1. inverse transforms along y, out of the transpose from z into plane buffers of kx-rows;
//! 2. block by block of 2 W rows (W = `Vector::WIDTH`): inverse transforms along x, the job's look at
//!    physical values, and one by one its products and their forward transforms along x, back into
//!    the buffers;
//! 3. forward transforms along y, the job's in-plane contraction, and back to where the plane came
//!    from.
//!
//! A rank with planes of its own takes each through all stages. The ranks of a process row take a
//! few planes at a time through one stage, each its share, and transpose the buffers in between (see
//! [`super::plane_buffers`]).

use std::ops::Range;

use crate::real::Real;

use super::plane_job::PlaneJob;
use super::row_array::RowPointer;
use super::stages::Plane;
use super::sweep::{PlaneParts, Scratch, Sweep, lock};
use super::timings::{Activity, Stopwatch};
use super::transports::Transport;

impl<T: Real> Sweep<T> {
    /// Runs a job on the planes `range` of this rank (counted from its first one). Collective among
    /// the ranks of a process row, which have the same planes.
    pub fn run_planes(&mut self, range: Range<usize>, job: &dyn PlaneJob<T>) {
        let (rows, mut parts) = self.plane_parts();
        match parts.y_to_x.take() {
            None => parts.whole_planes(rows, range, job),
            Some(y_to_x) => parts.shared_planes(rows, y_to_x, range, job),
        }
    }
}

impl<T: Real> PlaneParts<'_, T> {
    /// Takes every plane through all stages.
    fn whole_planes(&self, rows: RowPointer<T>, range: Range<usize>, job: &dyn PlaneJob<T>) {
        let Self { plan, tables, scratch, .. } = *self;
        self.pool.run(range.len(), |thread, run| {
            let mut scratch = lock(&scratch[thread]);
            let Scratch { plane: scratch, buffers, timings, .. } = &mut *scratch;
            let mut watch = Stopwatch::start();
            for z in run {
                let z = range.start + z;
                let start = rows.at(z * plan.modes.row_len());
                let buffers = buffers.start();
                let mut plane = Plane { plan, tables, job, scratch, buffers, at: 0, of: 1 };
                // SAFETY: rows of different planes do not overlap (tested in `transpose`) and every
                // plane is worked on by one thread; tables stay within the buffer, and so does z. The
                // buffers are this thread's alone.
                unsafe {
                    plane.inverse_y(start, 0..plan.along_x.len());
                    for block in plane.blocks(z) {
                        plane.lines_along_x(block);
                    }
                    plane.forward_y(start, 0..plan.along_x.len());
                }
                watch.lap(timings, Activity::Planes);
            }
        });
    }

    /// Takes this rank's share of a few planes at a time through one stage after the other.
    fn shared_planes(
        &mut self,
        rows: RowPointer<T>,
        y_to_x: &mut dyn Transport<T>,
        range: Range<usize>,
        job: &dyn PlaneJob<T>,
    ) {
        let Self { plan, tables, pool, scratch, .. } = *self;
        let (lines, blocks) = (plan.along_x.len(), plan.rows.len().div_ceil(tables.x.row_len()));
        for first in range.clone().step_by(plan.planes_at_a_time()) {
            let planes = first..(first + plan.planes_at_a_time()).min(range.end);
            // Each thread has some of all lines or blocks of the planes.
            let stage = |buffers: RowPointer<T>, each: usize, work: &StageJob<T>| {
                pool.run(planes.len() * each, |thread, run| {
                    let mut scratch = lock(&scratch[thread]);
                    let Scratch { plane: scratch, timings, .. } = &mut *scratch;
                    let mut watch = Stopwatch::start();
                    let count = planes.len();
                    let mut plane = Plane { plan, tables, job, scratch, buffers, at: 0, of: count };
                    for (at, some) in rectangles(run, each) {
                        plane.at = at;
                        work(&mut plane, first + at, some);
                    }
                    watch.lap(timings, Activity::Planes);
                });
            };
            let start = |z: usize| rows.at(z * plan.modes.row_len());
            // SAFETY (of all stages): rows of different lines, blocks and planes do not overlap
            // (tested in `transpose` and `plane_buffers`), and each is worked on by one thread.
            let inverse_y: &StageJob<T> = &|plane, z, some| unsafe {
                plane.inverse_y(start(z), some);
            };
            let lines_along_x: &StageJob<T> = &|plane, z, some| unsafe {
                for block in plane.blocks(z).skip(some.start).take(some.len()) {
                    plane.lines_along_x(block);
                }
            };
            let forward_y: &StageJob<T> = &|plane, z, some| unsafe {
                plane.forward_y(start(z), some);
            };
            self.timings.time(Activity::Transpose, || y_to_x.clear());
            if job.inputs() > 0 {
                stage(y_to_x.side_from(), lines, inverse_y);
                let fields = planes.len() * job.inputs();
                self.timings.time(Activity::Transpose, || y_to_x.transpose(fields));
            }
            stage(y_to_x.side_to(), blocks, lines_along_x);
            if job.products() > 0 {
                self.timings.time(Activity::Transpose, || {
                    y_to_x.transpose_back(planes.len() * job.products());
                    y_to_x.arrive(0);
                });
                stage(y_to_x.side_from(), lines, forward_y);
            }
        }
    }
}

/// Work on some lines or blocks of a plane in one stage: `work(plane, z, which)`.
type StageJob<'a, T> = dyn Fn(&mut Plane<T>, usize, Range<usize>) + Sync + 'a;

/// The part of each line, as long as `width`, that a run has when lines follow each other.
fn rectangles(run: Range<usize>, width: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let Range { start, end } = run;
    let lines = start / width.max(1)..end.div_ceil(width.max(1));
    lines.filter(move |_| start < end).map(move |line| {
        let first = line * width;
        (line, start.max(first) - first..end.min(first + width) - first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_lines_are_cut_at_their_ends() {
        let parts = |run, width| rectangles(run, width).collect::<Vec<_>>();
        assert_eq!(parts(2..9, 4), [(0, 2..4), (1, 0..4), (2, 0..1)]);
        assert_eq!(parts(5..7, 4), [(1, 1..3)]);
        assert_eq!(parts(4..4, 4), []);
        assert_eq!(parts(0..0, 0), []);
    }
}
