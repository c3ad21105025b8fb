//! Integrating factors exp(-lambda(k) time): the linear term, which the integrator treats exactly.

use std::ops::Range;

use super::damping::Damping;
use super::scheme::Scheme;
use super::stage::Stage;
use crate::fields::{Aligned, zeros};
use crate::modes::{Modes, Wavenumbers, signed};
use crate::real::Real;

/// The integrating factors e = exp(-lambda(k) time) of one field.
///
/// Kept as e - 1: in single precision e itself would be rounded so close to 1 that slow decay is
/// wrong by percents, and by the same percents in every step.
pub enum IntegratingFactor<T: Real> {
    /// Of diffusion alone: a product over the three axes.
    Product(Wavenumbers<T>),
    /// A factor for every mode of this rank, `[bundle][row][lane]`.
    Table(Aligned<T>),
}

impl<T: Real> IntegratingFactor<T> {
    /// The factors of one bundle, at a position among those of this rank.
    #[inline(always)]
    pub fn of_bundle(&self, modes: &Modes, bundle: usize, position: usize) -> BundleFactor<'_, T> {
        match self {
            IntegratingFactor::Product(factors) => {
                let (x, y) = factors.of_bundle(modes, bundle);
                BundleFactor::Product { x, y, z: &factors.z }
            }
            IntegratingFactor::Table(factors) => {
                let len = modes.rows() * modes.lanes;
                BundleFactor::Table(&factors[position * len..][..len])
            }
        }
    }
}

/// The integrating factors, less 1, of one bundle.
pub enum BundleFactor<'a, T> {
    /// (1 + x) (1 + y) (1 + z) - 1.
    Product {
        /// Of the lanes.
        x: &'a [T],
        /// Of the bundle's ny.
        y: T,
        /// Of the rows.
        z: &'a [T],
    },
    /// `[row][lane]`.
    Table(&'a [T]),
}

impl<'a, T: Real> BundleFactor<'a, T> {
    /// Of one row: x of the lanes and a number a, for factors (1 + x) (1 + a) - 1.
    #[inline(always)]
    pub fn row(&self, row: usize, lanes: usize) -> (&'a [T], T) {
        match *self {
            BundleFactor::Product { x, y, z } => (x, y * z[row] + (y + z[row])),
            BundleFactor::Table(factors) => (&factors[row * lanes..][..lanes], T::ZERO),
        }
    }
}

/// The integrating factors that the stages of a scheme need, made when the time step changes.
pub struct IntegratingFactors<T: Real> {
    modes: Modes,
    bundles: Range<usize>,
    /// The dampings there are, each once, and which one each field has.
    dampings: Vec<Damping>,
    of_field: Vec<usize>,
    slots: Vec<Slot<T>>,
}

/// The integrating factors of a stage, or of all stages if they are the same.
struct Slot<T: Real> {
    /// The time that they are over, as a part of the step.
    part: f64,
    /// The time that they were made for; NaN if they were not.
    time: f64,
    /// Of each damping.
    factors: Vec<IntegratingFactor<T>>,
}

impl<T: Real> IntegratingFactors<T> {
    /// Factors for fields with the given dampings on `bundles`, for all time steps to come.
    pub fn new(
        modes: Modes,
        bundles: Range<usize>,
        scheme: Scheme,
        fields: impl Iterator<Item = Damping>,
    ) -> Self {
        let mut dampings: Vec<Damping> = Vec::new();
        let of_field = fields
            .map(|damping| {
                dampings.iter().position(|d| *d == damping).unwrap_or_else(|| {
                    dampings.push(damping);
                    dampings.len() - 1
                })
            })
            .collect();
        let empty = |damping: &Damping| match (damping.hyper, damping.drag) {
            (None, None) => IntegratingFactor::Product(Wavenumbers::new(&modes)),
            _ => IntegratingFactor::Table(zeros(bundles.len() * modes.column_len() / 2)),
        };
        let factors = || dampings.iter().map(empty).collect();
        let parts = scheme.factor_parts().into_iter();
        let slots = parts.map(|part| Slot { part, time: f64::NAN, factors: factors() }).collect();
        IntegratingFactors { modes, bundles, dampings, of_field, slots }
    }

    /// Makes the factors of a stage, unless the last ones were for the same time.
    pub fn prepare(&mut self, stage: Stage) {
        let index = self.slot(stage);
        let Slot { part, time: made_for, factors } = &mut self.slots[index];
        let time = *part * stage.dt;
        if *made_for == time {
            return;
        }
        *made_for = time;
        for (factor, damping) in factors.iter_mut().zip(&self.dampings) {
            match factor {
                IntegratingFactor::Product(along_axes) => {
                    along_axes.fill(&self.modes, |k| (-damping.diffusivity * k * k * time).exp_m1())
                }
                IntegratingFactor::Table(table) => {
                    fill(table, &self.modes, self.bundles.clone(), |k_squared| {
                        (-damping.rate(k_squared) * time).exp_m1()
                    });
                }
            }
        }
    }

    /// The factors of a field in a stage that [`Self::prepare`] was called for.
    pub fn of_field(&self, stage: Stage, field: usize) -> &IntegratingFactor<T> {
        &self.slots[self.slot(stage)].factors[self.of_field[field]]
    }

    /// The time that the factors of a stage are over, as a part of the step.
    pub(super) fn part(&self, stage: Stage) -> f64 {
        self.slots[self.slot(stage)].part
    }

    fn slot(&self, stage: Stage) -> usize {
        stage.index.min(self.slots.len() - 1)
    }

    /// The place of a bundle among those of this rank.
    pub fn position(&self, bundle: usize) -> usize {
        bundle - self.bundles.start
    }
}

/// Fills a table `[bundle][row][lane]` with a function of k^2.
fn fill<T: Real>(
    table: &mut [T],
    modes: &Modes,
    bundles: Range<usize>,
    value: impl Fn(f64) -> f64,
) {
    let square = |axis, n| modes.grid.wavenumber(axis, n).powi(2);
    let mut numbers = table.iter_mut();
    for bundle in bundles {
        let (nx, ny) = modes.bundle_mode(bundle);
        for row in 0..modes.rows() {
            let yz = square(1, ny) + square(2, signed(row, modes.grid.cutoff[2]));
            let lanes = numbers.by_ref().take(modes.lanes).zip(nx as i64..);
            lanes.for_each(|(number, nx)| *number = T::from_double(value(square(0, nx) + yz)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::damping::PowerLaw;
    use super::*;
    use crate::grid::Grid;

    #[test]
    fn a_table_of_plain_diffusion_is_the_product() {
        let modes = Modes::new(Grid::two_thirds([40, 7, 16], [2.0, 1.0, 0.5]), 8);
        let plain = Damping::diffusion(0.3);
        let hyper = Some(PowerLaw { coefficient: 0.0, order: 2.0 });
        let tabulated = Damping { hyper, ..plain };
        let bundles = 2..modes.bundles();
        let fields = [plain, tabulated, plain].into_iter();
        let mut factors =
            IntegratingFactors::<f64>::new(modes, bundles.clone(), Scheme::Rk3, fields);
        for dt in [0.1, 0.2] {
            for index in 0..3 {
                let stage = Stage { scheme: Scheme::Rk3, index, start: 0.0, dt };
                factors.prepare(stage);
                let (IntegratingFactor::Product(product), IntegratingFactor::Table(table)) =
                    (factors.of_field(stage, 2), factors.of_field(stage, 1))
                else {
                    panic!("one of each");
                };
                for bundle in bundles.clone() {
                    let (x, y) = product.of_bundle(&modes, bundle);
                    for row in 0..modes.rows() {
                        for (lane, x) in x.iter().enumerate() {
                            let expected = (1.0 + x) * (1.0 + y) * (1.0 + product.z[row]) - 1.0;
                            let at = factors.position(bundle) * modes.rows() + row;
                            let found = table[at * modes.lanes + lane];
                            assert!((found - expected).abs() < 1e-15);
                        }
                    }
                }
            }
        }
    }
}
