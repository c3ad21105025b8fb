use std::f64::consts::TAU;

use super::*;
use crate::grid::Grid;
use crate::parallel::ThreadPool;

const POINTS: [usize; AXES] = [20, 18, 4];
const BINS: Bins = Bins { low: -3.37, high: 3.41, count: 9 };

/// u = f(y), v = f(x) + 5, w = 0 with f = sin + sin(2 .) / 2 has du/dy = g(y), dv/dx = g(x), g = f'.
fn state(modes: Modes) -> SpectralFields<f64> {
    let mut state = SpectralFields::zeros(modes, 0..modes.bundles(), AXES);
    for (n, amplitude) in [(1, 1.0), (2, 0.5)] {
        let half = Complex::new(0.0, -0.5 * amplitude);
        state.set(modes.index([0, n, 0]).unwrap(), 0, half);
        state.set(modes.index([0, -n, 0]).unwrap(), 0, half.conj());
        state.set(modes.index([n, 0, 0]).unwrap(), 1, half);
    }
    state.set(modes.index([0; AXES]).unwrap(), 1, Complex::new(5.0, 0.0));
    state
}

/// Density and moments of some values, in bins that nothing but these lines knows.
fn expected(values: &[f64]) -> (Vec<f64>, [f64; ORDERS]) {
    let width = (3.41 + 3.37) / 9.0;
    let inside = |bin: usize, t: f64| {
        t >= -3.37 + bin as f64 * width && t < -3.37 + (bin + 1) as f64 * width
    };
    let count = |bin| values.iter().filter(|t| inside(bin, **t)).count() as f64;
    let density = (0..9).map(|bin| count(bin) / values.len() as f64 / width).collect();
    let moment = |p: usize| values.iter().map(|t| t.powi(p as i32 + 1)).sum::<f64>();
    (density, std::array::from_fn(|p| moment(p) / values.len() as f64))
}

#[test]
fn densities_are_those_of_values_taken_one_by_one() {
    let modes = Modes::new(Grid::two_thirds(POINTS, [1.0; AXES]), 8);
    let state = state(modes);
    let angle = |axis: usize, n: usize| TAU * n as f64 / POINTS[axis] as f64;
    let points: Vec<_> = (0..POINTS[0])
        .flat_map(|x| (0..POINTS[1]).map(move |y| (angle(0, x), angle(1, y))))
        .collect();
    let f = |a: f64| a.sin() + 0.5 * (2.0 * a).sin();
    let g = |a: f64| a.cos() + (2.0 * a).cos();
    let of = |value: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        points.iter().map(|&(x, y)| value(x, y)).collect()
    };
    // <f^2> = 5/8, <g^2> = 1; <2 s s> = <omega^2> = 2.
    let zeros = vec![0.0; points.len()];
    let across: Vec<_> = [of(&|_, y| g(y)), of(&|x, _| g(x))].concat();
    let cases = [
        ("u", of(&|_, y| f(y) / 0.625_f64.sqrt()), 0.0, 0.625),
        // Over the quantity itself.
        ("v", of(&|x, _| f(x) + 5.0 - 5.3), 5.0, 0.625),
        ("w", zeros.clone(), 0.0, 0.0),
        ("velocity_longitudinal", zeros.clone(), 0.0, 0.0),
        ("velocity_transverse", across, 0.0, 1.0),
        ("vorticity", of(&|x, y| (g(x) - g(y)) / 2_f64.sqrt()), 0.0, 2.0),
        ("enstrophy", of(&|x, y| ((g(x) - g(y)).powi(2) / 2.0).ln()), 2.0, 0.0),
        ("dissipation", of(&|x, y| ((g(x) + g(y)).powi(2) / 2.0).ln()), 2.0, 0.0),
    ];
    let physics = Physics::navier_stokes(0.1);
    let range = |name: &str| (name == "v").then_some([BINS.low + 5.3, BINS.high + 5.3]);
    let pdfs = Pdfs::new(&physics, false, BINS, range);
    assert_eq!(Pdfs::names(&physics, false), cases.each_ref().map(|case| case.0));
    let mut found = Vec::new();
    for threads in [1, 3] {
        let (serial, pool) = (Communicator::serial(), ThreadPool::new(threads).unwrap());
        let mut sweep = crate::transform::sweep::Sweep::new(modes, &serial, pool, 3, 3).unwrap();
        let measured = pdfs.measure(&state, None, &mut sweep, &serial);
        for ((name, values, mean, square), measured) in cases.iter().zip(&measured) {
            let (density, moments) = expected(values);
            let close = |a: &f64, b: &f64| (a - b).abs() < 1e-12 * b.abs().max(1.0);
            let same = density.iter().zip(&measured.density).all(|(a, b)| close(a, b));
            assert!(same, "{name}: {:?} and {density:?}", measured.density);
            assert!(close(&measured.mean, mean) && close(&measured.rms.powi(2), square), "{name}");
            // ln 0 depends on rounding, and v is not about 0.
            if !["v", "enstrophy", "dissipation"].contains(name) {
                let same = moments.iter().zip(&measured.moments).all(|(a, b)| close(b, a));
                assert!(same, "{name}: {:?} and {moments:?}", measured.moments);
            }
        }
        found.push(measured);
    }
    assert_eq!(found[0], found[1]);
}

#[test]
fn every_field_has_a_density_and_every_scalar_those_of_its_gradient() {
    let physics = Physics {
        equation: crate::physics::Kind::Mhd,
        magnetic: Some(Default::default()),
        ..Physics::navier_stokes(0.1)
    };
    let names = Pdfs::names(&physics, false);
    for name in ["bz", "magnetic_longitudinal", "current", "magnetic_dissipation"] {
        assert!(names.iter().any(|found| found == name), "{name} of {names:?}");
    }
}
