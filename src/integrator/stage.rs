//! One stage of one step: which right-hand side it takes, and when.

use super::scheme::{Scheme, Table};

/// A stage of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// The scheme.
    pub scheme: Scheme,
    /// The number of the stage, from 0.
    pub index: usize,
    /// The time at which the step begins.
    pub start: f64,
    /// The time step.
    pub dt: f64,
}

impl Stage {
    /// Returns the time at which the right-hand side is taken.
    pub fn time(self) -> f64 {
        self.start + self.scheme.node(self.index) * self.dt
    }

    /// Returns the time that the right-hand side counts for in the whole step: those of all stages add
    /// up to the time step.
    pub fn weight(self) -> f64 {
        self.scheme.weight(self.index) * self.dt
    }

    /// Returns whether the step ends with it.
    pub fn is_last(self) -> bool {
        self.index + 1 == self.scheme.stages()
    }

    /// Returns the next value of a number that nothing damps, given its value at the `start` of the step and
    /// at the `present` stage, and its `rate` of change there: at the next stage, or after the step. `sum` is
    /// what the scheme remembers of it from one stage to the next.
    pub fn advance(self, start: f64, present: f64, sum: &mut f64, rate: f64) -> f64 {
        match self.scheme.table() {
            Table::Subdiagonal(rows) => {
                let [_, _, weight] = rows[self.index];
                *sum = self.dt * weight * rate + if self.index == 0 { start } else { *sum };
                match rows.get(self.index + 1) {
                    Some([_, a, _]) => start + self.dt * a * rate,
                    None => *sum,
                }
            }
            Table::LowStorage(rows) => {
                let [_, a, b, _] = rows[self.index];
                *sum = self.dt * rate + if self.index == 0 { 0.0 } else { a * *sum };
                present + b * *sum
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// dx/dt = x cos t, from x = 1.
    #[test]
    fn a_number_advances_with_the_order_of_the_scheme() {
        for (scheme, order) in [(Scheme::Rk2, 2.0), (Scheme::Rk3, 3.0), (Scheme::Rk4, 4.0)] {
            let error = |steps: u32| {
                let dt = 1.0 / f64::from(steps);
                let (mut x, mut sum) = (1.0, 0.0);
                for step in 0..steps {
                    let start = x;
                    for index in 0..scheme.stages() {
                        let stage = Stage { scheme, index, start: f64::from(step) * dt, dt };
                        x = stage.advance(start, x, &mut sum, x * stage.time().cos());
                    }
                }
                (x - 1_f64.sin().exp()).abs()
            };
            let found = (error(32) / error(64)).log2();
            assert!((found - order).abs() < 0.15, "{scheme:?}: order {found}");
        }
    }
}
