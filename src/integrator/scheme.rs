//! Runge-Kutta schemes as tables of their coefficients.
//!
//! With c the nodes, a and b the coefficients and k_i = N(u_i) the tendency of stage i, h the step and
//! E(x) = exp(-lambda x h) the integrating factor over a part x of it (so that E = 1 gives the scheme
//! without a linear term):
//!
//! *Subdiagonal*: the Butcher table has one number in each row, a_i beside the diagonal.
//!
//! u_i = E(c_i) u + a_i h E(c_i - c_(i-1)) k_(i-1),  u' = E(1) u + h sum of b_i E(1 - c_i) k_i
//!
//! *Low storage* (Williamson 1980, J. Comput. Phys. 35, 48): two registers, u and s, are overwritten.
//!
//! s = A_i s + h k_i,  u = E (u + B_i s),  s = E s,  with E = E(c_(i+1) - c_i)

use serde::{Deserialize, Serialize};

/// A time integration scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Heun's second-order scheme, two stages.
    Rk2,
    /// Third-order low-storage scheme of Williamson 1980, J. Comput. Phys. 35, 48 (case 7).
    Rk3,
    /// The classical fourth-order scheme (Kutta 1901, Z. Math. Phys. 46, 435).
    #[default]
    Rk4,
}

/// The coefficients of a scheme, a row for each stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Table {
    /// Rows `[c, a, b]`.
    Subdiagonal(&'static [[f64; 3]]),
    /// Rows `[c, A, B, b]`; the weights b follow from A and B.
    LowStorage(&'static [[f64; 4]]),
}

#[rustfmt::skip]
const HEUN: Table = Table::Subdiagonal(&[
    // c        a          b
    [0.0,       0.0,       1.0 / 2.0],
    [1.0,       1.0,       1.0 / 2.0],
]);

#[rustfmt::skip]
const WILLIAMSON: Table = Table::LowStorage(&[
    // c        A               B            b
    [0.0,       0.0,            1.0 / 3.0,   1.0 / 6.0 ],
    [1.0 / 3.0, -5.0 / 9.0,     15.0 / 16.0, 3.0 / 10.0],
    [3.0 / 4.0, -153.0 / 128.0, 8.0 / 15.0,  8.0 / 15.0],
]);

#[rustfmt::skip]
const CLASSICAL: Table = Table::Subdiagonal(&[
    // c        a          b
    [0.0,       0.0,       1.0 / 6.0],
    [1.0 / 2.0, 1.0 / 2.0, 1.0 / 3.0],
    [1.0 / 2.0, 1.0 / 2.0, 1.0 / 3.0],
    [1.0,       1.0,       1.0 / 6.0],
]);

impl Scheme {
    /// The coefficients.
    pub(super) fn table(self) -> Table {
        match self {
            Scheme::Rk2 => HEUN,
            Scheme::Rk3 => WILLIAMSON,
            Scheme::Rk4 => CLASSICAL,
        }
    }

    /// Returns the number of stages, which is that of right-hand sides per step.
    pub fn stages(self) -> usize {
        match self.table() {
            Table::Subdiagonal(rows) => rows.len(),
            Table::LowStorage(rows) => rows.len(),
        }
    }

    /// Returns the node c of a stage, and 1 for the end of the step.
    pub(super) fn node(self, stage: usize) -> f64 {
        let node = match self.table() {
            Table::Subdiagonal(rows) => rows.get(stage).map(|[c, ..]| *c),
            Table::LowStorage(rows) => rows.get(stage).map(|[c, ..]| *c),
        };
        node.unwrap_or(1.0)
    }

    /// Returns the weight b of a stage's right-hand side in the whole step; they add up to 1.
    pub(super) fn weight(self, stage: usize) -> f64 {
        match self.table() {
            Table::Subdiagonal(rows) => rows[stage][2],
            Table::LowStorage(rows) => rows[stage][3],
        }
    }

    /// Returns whether the last stage leaves the new state in the `sum`, and what the step started from
    /// untouched.
    pub fn ends_in_sum(self) -> bool {
        matches!(self.table(), Table::Subdiagonal(_))
    }

    /// Returns the times that the integrating factors of the stages are over, as parts of the step. In
    /// a low-storage scheme every stage has its own, from its node to the next one. In a subdiagonal
    /// one there is a single time, the smallest between two nodes, of which all others are multiples.
    pub(super) fn factor_parts(self) -> Vec<f64> {
        let to_next = |stage| self.node(stage + 1) - self.node(stage);
        let parts = (0..self.stages()).map(to_next);
        match self.table() {
            Table::LowStorage(_) => parts.collect(),
            Table::Subdiagonal(_) => {
                vec![parts.filter(|part| *part > 0.0).fold(1.0, f64::min)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMES: [(Scheme, usize); 3] = [(Scheme::Rk2, 2), (Scheme::Rk3, 3), (Scheme::Rk4, 4)];

    /// Nodes, the whole matrix and the weights, without a linear term.
    fn butcher(scheme: Scheme) -> (Vec<f64>, Vec<Vec<f64>>, Vec<f64>) {
        let stages = scheme.stages();
        let mut matrix = vec![vec![0.0; stages]; stages + 1];
        match scheme.table() {
            Table::Subdiagonal(rows) => {
                for (stage, [_, a, _]) in rows.iter().enumerate().skip(1) {
                    matrix[stage][stage - 1] = *a;
                }
                matrix[stages] = rows.iter().map(|[.., b]| *b).collect();
            }
            Table::LowStorage(rows) => {
                // What of each k is in the register s.
                let mut register = vec![0.0; stages];
                for (stage, [_, a, b, _]) in rows.iter().enumerate() {
                    register.iter_mut().for_each(|number| *number *= a);
                    register[stage] = 1.0;
                    matrix[stage + 1] =
                        matrix[stage].iter().zip(&register).map(|(u, s)| u + b * s).collect();
                }
            }
        }
        let weights = matrix.pop().unwrap_or_default();
        ((0..stages).map(|stage| scheme.node(stage)).collect(), matrix, weights)
    }

    #[test]
    fn every_scheme_has_its_order() {
        for (scheme, order) in SCHEMES {
            let (c, a, b) = butcher(scheme);
            let is = |found: f64, expected: f64| {
                assert!((found - expected).abs() < 1e-15, "{scheme:?}: {found}, not {expected}");
            };
            let sum = |of: &dyn Fn(usize) -> f64| (0..c.len()).map(|i| b[i] * of(i)).sum::<f64>();
            let row = |i: usize, of: &dyn Fn(usize) -> f64| -> f64 {
                (0..c.len()).map(|j| a[i][j] * of(j)).sum()
            };
            for (i, weight) in b.iter().enumerate() {
                is(row(i, &|_| 1.0), c[i]);
                is(scheme.weight(i), *weight);
            }
            // Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, table II.2.1.
            is(sum(&|_| 1.0), 1.0);
            is(sum(&|i| c[i]), 1.0 / 2.0);
            if order >= 3 {
                is(sum(&|i| c[i] * c[i]), 1.0 / 3.0);
                is(sum(&|i| row(i, &|j| c[j])), 1.0 / 6.0);
            }
            if order >= 4 {
                is(sum(&|i| c[i].powi(3)), 1.0 / 4.0);
                is(sum(&|i| c[i] * row(i, &|j| c[j])), 1.0 / 8.0);
                is(sum(&|i| row(i, &|j| c[j] * c[j])), 1.0 / 12.0);
                is(sum(&|i| row(i, &|j| row(j, &|k| c[k]))), 1.0 / 24.0);
            }
        }
    }

    #[test]
    fn integrating_factors_are_over_these_parts() {
        assert_eq!(Scheme::Rk2.factor_parts(), [1.0]);
        assert_eq!(Scheme::Rk3.factor_parts(), [1.0 / 3.0, 5.0 / 12.0, 1.0 / 4.0]);
        assert_eq!(Scheme::Rk4.factor_parts(), [0.5]);
    }
}
