//! The one trip between spectral and physical space: columns, transpose, planes, and back.
//!
//! A sweep owns the rows of its transposes and all scratch. It is used in three moves, each of which
//! works on what the last one left in the transpose from z to y. Who begins another sweep loses that.
//!
//! 1. [`Sweep::begin`] and [`Sweep::run_columns`]: bundle by bundle, z-lines come in, a function turns them into other
//!    columns, and those go out as z-lines (either half may be left out).
//! 2. [`Sweep::to_planes`] and [`Sweep::to_columns`]: the all-to-all.
//! 3. [`Sweep::run_planes`]: plane by plane, to physical space, pointwise work on rows of values, and
//!    back (see [`super::plane_job`]).
//!
//! The forward direction carries 1 / (nx ny nz), so spectral values are Fourier coefficients.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::fields::{Aligned, SpectralFields, zeros};
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;

use super::lines::{ABSENT, Direction, Lines, ReadTable, Source, Target, WriteTable};
use super::plan::{Plan, Room, Sharing, transform_order};
use super::plane_tables::{PlaneScratch, PlaneTables};
use super::row_array::{RowArray, RowPointer};
use super::timings::{Activity, Stopwatch, Timings};
use super::transports::{self, Transport};
use super::transpose::Transpose;

/// Work on one bundle between z-lines in and z-lines out: `work(bundle, incoming,
/// outgoing)` with both `[field][row][re lanes, im lanes]`.
pub type ColumnJob<'a, T> = dyn Fn(usize, &mut [T], &mut [T]) + Sync + 'a;

/// The trip of some fields from columns of modes to grid points and back: transforms, transposes and
/// scratch of one rank.
pub struct Sweep<T: Real> {
    /// Bundles, planes, rows and transposes of this rank.
    pub plan: Plan,
    pool: ThreadPool,
    z: LinesAlongZ<T>,
    tables: PlaneTables<T>,
    z_to_y: Box<dyn Transport<T>>,
    /// Between lines along y and lines along x, among several ranks of a process row.
    y_to_x: Option<Box<dyn Transport<T>>>,
    /// Every bundle of this rank.
    bundles: Vec<usize>,
    scratch: Vec<Mutex<Scratch<T>>>,
    timings: Timings,
}

/// z-lines, from the transpose to the modes of a column, and from modes to the transpose.
struct LinesAlongZ<T: Real> {
    lines: Lines<T>,
    rows_in: ReadTable,
    incoming: WriteTable,
    outgoing: ReadTable,
    rows_out: WriteTable,
    /// Offset of the rows of each bundle of this rank, and from one of its fields to the next.
    bundles: Vec<[usize; 2]>,
    first_bundle: usize,
}

impl<T: Real> LinesAlongZ<T> {
    fn new(plan: &Plan) -> Self {
        let (nz, cutoff) = (plan.modes.grid.points[2], plan.modes.grid.cutoff[2]);
        let lines = Lines::new(nz, T::LANES);
        let rows = plan.z_to_y.from_rows();
        let offsets = |b| [plan.z_to_y.from_offset(0, b), plan.z_to_y.field_len(b)];
        let modes: Vec<_> = transform_order(nz, cutoff)
            .map(|index| index.map_or(ABSENT, |row| row * plan.modes.row_len()))
            .collect();
        LinesAlongZ {
            rows_in: lines.read_table(&rows),
            incoming: lines.write_table(&modes),
            outgoing: lines.read_table(&modes),
            rows_out: lines.write_table(&rows),
            bundles: plan.bundles.clone().map(offsets).collect(),
            first_bundle: plan.bundles.start,
            lines,
        }
    }

    /// Offset of the rows of a field and bundle of this rank.
    fn offset(&self, field: usize, bundle: usize) -> usize {
        let [first, from_field] = self.bundles[bundle - self.first_bundle];
        first + field * from_field
    }
}

/// The needs of work on planes besides the rows of the planes.
pub(super) struct PlaneParts<'a, T: Real> {
    pub plan: &'a Plan,
    pub pool: &'a ThreadPool,
    pub tables: &'a PlaneTables<T>,
    pub scratch: &'a [Mutex<Scratch<T>>],
    pub y_to_x: Option<&'a mut (dyn Transport<T> + 'static)>,
    pub timings: &'a mut Timings,
}

/// The arrays and clocks of one thread.
pub(super) struct Scratch<T: Real> {
    work: Aligned<T>,
    incoming: Aligned<T>,
    outgoing: Aligned<T>,
    pub(super) plane: PlaneScratch<T>,
    /// The buffers of a plane that is worked on by this thread alone.
    pub(super) buffers: RowArray<T>,
    pub(super) timings: Timings,
}

/// A thread's scratch; a panic elsewhere leaves nothing in it that matters.
pub(super) fn lock<T: Real>(scratch: &Mutex<Scratch<T>>) -> MutexGuard<'_, Scratch<T>> {
    scratch.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Real> Sweep<T> {
    /// A sweep with room for `slots` fields in columns and `products` products in physical
    /// space.
    pub fn new(
        modes: Modes,
        communicator: &Communicator,
        pool: ThreadPool,
        slots: usize,
        products: usize,
    ) -> Result<Self> {
        let room = Room { slots, products, precision: T::PRECISION };
        Sweep::with_room(modes, communicator, pool, room)
    }

    /// As [`Self::new`], with rows in a precision of their own: that of `T`, or single.
    pub fn with_room(
        modes: Modes,
        communicator: &Communicator,
        pool: ThreadPool,
        room: Room,
    ) -> Result<Self> {
        let place = (communicator.rank(), communicator.grid());
        let (column, row) = (communicator.process_column(), communicator.process_row());
        let sharing = Sharing { z_to_y: column.node_size(), y_to_x: row.node_size() };
        let plan = Plan::new(modes, place, room, sharing)?;
        let z = LinesAlongZ::new(&plan);
        let tables = PlaneTables::new(&plan);
        // Each thread makes its own, so that it lies in memory near to it.
        let scratch = pool.each(|_| {
            Mutex::new(Scratch {
                work: zeros(z.lines.work_len()),
                incoming: zeros(room.slots * modes.column_len()),
                outgoing: zeros(room.slots * modes.column_len()),
                plane: PlaneScratch::new(&tables, &plan),
                buffers: RowArray::zeros(tables.buffers.len, room.precision),
                timings: Timings::default(),
            })
        });
        let transport = |transpose: &Transpose, ranks: &Communicator| {
            transports::new(transpose, room.precision, ranks, &pool)
        };
        let y_to_x = plan.y_to_x.as_ref().map(|y_to_x| transport(y_to_x, &row)).transpose();
        Ok(Sweep {
            z_to_y: communicator.agree(transport(&plan.z_to_y, &column))?,
            y_to_x: communicator.agree(y_to_x)?,
            bundles: plan.bundles.clone().collect(),
            timings: Timings::default(),
            plan,
            pool,
            z,
            tables,
            scratch,
        })
    }

    /// Bytes that a sweep on `plan` holds in its large arrays.
    pub fn bytes(plan: &Plan, threads: usize) -> usize {
        let tables = PlaneTables::<T>::new(plan);
        let z = Lines::<T>::new(plan.modes.grid.points[2], T::LANES);
        let transposes = plan.z_to_y.numbers() + plan.y_to_x.as_ref().map_or(0, Transpose::numbers);
        let columns = z.work_len() + 2 * plan.room.slots * plan.modes.column_len();
        let scratch = threads * (columns + PlaneScratch::numbers(&tables, plan));
        let rows = transposes + threads * tables.buffers.len;
        scratch * size_of::<T>() + rows * plan.room.precision.bytes()
    }

    /// Begins a sweep anew, whatever was put out before: puts out `fields` fields of every bundle.
    /// Collective.
    pub fn begin(&mut self, fields: usize, work: &ColumnJob<T>) {
        self.clear();
        self.run_all_columns(0, fields, work);
    }

    /// As [`Self::run_columns`], for every bundle of this rank.
    pub fn run_all_columns(&mut self, incoming: usize, outgoing: usize, work: &ColumnJob<T>) {
        let bundles = std::mem::take(&mut self.bundles);
        self.run_columns(&bundles, incoming, outgoing, work);
        self.bundles = bundles;
    }

    /// Makes room for other rows than those on their way between columns and planes. Collective.
    pub fn clear(&mut self) {
        self.z_to_y.clear();
    }

    /// Brings `incoming` fields of the given bundles of this rank, in ascending order, in from
    /// planes, calls `work`, and puts `outgoing` fields out into it.
    pub fn run_columns(
        &mut self,
        bundles: &[usize],
        incoming: usize,
        outgoing: usize,
        work: &ColumnJob<T>,
    ) {
        for part in 0..self.plan.z_to_y.parts() {
            let Range { start, end } = self.plan.z_to_y.part(part);
            let from = bundles.partition_point(|&bundle| bundle < start);
            let to = bundles.partition_point(|&bundle| bundle < end);
            let bundles = &bundles[from..to];
            if incoming > 0 {
                self.timings.time(Activity::Transpose, || self.z_to_y.arrive(part));
            }
            self.run_part(bundles, incoming, outgoing, work);
            if outgoing > 0 {
                let put = || self.z_to_y.put(part, bundles.len(), outgoing);
                self.timings.time(Activity::Transpose, put);
            }
        }
    }

    /// As [`Self::run_columns`], for bundles whose rows are here.
    fn run_part(
        &mut self,
        bundles: &[usize],
        incoming: usize,
        outgoing: usize,
        work: &ColumnJob<T>,
    ) {
        let sent = self.z_to_y.side_from();
        let (plan, z) = (&self.plan, &self.z);
        let column_len = plan.modes.column_len();
        let scratch = &self.scratch;
        self.pool.run(bundles.len(), |thread, run| {
            let mut scratch = lock(&scratch[thread]);
            let scratch = &mut *scratch;
            let mut watch = Stopwatch::start();
            let bundles = &bundles[run];
            for (index, &bundle) in bundles.iter().enumerate() {
                let column = |fields: &mut [T], field: usize| {
                    RowPointer::as_is(fields[field * column_len..].as_mut_ptr())
                };
                // Rows of different bundles and fields do not overlap (tested in `transpose`), every
                // bundle is worked on by one thread, and tables stay within the buffers.
                let rows = |field| sent.at(z.offset(field, bundle));
                let lanes = plan.modes.lanes_in_use(plan.modes.along_x(bundle));
                for field in 0..incoming {
                    // The next line is called while this one is worked on.
                    let last = field + 1 == incoming;
                    let (next_field, next) = if last { (0, index + 1) } else { (field + 1, index) };
                    if let Some(&bundle) = bundles.get(next) {
                        z.rows_in.prefetch(sent.at(z.offset(next_field, bundle)));
                    }
                    let source = Source { start: rows(field), table: &z.rows_in, lanes };
                    let start = column(&mut scratch.incoming, field);
                    let target = Target { start, table: &z.incoming };
                    let work = &mut scratch.work;
                    // SAFETY: as above.
                    unsafe { z.lines.transform(Direction::Forward, source, target, work) };
                }
                watch.lap(&mut scratch.timings, Activity::Columns);
                work(
                    bundle,
                    &mut scratch.incoming[..incoming * column_len],
                    &mut scratch.outgoing[..outgoing * column_len],
                );
                watch.lap(&mut scratch.timings, Activity::Update);
                for field in 0..outgoing {
                    let start = column(&mut scratch.outgoing, field);
                    let source = Source { start, table: &z.outgoing, lanes };
                    let target = Target { start: rows(field), table: &z.rows_out };
                    let work = &mut scratch.work;
                    // SAFETY: as above.
                    unsafe { z.lines.transform(Direction::Inverse, source, target, work) };
                }
                watch.lap(&mut scratch.timings, Activity::Columns);
            }
        });
    }

    /// `count` fields of zeros in the bundles of this rank, each where the thread is at home that
    /// works on it.
    pub fn zero_fields(&self, count: usize) -> SpectralFields<T> {
        let Plan { modes, bundles, .. } = &self.plan;
        let data = self.pool.zeros(bundles.len() * count * modes.column_len());
        SpectralFields { modes: *modes, bundles: bundles.clone(), count, data }
    }

    /// Moves `fields` fields from columns to planes. Collective.
    pub fn to_planes(&mut self, fields: usize) {
        self.timings.time(Activity::Transpose, || self.z_to_y.transpose(fields));
    }

    /// Moves `fields` fields from planes to columns. Collective.
    pub fn to_columns(&mut self, fields: usize) {
        self.timings.time(Activity::Transpose, || self.z_to_y.transpose_back(fields));
    }

    /// The rows of this rank's planes, with everything else that planes need.
    pub(super) fn plane_parts(&mut self) -> (RowPointer<'_, T>, PlaneParts<'_, T>) {
        let parts = PlaneParts {
            plan: &self.plan,
            pool: &self.pool,
            tables: &self.tables,
            scratch: &self.scratch,
            y_to_x: self.y_to_x.as_deref_mut(),
            timings: &mut self.timings,
        };
        (self.z_to_y.side_to(), parts)
    }

    /// The threads of this rank.
    pub fn pool(&self) -> &ThreadPool {
        &self.pool
    }

    /// Seconds spent so far, averaged over threads.
    pub fn timings(&self) -> Timings {
        let mut total = self.timings;
        for scratch in &self.scratch {
            total.merge(&lock(scratch).timings, self.scratch.len());
        }
        total
    }
}
