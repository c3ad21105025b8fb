//! The length of a step: by a rule, and so that steps land on the times at which something is due.

use crate::config::{Config, Dealias, Step};
use crate::integrator::{Controller, Scheme};
use crate::solver::StepEstimate;

/// Steps are never shorter than this part of the time that has passed, but to land on a time: it is
/// not far from what rounding makes of time.
const SHORTEST: f64 = 1e-12;

/// Returns whether steps of `dt`, of which the next one leads from `time` to `next` on the way to
/// `target`, never lead to the `end` of a run: times cannot tell so many apart. A step that lands is as
/// short as it must be.
pub fn stands_still(dt: f64, (time, next): (f64, f64), target: f64, end: f64) -> bool {
    next <= time || (next < target && dt < 0.5 * f64::EPSILON * end)
}

/// Returns the length of a step from `time` on towards `target`, and the time that it leads to.
///
/// A step of a fixed length stays as it is where `target` is a whole number of steps away; others are
/// cut into equal ones that end there.
pub fn next(rule: Step, estimate: &StepEstimate, time: f64, target: f64) -> (f64, f64) {
    match rule {
        Step::Fixed { dt } => fixed_step(time, target, dt),
        Step::Cfl { cfl, dt_max } => {
            let longest = longest_at(estimate, cfl, time);
            next_step(time, target, longest.min(dt_max.unwrap_or(f64::INFINITY)))
        }
        Step::Tolerance { tolerance, dt_max } => {
            let longest = longest_within(estimate, tolerance, time);
            next_step(time, target, longest.min(dt_max.unwrap_or(f64::INFINITY)))
        }
    }
}

/// Returns the longest step from `time` on with the Courant number `courant`.
pub fn longest_at(estimate: &StepEstimate, courant: f64, time: f64) -> f64 {
    let longest = courant / estimate.courant_frequency();
    longest.min(longest_forced(estimate, courant, time))
}

/// Returns the longest step from `time` on that is likely to keep to a `tolerance`.
pub fn longest_within(estimate: &StepEstimate, tolerance: f64, time: f64) -> f64 {
    let courant = Controller::forced_courant(tolerance);
    estimate.longest.min(longest_forced(estimate, courant, time))
}

/// Returns the longest step from `time` on that is `courant` over the rate of forces at most; beyond
/// 1 they are not followed.
fn longest_forced(estimate: &StepEstimate, courant: f64, time: f64) -> f64 {
    (courant.min(1.0) / estimate.forces.rate).max(SHORTEST * time)
}

/// A step of exactly `dt` towards `target`, when that is a whole number of such steps away, as it is
/// when outputs are due at multiples of `dt`; else one as [`next_step`] has it. Returns its length and
/// the time it leads to.
///
/// The time is counted back from the target, so that rounding does not add up, over however many steps.
pub fn fixed_step(time: f64, target: f64, dt: f64) -> (f64, f64) {
    let steps = (target - time) / dt;
    // As many steps as rounding of the two times and of `dt` can make of a whole number.
    let rounding = 1e-9 + 4.0 * f64::EPSILON * target.abs() / dt;
    let whole = steps.round();
    if whole < 1.0 || (steps - whole).abs() > rounding {
        return next_step(time, target, dt);
    }
    (dt, if whole == 1.0 { target } else { target - (whole - 1.0) * dt })
}

/// A step within what is left until `target`: as many equal steps as it takes with none longer
/// than `longest`, so the last one is never a sliver. Returns its length and the time it leads to.
pub fn next_step(time: f64, target: f64, longest: f64) -> (f64, f64) {
    // A remainder of a billionth of a step is rounding, not a reason for one step more.
    const REMAINDER: f64 = 1e-9;
    let steps = ((target - time) / longest - REMAINDER).ceil().max(1.0);
    let dt = (target - time) / steps;
    (dt, if steps == 1.0 { target } else { time + dt })
}

/// The limit that the step of a run must not exceed, and how it is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StabilityLimit {
    /// Name of the scheme.
    pub scheme: &'static str,
    /// Courant number up to which it is stable, about. A mode at the cutoff K of N points has
    /// k dx = 2 pi K / N, and the imaginary axis is stable up to sqrt(8) for the fourth and sqrt(3)
    /// for the third order (Canuto et al. 2006, Spectral Methods: Fundamentals, appendix D). With the
    /// second order such a mode grows slowly at any step.
    pub courant: f64,
    /// The way in which aliasing is kept out.
    pub dealias: Dealias,
    /// The rule by which steps are chosen.
    pub rule: Step,
}

impl StabilityLimit {
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
        StabilityLimit { scheme, courant: (10.0 * courant).floor() / 10.0, dealias, rule }
    }

    /// Returns whether a step must keep to it: error control finds its own.
    pub fn applies(&self) -> bool {
        !matches!(self.rule, Step::Tolerance { .. })
    }

    /// The key that makes steps shorter.
    pub fn key(&self) -> &'static str {
        match self.rule {
            Step::Fixed { .. } => "time.dt",
            Step::Cfl { .. } => "time.cfl",
            Step::Tolerance { .. } => "time.tolerance",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::output::schedule::Schedule;

    fn walk(target: f64, longest: f64) -> Vec<f64> {
        let (mut time, mut steps) = (0.0, Vec::new());
        while time < target {
            let (dt, next) = next_step(time, target, longest);
            steps.push(dt);
            time = next;
        }
        assert_eq!(time, target);
        steps
    }

    #[test]
    fn targets_are_hit_by_equal_steps() {
        assert_eq!(walk(0.1, 1e-3).len(), 100);
        assert_eq!(walk(1.0, 0.3).len(), 4);
        assert_eq!(walk(1.0, 5.0).len(), 1);
        for (target, longest) in [(1.0, 0.3), (0.7, 1e-3), (3.3, 0.1), (1e6, 0.37)] {
            let steps = walk(target, longest);
            let (min, max) =
                steps.iter().fold((f64::MAX, 0.0_f64), |(a, b), &s| (a.min(s), b.max(s)));
            assert!(max <= longest * (1.0 + 1e-8), "{max} of {longest}");
            assert!(min > 0.999 * max, "steps from {min} to {max}");
        }
    }

    /// Whole steps from `time` to every multiple of `every` up to `end`: all are `dt`, to the bit.
    fn count_fixed(every: f64, end: f64, dt: f64) -> u64 {
        let mut schedule = Schedule::new(every, end);
        let (mut time, mut steps) = (0.0, 0);
        schedule.take(time);
        while time < end {
            let (step, next) = fixed_step(time, schedule.next_time(), dt);
            assert_eq!(step, dt, "step {steps} from t = {time}");
            assert!(next > time);
            (time, steps) = (next, steps + 1);
            schedule.take(time);
        }
        assert_eq!(time, end);
        steps
    }

    #[test]
    fn steps_beyond_counting_stand_still() {
        let stands_still = |time, longest, target| {
            let (dt, next) = next_step(time, target, longest);
            super::stands_still(dt, (time, next), target, 8.0)
        };
        // From t = 0 any step goes on.
        assert!(stands_still(0.0, 1e-300, 1.0) && stands_still(0.0, 8e-16, 1.0));
        assert!(stands_still(1.0, 1e-17, 8.0) && !stands_still(0.0, 1e-15, 1.0));
        // Two outputs whose times differ by rounding.
        assert!(!stands_still(0.3, 1e-3, 0.1 + 0.2));
    }

    #[test]
    fn a_fixed_step_stays_as_it_is() {
        assert_eq!(count_fixed(1.0, 20.0, 1e-4), 200_000);
        assert_eq!(count_fixed(0.1, 1000.0, 1e-3), 1_000_000);
        assert_eq!(count_fixed(1000.0, 1000.0, 1e-3), 1_000_000);
        assert_eq!(count_fixed(0.3, 30.0, 0.1), 300);
        assert_eq!(count_fixed(1.0 / 3.0, 2.0, 1.0 / 30.0), 60);
        assert_eq!(count_fixed(3e5, 3e6, 7.5), 400_000);
        // Restarted anywhere, far from zero and with the most steps that times can tell apart.
        let (dt, next) = fixed_step(1e6 - 1.0, 1e6, 1e-9);
        assert_eq!((dt, next - (1e6 - 1.0) < 2.0 * dt), (1e-9, true));
        // An interval that is no multiple is cut into equal steps, as ever.
        assert_eq!(fixed_step(0.0, 1.0, 0.3), (0.25, 0.25));
        assert_eq!(fixed_step(0.0, 1.0, 0.333_333), next_step(0.0, 1.0, 0.333_333));
        assert_eq!(fixed_step(0.0, 1.0, 7.0), (1.0, 1.0));
    }
}
