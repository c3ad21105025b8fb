//! Spectra of everything that is quadratic in the fields.
//!
//! A spectrum is the sum over a shell of wavenumbers ([`Shells`]) divided by its width dk, so that
//! the sum over shells times dk is the average over the box (Parseval). The kinetic energy obeys
//!
//! dE(k)/dt = T(k) - D(k) + F(k)
//!
//! with the transfer T(k), the sum of Re(conj û . N), N the tendency without damping and force, and
//! the flux Pi(k) = -(sum of T up to k) to smaller scales (Pope 2000, Turbulent Flows, eq. 6.162
//! and 6.161); other energies and variances likewise.

use super::energies::{Energy, energies};
use super::quantities::Quantities;
use super::units::{per_time, times_length};
use crate::fields::SpectralFields;
use crate::grid::{AXES, Grid};
use crate::modes::Wavenumbers;
use crate::parallel::{Communicator, ThreadPool};
use crate::physics::Physics;
use crate::real::Real;
use crate::shells::Shells;
use crate::sums::{BundleTerms, Groups, Term, Weight, sum_over_bundles, sums_memory};
use crate::variable::Variable;

/// The spectra of one [`Physics`].
pub struct Spectra {
    variables: Vec<Variable>,
    /// Of the state and, after it, its tendency. The last ones are transfers.
    terms: Vec<Term>,
    transfers: usize,
}

impl Spectra {
    /// Those of every sum over modes in the history of a box with sides of 2 pi `lengths`, and the transfer and flux of every energy and
    /// variance.
    pub fn new(physics: &Physics, lengths: [f64; AXES]) -> Self {
        let mut spectra = Spectra { variables: Vec::new(), terms: Vec::new(), transfers: 0 };
        let viscosity = physics.viscosity;
        let energy = Term::norm(0..AXES);
        let dissipation = energy.clone().weighted(Weight::Square).times(viscosity);
        spectra.add("kinetic_energy", "L^2/T^2", "<u.u>/2", energy.times(0.5));
        spectra.add("dissipation", "L^2/T^3", "nu <omega.omega>", dissipation);
        for (name, term) in Quantities::new(physics, lengths).into_sums() {
            spectra.variables.push(Variable { unit: times_length(&name.unit), ..name });
            spectra.terms.push(term);
        }
        spectra.add_transfers(physics);
        spectra
    }

    /// Their names and units.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Bytes that [`Self::measure`] sums in, with so many threads.
    pub fn memory(&self, grid: &Grid, threads: usize) -> f64 {
        sums_memory(self.terms.len() as f64 * Shells::new(*grid).count() as f64, threads)
    }

    /// Measures them, `[spectrum][shell]`, from the shell 0 of the mean. `tendency` is that of
    /// `state` without damping and force. Collective: every rank must call this.
    pub fn measure<T: Real>(
        &self,
        state: &SpectralFields<T>,
        tendency: &SpectralFields<T>,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> Vec<Vec<f64>> {
        let modes = state.modes;
        let (shells, wavenumbers) = (Shells::new(modes.grid), Wavenumbers::new(&modes));
        let count = shells.count();
        let sums = self.terms.len() * count;
        let sums = sum_over_bundles(state, sums, pool, communicator, |bundle, sums| {
            let of_modes = Groups::new(&modes, bundle, |mode| shells.of_mode(mode));
            let mut terms = BundleTerms::new(&wavenumbers, &[state, tendency], bundle);
            for (term, sums) in self.terms.iter().zip(sums.chunks_exact_mut(count)) {
                terms.add_to_groups(sums, term, &of_modes);
            }
        });
        let mut spectra: Vec<Vec<f64>> = sums
            .chunks_exact(count)
            .map(|sums| sums.iter().map(|sum| sum / shells.width).collect())
            .collect();
        for transfer in self.terms.len() - self.transfers..self.terms.len() {
            let mut passed = 0.0;
            let flux = spectra[transfer].iter().map(|gain| {
                passed -= gain * shells.width;
                passed
            });
            let flux = flux.collect();
            spectra.push(flux);
        }
        spectra
    }

    fn add(
        &mut self,
        name: impl Into<String>,
        unit: &str,
        description: impl Into<String>,
        term: Term,
    ) {
        self.variables.push(Variable::new(name, times_length(unit), description));
        self.terms.push(term);
    }

    /// Adds the transfers, and the names of the fluxes that follow from them.
    fn add_transfers(&mut self, physics: &Physics) {
        let count = physics.fields().len();
        let energies = energies(physics);
        self.transfers = energies.len();
        let mut fluxes = Vec::new();
        for Energy { name: of, unit, factor, fields, .. } in energies {
            let unit = &per_time(unit);
            let rates = fields.start + count..fields.end + count;
            let description = format!("what passes from below to above k of {of}");
            fluxes.push(Variable::new(format!("{of}_flux"), unit, description));
            self.add(
                format!("{of}_transfer"),
                unit,
                format!("rate of change of {of} without damping and force"),
                Term::dot(fields, rates).times(2.0 * factor),
            );
        }
        self.variables.extend(fluxes);
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::modes::Modes;
    use crate::physics::{Kind, Magnetic, Scalar};

    fn physics() -> Physics {
        Physics {
            equation: Kind::Mhd,
            viscosity: 0.1,
            magnetic: Some(Magnetic { prandtl: Some(1.0), ..Magnetic::default() }),
            scalars: vec![Scalar {
                name: "dye".into(),
                diffusivity: Some(0.2),
                ..Scalar::default()
            }],
            ..Physics::default()
        }
    }

    /// Shells are 1/2 wide. Each mode counts with its conjugate.
    #[test]
    fn modes_count_in_their_shells() {
        let modes = Modes::new(Grid::two_thirds([20, 10, 12], [1.0, 2.0, 1.0]), 8);
        let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), 7);
        let mut tendency = state.clone();
        // k = (2, 0, 0) in shell 4 and (0, 1, 0), its conjugate being stored, in shell 2.
        let [a, b] = [[2, 0, 0], [0, 2, 0]].map(|mode| modes.index(mode).unwrap());
        state.set(a, 1, Complex::new(3.0, 4.0));
        tendency.set(a, 1, Complex::new(1.0, -1.0));
        state.set(b, 6, Complex::new(0.0, 2.0));
        tendency.set(b, 6, Complex::new(0.0, 5.0));
        let spectra = Spectra::new(&physics(), modes.grid.lengths);
        for threads in [1, 2] {
            let pool = ThreadPool::new(threads).unwrap();
            let values = spectra.measure(&state, &tendency, &pool, &Communicator::serial());
            let count = Shells::new(modes.grid).count();
            let of = |name: &str| {
                let at = spectra.variables().iter().position(|n| n.name == name);
                &values[at.unwrap_or_else(|| panic!("no {name}"))]
            };
            let check = |name: &str, shell: usize, value: f64| {
                let expected: Vec<_> =
                    (0..count).map(|s| if s == shell { value } else { 0.0 }).collect();
                assert_eq!(*of(name), expected, "{name}");
            };
            check("kinetic_energy", 4, 25.0 / 0.5);
            check("stress_yy", 4, 50.0 / 0.5);
            check("dissipation", 4, 0.1 * 4.0 * 50.0 / 0.5);
            check("kinetic_energy_transfer", 4, 2.0 * (3.0 - 4.0) / 0.5);
            check("dye_variance", 2, 4.0 / 0.5);
            check("dye_variance_transfer", 2, 2.0 * 10.0 / 0.5);
            check("magnetic_energy_transfer", 0, 0.0);
            let flux: Vec<_> = (0..count).map(|s| if s < 2 { 0.0 } else { -20.0 }).collect();
            assert_eq!(*of("dye_variance_flux"), flux);
            assert_eq!(values.len(), spectra.variables().len());
        }
    }
}
