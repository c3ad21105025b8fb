//! The end of a run whose solution is no longer finite, and what to do about it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Dealias, Step};
use crate::error::Error;
use crate::integrator::Scheme;

use crate::format::scientific;

/// The start of the last step: the flow was seen to be finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LastGood {
    /// Its time.
    pub time: f64,
    /// Its number.
    pub step: u64,
    /// Courant number of the step that it took.
    pub cfl: f64,
}

/// The last checkpoint that was written or read.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// Where it is.
    pub path: PathBuf,
    /// Its time.
    pub time: f64,
    /// Its step.
    pub step: u64,
}

/// How the step of a run is chosen, and what it must not exceed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Name of the scheme.
    pub scheme: &'static str,
    /// Courant number up to which it is stable, about. A mode at the cutoff K of N points has
    /// k dx = 2 pi K / N, and the imaginary axis is stable up to sqrt(8) for the fourth and sqrt(3)
    /// for the third order (Canuto et al. 2006, Spectral Methods: Fundamentals, appendix D). With the
    /// second order such a mode grows slowly at any step.
    pub courant: f64,
    dealias: Dealias,
    rule: Step,
}

impl Limit {
    /// The limit of the run that `config` describes.
    pub fn new(config: &Config) -> Self {
        let (dealias, rule) = (config.grid.dealias, config.time.step);
        // Stable k dx C of a scheme for the Courant number C, and k dx.
        let (scheme, reach) = match config.time.scheme {
            Scheme::Rk2 => ("rk2", 1.05),
            Scheme::Rk3 => ("rk3", 1.68),
            Scheme::Rk4 => ("rk4", 2.73),
        };
        let cutoff = match dealias {
            Dealias::TwoThirds => 1.0 / 3.0,
            Dealias::PhaseShift => std::f64::consts::SQRT_2 / 3.0,
            Dealias::None => 0.5,
        };
        let courant = reach / (std::f64::consts::TAU * cutoff);
        Limit { scheme, courant: (10.0 * courant).floor() / 10.0, dealias, rule }
    }

    /// Whether a step must keep to it: error control finds its own.
    pub fn applies(&self) -> bool {
        !matches!(self.rule, Step::Tolerance { .. })
    }

    /// The key that makes steps shorter.
    fn key(&self) -> &'static str {
        match self.rule {
            Step::Fixed { .. } => "time.dt",
            Step::Cfl { .. } => "time.cfl",
            Step::Tolerance { .. } => "time.tolerance",
        }
    }

    /// What to do about a solution that blew up.
    fn advice(&self) -> String {
        let mut text = match self.rule {
            Step::Tolerance { .. } => {
                "no step was found that keeps to time.tolerance: the solution \
                                       itself grows without bound; take more grid.points or a \
                                       larger physics.viscosity"
                    .to_string()
            }
            _ => format!(
                "take a smaller {}: {} is stable up to a Courant number of about {}",
                self.key(),
                self.scheme,
                self.courant
            ),
        };
        match self.dealias {
            Dealias::TwoThirds => {}
            Dealias::PhaseShift => text += " with grid.dealias = \"phase_shift\"",
            Dealias::None => {
                text += "; with grid.dealias = \"none\" aliasing makes energy of its own, whatever the \
                         step: take \"two_thirds\""
            }
        }
        text
    }
}

/// What is known when a solution blows up: how it came to that, and where to go back to.
pub struct Stability {
    limit: Limit,
    /// Time, length and Courant number of the step from which on the scheme was unstable.
    excess: Option<(f64, f64, f64)>,
    /// The last checkpoint; none before the first one of a new run.
    pub saved: Option<Saved>,
}

impl Stability {
    /// The run of `config` before its first step, perhaps from a checkpoint.
    pub fn new(config: &Config, saved: Option<Saved>) -> Self {
        Stability { limit: Limit::new(config), excess: None, saved }
    }

    /// Takes account of a step `dt` from `time` with the Courant number `cfl`.
    pub fn step(&mut self, time: f64, dt: f64, cfl: f64) {
        if cfl <= self.limit.courant || !self.limit.applies() {
            self.excess = None;
        } else {
            self.excess.get_or_insert((time, dt, cfl));
        }
    }

    /// The error for a run that cannot go on for a `reason`.
    pub fn blow_up(&self, last_good: LastGood, reason: &str) -> Error {
        let LastGood { time, step, cfl } = last_good;
        let limit = &self.limit;
        let mut text = format!(
            "the solution blew up: {reason}\n\
             last good time: t = {time}, after step {step}; the next step had the Courant number \
             {}\n{}",
            scientific(cfl, 2),
            limit.advice()
        );
        if let Some((time, dt, cfl)) = self.excess {
            text += &format!(
                "; at t = {time} the limit was a step of {}, the step was {}",
                scientific(dt * limit.courant / cfl, 1),
                scientific(dt, 1)
            );
        }
        if let Some(Saved { path, time, step }) = &self.saved {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(settings: &[&str]) -> Limit {
        let text = "[grid]\npoints = [8, 8, 8]\n[physics]\nviscosity = 0.1\n\
                    [initial]\nkind = 'taylor_green'\n[time]\nend = 1.0\n\
                    [output]\ndirectory = 'runs'";
        let settings: Vec<_> = settings.iter().map(|s| s.to_string()).collect();
        let config = Config::parse(text, "test", std::path::Path::new(""), &settings);
        Limit::new(&config.unwrap())
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
            let advice = limit(&[&format!("{key}=0.1")]).advice();
            assert!(
                advice.starts_with(&format!("take a smaller {key}: rk4 is stable")),
                "{advice}"
            );
        }
        let advice = limit(&["time.tolerance=1e-5"]).advice();
        assert!(
            advice.contains("take more grid.points") && !advice.contains("Courant"),
            "{advice}"
        );
        let advice = limit(&["time.dt=0.1", "grid.dealias='none'"]).advice();
        assert!(advice.contains("take \"two_thirds\""), "{advice}");
    }
}
