//! Between the bundles of the ranks and the columns of a file.
//!
//! A file has the columns in an order of its own, and every rank that writes or reads it has one contiguous
//! share of them, which it goes through in windows of a megabyte. Messages take each column of a window
//! between the rank that has its bundle and the one that has its place in the file. Columns that no rank
//! stores are zeros.
//!
//! All ranks go through the windows of all in the same order, and whoever sends waits for the one that
//! receives: of all ranks the one at the earliest window never waits for one at a later window, so that
//! none waits for ever.

use std::collections::BTreeMap;
use std::ops::Range;

use num_complex::Complex;

use crate::fields::SpectralFields;
use crate::io::placed;
use crate::modes::{ModeIndex, Modes, signed};
use crate::parallel::{Communicator, share};
use crate::real::{Precision, Real, for_precision};
use crate::transform::decomposition::Decomposition;

/// Columns of a file that follow each other, and the rank that writes or reads them.
pub struct Window {
    pub columns: Range<usize>,
    pub rank: usize,
}

/// The windows of a field with so many columns of `rows` numbers, in the order in which all ranks go
/// through them.
pub fn windows(
    comm: &Communicator,
    [count, rows]: [usize; 2],
) -> impl Iterator<Item = Window> + use<> {
    let each = (placed::PIECE / (2 * rows)).max(1);
    let writers = comm.writers();
    let ranks = writers.len();
    // The first has the largest share.
    let rounds = share(count, 0, ranks).len().div_ceil(each);
    let all = (0..rounds).flat_map(move |round| (0..ranks).map(move |place| (round, place)));
    let windows = all.map(move |(round, place)| {
        let share = share(count, place, ranks);
        let bound = |round: usize| (share.start + round * each).min(share.end);
        Window { columns: bound(round)..bound(round + 1), rank: writers[place] }
    });
    windows.filter(|window| !window.columns.is_empty())
}

/// Bytes that a rank holds at most while it writes or reads a field for others: four windows.
pub fn buffer_bytes(modes: &Modes) -> usize {
    let numbers = 2 * modes.ny() * (modes.grid.cutoff[0] + 1) * modes.rows();
    4 * numbers.min(placed::PIECE) * size_of::<f64>()
}

/// The travel of the columns of fields in a layout.
pub struct Columns<'a> {
    comm: &'a Communicator,
    decomposition: Decomposition,
    /// The columns of this rank's bundles, in the order of the file: number and place of nz = 0.
    held: Vec<(usize, ModeIndex)>,
}

impl<'a> Columns<'a> {
    /// The way of the columns of fields in a layout.
    pub fn new(comm: &'a Communicator, modes: Modes) -> Self {
        let [kx, ky, _] = modes.grid.cutoff;
        let per_ny = kx + 1;
        let decomposition = Decomposition { modes, grid: comm.grid() };
        let mut held = Vec::new();
        for bundle in decomposition.bundles_of(comm.rank()) {
            let (nx, ny) = modes.bundle_mode(bundle);
            let row = if ny < 0 { ny + 2 * ky as i64 + 1 } else { ny } as usize;
            for lane in 0..modes.lanes.min(per_ny - nx) {
                held.push((row * per_ny + nx + lane, ModeIndex { bundle, row: 0, lane }));
            }
        }
        held.sort_unstable_by_key(|(column, _)| *column);
        Columns { comm, decomposition, held }
    }

    /// Calls `each(first number of a column in the file, its numbers)` for all columns that count
    /// here: those of this rank's bundles, in the precision of the file, and the zeros of the windows
    /// that it writes.
    pub fn each<T: Real>(
        &self,
        state: &SpectralFields<T>,
        field: usize,
        precision: Precision,
        mut each: impl FnMut(usize, &[Complex<f64>]),
    ) {
        let rounded = |x| for_precision!(precision, File => File::from_double(x).double());
        let rows = self.rows();
        let mut numbers = vec![Complex::default(); rows];
        for window in self.windows().filter(|window| window.rank == self.comm.rank()) {
            for column in window.columns.filter(|column| self.owner(*column).is_none()) {
                each(column * rows, &numbers);
            }
        }
        for &(column, index) in &self.held {
            for (number, Complex { re, im }) in
                numbers.iter_mut().zip(self.numbers_at(state, index, field))
            {
                *number = Complex::new(rounded(re), rounded(im));
            }
            each(column * rows, &numbers);
        }
    }

    /// Calls `write(first column, bytes)` for each window that this rank writes of a field, with its
    /// numbers `[column][nz]` as a file of this precision has them. Collective.
    pub fn gather<T: Real>(
        &self,
        state: &SpectralFields<T>,
        field: usize,
        precision: Precision,
        mut write: impl FnMut(usize, &[u8]),
    ) {
        let column_bytes = 2 * self.rows() * precision.bytes();
        let [mut outgoing, mut incoming, mut whole] = [const { Vec::new() }; 3];
        for window in self.windows() {
            let held = self.held_in(&window).iter();
            let numbers = held.flat_map(|&(_, index)| self.numbers_at(state, index, field));
            let parts = numbers.flat_map(|Complex { re, im }| [re, im]);
            placed::encode(parts, precision, &mut outgoing);
            if window.rank != self.comm.rank() {
                if !outgoing.is_empty() {
                    self.comm.send(window.rank, &outgoing);
                }
                continue;
            }
            let owners = self.owners(&window);
            let stored = owners.values().map(Vec::len).sum::<usize>();
            incoming.resize(stored * column_bytes, 0);
            let [mine, of_others] = self.blocks(&owners, column_bytes, &mut incoming);
            mine.into_iter().for_each(|(_, block)| block.copy_from_slice(&outgoing));
            self.comm.receive_all(of_others);
            whole.clear();
            whole.resize(window.columns.len() * column_bytes, 0);
            let arrived = incoming.chunks_exact(column_bytes);
            for (column, bytes) in owners.values().flatten().zip(arrived) {
                let start = (column - window.columns.start) * column_bytes;
                whole[start..start + column_bytes].copy_from_slice(bytes);
            }
            write(window.columns.start, &whole);
        }
    }

    /// Puts a field to where it is stored: `read(columns)` returns numbers `[column][nz]` of the windows
    /// that this rank reads. Collective.
    pub fn scatter<T: Real>(
        &self,
        state: &mut SpectralFields<T>,
        field: usize,
        mut read: impl FnMut(Range<usize>) -> Vec<Complex<f64>>,
    ) {
        let rows = self.rows();
        let [mut outgoing, mut incoming] = [const { Vec::new() }; 2];
        for window in self.windows() {
            let held = self.held_in(&window);
            incoming.resize(2 * rows * held.len(), 0.0);
            if window.rank == self.comm.rank() {
                let whole = read(window.columns.clone());
                let owners = self.owners(&window);
                outgoing.clear();
                for column in owners.values().flatten() {
                    let numbers = &whole[(column - window.columns.start) * rows..][..rows];
                    outgoing.extend(numbers.iter().flat_map(|z| [z.re, z.im]));
                }
                let [mine, of_others] = self.blocks(&owners, 2 * rows, &mut outgoing);
                mine.into_iter().for_each(|(_, block)| incoming.copy_from_slice(block));
                let of_others: Vec<_> =
                    of_others.into_iter().map(|(rank, block)| (rank, &*block)).collect();
                self.comm.send_all(&of_others);
            } else if !held.is_empty() {
                self.comm.receive(window.rank, &mut incoming);
            }
            for (&(_, index), column) in held.iter().zip(incoming.chunks_exact(2 * rows)) {
                for (row, pair) in column.chunks_exact(2).enumerate() {
                    let number = Complex::new(T::from_double(pair[0]), T::from_double(pair[1]));
                    state.set(ModeIndex { row, ..index }, field, number);
                }
            }
        }
    }

    /// Numbers of a column.
    fn rows(&self) -> usize {
        self.decomposition.modes.rows()
    }

    fn windows(&self) -> impl Iterator<Item = Window> + use<> {
        let [kx, ky, _] = self.decomposition.modes.grid.cutoff;
        windows(self.comm, [(2 * ky + 1) * (kx + 1), self.rows()])
    }

    /// The columns of a window that this rank stores.
    fn held_in(&self, Window { columns, .. }: &Window) -> &[(usize, ModeIndex)] {
        let before = |bound| self.held.partition_point(|(column, _)| *column < bound);
        &self.held[before(columns.start)..before(columns.end)]
    }

    /// The numbers of a column that this rank stores.
    fn numbers_at<T: Real>(
        &self,
        state: &SpectralFields<T>,
        index: ModeIndex,
        field: usize,
    ) -> impl Iterator<Item = Complex<f64>> {
        (0..self.rows()).map(move |row| state.double_at(ModeIndex { row, ..index }, field))
    }

    /// The rank that stores a column, if one does.
    fn owner(&self, column: usize) -> Option<usize> {
        let Decomposition { modes, .. } = self.decomposition;
        let [kx, ky, _] = modes.grid.cutoff;
        let (nx, iy) = (column % (kx + 1), column / (kx + 1));
        let index = modes.index([nx as i64, signed(iy, ky), 0])?;
        Some(self.decomposition.owner(index.bundle))
    }

    /// The columns of a window by the rank that stores them.
    fn owners(&self, window: &Window) -> BTreeMap<usize, Vec<usize>> {
        let mut owners = BTreeMap::<usize, Vec<usize>>::new();
        for column in window.columns.clone() {
            if let Some(rank) = self.owner(column) {
                owners.entry(rank).or_default().push(column);
            }
        }
        owners
    }

    /// The blocks of the owners, side by side in `array` with so much for a column: that of this rank,
    /// if it has one, and those of others.
    fn blocks<'b, E>(
        &self,
        owners: &BTreeMap<usize, Vec<usize>>,
        column_len: usize,
        mut array: &'b mut [E],
    ) -> [Vec<(usize, &'b mut [E])>; 2] {
        let blocks = owners.iter().map(|(&rank, columns)| {
            let (block, rest) = std::mem::take(&mut array).split_at_mut(columns.len() * column_len);
            array = rest;
            (rank, block)
        });
        let (mine, of_others) = blocks.partition(|(rank, _)| *rank == self.comm.rank());
        [mine, of_others]
    }
}
