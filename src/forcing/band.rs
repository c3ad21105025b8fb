//! A band of low-wavenumber modes, known in full to every rank.
//!
//! Forces act on the modes 0 < |k| <= k_f only. There are few of them, so every rank holds them
//! all in one canonical order; what is computed from them is the same everywhere, to the bit.

use std::collections::HashMap;

use num_complex::Complex;

use crate::grid::{AXES, Grid};
use crate::modes::{ModeIndex, Modes, index_of};
use crate::parallel::Communicator;
use crate::real::Real;

/// A vector, such as the velocity or its rate of change, at each mode of a band, in its order. A
/// scalar is a vector whose other components are zero.
pub type BandField = Vec<ModeVector>;

/// A vector at one mode.
pub type ModeVector = [Complex<f64>; AXES];

/// The stored modes with 0 < |k| <= `wavenumber`, in an order of their own.
pub struct Band {
    grid: Grid,
    wavenumber: f64,
    modes: Vec<([i64; AXES], ModeIndex)>,
    k_squared: Vec<f64>,
    /// For each mode with nx = 0: the index of its conjugate.
    conjugate: Vec<Option<usize>>,
    /// The values of a field that this rank has, and those that all have, as pairs of numbers.
    gathered: [Vec<f64>; 2],
}

impl Band {
    /// The band of a layout. Modes beyond the cutoff are not part of it.
    pub fn new(layout: &Modes, wavenumber: f64) -> Self {
        Band::select(layout, wavenumber, layout.grid.cutoff[0])
    }

    /// The part of the band with nx = 0, where both k and -k are stored.
    pub fn mirror(layout: &Modes, wavenumber: f64) -> Self {
        Band::select(layout, wavenumber, 0)
    }

    /// The part of the band with nx up to `last`.
    fn select(layout: &Modes, wavenumber: f64, last: usize) -> Self {
        let grid = &layout.grid;
        let reach: [i64; AXES] = std::array::from_fn(|axis| {
            ((wavenumber * grid.lengths[axis]).floor() as i64).min(grid.cutoff[axis] as i64)
        });
        let mut modes = Vec::new();
        for nx in 0..=reach[0].min(last as i64) {
            for ny in -reach[1]..=reach[1] {
                for nz in -reach[2]..=reach[2] {
                    let k_squared = k_squared(grid, [nx, ny, nz]);
                    if k_squared > 0.0 && k_squared <= wavenumber * wavenumber * (1.0 + 1e-12) {
                        modes.extend(layout.index([nx, ny, nz]).map(|place| ([nx, ny, nz], place)));
                    }
                }
            }
        }
        // By ny, then lanes: what forces remember is in this order.
        modes.sort_by_key(|(mode, place)| {
            (index_of(mode[1], grid.cutoff[1]), place.bundle, place.row, place.lane)
        });
        let index: HashMap<_, _> = modes.iter().enumerate().map(|(i, (m, _))| (*m, i)).collect();
        let conjugate = modes.iter().map(|(m, _)| index.get(&m.map(|n| -n)).copied()).collect();
        let k_squared = modes.iter().map(|(m, _)| k_squared(grid, *m)).collect();
        let gathered = std::array::from_fn(|_| vec![0.0; modes.len() * AXES * 2]);
        Band { grid: *grid, wavenumber, modes, k_squared, conjugate, gathered }
    }

    /// Number of modes.
    pub fn len(&self) -> usize {
        self.modes.len()
    }

    /// The largest |k| that it may hold.
    pub fn wavenumber(&self) -> f64 {
        self.wavenumber
    }

    /// Whether no stored mode is in the band.
    pub fn is_empty(&self) -> bool {
        self.modes.is_empty()
    }

    /// Bundles that hold modes of the band, each once, in order.
    pub fn bundles(&self) -> Vec<usize> {
        let mut bundles: Vec<_> = self.modes.iter().map(|(_, place)| place.bundle).collect();
        bundles.sort_unstable();
        bundles.dedup();
        bundles
    }

    /// Squared wavenumber of each mode.
    pub fn k_squared(&self) -> &[f64] {
        &self.k_squared
    }

    /// Mode numbers of each mode.
    pub fn mode_numbers(&self) -> impl Iterator<Item = [i64; AXES]> + Clone {
        self.modes.iter().map(|(mode, _)| *mode)
    }

    /// The wavevector of each mode.
    pub fn wavevectors(&self) -> impl Iterator<Item = [f64; AXES]> + Clone {
        self.mode_numbers().map(|mode| self.grid.wavevector(mode))
    }

    /// Number of modes, the unstored conjugates included.
    pub fn population(&self) -> f64 {
        self.mode_numbers().map(|mode| Modes::weight(mode[0])).sum()
    }

    /// Returns the place of each mode in the fields.
    pub fn indices(&self) -> impl Iterator<Item = ModeIndex> {
        self.modes.iter().map(|(_, place)| *place)
    }

    /// Zeros at each mode.
    pub fn zeros(&self) -> BandField {
        vec![ModeVector::default(); self.len()]
    }

    /// Makes `field` the band of fields that are spread over ranks: `value(place, component)` reads
    /// a component that this rank owns and is `None` elsewhere. Collective.
    pub fn collect<T: Real>(
        &mut self,
        comm: &Communicator,
        field: &mut BandField,
        value: impl Fn(ModeIndex, usize) -> Option<Complex<T>>,
    ) {
        let Band { modes, gathered: [mine, all], .. } = self;
        let mut numbers = mine.chunks_exact_mut(2);
        for (_, place) in modes {
            for (component, numbers) in (0..AXES).zip(&mut numbers) {
                let value = value(*place, component).unwrap_or_default();
                numbers.copy_from_slice(&[value.re.double(), value.im.double()]);
            }
        }
        comm.collect(mine, all);
        let values = all.chunks_exact(2).map(|n| Complex::new(n[0], n[1]));
        field.as_flattened_mut().iter_mut().zip(values).for_each(|(to, from)| *to = from);
    }

    /// Sum over all modes of the band, the unstored conjugates included, of Re(a . conj b).
    pub fn inner<'a>(
        &self,
        a: impl IntoIterator<Item = &'a ModeVector>,
        b: impl IntoIterator<Item = &'a ModeVector>,
    ) -> f64 {
        self.sum(a.into_iter().zip(b).map(|(a, b)| dot(a, b)))
    }

    /// Sum over all modes of the band, the unstored conjugates included, of |a|^2.
    pub fn square(&self, a: impl IntoIterator<Item = ModeVector>) -> f64 {
        self.sum(a.into_iter().map(|a| dot(&a, &a)))
    }

    fn sum(&self, terms: impl Iterator<Item = f64>) -> f64 {
        self.modes.iter().zip(terms).map(|((mode, _), term)| Modes::weight(mode[0]) * term).sum()
    }

    /// The root mean square of each component.
    pub fn rms(&self, field: &BandField) -> [f64; AXES] {
        std::array::from_fn(|i| self.sum(field.iter().map(|u| u[i].norm_sqr())).sqrt())
    }

    /// Kinetic energy of the band.
    pub fn energy(&self, velocity: &BandField) -> f64 {
        0.5 * self.square(velocity.iter().copied())
    }

    /// Makes û(-k) = conj û(k) hold exactly on the nx = 0 plane, where both are stored. A force
    /// that multiplies û would otherwise amplify the round-off by which the two differ: no
    /// nonlinear term ever drains it, for the transform to physical space cannot see it.
    pub fn restore_symmetry(&self, velocity: &mut BandField) {
        for i in 0..self.len() {
            if let Some(j) = self.conjugate[i].filter(|&j| i < j) {
                let mean: [_; AXES] = std::array::from_fn(|axis| {
                    (velocity[i][axis] + velocity[j][axis].conj()) * 0.5
                });
                velocity[i] = mean;
                velocity[j] = mean.map(|component| component.conj());
            }
        }
    }

    /// Largest |û(-k) - conj û(k)| on the nx = 0 plane.
    #[cfg(test)]
    pub(super) fn asymmetry(&self, velocity: &BandField) -> f64 {
        let pairs = self.conjugate.iter().enumerate().filter_map(|(i, j)| j.map(|j| (i, j)));
        pairs
            .flat_map(|(i, j)| {
                (0..AXES).map(move |axis| (velocity[i][axis] - velocity[j][axis].conj()).norm())
            })
            .fold(0.0, f64::max)
    }
}

fn dot(a: &ModeVector, b: &ModeVector) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.re * b.re + a.im * b.im).sum()
}

fn k_squared(grid: &Grid, mode: [i64; AXES]) -> f64 {
    grid.wavevector(mode).iter().map(|k| k * k).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn band_holds_the_shell_once_and_its_conjugates() {
        let modes = Modes::new(Grid::two_thirds([16, 16, 16], [1.0; 3]), 4);
        let band = Band::new(&modes, 1.0);
        // (1,0,0), (0,+-1,0), (0,0,+-1); (-1,0,0) is not stored.
        assert_eq!(band.len(), 5);
        let ones = vec![[Complex::new(1.0, 0.0); 3]; band.len()];
        assert_eq!(band.energy(&ones), 0.5 * 3.0 * 6.0);
        // There are 6 + 12 + 8 + 6 modes with k^2 = 1, 2, 3, 4; with kx >= 0 it is 22.
        let band = Band::new(&modes, 2.0);
        assert_eq!(band.len(), 22);
        let waves = vec![[Complex::new(0.0, 1.0); 3]; band.len()];
        assert_eq!(band.inner(&waves, &waves), 3.0 * 32.0);
    }

    #[test]
    fn symmetry_is_restored_exactly() {
        let modes = Modes::new(Grid::two_thirds([16, 16, 16], [1.0; 3]), 4);
        let band = Band::new(&modes, 2.5);
        let mut velocity: BandField = (0..band.len())
            .map(|i| std::array::from_fn(|a| Complex::new((i + a) as f64, (i * a) as f64 - 7.0)))
            .collect();
        assert!(band.asymmetry(&velocity) > 1.0);
        band.restore_symmetry(&mut velocity);
        assert_eq!(band.asymmetry(&velocity), 0.0);
    }
}
