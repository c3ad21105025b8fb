//! Identities of homogeneous turbulence, and a flow by hand.

use num_complex::Complex;

use super::*;
use crate::grid::Grid;
use crate::modes::Modes;
use crate::parallel::ThreadPool;

/// A solenoidal field of these modes.
fn measure(
    modes: Modes,
    threads: usize,
    velocity: impl Fn([i64; AXES], &mut [Complex<f64>]),
) -> MeasuredInvariants {
    let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES);
    state.fill(velocity);
    let (serial, pool) = (Communicator::serial(), ThreadPool::new(threads).unwrap());
    let mut sweep = Sweep::new(modes, &serial, pool, 4, 4).unwrap();
    Invariants::new(Densities::new(40, 8.0)).measure(&state, &mut sweep, &serial)
}

/// Modes up to 3 with phases of no pattern.
fn tangled(grid: Grid) -> impl Fn([i64; AXES], &mut [Complex<f64>]) {
    move |mode, u| {
        let k = grid.wavevector(mode);
        let square: f64 = k.iter().map(|k| k * k).sum();
        if square == 0.0 || square > 9.0 {
            return;
        }
        // Of k and -k the phases are opposite.
        let sign = if mode < [0; AXES] { -1.0 } else { 1.0 };
        let [a, b, c] = mode.map(|n| sign * n as f64);
        let vector: [_; AXES] = std::array::from_fn(|axis| {
            let phase = (1.7 * a + 2.9 * b * b + 4.1 * c + 1.3 * axis as f64 + a * b * c).sin();
            Complex::from_polar(1.0 / square, sign * 5.0 * phase)
        });
        let along: Complex<f64> = vector.iter().zip(k).map(|(u, k)| u * k / square).sum();
        u.iter_mut().zip(vector).zip(k).for_each(|((u, v), k)| *u = v - along * k);
    }
}

#[test]
fn averages_are_those_of_a_homogeneous_flow() {
    let grid = Grid::two_thirds([20, 16, 15], [1.0; AXES]);
    let modes = Modes::new(grid, 8);
    let found = measure(modes, 1, tangled(grid));
    let [enstrophy_production, strain_production, square] = found.averages;
    assert!(enstrophy_production.abs() > 0.01 * square.powf(1.5), "{enstrophy_production}");
    // Betchov 1956.
    let expected = 4.0 / 3.0 * strain_production;
    let error = (enstrophy_production - expected).abs() / square.powf(1.5);
    assert!(error < 1e-14, "{enstrophy_production}, not {expected}");
    let mut of_modes = 0.0;
    for nx in -3..=3 {
        for ny in -3..=3 {
            for nz in -3..=3 {
                let mut u = [Complex::default(); AXES];
                tangled(grid)([nx, ny, nz], &mut u);
                let square: f64 = u.iter().map(|u| u.norm_sqr()).sum();
                of_modes += 0.5 * (nx * nx + ny * ny + nz * nz) as f64 * square;
            }
        }
    }
    assert!((square / of_modes - 1.0).abs() < 1e-13, "{square}, not {of_modes}");
    let [a, b, c] = found.mean_eigenvalues;
    assert!(a > b && b > c && (a + b + c).abs() < 1e-14);
    // Every point is in each density, if not beyond its bins.
    let sum = |density: &[f64]| density.iter().sum::<f64>();
    assert!((sum(&found.joint) * 0.4 * 0.4 - 1.0).abs() < 0.02, "{}", sum(&found.joint));
    let all = [(&found.productions, 0.4), (&found.cosines, 0.05)];
    for (densities, width) in all {
        densities.iter().for_each(|d| assert!((sum(d) * width - 1.0).abs() < 0.02, "{}", sum(d)));
    }
    assert!((sum(&found.eigenvalues) * 0.4 - 3.0).abs() < 1e-12);
    assert!((sum(&found.alignment) * 0.025 - 3.0).abs() < 1e-12);
    assert_eq!(measure(modes, 3, tangled(grid)), found);
}

/// u = (sin y, 0, 0) has Q = R = 0 everywhere, strains of one kind, and its vorticity along their middle axis.
#[test]
fn a_shear_has_what_it_has_by_hand() {
    let modes = Modes::new(Grid::two_thirds([6, 16, 6], [1.0; AXES]), 8);
    let found = measure(modes, 1, |mode, u| {
        if let [0, n @ (1 | -1), 0] = mode {
            u[0] = Complex::new(0.0, -0.5 * n as f64);
        }
    });
    // Q is 0 in the middle of the first bin beyond the half, but for rounding on either side.
    let near_zero: f64 =
        [19, 20].into_iter().flat_map(|q| [19, 20].map(|r| found.joint[40 * q + r])).sum();
    assert!((near_zero * 0.4 * 0.4 - 1.0).abs() < 1e-12, "{near_zero}");
    // At two points of 16 there is no strain, but for rounding.
    let middle = found.alignment[40 + 39] * 0.025;
    assert!((14.0 / 16.0 - 1e-12..1.0 + 1e-12).contains(&middle), "{middle}");
    // s_xy = cos y / 2: its eigenvalues are half of |cos y|.
    assert!((found.averages[2] - 0.25).abs() < 1e-14, "{:?}", found.averages);
    let mean: f64 =
        (0..16).map(|y| (y as f64 * std::f64::consts::TAU / 16.0).cos().abs() / 32.0).sum();
    assert!((found.mean_eigenvalues[0] - mean).abs() < 1e-14);
    assert!((found.mean_eigenvalues[2] + mean).abs() < 1e-14);
    // u is across omega, and at two points more there is no velocity.
    let across = (found.cosines[1][19] + found.cosines[1][20]) * 0.05;
    assert!((12.0 / 16.0 - 1e-12..1.0 + 1e-12).contains(&across), "{across}");
}
