//! Quantities: sums over modes and what follows from them, each with its name.

use crate::diagnostics::at_mode::{C, dot, square};
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::{ModeIndex, Modes};
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::sums::{VelocityAverages, sum_over_bundles};
use crate::variable::Variable;

/// The term of a sum at one mode: its wavevector and the fields there.
pub type Term = Box<dyn Fn([f64; AXES], &[C]) -> f64 + Send + Sync>;

/// A quantity that follows from the averages of the velocity and the sums.
type Formula = Box<dyn Fn(&VelocityAverages, &[f64]) -> f64 + Send + Sync>;

/// A product of two fields.
pub struct Product {
    /// The fields.
    pub fields: [usize; 2],
    /// A factor.
    pub factor: f64,
    /// True when the product of their means is part of it.
    pub includes_mean: bool,
}

/// The quantities of one [`Physics`](crate::physics::Physics).
#[derive(Default)]
pub struct Quantities {
    named: Vec<Variable>,
    pub(super) sums: Vec<Term>,
    /// Sums without a name, which come after the others: of each velocity component, what it has in
    /// the modes without wavenumber along its own axis.
    pub(super) flat: Vec<Term>,
    derived: Vec<(Variable, Formula)>,
    /// Those sums that are averages of the product of two fields.
    products: Vec<usize>,
    /// Those sums that are energies beside the kinetic one.
    pub(super) energies: Vec<usize>,
    /// Those sums that are losses of energy beside what viscosity takes up.
    pub(super) losses: Vec<usize>,
}

impl Quantities {
    /// Their names, units and descriptions: the sums first, then what follows from them.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.named.iter().chain(self.derived.iter().map(|(variable, _)| variable))
    }

    /// The sums with their names.
    pub fn into_sums(self) -> impl Iterator<Item = (Variable, Term)> {
        self.named.into_iter().zip(self.sums)
    }

    /// The averages of products of two fields with their names.
    pub fn into_products(self) -> impl Iterator<Item = (Variable, Term)> {
        let products = self.products.clone();
        let sums = self.into_sums().enumerate();
        sums.filter_map(move |(sum, named)| products.contains(&sum).then_some(named))
    }

    /// Measures them, in the order of their names. Collective: every rank must call this.
    pub fn measure<T: Real>(
        &self,
        fields: &SpectralFields<T>,
        budget: &VelocityAverages,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> Vec<f64> {
        let mut values = self.sums(fields, pool, communicator);
        let derived: Vec<_> = self.derived.iter().map(|(_, f)| f(budget, &values)).collect();
        values.truncate(self.sums.len());
        values.extend(derived);
        values
    }

    /// The whole energy, and the rate at which damping of any kind takes it up, given the budget and
    /// what [`Self::measure`] returned.
    pub fn energy_and_loss(&self, budget: &VelocityAverages, values: &[f64]) -> [f64; 2] {
        let total = |of: &[usize]| of.iter().map(|&sum| values[sum]).sum::<f64>();
        [budget.kinetic_energy + total(&self.energies), budget.dissipation + total(&self.losses)]
    }

    fn sums<T: Real>(
        &self,
        fields: &SpectralFields<T>,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> Vec<f64> {
        let modes = fields.modes;
        let count = self.sums.len() + self.flat.len();
        sum_over_bundles(fields, count, pool, communicator, |bundle, sums| {
            let mut values = vec![C::ZERO; fields.count];
            for lane in 0..modes.lanes {
                let Some([nx, ..]) = modes.mode(ModeIndex { bundle, row: 0, lane }) else { break };
                let mut column = vec![0.0; count];
                for row in 0..modes.rows() {
                    let index = ModeIndex { bundle, row, lane };
                    let Some(mode) = modes.mode(index) else { break };
                    let k = modes.grid.wavevector(mode);
                    for (field, value) in values.iter_mut().enumerate() {
                        *value = fields.double_at(index, field);
                    }
                    let terms = self.sums.iter().chain(&self.flat).map(|term| term(k, &values));
                    column.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
                }
                let weight = Modes::weight(nx);
                sums.iter_mut().zip(&column).for_each(|(sum, column)| sum.add(weight * column));
            }
        })
    }

    /// Adds a sum and returns its place among them.
    pub(super) fn sum(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        description: impl Into<String>,
        term: impl Fn([f64; AXES], &[C]) -> f64 + Send + Sync + 'static,
    ) -> usize {
        self.named.push(Variable::new(name, unit, description));
        self.sums.push(Box::new(term));
        self.sums.len() - 1
    }

    /// Adds the average of `factor` times the product of fields `i` and `j`, perhaps without their
    /// means, and returns its place among the sums.
    pub(super) fn product(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        description: impl Into<String>,
        Product { fields: [i, j], factor, includes_mean }: Product,
    ) -> usize {
        let sum = self.sum(name, unit, description, move |k, f| {
            let counts = includes_mean || square(k) > 0.0;
            if counts { factor * dot(&f[i..=i], &f[j..=j]) } else { 0.0 }
        });
        self.products.push(sum);
        sum
    }

    /// Adds what follows from the budget and the sums.
    pub(super) fn derive(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        description: impl Into<String>,
        formula: impl Fn(&VelocityAverages, &[f64]) -> f64 + Send + Sync + 'static,
    ) {
        let variable = Variable::new(name, unit, description);
        self.derived.push((variable, Box::new(formula)));
    }
}
