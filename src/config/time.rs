//! `[time]`: the scheme, the rule for the time step and the end of the run.

use serde::{Deserialize, Serialize};

use super::reader::{is_reported, required};
use crate::format::plain;
use crate::grid::Dealias;
use crate::integrator::Scheme;
use crate::problems::Problems;
use crate::real::Precision;

/// Largest Courant number accepted: beyond the limit of stability of every scheme.
const CFL_LIMIT: f64 = 3.0;

/// Largest tolerance accepted.
const LARGEST_TOLERANCE: f64 = 0.1;

/// `[time]`: how the run advances, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Time {
    /// Runge-Kutta scheme.
    pub scheme: Scheme,
    /// The length of a step.
    #[serde(flatten)]
    pub step: Step,
    /// Time at which the run ends; it starts at 0.
    pub end: f64,
}

/// The rule for the time step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Step {
    /// The same step always.
    Fixed {
        /// The step.
        dt: f64,
    },
    /// As long as the Courant number allows.
    Cfl {
        /// The Courant number.
        cfl: f64,
        /// The longest step, whatever the velocity.
        #[serde(skip_serializing_if = "Option::is_none")]
        dt_max: Option<f64>,
    },
    /// As long as an estimate of the error allows.
    Tolerance {
        /// The relative error of a step.
        tolerance: f64,
        /// The longest step, whatever the error.
        #[serde(skip_serializing_if = "Option::is_none")]
        dt_max: Option<f64>,
    },
}

/// `[time]` as the file has it.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawTime {
    scheme: Scheme,
    dt: Option<f64>,
    cfl: Option<f64>,
    tolerance: Option<f64>,
    dt_max: Option<f64>,
    end: Option<f64>,
}

impl RawTime {
    /// The rule and the end of the run, for fields of this precision; adds what is wrong to `problems`.
    pub fn check(
        self,
        precision: Precision,
        dealias: Option<Dealias>,
        problems: &mut Problems,
    ) -> Option<Time> {
        let end = required(
            self.end,
            "time.end",
            "the time at which the run stops, for example end = 10.0",
            problems,
        );
        if let Some(end) = end {
            problems.require_positive("time.end", end);
        }
        for (path, value) in [("time.dt", self.dt), ("time.dt_max", self.dt_max)] {
            if let Some(value) = value {
                problems.require_interval(path, value, end);
            }
        }
        if let Some(cfl) = self.cfl {
            let allowed = format!("above 0 and at most {CFL_LIMIT}");
            problems.require(cfl > 0.0 && cfl <= CFL_LIMIT, "time.cfl", cfl, &allowed);
        }
        if let (Some(dt), Some(end)) = (self.dt, end.filter(|end| *end > 0.0)) {
            problems.require(
                dt <= end,
                "time.dt",
                dt,
                &format!("at most time.end = {}", plain(end)),
            );
        }
        if self.tolerance.is_some() && self.scheme != Scheme::Rk4 {
            let message = "must be `rk4` with time.tolerance: only there is the error of a step \
                           estimated";
            problems.add("time.scheme", message);
        }
        if dealias == Some(Dealias::PhaseShift) && self.scheme == Scheme::Rk3 {
            let message = "is \"rk3\", but with grid.dealias = \"phase_shift\" it must be `rk2` or `rk4`, \
                           whose even and odd stages have equal weights";
            problems.add("time.scheme", message);
        }
        if let Some(tolerance) = self.tolerance {
            check_tolerance(tolerance, precision, dealias, problems);
        }
        let step = self.step(problems);
        Some(Time { scheme: self.scheme, step: step?, end: end? })
    }

    /// Exactly one rule for the step.
    fn step(&self, problems: &mut Problems) -> Option<Step> {
        let RawTime { dt, cfl, tolerance, dt_max, .. } = *self;
        let rules = [("dt", dt), ("cfl", cfl), ("tolerance", tolerance)];
        let given: Vec<_> = rules.iter().filter_map(|(key, v)| v.map(|v| (*key, v))).collect();
        match given[..] {
            [("dt", dt)] => {
                if let Some(dt_max) = dt_max {
                    let message = format!(
                        "is {}, but the step is fixed by time.dt = {}; remove one",
                        plain(dt_max),
                        plain(dt)
                    );
                    problems.add("time.dt_max", message);
                }
                Some(Step::Fixed { dt })
            }
            [("cfl", cfl)] => Some(Step::Cfl { cfl, dt_max }),
            [(_, tolerance)] => Some(Step::Tolerance { tolerance, dt_max }),
            [] => {
                if !is_reported(problems, "time.cfl") && !is_reported(problems, "time.tolerance") {
                    let remedy = "a fixed step such as dt = 1e-3, or cfl = 0.5 or tolerance = 1e-5 to \
                                  adapt the step";
                    required(None::<f64>, "time.dt", remedy, problems);
                }
                None
            }
            [first, second, ..] => {
                let [(a, x), (b, y)] = [first, second].map(|(key, value)| (key, plain(value)));
                let message = format!(
                    "has both {a} = {x} and {b} = {y}; remove one, in the file or with --set \
                     time.{a}= or --set time.{b}="
                );
                problems.add("time", message);
                None
            }
        }
    }
}

/// Notes what keeps errors from being estimated, or is wrong with the `tolerance`.
fn check_tolerance(
    tolerance: f64,
    precision: Precision,
    dealias: Option<Dealias>,
    problems: &mut Problems,
) {
    let smallest = match precision {
        Precision::Double => 1e-13,
        Precision::Single => 1e-6,
    };
    let allowed = format!("from {smallest:e}, above rounding, to {LARGEST_TOLERANCE}");
    let fits = (smallest..=LARGEST_TOLERANCE).contains(&tolerance);
    problems.require(fits, "time.tolerance", tolerance, &allowed);
    if dealias == Some(Dealias::PhaseShift) {
        let message = "is given, but with grid.dealias = \"phase_shift\" the stages that it compares \
                       differ by their aliasing; give dt or cfl";
        problems.add("time.tolerance", message);
    }
}
