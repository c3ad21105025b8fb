//! The sweep and the change of grid give the bits of one rank on any number of them.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use dns_solver::fields::SpectralFields;
use dns_solver::grid::{Grid, Region};
use dns_solver::modes::Modes;
use dns_solver::parallel::{Communicator, ProcessGrid, ThreadPool};
use dns_solver::real::{Precision, Real};
use dns_solver::transform::decomposition::Decomposition;
use dns_solver::transform::plan::Room;
use dns_solver::transform::regrid::regrid;
use dns_solver::transform::sweep::Sweep;
use num_complex::Complex;

use super::harness::Test;

pub const TESTS: [Test; 3] = [
    ("sweeps_are_those_of_one_rank", sweeps),
    ("a_sweep_ends_with_rows_under_way", unfinished_sweeps),
    ("regrid_is_that_of_one_rank", regrids),
];

/// Two and three bundles along x, odd and prime numbers of points; one has fewer planes than the
/// most ranks and one fewer bundles. The last one is transposed in several batches where ranks share planes.
const GRIDS: [[usize; 3]; 5] = [[48, 15, 14], [5, 11, 20], [50, 13, 9], [52, 10, 3], [300, 40, 9]];
const FIELDS: usize = 2;

fn layout<T: Real>(points: [usize; 3]) -> Modes {
    // Every other one is truncated to an ellipsoid.
    let truncate = if points[1].is_multiple_of(2) { Grid::spherical } else { Grid::two_thirds };
    Modes::new(truncate(points, [1.0, 2.0, 0.5]), T::LANES)
}

/// The ranks in process grids of every shape, as one node and without shared memory.
pub fn arrangements(comm: &Communicator) -> Vec<Communicator> {
    in_process_grids(comm, [1, comm.size()].into_iter())
}

/// The ranks in process grids of every shape, in nodes of these sizes.
fn in_process_grids(
    comm: &Communicator,
    nodes: impl Iterator<Item = usize> + Clone,
) -> Vec<Communicator> {
    let ranks = comm.size();
    let columns = (1..=ranks).filter(|columns| ranks.is_multiple_of(*columns));
    columns
        .flat_map(|columns| {
            let grid = ProcessGrid { rows: ranks / columns, columns };
            nodes.clone().map(move |node| comm.in_nodes_of(node).arranged(grid))
        })
        .collect()
}

/// Some Hermitian coefficient.
fn coefficient(mode: [i64; 3], field: usize) -> Complex<f64> {
    let value = |m: [i64; 3]| {
        let phase = (3 * m[0] + 7 * m[1] * m[1] + 5 * m[2] + m[0] * m[2]) as f64 + field as f64;
        Complex::new(phase.sin(), (1.7 * phase).cos())
    };
    (value(mode) + value(mode.map(|n| -n)).conj()) * 0.5
}

fn fields<T: Real>(modes: Modes, comm: &Communicator) -> SpectralFields<T> {
    let mine = Decomposition { modes, grid: comm.grid() }.bundles_of(comm.rank());
    let mut fields = SpectralFields::zeros(modes, mine, FIELDS);
    fields.fill(|mode, out| {
        out.iter_mut().enumerate().for_each(|(f, c)| *c = coefficient(mode, f));
    });
    fields
}

/// Where the rows of the fields lie in an array of a region, and in one of all points.
fn rows(region: &Region, points: [usize; 3]) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let [nx, ny, nz] = points;
    let [_, y, z] = region.ranges.clone();
    let row = move |i: usize| i * nx..(i + 1) * nx;
    (0..FIELDS)
        .flat_map(move |field| {
            let y = y.clone();
            z.clone().flat_map(move |z| y.clone().map(move |y| row((field * nz + z) * ny + y)))
        })
        .enumerate()
        .map(move |(i, all)| (row(i), all))
}

/// Values `[field][z][y][x]` at all points, not a number at those of other ranks, and what becomes
/// of this rank's on the way back.
fn round_trip<T: Real>(
    points: [usize; 3],
    precision: Precision,
    comm: &Communicator,
) -> (Vec<T>, SpectralFields<T>) {
    let modes = layout::<T>(points);
    let pool = ThreadPool::new(1).unwrap();
    let room = Room { slots: FIELDS, products: FIELDS, precision };
    let mut sweep = Sweep::<T>::with_room(modes, comm, pool, room).unwrap();
    // What was put out before must not be found in what follows.
    sweep.begin(1, &|_, _, outgoing| outgoing.fill(T::one()));
    let mut values = vec![T::nan(); FIELDS * points.iter().product::<usize>()];
    sweep
        .to_physical(&fields(modes, comm), |region, batch| {
            assert_eq!(batch.len(), FIELDS * region.len());
            for (here, all) in rows(region, points) {
                assert!(values[all.clone()].iter().all(|x| x.is_nan()), "points come once");
                values[all].copy_from_slice(&batch[here]);
            }
            Ok(())
        })
        .unwrap();
    let back = sweep
        .from_physical(FIELDS, |region, batch| {
            rows(region, points).for_each(|(here, all)| batch[here].copy_from_slice(&values[all]));
            Ok(())
        })
        .unwrap();
    (values, back)
}

/// The numbers of this rank in those of one rank: equal bits, not only equal values.
fn assert_part_of<T: Real>(mine: &[T], first: usize, all: &[T]) {
    let bits = |x: &T| x.double().to_bits();
    let theirs = &all[first..first + mine.len()];
    assert!(mine.iter().map(bits).eq(theirs.iter().map(bits)), "bits differ");
}

fn assert_same_fields<T: Real>(mine: &SpectralFields<T>, all: &SpectralFields<T>) {
    assert_part_of(&mine.data, mine.bundles.start * mine.bundle_len(), &all.data);
}

fn sweeps(comm: &Communicator) {
    assert_eq!(comm.shares_memory(), comm.size() > 1, "the tests run on one node");
    let ranks = comm.size();
    let nodes = (1..=ranks).filter(|node| ranks.is_multiple_of(*node));
    for comm in in_process_grids(comm, nodes) {
        check_sweeps::<f64>(Precision::Double, &comm);
        check_sweeps::<f64>(Precision::Single, &comm);
        check_sweeps::<f32>(Precision::Single, &comm);
    }
}

/// Rows that only some ranks of a node have sent keep nobody waiting: those that were late have seen that
/// all were ready, the others have not.
fn unfinished_sweeps(comm: &Communicator) {
    let is_late = !comm.rank().is_multiple_of(2);
    let nodes = (1..=comm.size()).filter(|node| comm.size().is_multiple_of(*node));
    for comm in in_process_grids(comm, nodes) {
        let room = Room { slots: FIELDS, products: FIELDS, precision: Precision::Double };
        let pool = ThreadPool::new(1).unwrap();
        let mut sweep =
            Sweep::<f64>::with_room(layout::<f64>(GRIDS[0]), &comm, pool, room).unwrap();
        comm.barrier();
        if is_late {
            thread::sleep(Duration::from_millis(20));
        }
        sweep.begin(1, &|_, _, outgoing| outgoing.fill(1.0));
    }
}

fn check_sweeps<T: Real>(precision: Precision, comm: &Communicator) {
    for points in GRIDS {
        let (values, back) = round_trip::<T>(points, precision, comm);
        let (all_values, all_back) = round_trip::<T>(points, precision, &Communicator::serial());
        let mut seen = [0];
        for (mine, one) in values.iter().zip(&all_values).filter(|(mine, _)| !mine.is_nan()) {
            assert_eq!(mine.double().to_bits(), one.double().to_bits());
            seen[0] += 1;
        }
        comm.sum_integers(&mut seen);
        assert_eq!(seen[0] as usize, values.len(), "every point belongs to one rank");
        assert_same_fields(&back, &all_back);
        let start = fields::<T>(layout::<T>(points), comm);
        let epsilon = match precision {
            Precision::Double => f64::EPSILON,
            Precision::Single => f32::EPSILON.double(),
        };
        for (a, b) in start.data.iter().zip(back.data.iter()) {
            let error = (*a - *b).double().abs();
            assert!(error < 60.0 * epsilon, "{points:?}: {a} became {b}");
        }
    }
}

fn regrids(comm: &Communicator) {
    for from in GRIDS {
        for to in GRIDS {
            let (from, to) = (layout::<f64>(from), layout::<f64>(to));
            let serial = Communicator::serial();
            let all = regrid(&fields::<f64>(from, &serial), to, &serial);
            for comm in arrangements(comm) {
                let mine = regrid(&fields::<f64>(from, &comm), to, &comm);
                assert_same_fields(&mine, &all);
            }
        }
    }
}
