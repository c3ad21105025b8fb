//! Interpolation along one axis: the points of a stencil, and their weights.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// A way to find values between grid points. Its stencil has as many points along each axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// The Fourier series itself, from all points: for tests on small grids.
    Exact,
    /// Cubic B-splines, 4 points: two continuous derivatives, error of fourth order. Their coefficients
    /// are made of the modes, see [`super::Prefilter`] (Unser, Aldroubi & Eden 1993, IEEE Trans. Signal
    /// Process. 41, 821; for turbulence Yeung & Pope 1988, J. Comput. Phys. 79, 373).
    #[default]
    Spline4,
    /// Quintic B-splines, 6 points: four continuous derivatives, error of sixth order.
    Spline6,
    /// Lagrange polynomials of third degree, 4 points: continuous, error of fourth order. It needs no
    /// coefficients, and so no transforms of its own.
    Lagrange4,
    /// Lagrange polynomials of fifth degree, 6 points: continuous, error of sixth order.
    Lagrange6,
}

impl Interpolation {
    /// Returns the number of points of the stencil along an axis with so many `points`.
    pub fn width(self, points: usize) -> usize {
        match self {
            Interpolation::Exact => points,
            Interpolation::Spline4 | Interpolation::Lagrange4 => 4,
            Interpolation::Spline6 | Interpolation::Lagrange6 => 6,
        }
    }

    /// Returns the Fourier transform of the spline at the grid points, at the phase `angle` from one point to
    /// the next, by which modes are to be divided; `None` where values themselves are interpolated.
    pub fn symbol(self, angle: f64) -> Option<f64> {
        match self {
            Interpolation::Spline4 => Some((2.0 + angle.cos()) / 3.0),
            Interpolation::Spline6 => {
                Some((33.0 + 26.0 * angle.cos() + (2.0 * angle).cos()) / 60.0)
            }
            Interpolation::Exact | Interpolation::Lagrange4 | Interpolation::Lagrange6 => None,
        }
    }

    /// Returns the first point, of `points`, of the stencil around `position` in units of the spacing. The
    /// others follow, from the last on with the first.
    #[inline]
    pub fn first(self, points: usize, position: f64) -> usize {
        let before = match self {
            Interpolation::Exact => return 0,
            Interpolation::Spline4 | Interpolation::Lagrange4 => 1,
            Interpolation::Spline6 | Interpolation::Lagrange6 => 2,
        };
        (cell(position) - before).rem_euclid(points as i64) as usize
    }

    /// Puts the weights of the stencil around `position` into `weights`.
    #[inline]
    pub fn weights(self, points: usize, position: f64, weights: &mut [f64]) {
        let fraction = position - cell(position) as f64;
        match self {
            Interpolation::Exact => fourier(points, position, weights),
            Interpolation::Spline4 => weights.copy_from_slice(&spline::<4>(fraction)),
            Interpolation::Spline6 => weights.copy_from_slice(&spline::<6>(fraction)),
            Interpolation::Lagrange4 => weights.copy_from_slice(&lagrange::<4>(fraction)),
            Interpolation::Lagrange6 => weights.copy_from_slice(&lagrange::<6>(fraction)),
        }
    }
}

/// The largest whole number that is not above `position`.
#[inline]
fn cell(position: f64) -> i64 {
    let towards_zero = position as i64;
    towards_zero - i64::from(towards_zero as f64 > position)
}

/// The trigonometric polynomial that is 1 at one point and 0 at the others, for each point.
fn fourier(points: usize, position: f64, weights: &mut [f64]) {
    let n = points as f64;
    for (point, weight) in weights.iter_mut().enumerate() {
        let distance = position - point as f64;
        let nearest = distance - n * (distance / n).round();
        let angle = PI * nearest / n;
        let below = if points.is_multiple_of(2) { angle.tan() } else { angle.sin() };
        *weight = if nearest == 0.0 { 1.0 } else { (PI * nearest).sin() / (n * below) };
    }
}

/// The B-spline of N points, by the recursion over its order (Cox 1972, IMA J. Appl. Math. 10, 134).
#[inline]
fn spline<const N: usize>(fraction: f64) -> [f64; N] {
    let mut weights = [0.0; N];
    (weights[0], weights[1]) = (1.0 - fraction, fraction);
    for order in 3..=N {
        let share = 1.0 / (order - 1) as f64;
        weights[order - 1] = share * fraction * weights[order - 2];
        for i in (1..order - 1).rev() {
            let place = (order - 1 - i) as f64;
            weights[i] = share
                * ((fraction + place) * weights[i - 1]
                    + (order as f64 - place - fraction) * weights[i]);
        }
        weights[0] *= share * (1.0 - fraction);
    }
    weights
}

/// The Lagrange polynomials of N points.
#[inline]
fn lagrange<const N: usize>(fraction: f64) -> [f64; N] {
    let at = |point: usize| point as f64 - (N / 2 - 1) as f64;
    std::array::from_fn(|point| {
        let (mut above, mut below) = (1.0, 1.0);
        for other in (0..N).filter(|other| *other != point) {
            above *= fraction - at(other);
            below *= at(point) - at(other);
        }
        above / below
    })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// The value of a wave at a position, from its values (or coefficients) at the points.
    fn wave(interpolation: Interpolation, points: usize, mode: f64, position: f64) -> f64 {
        let mut weights = vec![0.0; interpolation.width(points)];
        let first = interpolation.first(points, position);
        interpolation.weights(points, position, &mut weights);
        let angle = TAU * mode / points as f64;
        let symbol = interpolation.symbol(angle).unwrap_or(1.0);
        let values = (0..weights.len()).map(|i| ((first + i) as f64 * angle).sin() / symbol);
        values.zip(weights).map(|(value, weight)| value * weight).sum()
    }

    fn error(interpolation: Interpolation, points: usize) -> f64 {
        // The same places in the cells of every grid, from the box before on.
        let positions = (0..20 * points).map(|i| (i as f64 + 0.5) / 10.0 - points as f64);
        let error =
            |x: f64| wave(interpolation, points, 2.0, x) - (TAU * 2.0 * x / points as f64).sin();
        positions.map(|x| error(x).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn each_has_its_order() {
        for points in [7, 8, 15, 16] {
            assert!(error(Interpolation::Exact, points) < 1e-14, "{points}");
        }
        let all = [
            (Interpolation::Spline4, 4.0),
            (Interpolation::Spline6, 6.0),
            (Interpolation::Lagrange4, 4.0),
            (Interpolation::Lagrange6, 6.0),
        ];
        for (interpolation, order) in all {
            let found = (error(interpolation, 32) / error(interpolation, 64)).log2();
            assert!((found - order).abs() < 0.2, "{interpolation:?}: order {found}");
        }
    }

    /// The weights of a cubic B-spline in the textbook, and that all add up to 1 wherever a particle is.
    #[test]
    fn weights_are_those_of_the_textbook() {
        let f = 0.3_f64;
        let found = spline::<4>(f);
        let g = 1.0 - f;
        let inner = |f: f64| (3.0 * f.powi(3) - 6.0 * f.powi(2) + 4.0) / 6.0;
        let expected = [g.powi(3) / 6.0, inner(f), inner(g), f.powi(3) / 6.0];
        found.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-15, "{found:?}"));
        for interpolation in [Interpolation::Spline6, Interpolation::Lagrange6] {
            for position in [-1e-30, -0.2, 0.0, 4.999, 1e9 + 0.1] {
                let mut weights = [0.0; 6];
                interpolation.weights(5, position, &mut weights);
                assert!(interpolation.first(5, position) < 5);
                assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-13);
            }
        }
    }
}
