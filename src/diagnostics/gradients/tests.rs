//! Moments by hand.

use num_complex::Complex;

use super::*;
use crate::grid::Grid;
use crate::modes::Modes;
use crate::physics::Scalar;

fn physics() -> Physics {
    let scalar = Scalar { name: "dye".into(), diffusivity: Some(0.1), ..Scalar::default() };
    Physics { scalars: vec![scalar], ..Physics::navier_stokes(0.1) }
}

/// u = sin x + sin(2 x)/2 and v = sin x + sin 2 x, with the averages of g = cos x + c cos 2 x:
/// <g^2> = (1 + c^2)/2, <g^3> = 3/4 c, <g^4> = 3/8 (1 + c^4) + 3/2 c^2.
#[test]
fn two_waves_have_the_moments_that_they_have_by_hand() {
    let modes = Modes::new(Grid::two_thirds([24, 16, 12], [1.0; 3]), 8);
    // The scalar is u. A flow has the same moments however weak or strong it is.
    let waves = [(1, 0, 1.0), (2, 0, 0.5), (1, 1, 1.0), (2, 1, 1.0), (1, 3, 1.0), (2, 3, 0.5)];
    let state = |strength: f64| {
        let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES + 1);
        for (n, field, amplitude) in waves {
            let index = modes.index([n, 0, 0]).unwrap();
            state.set(index, field, Complex::new(0.0, -0.5 * amplitude * strength));
        }
        state
    };
    // Of the gradients of one kind, one is not zero.
    let flatness = |c: f64| {
        let (square, fourth) = ((1.0 + c * c) / 2.0, 3.0 / 8.0 * (1.0 + c.powi(4)) + 1.5 * c * c);
        fourth / (square * square)
    };
    let speeds = (0..24).map(|i| {
        let x = std::f64::consts::TAU * f64::from(i) / 24.0;
        (x.sin() + 0.5 * (2.0 * x).sin()).hypot(x.sin() + (2.0 * x).sin())
    });
    let max_scalar = (0..24).map(|i| {
        let x = std::f64::consts::TAU * f64::from(i) / 24.0;
        (x.sin() + 0.5 * (2.0 * x).sin()).abs()
    });
    let skewness = 0.75;
    let expected = [
        ("max_speed", speeds.fold(0.0, f64::max)),
        ("max_vorticity", 3.0),
        ("longitudinal_skewness", skewness),
        ("longitudinal_flatness", flatness(1.0)),
        ("transverse_flatness", flatness(2.0)),
        ("vorticity_flatness", flatness(2.0)),
        ("max_dye", max_scalar.fold(0.0, f64::max)),
        ("dye_gradient_skewness_x", skewness),
        ("dye_gradient_skewness_y", 0.0),
        ("dye_gradient_skewness_z", 0.0),
        ("dye_gradient_flatness", flatness(1.0)),
        ("dye_mixed_skewness", skewness),
    ];
    let gradients = Gradients::new(&physics(), false);
    let names: Vec<_> =
        gradients.variables().iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, expected.map(|(name, _)| name));
    let mut found = Vec::new();
    for (threads, strength) in [(1, 1.0), (3, 1.0), (1, 1e-90), (1, 1e90)] {
        let (serial, pool) = (Communicator::serial(), ThreadPool::new(threads).unwrap());
        let mut sweep = Sweep::new(modes, &serial, pool, 2 * AXES, 2 * AXES).unwrap();
        let gradients = gradients.measure(&state(strength), None, &mut sweep, &serial);
        assert_eq!(gradients.len(), expected.len());
        for ((name, expected), found) in expected.iter().zip(&gradients) {
            let unit = if name.starts_with("max_") { strength } else { 1.0 };
            assert!(
                (found / unit - expected).abs() < 1e-12 * expected.abs().max(1.0),
                "{name}: {found}"
            );
        }
        found.push(gradients);
    }
    assert_eq!(found[0], found[1]);
}

/// u = sin x cos y, v = -cos x sin y has du/dx = -dv/dy = cos x cos y, whose flatness is (3/2)^2, as is
/// that of the vorticity, and no third direction or component; u and v alone differ along the others.
#[test]
fn a_cellular_flow_has_two_dimensions() {
    let modes = Modes::new(Grid::two_thirds([12, 12, 1], [1.0; 3]), 8);
    let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES + 1);
    for ny in [1, -1] {
        let index = modes.index([1, ny, 0]).unwrap();
        state.set(index, 0, Complex::new(0.0, -0.25));
        state.set(index, 1, Complex::new(0.0, 0.25 * ny as f64));
    }
    let (serial, pool) = (Communicator::serial(), ThreadPool::new(1).unwrap());
    let mut sweep = Sweep::new(modes, &serial, pool, 2 * AXES, 2 * AXES).unwrap();
    let gradients = Gradients::new(&physics(), false);
    let found = gradients.measure(&state, None, &mut sweep, &serial);
    for (name, expected) in [
        ("longitudinal_flatness", 2.25),
        ("transverse_flatness", 2.25),
        ("vorticity_flatness", 2.25),
    ] {
        let at = gradients.variables().iter().position(|variable| variable.name == name).unwrap();
        assert!((found[at] - expected).abs() < 1e-12, "{name}: {}", found[at]);
    }
}

#[test]
fn a_fluid_at_rest_has_zeros() {
    let modes = Modes::new(Grid::two_thirds([8; 3], [1.0; 3]), 8);
    let state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES + 1);
    let (serial, pool) = (Communicator::serial(), ThreadPool::new(1).unwrap());
    let mut sweep = Sweep::new(modes, &serial, pool, 2 * AXES, 2 * AXES).unwrap();
    let found = Gradients::new(&physics(), false).measure(&state, None, &mut sweep, &serial);
    assert_eq!(found, [0.0; 12]);
}

/// In u = (sin z + cos y, sin x + cos z, sin y + cos x), which is its own vorticity, a = grad u^2/2 - nu u,
/// and a component of the pressure gradient is sin x sin y - cos x cos z or the like: its mean square is
/// 1/2 and the mean of its fourth power 15/32.
#[test]
fn an_abc_flow_has_the_acceleration_that_it_has_by_hand() {
    let modes = Modes::new(Grid::two_thirds([12; 3], [1.0; 3]), 8);
    let viscosity = 0.1;
    let physics = Physics::navier_stokes(viscosity);
    let mut state = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), AXES);
    for (along, sine, cosine) in [(0, 1, 2), (1, 2, 0), (2, 0, 1)] {
        for sign in [1, -1] {
            let mut mode = [0; AXES];
            mode[along] = sign;
            let Some(index) = modes.index(mode) else { continue };
            state.set(index, sine, Complex::new(0.0, -0.5 * sign as f64));
            state.set(index, cosine, Complex::new(0.5, 0.0));
        }
    }
    let (serial, pool) = (Communicator::serial(), ThreadPool::new(1).unwrap());
    let mut sweep = Sweep::new(modes, &serial, pool, 2 * AXES, 2 * AXES).unwrap();
    let no_force = Some(sweep.zero_fields(AXES));
    let momentum = Momentum::new(&state, no_force, &physics, &mut sweep);
    let gradients = Gradients::new(&physics, true);
    let values = gradients.measure(&state, Some(&momentum), &mut sweep, &serial);
    let variance = 0.5 + viscosity * viscosity;
    for (name, expected) in [
        ("acceleration_variance", variance),
        ("pressure_gradient_variance", 0.5),
        ("pressure_gradient_flatness", 15.0 / 8.0),
        ("a0", variance / (viscosity * 27_f64.sqrt())),
    ] {
        let at = gradients.variables().iter().position(|variable| variable.name == name).unwrap();
        assert!((values[at] / expected - 1.0).abs() < 1e-13, "{name}: {}", values[at]);
    }
    assert_eq!(values.len(), gradients.variables().len());
}
