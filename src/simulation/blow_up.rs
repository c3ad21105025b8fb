//! The end of a run whose solution is no longer finite, and what to do about it.

use crate::config::{Config, Dealias, Step};
use crate::error::{Error, Result};
use crate::sums::VelocityAverages;

use super::output::history::Row;
use super::restart::state::{Clock, LastGood, RunState, Saved};
use super::time_step::StabilityLimit;
use crate::format::scientific;

/// The knowledge of a run's stability that is told when it blows up: how it came to that, and where to
/// go back to.
pub struct Stability {
    limit: StabilityLimit,
    /// Time, length and Courant number of the step from which on the scheme was unstable.
    excess: Option<(f64, f64, f64)>,
    /// The last checkpoint; none before the first one of a new run.
    pub saved: Option<Saved>,
}

impl Stability {
    /// The run of `config` before its first step, perhaps from a checkpoint.
    pub fn new(config: &Config, saved: Option<Saved>) -> Self {
        Stability { limit: StabilityLimit::new(config), excess: None, saved }
    }

    /// Takes account of a step `dt` from `time` with the Courant number `cfl`.
    pub fn step(&mut self, time: f64, dt: f64, cfl: f64) {
        if cfl <= self.limit.courant || !self.limit.applies() {
            self.excess = None;
        } else {
            self.excess.get_or_insert((time, dt, cfl));
        }
    }

    /// Checks that a flow whose averages are `row` is finite.
    ///
    /// # Errors
    /// It is not: the initial field is bad, or the solution blew up.
    pub fn check(&self, row: &Row, now: &RunState) -> Result<()> {
        let VelocityAverages { kinetic_energy, enstrophy, .. } = row.budget;
        let other = row.quantities.iter().any(|quantity| quantity.is_nan());
        if kinetic_energy.is_finite() && enstrophy.is_finite() && !other {
            return Ok(());
        }
        let mut found =
            format!("the kinetic energy is {kinetic_energy}, the enstrophy {enstrophy}");
        if other {
            found += ", and a field is not finite";
        }
        Err(match now.clock.step {
            0 => Error::input(format!("the initial field is not finite: {found}; see [initial]")),
            _ => self.blow_up(now.last_good, &format!("{found} at t = {}", now.clock.time)),
        })
    }

    /// The error for a run whose next step would be only `dt` long.
    pub fn no_step(&self, last_good: LastGood, dt: f64) -> Error {
        let reason = format!("the time step fell to {dt:e} at t = {}", last_good.clock.time);
        let advice = match self.limit.rule {
            Step::Cfl { .. } => {
                "the flow is so fast that time.end is never reached: it grows without \
                                 bound, or [initial], [forcing] and [time] have different units"
                    .to_string()
            }
            _ => advice(&self.limit),
        };
        self.error(last_good, &reason, &advice)
    }

    /// The error for a run that cannot go on for a `reason`.
    pub fn blow_up(&self, last_good: LastGood, reason: &str) -> Error {
        self.error(last_good, reason, &advice(&self.limit))
    }

    /// The error for a `reason`, with an `advice`.
    fn error(&self, last_good: LastGood, reason: &str, advice: &str) -> Error {
        let LastGood { clock: Clock { time, step }, cfl } = last_good;
        let limit = &self.limit;
        let mut text = format!(
            "the solution blew up: {reason}\n\
             last good time: t = {time}, after step {step}; the next step had the Courant number \
             {}\n{advice}",
            scientific(cfl, 2)
        );
        if let Some((time, dt, cfl)) = self.excess {
            text += &format!(
                "; at t = {time} the limit was a step of {}, the step was {}",
                scientific(dt * limit.courant / cfl, 1),
                scientific(dt, 1)
            );
        }
        if let Some(Saved { path, clock: Clock { time, step } }) = &self.saved {
            let key = limit.key();
            text += &format!(
                "\nlast checkpoint: {}, t = {time}, step {step}; the same command continues from \
                 it, with a shorter step if you add --set {key}=VALUE --allow-change {key}",
                path.display()
            );
        }
        Error::blow_up(text)
    }
}

/// Advises what to do about a solution that blew up.
fn advice(limit: &StabilityLimit) -> String {
    let mut text = match limit.rule {
        Step::Tolerance { .. } => "no step was found that keeps to time.tolerance: the solution \
                                   itself grows without bound; take more grid.points or a \
                                   larger physics.viscosity"
            .to_string(),
        _ => format!(
            "take a smaller {}: {} is stable up to a Courant number of about {}",
            limit.key(),
            limit.scheme,
            limit.courant
        ),
    };
    match limit.dealias {
        Dealias::TwoThirds => {}
        Dealias::PhaseShift => text += " with grid.dealias = \"phase_shift\"",
        Dealias::None => {
            text += "; with grid.dealias = \"none\" aliasing makes energy of its own, whatever the \
                     step: take \"two_thirds\""
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(settings: &[&str]) -> StabilityLimit {
        let text = "[grid]\npoints = [8, 8, 8]\n[physics]\nviscosity = 0.1\n\
                    [initial]\nkind = 'taylor_green'\n[time]\nend = 1.0\n\
                    [output]\ndirectory = 'runs'";
        let settings: Vec<_> = settings.iter().map(|s| s.to_string()).collect();
        let config = Config::parse(text, "test", std::path::Path::new(""), &settings);
        StabilityLimit::new(&config.unwrap())
    }

    #[test]
    fn the_limit_falls_as_the_cutoff_rises() {
        for (scheme, limits) in [("rk2", [0.5, 0.3]), ("rk3", [0.8, 0.5]), ("rk4", [1.3, 0.8])] {
            let scheme = format!("time.scheme='{scheme}'");
            for (dealias, expected) in ["two_thirds", "none"].into_iter().zip(limits) {
                let dealias = format!("grid.dealias='{dealias}'");
                assert_eq!(limit(&["time.dt=0.1", &scheme, &dealias]).courant, expected);
            }
        }
        let shifted = limit(&["time.dt=0.1", "grid.dealias='phase_shift'"]);
        assert_eq!(shifted.courant, 0.9);
    }

    #[test]
    fn the_advice_names_the_key_that_was_given() {
        for key in ["time.dt", "time.cfl"] {
            let text = advice(&limit(&[&format!("{key}=0.1")]));
            assert!(text.starts_with(&format!("take a smaller {key}: rk4 is stable")), "{text}");
        }
        let text = advice(&limit(&["time.tolerance=1e-5"]));
        assert!(text.contains("take more grid.points") && !text.contains("Courant"), "{text}");
        let text = advice(&limit(&["time.dt=0.1", "grid.dealias='none'"]));
        assert!(text.contains("take \"two_thirds\""), "{text}");
    }
}
