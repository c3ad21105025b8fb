//! Spectra over the wavenumbers across and along one direction, for flows that have one: that of
//! gravity, of rotation, or of a mean magnetic field.
//!
//! E(k_perp, k_par) is the sum over the modes of a ring, divided by dk^2: |k.e| is nearest to k_par and
//! |k - (k.e) e| to k_perp, both whole multiples of dk, the width of the [`Shells`] (Godeferd & Staquet
//! 2003, J. Fluid Mech. 486, 115, section 4). Rings add up to the average over the box.

use std::sync::{Mutex, PoisonError};

use super::energies::{Energy, energies};
use super::fixed_sums::FixedSums;
use super::units::times_length;
use crate::fields::SpectralFields;
use crate::grid::{AXES, Grid};
use crate::modes::{ModeIndex, Modes, Wavenumbers};
use crate::parallel::{Communicator, ThreadPool};
use crate::physics::Physics;
use crate::real::Real;
use crate::shells::Shells;
use crate::sums::{BundleTerms, sums_of_terms};
use crate::variable::Variable;

/// The axial spectra of one [`Physics`].
pub struct AxialSpectra {
    energies: Vec<Energy>,
    variables: Vec<Variable>,
    rings: Rings,
}

/// The rings about a direction.
struct Rings {
    grid: Grid,
    /// Of length 1.
    axis: [f64; AXES],
    width: f64,
    /// How many across and along the axis.
    counts: [usize; 2],
}

impl Rings {
    fn new(grid: Grid, axis: [f64; AXES]) -> Self {
        let length = axis.iter().map(|e| e * e).sum::<f64>().sqrt();
        let width = Shells::new(grid).width;
        let mut rings = Rings { grid, axis: axis.map(|e| e / length), width, counts: [1; 2] };
        // Both distances are largest in a corner of the cube of modes.
        for corner in 0..1 << AXES {
            let sign = |axis: usize| if corner >> axis & 1 == 0 { 1 } else { -1 };
            let mode = std::array::from_fn(|axis| sign(axis) * grid.cutoff[axis] as i64);
            let [across, along] = rings.of_mode(mode);
            let counts = [across, along].map(|ring| ring.saturating_add(1));
            rings.counts = [rings.counts[0].max(counts[0]), rings.counts[1].max(counts[1])];
        }
        rings
    }

    /// The ring of a mode: its numbers across and along the axis.
    fn of_mode(&self, mode: [i64; AXES]) -> [usize; 2] {
        let k = self.grid.wavevector(mode);
        let along: f64 = k.iter().zip(self.axis).map(|(k, e)| k * e).sum();
        let across: f64 = k.iter().zip(self.axis).map(|(k, e)| (k - along * e).powi(2)).sum();
        [across.sqrt(), along.abs()].map(|k| (k / self.width).round() as usize)
    }
}

impl AxialSpectra {
    /// Those of every energy and variance of `physics` about `axis`, a vector other than zero.
    pub fn new(physics: &Physics, grid: Grid, axis: [f64; AXES]) -> Self {
        let energies = energies(physics);
        let variables = energies.iter().map(|Energy { name, unit, .. }| {
            let description = format!("{name}, over the wavenumbers across and along the axis");
            Variable::new(format!("{name}_axial"), times_length(&times_length(unit)), description)
        });
        AxialSpectra { variables: variables.collect(), energies, rings: Rings::new(grid, axis) }
    }

    /// Their names and units.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The direction that they are about, of length 1.
    pub fn axis(&self) -> [f64; AXES] {
        self.rings.axis
    }

    /// The wavenumbers across and along the axis, from 0.
    pub fn wavenumbers(&self) -> [Vec<f64>; 2] {
        self.rings.counts.map(|count| (0..count).map(|n| n as f64 * self.rings.width).collect())
    }

    /// Bytes that [`Self::measure`] sums in, with so many threads.
    pub fn memory(&self, threads: usize) -> f64 {
        let rings: f64 = self.rings.counts.iter().map(|&count| count as f64).product();
        // One for each thread, their total, and one to begin with.
        (self.energies.len() * (threads + 2) * size_of::<i128>()) as f64 * rings
    }

    /// Measures them, `[spectrum][k_perp][k_par]`. Collective: every rank must call this.
    pub fn measure<T: Real>(
        &self,
        state: &SpectralFields<T>,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> Vec<Vec<f64>> {
        let (modes, wavenumbers) = (state.modes, Wavenumbers::new(&state.modes));
        let terms: Vec<_> = self.energies.iter().map(Energy::term).collect();
        let totals = sums_of_terms(state, &terms, pool, communicator);
        let [across, along] = self.rings.counts;
        let empty: Vec<_> =
            totals.iter().map(|total| FixedSums::new(across * along, *total)).collect();
        let total = Mutex::new(empty.clone());
        pool.run(state.bundles.len(), |_, run| {
            let mut mine = empty.clone();
            for bundle in run.map(|bundle| state.bundles.start + bundle) {
                let rings: Vec<_> = modes
                    .of_bundle(bundle)
                    .map(|(mode, ModeIndex { row, lane, .. })| {
                        let [perp, par] = self.rings.of_mode(mode);
                        (row * modes.lanes + lane, perp * along + par, Modes::weight(mode[0]))
                    })
                    .collect();
                let mut values = BundleTerms::new(&wavenumbers, &[state], bundle);
                for (term, sums) in terms.iter().zip(&mut mine) {
                    let values = values.values(term);
                    rings
                        .iter()
                        .for_each(|&(at, ring, weight)| sums.add(ring, weight * values[at]));
                }
            }
            let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
            total.iter_mut().zip(&mine).for_each(|(total, mine)| total.merge(mine));
        });
        let area = self.rings.width * self.rings.width;
        let total = total.into_inner().unwrap_or_else(PoisonError::into_inner);
        let density =
            |sums: &FixedSums| sums.total(communicator).into_iter().map(|sum| sum / area).collect();
        total.iter().map(density).collect()
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;

    fn measure(axis: [f64; AXES], modes: Modes, waves: &[([i64; 3], f64)]) -> Vec<(f64, f64, f64)> {
        let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES);
        for &(mode, amplitude) in waves {
            state.set(modes.index(mode).unwrap(), 2, Complex::new(0.0, amplitude));
        }
        let spectra = AxialSpectra::new(&Physics::navier_stokes(0.1), modes.grid, axis);
        let serial = Communicator::serial();
        let [found, again] = [1, 3]
            .map(|threads| spectra.measure(&state, &ThreadPool::new(threads).unwrap(), &serial));
        assert_eq!(found, again);
        let [across, along] = spectra.wavenumbers();
        assert_eq!(found[0].len(), across.len() * along.len());
        let rings = across.iter().flat_map(|a| along.iter().map(move |b| (*a, *b)));
        let energies = rings.zip(&found[0]).map(|((a, b), energy)| (a, b, *energy));
        energies.filter(|(_, _, energy)| *energy > 0.0).collect()
    }

    /// Rings are 1/2 apart. (3, 0, -4) along x has k_par = 3, along (3, 0, -4) it has 5.
    #[test]
    fn modes_count_in_their_rings() {
        let modes = Modes::new(Grid::two_thirds([20, 18, 22], [1.0, 2.0, 1.0]), 8);
        let density = 1.0 / 0.25;
        let waves = [([3, 0, -4], 2.0), ([0, 2, 0], 3.0)];
        let found = measure([2.0, 0.0, 0.0], modes, &waves);
        assert_eq!(found, [(1.0, 0.0, 4.5 * density), (4.0, 3.0, 4.0 * density)]);
        let found = measure([3.0, 0.0, -4.0], modes, &waves);
        assert_eq!(found, [(0.0, 5.0, 4.0 * density), (1.0, 0.0, 4.5 * density)]);
        // The outermost mode has a ring.
        assert_eq!(measure([1.0, 1.0, -1.0], modes, &[([6, 5, -7], 1.0)]).len(), 1);
    }
}
