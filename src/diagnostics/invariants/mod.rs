//! Statistics of the velocity gradient as a tensor: invariants, production, strain and alignment.
//!
//! With A_ij = du_i/dx_j, s its symmetric part and omega = curl u, the densities are of
//!
//! | of | in units of |
//! |---|---|
//! | Q = -A_ij A_ji / 2 and R = -A_ij A_jk A_ki / 3 together (Chong, Perry & Cantwell 1990, Phys. Fluids A 2, 765) | S^2, S^3 |
//! | omega_i s_ij omega_j, the production of enstrophy, and -s_ij s_jk s_ki, that of strain | S^3 |
//! | the eigenvalues of s | S |
//! | \|cos\| between omega and the axes of s (Ashurst et al. 1987, Phys. Fluids 30, 2343) | |
//! | the shape s* of the strain (Lund & Rogers 1994, Phys. Fluids 6, 1838) | |
//! | cos between u and omega, the relative helicity | |
//!
//! with S = <s_ij s_ij>^(1/2). In a periodic box <omega_i s_ij omega_j> = -4/3 <s_ij s_jk s_ki> (Betchov 1956,
//! J. Fluid Mech. 1, 497) where the grid resolves cubes.
//!
//! | file | what it has |
//! |---|---|
//! | here | [`Invariants`]: the densities, and the sweeps that tell them |
//! | `densities` | [`Densities`]: their bins |
//! | `point` | what follows from the gradient at one point |
//! | `count` | counting at the points |

mod count;
mod densities;
mod point;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::held::HeldPlaces;
use super::pdfs::Bins;
use super::points::Together;
use super::triple::Triple;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::parallel::{Communicator, SharedSlice};
use crate::real::Real;
use crate::sums::{Term, Weight, sums_of_terms};
use crate::transform::plan::Plan;
use crate::transform::sweep::Sweep;
use count::{Count, CountHelicity, HELD, Hold, Tally};

pub use densities::Densities;

/// The measurement of all.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredInvariants {
    /// The density of Q and R, `[q][r]`.
    pub joint: Vec<f64>,
    /// Those of the productions of enstrophy and strain, one after the other.
    pub productions: [Vec<f64>; 2],
    /// Those of the eigenvalues, `[eigenvalue][value]`.
    pub eigenvalues: Vec<f64>,
    /// Those of the cosines, `[eigenvalue][magnitude]`.
    pub alignment: Vec<f64>,
    /// That of s*, and that of the relative helicity.
    pub cosines: [Vec<f64>; 2],
    /// <omega_i s_ij omega_j>, -<s_ij s_jk s_ki>, <s_ij s_ij>.
    pub averages: [f64; 3],
    /// The means of the eigenvalues.
    pub mean_eigenvalues: [f64; AXES],
}

/// The statistics of a velocity gradient.
pub struct Invariants {
    densities: Densities,
}

impl Invariants {
    /// Those over these bins.
    pub fn new(densities: Densities) -> Self {
        Invariants { densities }
    }

    /// Returns how many transforms of a field take about as long as a measurement.
    pub fn transforms(&self, fields: usize) -> f64 {
        /// The work at the points: eigenvalues, angles, and a dozen bins.
        const AT_THE_POINTS: f64 = 115.0;
        (3 * AXES + fields) as f64 + AT_THE_POINTS
    }

    /// Returns the bytes that a rank holds while it measures.
    pub fn bytes(&self, plan: &Plan) -> f64 {
        let held = HeldPlaces::of(plan, HELD).len();
        ((held + self.densities.bins()) * size_of::<f64>()) as f64
    }

    /// Measures them, in three sweeps of three gradients and one of all fields. Collective: every rank must
    /// call this.
    pub fn measure<T: Real>(
        &self,
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        communicator: &Communicator,
    ) -> MeasuredInvariants {
        // <s_ij s_ij> = <omega_i omega_i> / 2.
        let square = Term::norm(0..AXES).weighted(Weight::Square).times(0.5);
        let strain = sums_of_terms(state, &[square], sweep.pool(), communicator)[0].sqrt();
        let places = HeldPlaces::of(&sweep.plan, HELD);
        let mut held = vec![0.0; places.len()];
        let held = &SharedSlice::new(&mut held);
        for component in 0..AXES - 1 {
            let hold = Hold { held, places, first: AXES * component };
            Together::Triple(Triple::Gradient(component)).look(state, sweep, &hold);
        }
        let densities = &self.densities;
        let none = Tally { counts: vec![0; densities.bins()], sums: Default::default() };
        let count = Count { held, places, densities, strain, total: Mutex::new(none) };
        Together::Triple(Triple::Gradient(AXES - 1)).look(state, sweep, &count);
        let CountHelicity { total, .. } = {
            let (fields, total) = (state.count, count.total);
            let count = CountHelicity { held, places, densities, fields, total };
            Together::State.look(state, sweep, &count);
            count
        };
        let mut tally = total.into_inner().unwrap_or_else(PoisonError::into_inner);
        communicator.sum_integers(&mut tally.counts);
        let sums = communicator.exact_sums(&mut tally.sums);
        self.of_counts(&tally.counts, &sums, sweep.plan.modes.grid.point_count())
    }

    /// Densities and averages of so many points.
    fn of_counts(&self, counts: &[i64], sums: &[f64], points: f64) -> MeasuredInvariants {
        let densities = &self.densities;
        let over = |range: Range<usize>, width: f64| -> Vec<f64> {
            counts[range].iter().map(|count| *count as f64 / (points * width)).collect()
        };
        let one = |number: usize, bins: Bins| over(densities.range(number), bins.width());
        let three = |first: usize, bins: Bins| {
            over(densities.range(first).start..densities.range(first + AXES - 1).end, bins.width())
        };
        let mean = |index: usize| sums[index] / points;
        MeasuredInvariants {
            joint: over(0..densities.each().pow(2), densities.wide.width().powi(2)),
            productions: [one(0, densities.wide), one(1, densities.wide)],
            cosines: [one(2, densities.cosine), one(3, densities.cosine)],
            eigenvalues: three(4, densities.wide),
            alignment: three(4 + AXES, densities.magnitude),
            averages: std::array::from_fn(mean),
            mean_eigenvalues: std::array::from_fn(|axis| mean(3 + axis)),
        }
    }
}

#[cfg(test)]
mod tests;
