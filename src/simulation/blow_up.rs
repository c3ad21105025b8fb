//! The end of a run whose solution is no longer finite, and what to do about it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::integrator::Scheme;

use super::progress::scientific;

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

/// Name of a scheme and the Courant number up to which it is stable. A mode at the cutoff has
/// k dx = 2 pi / 3, and the imaginary axis is stable up to sqrt(8) for the fourth and sqrt(3) for
/// the third order (Canuto et al. 2006, Spectral Methods: Fundamentals, appendix D). With the
/// second order such a mode grows slowly at any step.
pub fn stable_cfl(scheme: Scheme) -> (&'static str, f64) {
    match scheme {
        Scheme::Rk2 => ("rk2", 0.5),
        Scheme::Rk3 => ("rk3", 0.8),
        Scheme::Rk4 => ("rk4", 1.3),
    }
}

/// What is known when a solution blows up: how it came to that, and where to go back to.
pub struct Stability {
    scheme: Scheme,
    /// Time, length and Courant number of the step from which on the scheme was unstable.
    excess: Option<(f64, f64, f64)>,
    /// The last checkpoint; none before the first one of a new run.
    pub saved: Option<Saved>,
}

impl Stability {
    /// A run with `scheme` before its first step, perhaps from a checkpoint.
    pub fn new(scheme: Scheme, saved: Option<Saved>) -> Self {
        Stability { scheme, excess: None, saved }
    }

    /// Takes account of a step `dt` from `time` with the Courant number `cfl`.
    pub fn step(&mut self, time: f64, dt: f64, cfl: f64) {
        let (_, limit) = stable_cfl(self.scheme);
        if cfl <= limit {
            self.excess = None;
        } else {
            self.excess.get_or_insert((time, dt, cfl));
        }
    }

    /// The error for a run that cannot go on for a `reason`.
    pub fn blow_up(&self, last_good: LastGood, reason: &str) -> Error {
        let LastGood { time, step, cfl } = last_good;
        let (name, limit) = stable_cfl(self.scheme);
        let mut text = format!(
            "the solution blew up: {reason}\n\
             last good time: t = {time}, after step {step}; the next step had the Courant number \
             {}\n\
             take a smaller time.dt or time.cfl: {name} is stable up to a Courant number of about \
             {limit}",
            scientific(cfl, 2)
        );
        if let Some((time, dt, cfl)) = self.excess {
            text += &format!(
                ", which at t = {time} was a step of {}; it was {}",
                scientific(dt * limit / cfl, 1),
                scientific(dt, 1)
            );
        }
        if let Some(Saved { path, time, step }) = &self.saved {
            text += &format!(
                "\nlast checkpoint: {}, t = {time}, step {step}; the same command continues from \
                 it, with a shorter step if you add --set time.dt=VALUE --allow-change time.dt",
                path.display()
            );
        }
        Error::blow_up(text)
    }
}
