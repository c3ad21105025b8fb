//! One-dimensional spectra: over the wavenumber along one axis, whatever the other two.
//!
//! E_ij(k_1) is the sum of Re(u_i conj u_j) over the modes with |k_x| = k_1, divided by the spacing
//! of k_1, so that its integral over k_1 >= 0 is <u_i u_j> (Pope 2000, Turbulent Flows, eqs. 6.206 and
//! 6.207). It holds the two-point correlation along the axis exactly: <u_i(x) u_j(x + r e_x)> is the
//! sum of E_ij(k_1) cos(k_1 r) dk_1.

use super::quantities::Quantities;
use super::units::times_length;
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::{AXES, Grid};
use crate::modes::{Modes, Wavenumbers, signed};
use crate::parallel::{Communicator, ThreadPool};
use crate::physics::Physics;
use crate::real::Real;
use crate::sums::{BundleTerms, Term, sum_over_bundles, sums_memory};
use crate::variable::Variable;

/// The one-dimensional spectra of one [`Physics`].
pub struct LineSpectra {
    variables: Vec<Variable>,
    terms: Vec<Term>,
}

impl LineSpectra {
    /// Those of every average of a product of two fields in the history, along x, y
    /// and z of a box with sides of 2 pi `lengths`.
    pub fn new(physics: &Physics, lengths: [f64; AXES]) -> Self {
        let mut spectra = LineSpectra { variables: Vec::new(), terms: Vec::new() };
        for (variable, term) in Quantities::new(physics, lengths).into_products() {
            let Variable { name, unit, description } = variable;
            let along = ["x", "y", "z"].map(|axis| {
                let description = format!("{description}, over |k_{axis}|");
                Variable::new(format!("{name}_along_{axis}"), times_length(&unit), description)
            });
            spectra.variables.extend(along);
            spectra.terms.push(term);
        }
        spectra
    }

    /// Their names and units: for each quantity those along x, y and z.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The wavenumbers along each axis, from 0.
    pub fn wavenumbers(grid: &Grid) -> [Vec<f64>; AXES] {
        std::array::from_fn(|axis| {
            (0..=grid.cutoff[axis] as i64).map(|n| grid.wavenumber(axis, n)).collect()
        })
    }

    /// Bytes that [`Self::measure`] sums in, with so many threads.
    pub fn memory(&self, grid: &Grid, threads: usize) -> f64 {
        let wavenumbers: usize = grid.cutoff.iter().map(|cutoff| cutoff + 1).sum();
        sums_memory((self.terms.len() * wavenumbers) as f64, threads)
    }

    /// Measures them, `[spectrum][wavenumber]`. Collective: every rank must call this.
    pub fn measure<T: Real>(
        &self,
        state: &SpectralFields<T>,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> Vec<Vec<f64>> {
        let modes = state.modes;
        let grid = modes.grid;
        let [x, y, z] = grid.cutoff.map(|cutoff| cutoff + 1);
        let (lanes, count) = (modes.lanes, x + y + z);
        let wavenumbers = Wavenumbers::new(&modes);
        let sums = self.terms.len() * count;
        let sums = sum_over_bundles(state, sums, pool, communicator, |bundle, sums| {
            let (first, ny) = modes.bundle_mode(bundle);
            let mut terms = BundleTerms::new(&wavenumbers, &[state], bundle);
            for (term, sums) in self.terms.iter().zip(sums.chunks_exact_mut(count)) {
                let mut of_lanes = vec![0.0; lanes];
                let mut of_z = vec![0.0; z];
                for (row, values) in terms.values(term).chunks_exact(lanes).enumerate() {
                    let mut whole = 0.0;
                    for ((nx, sum), value) in (first as i64..).zip(&mut of_lanes).zip(values) {
                        let value = Modes::weight(nx) * value;
                        *sum += value;
                        whole += value;
                    }
                    of_z[signed(row, grid.cutoff[2]).unsigned_abs() as usize] += whole;
                }
                let (along_x, rest) = sums.split_at_mut(x);
                let (along_y, along_z) = rest.split_at_mut(y);
                let add = |(sum, part): (&mut ExactSum, &f64)| sum.add(*part);
                along_x[first..].iter_mut().zip(&of_lanes).for_each(add);
                along_y[ny.unsigned_abs() as usize].add(of_lanes.iter().sum());
                along_z.iter_mut().zip(&of_z).for_each(add);
            }
        });
        let density = |axis: usize, sums: &[f64]| {
            sums.iter().map(|sum| sum / grid.wavenumber(axis, 1)).collect()
        };
        sums.chunks_exact(count)
            .flat_map(|sums| {
                [density(0, &sums[..x]), density(1, &sums[x..x + y]), density(2, &sums[x + y..])]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;

    /// Two waves of v, one of them stored with its conjugate, on a box of unequal sides.
    #[test]
    fn modes_count_where_they_lie_along_each_axis() {
        let modes = Modes::new(Grid::two_thirds([60, 10, 12], [1.0, 2.0, 0.5]), 8);
        let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES);
        state.set(modes.index([17, 0, -2]).unwrap(), 1, Complex::new(3.0, 4.0));
        state.set(modes.index([0, -3, 1]).unwrap(), 1, Complex::new(0.0, 2.0));
        // The mean is no fluctuation.
        state.set(modes.index([0, 0, 0]).unwrap(), 1, Complex::new(7.0, 0.0));
        let spectra = LineSpectra::new(&Physics::navier_stokes(0.1), modes.grid.lengths);
        let wavenumbers = LineSpectra::wavenumbers(&modes.grid);
        for threads in [1, 2] {
            let pool = ThreadPool::new(threads).unwrap();
            let found = spectra.measure(&state, &pool, &Communicator::serial());
            assert_eq!(found.len(), spectra.variables().len());
            for (name, values) in spectra.variables().iter().zip(&found) {
                let expected: &[(f64, f64)] = match name.name.as_str() {
                    "stress_yy_along_x" => &[(17.0, 50.0), (0.0, 4.0)],
                    "stress_yy_along_y" => &[(0.0, 50.0 * 2.0), (1.5, 4.0 * 2.0)],
                    "stress_yy_along_z" => &[(4.0, 50.0 * 0.5), (2.0, 4.0 * 0.5)],
                    _ => &[],
                };
                let axis = ["x", "y", "z"].iter().position(|axis| name.name.ends_with(axis));
                let k = &wavenumbers[axis.unwrap()];
                let value = |k: &f64| expected.iter().find(|(at, _)| at == k).map_or(0.0, |e| e.1);
                assert_eq!(*values, k.iter().map(value).collect::<Vec<_>>(), "{}", name.name);
            }
        }
    }
}
