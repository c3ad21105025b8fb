//! Between the bundles of the ranks and the columns of a file.
//!
//! A file has the columns in an order of its own, and every rank writes and reads one contiguous share
//! of them. An all-to-all takes each column between the rank that has its bundle and the one that has
//! its place in the file. Columns that no rank stores are zeros.

use std::ops::Range;

use num_complex::Complex;

use crate::fields::SpectralFields;
use crate::modes::{ModeIndex, Modes, signed};
use crate::parallel::{Communicator, RowCounts, share};
use crate::real::{Precision, Real, for_precision};
use crate::transform::decomposition::Decomposition;

/// The way that the columns of one field travel.
pub struct Columns<'a> {
    comm: &'a Communicator,
    modes: Modes,
    /// The columns of this rank's bundles, in the order of the file: number and place of nz = 0.
    held: Vec<(usize, ModeIndex)>,
    /// Columns of the file that this rank writes or reads.
    pub share: Range<usize>,
    /// For each of the share: the rank that has it in a bundle, if one has.
    owners: Vec<Option<usize>>,
    /// Columns between this rank's bundles and the shares of all ranks, and between its share and
    /// the bundles of all.
    of_bundles: RowCounts,
    of_share: RowCounts,
}

impl<'a> Columns<'a> {
    /// The way of the columns of fields in a layout.
    pub fn new(comm: &'a Communicator, modes: Modes) -> Self {
        let [kx, ky, _] = modes.grid.cutoff;
        let (rank, ranks) = (comm.rank(), comm.size());
        let per_ny = kx + 1;
        let count = per_ny * (2 * ky + 1);
        let decomposition = Decomposition { modes, grid: comm.grid() };
        let mut held = Vec::new();
        for bundle in decomposition.bundles_of(rank) {
            let (nx, ny) = modes.bundle_mode(bundle);
            let row = if ny < 0 { ny + 2 * ky as i64 + 1 } else { ny } as usize;
            for lane in 0..modes.lanes.min(per_ny - nx) {
                held.push((row * per_ny + nx + lane, ModeIndex { bundle, row: 0, lane }));
            }
        }
        held.sort_unstable_by_key(|(column, _)| *column);
        let mut of_bundles = vec![0; ranks];
        for (rank, to) in of_bundles.iter_mut().enumerate() {
            let Range { start, end } = share(count, rank, ranks);
            let before = |bound| held.partition_point(|(column, _)| *column < bound);
            *to = (before(end) - before(start)) as i32;
        }
        let share = share(count, rank, ranks);
        let owner = |column: usize| {
            let index = modes.index([(column % per_ny) as i64, signed(column / per_ny, ky), 0])?;
            Some(decomposition.owner(index.bundle))
        };
        let owners: Vec<_> = share.clone().map(owner).collect();
        let mut of_share = vec![0; ranks];
        owners.iter().flatten().for_each(|&rank| of_share[rank] += 1);
        let [of_bundles, of_share] = [of_bundles, of_share].map(RowCounts::side_by_side);
        Columns { comm, modes, held, share, owners, of_bundles, of_share }
    }

    /// Numbers of a column.
    fn rows(&self) -> usize {
        self.modes.rows()
    }

    /// Calls `each(first number of a column in the file, its numbers)` for all columns that count
    /// here: those of this rank's bundles, in the precision of the file, and the zeros of its share.
    pub fn each<T: Real>(
        &self,
        state: &SpectralFields<T>,
        field: usize,
        precision: Precision,
        mut each: impl FnMut(usize, &[Complex<f64>]),
    ) {
        let rounded =
            |x: T| for_precision!(precision, File => File::from_double(x.double()).double());
        let mut numbers = vec![Complex::default(); self.rows()];
        for (column, _) in self.share.clone().zip(&self.owners).filter(|(_, rank)| rank.is_none()) {
            each(column * self.rows(), &numbers);
        }
        for &(column, index) in &self.held {
            for (row, number) in numbers.iter_mut().enumerate() {
                let Complex { re, im } = state.at(ModeIndex { row, ..index }, field);
                *number = Complex::new(rounded(re), rounded(im));
            }
            each(column * self.rows(), &numbers);
        }
    }

    /// This rank's share of a field, `[column][nz]`. Collective.
    pub fn gather<T: Real>(&self, state: &SpectralFields<T>, field: usize) -> Vec<Complex<T>> {
        let rows = self.rows();
        let mut outgoing = Vec::with_capacity(2 * rows * self.held.len());
        for &(_, index) in &self.held {
            for row in 0..rows {
                let Complex { re, im } = state.at(ModeIndex { row, ..index }, field);
                outgoing.extend([re, im]);
            }
        }
        let arriving = self.owners.iter().flatten().count();
        let mut incoming = vec![T::ZERO; 2 * rows * arriving];
        let receive = (&mut incoming[..], &self.of_share);
        self.comm.all_to_all(2 * rows, (&outgoing, &self.of_bundles), receive);
        let mut numbers = vec![Complex::new(T::ZERO, T::ZERO); rows * self.share.len()];
        self.each_stored(|column, at| {
            let pairs = incoming[2 * rows * at..][..2 * rows].chunks_exact(2);
            for (number, pair) in numbers[rows * column..][..rows].iter_mut().zip(pairs) {
                *number = Complex::new(pair[0], pair[1]);
            }
        });
        numbers
    }

    /// Puts this rank's share of a field, `[column][nz]`, to where it is stored. Collective.
    pub fn scatter<T: Real>(
        &self,
        numbers: &[Complex<T>],
        state: &mut SpectralFields<T>,
        field: usize,
    ) {
        let rows = self.rows();
        let leaving = self.owners.iter().flatten().count();
        let mut outgoing = vec![T::ZERO; 2 * rows * leaving];
        self.each_stored(|column, at| {
            let pairs = outgoing[2 * rows * at..][..2 * rows].chunks_exact_mut(2);
            for (number, pair) in numbers[rows * column..][..rows].iter().zip(pairs) {
                pair.copy_from_slice(&[number.re, number.im]);
            }
        });
        let mut incoming = vec![T::ZERO; 2 * rows * self.held.len()];
        let receive = (&mut incoming[..], &self.of_bundles);
        self.comm.all_to_all(2 * rows, (&outgoing, &self.of_share), receive);
        for (&(_, index), column) in self.held.iter().zip(incoming.chunks_exact(2 * rows)) {
            for (row, pair) in column.chunks_exact(2).enumerate() {
                state.set(ModeIndex { row, ..index }, field, Complex::new(pair[0], pair[1]));
            }
        }
    }

    /// Calls `each(column of the share, its place among those that travel)`.
    fn each_stored(&self, mut each: impl FnMut(usize, usize)) {
        let mut next = self.of_share.offsets.clone();
        for (column, rank) in self.owners.iter().enumerate() {
            let Some(rank) = *rank else { continue };
            each(column, next[rank] as usize);
            next[rank] += 1;
        }
    }
}
