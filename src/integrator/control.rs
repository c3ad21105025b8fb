//! Control of the length of a step by an estimate of its error.
//!
//! The classical fourth-order scheme has an embedded scheme of third order whose only other stage is
//! the first one of the next step: with k4 the last stage and k5 the tendency of the new state
//!
//! u' - û' = dt / 10 (k4 - k5),
//!
//! where û' weights the stages with 1/6, 1/3, 1/3, 1/15 and 1/10 (Dormand & Prince's RK4(3)T; for
//! integrating factors Balac & Mahé 2013, Comput. Phys. Commun. 184, 1211, section 4). Both stages
//! are at the end of the step, so that no decay lies between them, and the estimate costs no
//! right-hand side. It falls as dt^4; the solution that goes on is the one of fourth order.
//!
//! The step follows the error by a proportional-integral controller (Gustafsson 1991, ACM Trans.
//! Math. Softw. 17, 533; Hairer & Wanner 1996, Solving Ordinary Differential Equations II, section
//! IV.2): dt' = 0.9 dt e^(-0.7/4) e_old^(0.4/4), with the errors e in units of the tolerance.

use serde::{Deserialize, Serialize};

/// Weight of k4 - k5 in the estimate of a step's error.
pub const EMBEDDED_WEIGHT: f64 = 0.1;

/// The power of dt that the estimate falls with.
const ORDER: f64 = 4.0;
/// Steps are this much shorter than they might be, so that few are rejected.
const SAFETY: f64 = 0.9;
/// The step never changes by more than this factor.
const LARGEST_CHANGE: f64 = 5.0;
/// Smaller errors count as this: their ratio says nothing.
const SMALLEST_ERROR: f64 = 1e-4;

/// Error of Simpson's rule, which the classical scheme is for a force beside exact decay, over a
/// step that is one over the rate of the decay: 1 / 2880.
const SIMPSON: f64 = 2880.0;

/// The memory of error control: what is known about the length of the next step.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// The longest step that should keep to the tolerance; none before the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<f64>,
    /// Error of the last step that counted, in units of the tolerance.
    last_error: f64,
    /// Whether the last step did not count: then the next one must not be longer.
    rejected: bool,
}

impl Default for Controller {
    fn default() -> Self {
        Controller { longest: None, last_error: 1.0, rejected: false }
    }
}

impl Controller {
    /// Largest product of a step and the rate at which a force or its balance with damping changes
    /// where a `tolerance` is to be kept. The estimate does not see that error: both embedded schemes
    /// make the same one.
    pub fn forced_courant(tolerance: f64) -> f64 {
        (SIMPSON * tolerance).powf(1.0 / ORDER)
    }

    /// Returns whether a step of `dt` counts, whose error is `error` in units of the tolerance. If not, it
    /// must be taken again, at most as long as [`Self::longest`] is then.
    pub fn judge(&mut self, dt: f64, error: f64) -> bool {
        // A step that is not finite is not accurate.
        let accurate = error <= 1.0;
        self.longest = Some(if accurate {
            // A step that was cut short, for an output, tells what the whole one would have done.
            let whole = self.longest.unwrap_or(dt).max(dt);
            let error = (error * (whole / dt).powf(ORDER)).max(SMALLEST_ERROR);
            let factor = SAFETY * error.powf(-0.7 / ORDER) * self.last_error.powf(0.4 / ORDER);
            self.last_error = error;
            let largest = if self.rejected { 1.0 } else { LARGEST_CHANGE };
            let longest = whole * factor.clamp(1.0 / LARGEST_CHANGE, largest);
            longest.min(LARGEST_CHANGE * dt)
        } else {
            dt * (SAFETY * error.powf(-1.0 / ORDER)).max(1.0 / LARGEST_CHANGE)
        });
        self.rejected = !accurate;
        accurate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With an error c dt^4 the step settles where it is just below the tolerance.
    #[test]
    fn the_step_settles() {
        for start in [1e-4, 10.0] {
            let (mut controller, mut dt, mut rejected) = (Controller::default(), start, 0);
            for _ in 0..80 {
                let error = 16.0 * f64::powi(dt, 4);
                rejected += u32::from(!controller.judge(dt, error));
                dt = controller.longest.unwrap();
            }
            // 1 = 0.9 e^(-0.3 / 4), and e = (2 dt)^4.
            assert!((2.0 * dt / 0.9_f64.powf(1.0 / 0.3) - 1.0).abs() < 1e-3, "{dt}");
            assert_eq!(rejected > 0, start > 0.5);
        }
    }

    /// Steps that are cut to meet an output every 0.3 do not stay as short as they are.
    #[test]
    fn short_steps_do_not_hold_it_back() {
        let (mut controller, mut dt) = (Controller::default(), 0.075);
        for _ in 0..10 {
            assert!(controller.judge(dt, 16.0 * f64::powi(dt, 4)));
            dt = 0.3 / (0.3 / controller.longest.unwrap()).ceil();
        }
        assert_eq!(dt, 0.3);
    }

    #[test]
    fn what_is_not_finite_is_rejected() {
        for error in [f64::NAN, f64::INFINITY, 1e300, 1.01] {
            let mut controller = Controller::default();
            assert!(!controller.judge(1.0, error));
            let longest = controller.longest.unwrap();
            assert!((0.2..1.0).contains(&longest), "{error}: {longest}");
            // What comes next must not be longer at once.
            assert!(controller.judge(longest, 1e-9));
            assert!(controller.longest.unwrap() <= longest);
        }
    }
}
