//! Rows of `history.csv`.

use super::kind::Volume;
use crate::config::Config;
use crate::diagnostics::{Quantities, Scales};
use crate::forcing::{MAGNETIC, VELOCITY};
use crate::grid::Grid;
use crate::modes::Modes;
use crate::physics::Physics;
use crate::real::Real;
use crate::sums::VelocityAverages;

use crate::solver::forces::Forces;
use crate::variable::Variable;

/// Bytes of a number in a table, with its comma.
const NUMBER_IN_CSV: usize = 20;

/// Everything known about the flow at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Time.
    pub time: f64,
    /// Last time step; 0 at the start.
    pub dt: f64,
    /// Sums over modes.
    pub budget: VelocityAverages,
    /// Scales derived from them.
    pub scales: Scales,
    /// Courant number of the last step; 0 at the start.
    pub cfl: f64,
    /// Mean power of the force on the velocity since the last row; 0 at the start.
    pub injected_power: f64,
    /// The rate at which all damping has taken energy up over the last step, by the balance of energy;
    /// 0 at the start.
    pub budget_dissipation: f64,
    /// The residual of the energy budget over the last step; 0 at the start.
    pub budget_residual: f64,
    /// The other quantities of the flow's physics.
    pub quantities: Vec<f64>,
    /// The other injections since the last row, see [`powers`].
    pub injections: Vec<f64>,
}

/// The columns that every flow has: name, unit and description of each.
const COLUMNS: [[&str; 3]; 18] = [
    ["time", "T", "time"],
    ["dt", "T", "last time step"],
    ["kinetic_energy", "L^2/T^2", "<u.u>/2, mean flow included"],
    ["dissipation", "L^2/T^3", "nu <omega.omega>"],
    ["enstrophy", "1/T^2", "<omega.omega>/2"],
    ["velocity_rms", "L/T", "u' = sqrt(2/3 energy of the fluctuations)"],
    ["integral_length", "L", "L = pi / (2 u'^2) sum of E(k) / k"],
    ["integral_reynolds", "1", "u' L / nu"],
    ["turnover_time", "T", "L / u'"],
    ["taylor_length", "L", "lambda = sqrt(15 nu u'^2 / dissipation)"],
    ["taylor_reynolds", "1", "u' lambda / nu"],
    ["kolmogorov_length", "L", "eta = (nu^3 / dissipation)^(1/4)"],
    ["kmax_eta", "1", "largest wavenumber kept along every axis times eta"],
    ["max_divergence", "1/T", "largest |k.u_hat| of any mode"],
    [
        "cfl",
        "1",
        "dt times the largest frequency at the start of the last step, see docs/numerics.md",
    ],
    ["injected_power", "L^2/T^3", "mean power of the force on the velocity since the last row"],
    [
        "budget_dissipation",
        "L^2/T^3",
        "power of all forces minus rate of change of all energy over the last step: what all damping \
         has taken up",
    ],
    [
        "budget_residual",
        "L^2/T^3",
        "rate of change of all energy, plus what all damping takes up, minus the power of all \
         forces, over the last step by the trapezoidal rule",
    ],
];

/// The columns after `step`, in order.
pub fn columns(quantities: &Quantities, physics: &Physics) -> Vec<Variable> {
    let of_every_flow = COLUMNS.map(|[name, unit, words]| Variable::new(name, unit, words));
    let injections = injections(physics).map(|(name, is_vector)| {
        let (column, unit, of) = match is_vector {
            true => (
                "injected_power",
                "L^2/T^3",
                format!("mean power of the force on the {name} field"),
            ),
            false => ("injection", "1/T", format!("<{name}^2> that its force puts in per time")),
        };
        Variable::new(format!("{name}_{column}"), unit, format!("{of}, since the last row"))
    });
    of_every_flow.into_iter().chain(quantities.variables().cloned()).chain(injections).collect()
}

/// Returns what a run writes of the history.
pub fn volume(config: &Config, modes: &Modes) -> Volume {
    let quantities = Quantities::new(&config.physics, modes.grid.lengths);
    let columns = columns(&quantities, &config.physics);
    // The flow before the step and after it, for the budget of energy.
    let transforms = 0.9 * config.physics.fields().len() as f64;
    volume_of_rows("history", &columns, config.output.history.every, transforms)
}

/// Returns all names of columns.
pub fn names(config: &Config, grid: Grid) -> Vec<String> {
    let quantities = Quantities::new(&config.physics, grid.lengths);
    names_of_columns(columns(&quantities, &config.physics))
}

/// Returns what a run writes of a table with these `columns` after `step`: a row every so often, which
/// takes as long as so many `transforms` of a field.
pub fn volume_of_rows(table: &str, columns: &[Variable], every: f64, transforms: f64) -> Volume {
    let bytes = ((1 + columns.len()) * NUMBER_IN_CSV) as f64;
    Volume { name: format!("rows of {table}"), every, bytes, transforms }
}

/// Returns the names of all columns of a table with these after `step`.
pub fn names_of_columns(columns: Vec<Variable>) -> Vec<String> {
    let names = columns.into_iter().map(|column| column.name);
    std::iter::once("step".to_string()).chain(names).collect()
}

/// Returns the fields that may be forced beside the velocity, and whether each is a vector.
fn injections(physics: &Physics) -> impl Iterator<Item = (&str, bool)> {
    let magnetic = physics.magnetic.map(|_| (MAGNETIC, true));
    magnetic.into_iter().chain(physics.scalars.iter().map(|scalar| (scalar.name.as_str(), false)))
}

/// The mean power of the force on the velocity over the `time` since the accounts of `forces` began,
/// and the other injections in the order of their columns.
pub fn powers<T: Real>(forces: &Forces<T>, physics: &Physics, time: f64) -> (f64, Vec<f64>) {
    let rate = |name| if time > 0.0 { forces.injected(name) / time } else { 0.0 };
    // Of a scalar the variance counts, which is twice what the account has.
    let injections = injections(physics)
        .map(|(name, is_vector)| if is_vector { rate(name) } else { 2.0 * rate(name) });
    (rate(VELOCITY), injections.collect())
}

impl Row {
    /// The numbers in the order of [`columns`].
    pub fn values(&self) -> Vec<f64> {
        let Row { time, dt, budget, scales, cfl, injected_power, .. } = self;
        let of_every_flow = [
            *time,
            *dt,
            budget.kinetic_energy,
            budget.dissipation,
            budget.enstrophy,
            scales.velocity,
            scales.integral_length,
            scales.integral_reynolds,
            scales.turnover_time,
            scales.taylor_length,
            scales.taylor_reynolds,
            scales.kolmogorov_length,
            scales.resolution,
            budget.max_divergence,
            *cfl,
            *injected_power,
            self.budget_dissipation,
            self.budget_residual,
        ];
        let others = self.quantities.iter().chain(&self.injections);
        of_every_flow.into_iter().chain(others.copied()).collect()
    }
}
