//! The mean squares of a vector or scalar and of its fluctuations.

use std::ops::Range;

use super::over_bundles::exact_sums_over_bundles;
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;

/// Mean squares of a vector or scalar: with its mean, and of its fluctuations, without.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeanSquares {
    /// <u^2>.
    pub total: f64,
    /// <u'^2>, however small beside the mean.
    pub fluctuations: f64,
}

impl MeanSquares {
    /// The mean squares of the vector or scalar that the fields `of` are. Collective: every rank must
    /// call this.
    pub fn measure<T: Real>(
        fields: &SpectralFields<T>,
        of: Range<usize>,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> Self {
        let modes = fields.modes;
        let zeros = || std::array::from_fn::<_, 2, _>(|_| ExactSum::default());
        let sums = exact_sums_over_bundles(fields, zeros, pool, communicator, |bundle, sums| {
            let (nx0, ny) = modes.bundle_mode(bundle);
            let numbers = fields.bundle(bundle);
            let mut mean = 0.0;
            for lane in (0..modes.lanes).step_by(BLOCK) {
                let mut column = [0.0; BLOCK];
                for row in 0..modes.rows() {
                    let mut square = [0.0; BLOCK];
                    for part in [0, modes.lanes] {
                        let mut of_part = [0.0; BLOCK];
                        for field in of.clone() {
                            let start =
                                field * modes.column_len() + row * modes.row_len() + part + lane;
                            for (sum, value) in of_part.iter_mut().zip(&numbers[start..]) {
                                *sum += value.double().powi(2);
                            }
                        }
                        square.iter_mut().zip(of_part).for_each(|(sum, part)| *sum += part);
                    }
                    if (row, lane, nx0, ny) == (0, 0, 0, 0) {
                        mean = std::mem::take(&mut square[0]);
                    }
                    column.iter_mut().zip(square).for_each(|(sum, square)| *sum += square);
                }
                for (nx, square) in ((nx0 + lane) as i64..).zip(column) {
                    sums[1].add(Modes::weight(nx) * square);
                }
            }
            sums[0].add(mean);
        });
        let [mean, fluctuations] = sums.map(|sum| sum.value());
        MeanSquares { total: mean + fluctuations, fluctuations }
    }
}

/// Columns summed side by side: divides every `Real::LANES`.
const BLOCK: usize = 8;

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::grid::Grid;

    #[test]
    fn the_mean_is_no_fluctuation_however_strong() {
        let modes = Modes::new(Grid::two_thirds([24, 16, 16], [1.0; 3]), 8);
        let mut fields = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), 4);
        let amplitude = |mode: [i64; 3], field: usize| {
            let [x, y, z] = mode.map(|n| n as f64);
            Complex::new((x + 0.3 * y - z).sin(), (x - y * z).cos()) / (1 + field) as f64
        };
        fields.fill(|mode, out: &mut [_]| {
            for (field, out) in out.iter_mut().enumerate() {
                *out = if mode == [0; 3] { Complex::ZERO } else { amplitude(mode, field) };
            }
        });
        let (pool, comm) = (ThreadPool::new(2).unwrap(), Communicator::serial());
        for of in [1..4, 3..4] {
            let square = |(mode, place): ([i64; 3], _)| {
                let squares = of.clone().map(|field| fields.at(place, field).norm_sqr());
                Modes::weight(mode[0]) * squares.sum::<f64>()
            };
            let expected: f64 = fields.owned_modes().map(square).sum();
            let found = MeanSquares::measure(&fields, of.clone(), &pool, &comm);
            assert!((found.fluctuations / expected - 1.0).abs() < 1e-13);
            assert_eq!(found.total, found.fluctuations);
            let mut moving = fields.clone();
            moving.set(modes.index([0; 3]).unwrap(), 3, Complex::new(1e9, 0.0));
            let with_mean = MeanSquares::measure(&moving, of, &pool, &comm);
            assert_eq!(with_mean.fluctuations, found.fluctuations);
            assert_eq!(with_mean.total, 1e18 + found.fluctuations);
        }
    }
}
