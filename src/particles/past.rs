//! The velocity at the starts of the last steps, and what a step makes of it: the scheme of Adams and Bashforth.

use std::collections::VecDeque;

use crate::grid::AXES;

/// The number of velocities that a step is made of: that at its start, and those of the steps before it.
pub const ORDER: usize = 4;
/// The shortest of the last steps, over a step that is made of them. Weights of shorter ones are large, and of
/// either sign.
const SHORTEST: f64 = 0.5;

/// The velocity of each particle at the starts of the last steps, the latest first.
#[derive(Default)]
pub struct Past {
    steps: VecDeque<(f64, Vec<[f64; AXES]>)>,
}

impl Past {
    /// Returns the bytes that the past of `count` particles takes.
    pub fn bytes(count: usize) -> f64 {
        ((ORDER - 1) * count * size_of::<[f64; AXES]>()) as f64
    }

    /// Returns the weights in a step of `dt` from `time` on of the velocity at its start, and of the last ones:
    /// the integral of the polynomial through all of them (Bashforth & Adams 1883; Hairer, Norsett & Wanner 1993,
    /// Solving Ordinary Differential Equations I, section III.5). `None` if there are not enough of them, or
    /// some follow too closely on each other.
    pub fn weights(&self, time: f64, dt: f64) -> Option<[f64; ORDER]> {
        let mut times = [time; ORDER];
        for (index, (time, _)) in self.steps.iter().enumerate() {
            times[index + 1] = *time;
        }
        let is_even = times.windows(2).all(|pair| pair[0] - pair[1] >= SHORTEST * dt);
        let nodes = times.map(|node| (node - time) / dt);
        let polynomial = |node: usize, at: f64| -> f64 {
            let others = (0..ORDER).filter(|other| *other != node);
            others.map(|other| (at - nodes[other]) / (nodes[node] - nodes[other])).product()
        };
        // Two points of Gauss are exact for polynomials of third degree.
        let points = [-1.0, 1.0].map(|side| 0.5 + side / 12_f64.sqrt());
        is_even.then(|| {
            std::array::from_fn(|node| {
                dt * 0.5 * (polynomial(node, points[0]) + polynomial(node, points[1]))
            })
        })
    }

    /// Returns the velocities of the last steps, the latest first; nothing where there are not so many.
    pub fn velocities(&self) -> [&[[f64; AXES]]; ORDER - 1] {
        std::array::from_fn(|step| self.steps.get(step).map_or(&[][..], |(_, velocity)| velocity))
    }

    /// Adds a step that began at `time` with this velocity, and forgets what is no longer of use: its place is
    /// left in exchange.
    pub fn add(&mut self, time: f64, velocity: &mut Vec<[f64; AXES]>) {
        let is_full = self.steps.len() == ORDER - 1;
        let oldest = if is_full { self.steps.pop_back() } else { None };
        let place = oldest.map_or_else(|| vec![[0.0; AXES]; velocity.len()], |(_, place)| place);
        self.steps.push_front((time, std::mem::replace(velocity, place)));
    }

    /// Forgets all steps.
    pub fn clear(&mut self) {
        self.steps.clear();
    }

    /// Returns all of it, for a checkpoint: of each step the time, and the velocity `[particle][component]`.
    pub fn numbers(&self) -> Vec<f64> {
        let steps = self.steps.iter();
        steps.flat_map(|(time, velocity)| [&[*time], velocity.as_flattened()].concat()).collect()
    }

    /// Goes on from [`Self::numbers`] of `count` particles; from none, if they are of others.
    pub fn restore(&mut self, numbers: &[f64], count: usize) {
        self.clear();
        let steps = numbers.chunks_exact(1 + AXES * count);
        if !steps.remainder().is_empty() {
            return;
        }
        for step in steps.rev() {
            self.add(step[0], &mut step[1..].as_chunks().0.to_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(times: &[f64]) -> Past {
        let mut past = Past::default();
        times.iter().for_each(|t| past.add(*t, &mut vec![[*t, -t, 0.5], [1.0; AXES]]));
        past
    }

    #[test]
    fn even_steps_have_the_weights_of_the_textbook() {
        let found = past(&[0.5, 1.0, 1.5, 2.0]).weights(2.5, 0.5).unwrap();
        let expected = [55.0, -59.0, 37.0, -9.0].map(|weight| weight / 48.0);
        found.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-14, "{found:?}"));
    }

    #[test]
    fn a_cubic_is_exact_on_uneven_steps() {
        let (time, dt) = (1.0, 0.3);
        let found = past(&[0.1, 0.6, 0.8]).weights(time, dt).unwrap();
        let sum = [1.0, 0.8, 0.6, 0.1].iter().zip(found).map(|(t, w): (&f64, _)| w * t.powi(3));
        let expected = (1.3_f64.powi(4) - 1.0) / 4.0;
        assert!((sum.sum::<f64>() - expected).abs() < 1e-14);
    }

    #[test]
    fn it_must_be_long_enough_and_not_too_close() {
        assert!(past(&[0.8, 0.9]).weights(1.0, 0.1).is_none());
        let enough = past(&[0.7, 0.8, 0.9]);
        assert!(enough.weights(1.0, 0.15).is_some() && enough.weights(1.0, 0.3).is_none());
    }

    #[test]
    fn it_goes_on_from_a_checkpoint() {
        let kept = past(&[0.5, 0.7, 0.8, 0.9]);
        let mut restored = Past::default();
        restored.restore(&kept.numbers(), 2);
        assert!(restored.steps == kept.steps && restored.steps[0].0 == 0.9);
        restored.restore(&kept.numbers(), 5);
        assert!(restored.steps.is_empty());
    }
}
