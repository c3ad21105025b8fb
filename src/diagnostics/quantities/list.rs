//! Quantities: sums over modes and what follows from them, each with its name.

use crate::fields::SpectralFields;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::sums::{Term, VelocityAverages, Weight};
use crate::variable::Variable;

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

    /// Measures the averages of the velocity, and the quantities in the order of their names.
    /// Collective: every rank must call this.
    pub fn measure<T: Real>(
        &self,
        fields: &SpectralFields<T>,
        viscosity: f64,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> (VelocityAverages, Vec<f64>) {
        let terms = [&self.sums[..], &self.flat].concat();
        let (velocity, mut values) =
            VelocityAverages::measure(fields, viscosity, &terms, pool, communicator);
        let derived: Vec<_> = self.derived.iter().map(|(_, f)| f(&velocity, &values)).collect();
        values.truncate(self.sums.len());
        values.extend(derived);
        (velocity, values)
    }

    /// The whole energy, and the rate at which damping of any kind takes it up, given the budget and
    /// what [`Self::measure`] returned.
    pub fn energy_and_loss(&self, budget: &VelocityAverages, values: &[f64]) -> [f64; 2] {
        let total = |of: &[usize]| of.iter().map(|&sum| values[sum]).sum::<f64>();
        [budget.kinetic_energy + total(&self.energies), budget.dissipation + total(&self.losses)]
    }

    /// Adds a sum and returns its place among them.
    pub(super) fn sum(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        description: impl Into<String>,
        term: Term,
    ) -> usize {
        self.named.push(Variable::new(name, unit, description));
        self.sums.push(term);
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
        let weight = if includes_mean { Weight::One } else { Weight::Fluctuations };
        let term = Term::product(i, j).weighted(weight).times(factor);
        let sum = self.sum(name, unit, description, term);
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
