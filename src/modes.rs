//! The layout of kept modes: columns, bundles, rows and lanes.
//!
//! A real field is held by its modes with 0 <= nx <= Kx, |ny| <= Ky, |nz| <= Kz; the rest follows
//! from û(-k) = conj û(k). A *column* is one (nx, ny) with all its nz. A *bundle* is `lanes`
//! neighbouring columns of one ny, held side by side as SIMD lanes: row r of a bundle holds
//! `lanes` real parts and then `lanes` imaginary parts of mode number nz(r). Both ny and nz count
//! 0, 1, .. K, -K, .. -1. Lanes past Kx are padding and always zero.
//!
//! Bundles are numbered by nx first: all ny of the first lanes, then all ny of the next ones. In an
//! ellipsoid a bundle along x has only those ny of which one of its columns has a mode inside; what
//! else of such a bundle lies outside is stored as zeros.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::grid::{AXES, Grid};
use crate::real::Real;

/// The index of a stored mode: bundle, row and lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeIndex {
    /// Number of the bundle.
    pub bundle: usize,
    /// Row in the bundle: the index of nz.
    pub row: usize,
    /// Lane in the bundle: nx modulo lanes.
    pub lane: usize,
}

/// The arithmetic of the spectral layout of one grid for a given number of SIMD lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modes {
    /// The grid whose modes these are.
    pub grid: Grid,
    /// Columns side by side in a bundle.
    pub lanes: usize,
    /// Number of the first bundle of each bundle along x, and at last that of all bundles.
    first: &'static [usize],
}

/// A table that stays for the life of the program, so that [`Modes`] is a plain value. There is one
/// for each layout, which are few, and it is small.
fn keep(table: Vec<usize>) -> &'static [usize] {
    static TABLES: Mutex<Vec<&'static [usize]>> = Mutex::new(Vec::new());
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = tables.iter().find(|known| ***known == *table) {
        return known;
    }
    let table = Vec::leak(table);
    tables.push(table);
    table
}

/// Mode number at position `index` of 0, 1, .. K, -K, .. -1.
pub fn signed(index: usize, cutoff: usize) -> i64 {
    if index <= cutoff { index as i64 } else { index as i64 - (2 * cutoff as i64 + 1) }
}

/// Position of mode number `n` in 0, 1, .. K, -K, .. -1; `None` when |n| > K.
pub fn index_of(n: i64, cutoff: usize) -> Option<usize> {
    let k = cutoff as i64;
    (n.abs() <= k).then(|| if n >= 0 { n as usize } else { (n + 2 * k + 1) as usize })
}

impl Modes {
    /// Layout of `grid`'s modes with `lanes` columns to a bundle.
    pub fn new(grid: Grid, lanes: usize) -> Self {
        let along_x = (grid.cutoff[0] + 1).div_ceil(lanes);
        let cutoff_y = |along_x: usize| {
            let first = (along_x * lanes) as i64;
            let is_kept = |&ny: &usize| grid.keeps([first, ny as i64, 0]);
            (0..=grid.cutoff[1]).rfind(is_kept).unwrap_or(0)
        };
        let mut first = vec![0];
        first.extend((0..along_x).scan(0, |bundles, along_x| {
            *bundles += 2 * cutoff_y(along_x) + 1;
            Some(*bundles)
        }));
        Modes { grid, lanes, first: keep(first) }
    }

    /// Bundles side by side along x.
    pub fn bundles_along_x(&self) -> usize {
        self.first.len() - 1
    }

    /// The bundles of some bundles along x.
    pub fn bundles_at(&self, along_x: Range<usize>) -> Range<usize> {
        self.first[along_x.start]..self.first[along_x.end]
    }

    /// Largest kept ny of a bundle along x.
    pub fn cutoff_y(&self, along_x: usize) -> usize {
        self.bundles_at(along_x..along_x + 1).len() / 2
    }

    /// Number of kept ny, of all bundles along x together.
    pub fn ny(&self) -> usize {
        2 * self.grid.cutoff[1] + 1
    }

    /// Rows of a bundle: number of kept nz.
    pub fn rows(&self) -> usize {
        2 * self.grid.cutoff[2] + 1
    }

    /// Bundles of the whole field.
    pub fn bundles(&self) -> usize {
        self.first[self.bundles_along_x()]
    }

    /// Reals in one row: real and imaginary lanes.
    pub fn row_len(&self) -> usize {
        2 * self.lanes
    }

    /// Reals in one field of one bundle.
    pub fn column_len(&self) -> usize {
        self.rows() * self.row_len()
    }

    /// The bundle along x that a bundle belongs to.
    pub fn along_x(&self, bundle: usize) -> usize {
        self.first.partition_point(|&first| first <= bundle) - 1
    }

    /// Lanes of a bundle along x that are no padding.
    pub fn lanes_in_use(&self, along_x: usize) -> usize {
        self.lanes.min(self.grid.cutoff[0] + 1 - along_x * self.lanes)
    }

    /// Mode number along x of lane 0, and along y, of a bundle.
    pub fn bundle_mode(&self, bundle: usize) -> (usize, i64) {
        let along_x = self.along_x(bundle);
        (along_x * self.lanes, signed(bundle - self.first[along_x], self.cutoff_y(along_x)))
    }

    /// Every mode of a bundle with its index, in storage order; padding lanes are left out.
    pub fn of_bundle(
        &self,
        bundle: usize,
    ) -> impl Iterator<Item = ([i64; AXES], ModeIndex)> + use<> {
        let modes = *self;
        (0..modes.rows()).flat_map(move |row| {
            (0..modes.lanes).filter_map(move |lane| {
                let index = ModeIndex { bundle, row, lane };
                modes.mode(index).map(|mode| (mode, index))
            })
        })
    }

    /// Mode numbers of a stored mode; `None` for a padding lane.
    pub fn mode(&self, index: ModeIndex) -> Option<[i64; AXES]> {
        let (nx0, ny) = self.bundle_mode(index.bundle);
        let nx = nx0 + index.lane;
        (nx <= self.grid.cutoff[0]).then(|| [nx as i64, ny, signed(index.row, self.grid.cutoff[2])])
    }

    /// The index of a mode; `None` when it is not stored: with nx < 0, or cut off (for in an ellipsoid
    /// some modes outside are stored, as zeros).
    pub fn index(&self, mode: [i64; AXES]) -> Option<ModeIndex> {
        let [kx, _, kz] = self.grid.cutoff;
        let nx = usize::try_from(mode[0]).ok().filter(|&nx| nx <= kx)?;
        let along_x = nx / self.lanes;
        Some(ModeIndex {
            bundle: self.first[along_x] + index_of(mode[1], self.cutoff_y(along_x))?,
            row: index_of(mode[2], kz)?,
            lane: nx % self.lanes,
        })
    }

    /// The number of a column where the real part of a mode is; the imaginary part is `lanes`
    /// further on.
    pub fn offset(&self, index: ModeIndex) -> usize {
        index.row * self.row_len() + index.lane
    }

    /// Returns how often a stored mode counts in a sum over all modes: 2 for nx > 0 (its conjugate is not
    /// stored), 1 for nx = 0.
    pub fn weight(nx: i64) -> f64 {
        if nx == 0 { 1.0 } else { 2.0 }
    }
}

/// The wavenumbers of every column, row and lane, as tables for kernels.
pub struct Wavenumbers<T> {
    /// Of every nx, padding lanes included.
    pub x: Vec<T>,
    /// Of every ny in storage order.
    pub y: Vec<T>,
    /// Of every row.
    pub z: Vec<T>,
}

impl<T: Real> Wavenumbers<T> {
    /// The tables of a layout.
    pub fn new(modes: &Modes) -> Self {
        let zeros = |len| vec![T::ZERO; len];
        let mut tables = Wavenumbers {
            x: zeros(modes.bundles_along_x() * modes.lanes),
            y: zeros(modes.ny()),
            z: zeros(modes.rows()),
        };
        tables.fill(modes, |k| k);
        tables
    }

    /// Makes each entry `map` of the exact wavenumber.
    pub fn fill(&mut self, modes: &Modes, map: impl Fn(f64) -> f64) {
        self.fill_each(modes, |_, k| map(k));
    }

    /// Makes each entry `map` of its axis and the exact wavenumber.
    pub fn fill_each(&mut self, modes: &Modes, map: impl Fn(usize, f64) -> f64) {
        let Grid { cutoff, .. } = modes.grid;
        let value = |axis, n| T::from_double(map(axis, modes.grid.wavenumber(axis, n)));
        self.x.iter_mut().zip(0..).for_each(|(x, n)| *x = value(0, n));
        self.y.iter_mut().enumerate().for_each(|(i, y)| *y = value(1, signed(i, cutoff[1])));
        self.z.iter_mut().enumerate().for_each(|(i, z)| *z = value(2, signed(i, cutoff[2])));
    }

    /// Entries of the lanes of a bundle, and its entry along y.
    pub fn of_bundle(&self, modes: &Modes, bundle: usize) -> (&[T], T) {
        let (nx, ny) = modes.bundle_mode(bundle);
        let y = if ny < 0 { self.y.len() as i64 + ny } else { ny };
        (&self.x[nx..nx + modes.lanes], self.y[y as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many modes are stored, each in a place of its own.
    fn stored(modes: &Modes) -> usize {
        let mut seen = 0;
        for (mode, index) in (0..modes.bundles()).flat_map(|bundle| modes.of_bundle(bundle)) {
            assert_eq!(modes.index(mode), Some(index));
            seen += 1;
        }
        seen
    }

    #[test]
    fn index_and_mode_are_inverse() {
        let modes = Modes::new(Grid::two_thirds([30, 7, 16], [1.0; 3]), 4);
        assert_eq!(stored(&modes), 10 * 5 * 11);
        assert_eq!(modes.index([10, 0, 0]), None);
        assert_eq!(modes.index([0, 3, 0]), None);
        assert_eq!(modes.index([-1, 0, 0]), None);
    }

    #[test]
    fn an_ellipsoid_has_the_bundles_that_reach_into_it() {
        let grid = Grid::spherical([60, 40, 12], [1.0; 3]);
        let modes = Modes::new(grid, 4);
        let mut columns = 0;
        for nx in 0..=grid.cutoff[0] as i64 {
            for ny in -(grid.cutoff[1] as i64)..=grid.cutoff[1] as i64 {
                let reaches = |nx| {
                    let [x, y] = [(0, nx), (1, ny)].map(|(axis, n)| grid.relative_square(axis, n));
                    x + y <= 1.0 + 1e-12
                };
                let lane_0 = nx / 4 * 4;
                assert_eq!(modes.index([nx, ny, 0]).is_some(), reaches(lane_0), "{nx}, {ny}");
                columns += usize::from(reaches(lane_0));
            }
        }
        assert_eq!(stored(&modes), columns * modes.rows());
        // pi/4 of the box, and what the lanes add.
        let fraction = columns as f64 / ((grid.cutoff[0] + 1) * modes.ny()) as f64;
        assert!((0.78..0.88).contains(&fraction), "{fraction}");
    }
}
