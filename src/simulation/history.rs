//! Rows of `history.csv`.

use crate::diagnostics::{Budget, Scales};
use crate::io::history::Column;

/// Everything known about the flow at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Time.
    pub time: f64,
    /// Last time step; 0 at the start.
    pub dt: f64,
    /// Sums over modes.
    pub budget: Budget,
    /// Scales derived from them.
    pub scales: Scales,
    /// Courant number of the last step; 0 at the start.
    pub cfl: f64,
    /// Mean power of the force since the last row; 0 at the start.
    pub injected_power: f64,
}

/// The columns after `step`, in order.
pub const COLUMNS: [Column; 13] = [
    column("time", "T", "time"),
    column("dt", "T", "last time step"),
    column("kinetic_energy", "L^2/T^2", "<u.u>/2, mean flow included"),
    column("dissipation", "L^2/T^3", "nu <omega.omega>"),
    column("enstrophy", "1/T^2", "<omega.omega>/2"),
    column("velocity_rms", "L/T", "u' = sqrt(2/3 energy of the fluctuations)"),
    column("taylor_length", "L", "lambda = sqrt(15 nu u'^2 / dissipation)"),
    column("taylor_reynolds", "1", "u' lambda / nu"),
    column("kolmogorov_length", "L", "eta = (nu^3 / dissipation)^(1/4)"),
    column("kmax_eta", "1", "largest wavenumber kept along every axis times eta"),
    column("max_divergence", "1/T", "largest |k.u_hat| of any mode"),
    column("cfl", "1", "dt max(|u|/dx + |v|/dy + |w|/dz) at the start of the last step"),
    column("injected_power", "L^2/T^3", "mean power of the force since the last row"),
];

const fn column(name: &'static str, unit: &'static str, description: &'static str) -> Column {
    Column { name, unit, description }
}

impl Row {
    /// The numbers in the order of [`COLUMNS`].
    pub fn values(&self) -> [f64; COLUMNS.len()] {
        let Row { time, dt, budget, scales, cfl, injected_power } = self;
        [
            *time,
            *dt,
            budget.kinetic_energy,
            budget.dissipation,
            budget.enstrophy,
            scales.velocity,
            scales.taylor_length,
            scales.taylor_reynolds,
            scales.kolmogorov_length,
            scales.resolution,
            budget.max_divergence,
            *cfl,
            *injected_power,
        ]
    }
}
