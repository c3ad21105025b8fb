//! The velocity gradient at a point: its invariants, the eigenvalues of the rate of strain, and how the
//! vorticity lies among its axes.

use std::f64::consts::TAU;

use crate::grid::AXES;

/// A tensor, `[component][axis]`.
pub type Tensor = [[f64; AXES]; AXES];

/// What follows from a velocity gradient A_ij = du_i/dx_j without trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Q = -A_ij A_ji / 2.
    pub q: f64,
    /// R = -A_ij A_jk A_ki / 3.
    pub r: f64,
    /// omega.
    pub vorticity: [f64; AXES],
    /// s_ij s_ij.
    pub square: f64,
    /// omega_i s_ij omega_j.
    pub enstrophy_production: f64,
    /// -s_ij s_jk s_ki.
    pub strain_production: f64,
    /// Of s, the largest first. Their sum is 0.
    pub eigenvalues: [f64; AXES],
    /// |cos| of the angles between the vorticity and the axes of s, in the order of the eigenvalues; without
    /// where it or an axis is not defined.
    pub alignment: Option<[f64; AXES]>,
    /// s* = -3 sqrt(6) a b c / (a^2 + b^2 + c^2)^(3/2) of the eigenvalues a, b, c: 1 is a disc that grows, -1 a
    /// rod (Lund & Rogers 1994, Phys. Fluids 6, 1838, eq. 8); without where there is no strain.
    pub shape: Option<f64>,
}

impl Point {
    /// Of a velocity gradient.
    pub fn new(a: &Tensor) -> Self {
        let strain: Tensor =
            std::array::from_fn(|i| std::array::from_fn(|j| 0.5 * (a[i][j] + a[j][i])));
        let vorticity = [a[2][1] - a[1][2], a[0][2] - a[2][0], a[1][0] - a[0][1]];
        let square = strain.as_flattened().iter().map(|s| s * s).sum::<f64>();
        let of_strain = determinant(&strain);
        let eigenvalues = eigenvalues(square, of_strain);
        let turned = strain.map(|row| dot(&row, &vorticity));
        let production = dot(&vorticity, &turned);
        let scale = square * square.sqrt();
        Point {
            q: 0.25 * dot(&vorticity, &vorticity) - 0.5 * square,
            r: -determinant(a),
            vorticity,
            square,
            enstrophy_production: production,
            // The trace of the cube of a tensor without trace is three times its determinant.
            strain_production: -3.0 * of_strain,
            eigenvalues,
            alignment: alignment(eigenvalues, [&vorticity, &turned], production),
            shape: (scale > 0.0).then(|| -3.0 * 6_f64.sqrt() * of_strain / scale),
        }
    }
}

fn dot(a: &[f64; AXES], b: &[f64; AXES]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn determinant(m: &Tensor) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

/// The eigenvalues of a symmetric tensor without trace, the largest first, from the sum of its squares and its
/// determinant: 2 p cos(phi + 2 pi n / 3) with p^2 = square / 6 and cos(3 phi) = determinant / (2 p^3) (Smith
/// 1961, Commun. ACM 4, 168).
fn eigenvalues(square: f64, determinant: f64) -> [f64; AXES] {
    let p = (square / 6.0).sqrt();
    if p == 0.0 {
        return [0.0; AXES];
    }
    let phi = (determinant / (2.0 * p.powi(3))).clamp(-1.0, 1.0).acos() / 3.0;
    let (first, last) = (2.0 * p * phi.cos(), 2.0 * p * (phi + TAU / 3.0).cos());
    [first, -first - last, last]
}

/// |cos| of the angles between w and the axes of s, from its eigenvalues, w and s w, and w.s w. The projection
/// on the axis of a is (s - b)(s - c) / ((a - b)(a - c)), in which b + c = -a.
fn alignment(
    eigenvalues: [f64; AXES],
    [w, turned]: [&[f64; AXES]; 2],
    production: f64,
) -> Option<[f64; AXES]> {
    /// Axes of eigenvalues that are closer than this part of the largest are not told apart.
    const CLOSE: f64 = 1e-7;
    let (square, square_turned) = (dot(w, w), dot(turned, turned));
    let [a, b, c] = eigenvalues;
    let closest = (a - b).min(b - c);
    if square == 0.0 || closest <= CLOSE * a.max(-c) {
        return None;
    }
    let cosine = |a: f64, b: f64, c: f64| {
        let along = square_turned + a * production + b * c * square;
        (along / ((a - b) * (a - c) * square)).clamp(0.0, 1.0).sqrt()
    };
    Some([cosine(a, b, c), cosine(b, c, a), cosine(c, a, b)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-13, "{found}, not {expected}");
    }

    /// A strain of known eigenvalues along turned axes, and a vorticity at known angles to them.
    #[test]
    fn strain_and_vorticity_are_told_apart() {
        let (cosine, sine) = (0.6, 0.8);
        // Columns are the axes: x and y turned about z.
        let axes: Tensor = [[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]];
        let of_axes = [2.0, 0.5, -2.5];
        let along = [1.0, 2.0, -2.0];
        let w: [f64; AXES] =
            std::array::from_fn(|i| (0..AXES).map(|axis| axes[i][axis] * along[axis]).sum());
        let spin = [[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]];
        let gradient: Tensor = std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                let strain = |axis: usize| axes[i][axis] * of_axes[axis] * axes[j][axis];
                (0..AXES).map(strain).sum::<f64>() + 0.5 * spin[i][j]
            })
        });
        let point = Point::new(&gradient);
        point.eigenvalues.into_iter().zip(of_axes).for_each(|(a, b)| close(a, b));
        let alignment = point.alignment.unwrap();
        alignment.into_iter().zip(along).for_each(|(a, b)| close(a, b.abs() / 3.0));
        point.vorticity.into_iter().zip(w).for_each(|(a, b)| close(a, b));
        let production: f64 = along.iter().zip(of_axes).map(|(w, s)| w * w * s).sum();
        close(point.enstrophy_production, production);
        close(point.strain_production, 3.0 * 2.0 * 0.5 * 2.5);
        close(point.square, 10.5);
        close(point.q, 9.0 / 4.0 - 10.5 / 2.0);
        // A_ij A_jk A_ki = s_ij s_jk s_ki + 3/4 omega_i s_ij omega_j.
        close(point.r, -(-7.5 + 0.75 * production) / 3.0);
        close(point.shape.unwrap(), 3.0 * 6_f64.sqrt() * 2.5 / 10.5_f64.powf(1.5));
    }

    /// Without strain, without vorticity, and with axes that are not told apart.
    #[test]
    fn what_is_not_defined_is_left_out() {
        let rotation = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0; AXES]];
        let Point { shape, alignment, q, eigenvalues, .. } = Point::new(&rotation);
        assert_eq!((shape, alignment, q, eigenvalues), (None, None, 1.0, [0.0; AXES]));
        let disc = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -2.0]];
        let Point { shape, alignment, eigenvalues, .. } = Point::new(&disc);
        assert!((shape.unwrap() - 1.0).abs() < 1e-13 && alignment.is_none());
        eigenvalues.into_iter().zip([1.0, 1.0, -2.0]).for_each(|(a, b)| {
            assert!((a - b).abs() < 1e-7, "{a}, not {b}");
        });
        assert_eq!(Point::new(&[[0.0; AXES]; AXES]).shape, None);
    }
}
