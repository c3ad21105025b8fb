//! The budget of energy: what was there, what damping takes, and what the force has put in.

use crate::diagnostics::Quantities;
use crate::sums::VelocityAverages;

/// The budget at one instant, per mass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyBudget {
    /// Kinetic, magnetic and potential energy.
    energy: f64,
    /// Rate at which damping of any kind takes it up.
    loss: f64,
    /// The energy that the force has put in since the start.
    injected: f64,
}

impl EnergyBudget {
    /// The budget of a flow with this budget, these values of `quantities`, and what the force has put
    /// in.
    pub fn new(
        quantities: &Quantities,
        budget: &VelocityAverages,
        values: &[f64],
        injected: f64,
    ) -> Self {
        let [energy, loss] = quantities.energy_and_loss(budget, values);
        EnergyBudget { energy, loss, injected }
    }

    /// Power - dE/dt, on average over a step of `dt` from `before` to `after`: what damping must have
    /// taken up.
    pub fn dissipation(before: EnergyBudget, after: EnergyBudget, dt: f64) -> f64 {
        (after.injected - before.injected - (after.energy - before.energy)) / dt
    }

    /// Returns what damping takes up, on average over the step by the trapezoidal rule, less
    /// [`Self::dissipation`]. It is zero but for errors of the order of dt^2.
    pub fn residual(before: EnergyBudget, after: EnergyBudget, dt: f64) -> f64 {
        0.5 * (before.loss + after.loss) - EnergyBudget::dissipation(before, after, dt)
    }
}
