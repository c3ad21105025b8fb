//! Every quantity by hand.

use std::f64::consts::PI;

use num_complex::Complex;

use super::*;
use crate::fields::SpectralFields;
use crate::grid::Grid;
use crate::integrator::PowerLaw;
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::physics::{Axis, Kind, Magnetic, Physics, Scalar, Stratification};
use crate::real::Real;

/// Rates of everything that decays, in [`everything`].
const NU: f64 = 0.05;

/// A term at a wavevector, of the fields there.
type Plain<'a> = dyn Fn([f64; 3], &[Complex<f64>]) -> f64 + 'a;

/// A flow that has every quantity there is.
fn everything() -> Physics {
    let law = |coefficient, order| Some(PowerLaw { coefficient, order });
    let scalar = Scalar { name: "c".into(), diffusivity: Some(0.1), ..Scalar::default() };
    let stratification = Stratification {
        frequency: 2.0,
        vertical: Axis::Z,
        diffusivity: Some(0.25),
        prandtl: None,
        hyper: None,
        drag: None,
    };
    Physics {
        equation: Kind::Mhd,
        viscosity: NU,
        hyper: law(0.5, 2.0),
        drag: law(3.0, 1.0),
        rotation: [0.0, 3.0, 4.0],
        magnetic: Some(Magnetic { diffusivity: Some(0.2), ..Magnetic::default() }),
        stratification: Some(stratification),
        scalars: vec![scalar],
    }
}

/// Sums of everything, mode by mode, of a field that has neither symmetry nor solenoidal vectors.
#[test]
fn quantities_are_the_sums_over_modes_that_they_are_said_to_be() {
    fn check<T: Real>(tolerance: f64) {
        let modes = Modes::new(Grid::two_thirds([40, 14, 22], [2.0, 0.5, 1.5]), T::LANES);
        let mut fields = SpectralFields::<T>::zeros(modes, 0..modes.bundles(), 8);
        fields.fill(|mode, out| {
            let [x, y, z] = mode.map(|n| n as f64);
            for (field, value) in (1..).zip(out) {
                let f = f64::from(field);
                let phase = f + 0.7 * x - f * 0.3 * y + 1.3 * z;
                *value = Complex::new(phase.sin(), (1.7 * phase).cos()) / (1.0 + x * x + z * z);
                value.im *= f64::from(u8::from(mode != [0; 3]));
            }
        });
        let quantities = Quantities::new(&everything(), modes.grid.lengths);
        let serial = Communicator::serial();
        let [(velocity, found), again] =
            [1, 2].map(|n| quantities.measure(&fields, NU, &ThreadPool::new(n).unwrap(), &serial));
        assert_eq!((velocity, &found), (again.0, &again.1));
        let plain = |of: &Plain<'_>| {
            let term = |(mode, index): ([i64; 3], _)| {
                let values: Vec<_> = (0..8).map(|field| fields.double_at(index, field)).collect();
                Modes::weight(mode[0]) * of(modes.grid.wavevector(mode), &values)
            };
            fields.owned_modes().map(term).sum::<f64>()
        };
        let square = |k: [f64; 3]| k.iter().map(|k| k * k).sum::<f64>();
        let norm = |f: &[Complex<f64>]| f.iter().map(|f| f.norm_sqr()).sum::<f64>();
        let re = |a: Complex<f64>, b: Complex<f64>| (a * b.conj()).re;
        let moving = |k| if square(k) > 0.0 { 1.0 } else { 0.0 };
        let curl = |k: [f64; 3], f: &[Complex<f64>]| {
            let i = Complex::<f64>::i();
            re(i * (f[2] * k[1] - f[1] * k[2]), f[0])
                + re(i * (f[0] * k[2] - f[2] * k[0]), f[1])
                + re(i * (f[1] * k[0] - f[0] * k[1]), f[2])
        };
        let hyper = |k| 0.5 * square(k).powi(2);
        let drag = |k| if square(k) > 0.0 { 3.0 / square(k) } else { 0.0 };
        let by_name = |name: &str| {
            let index = quantities.variables().position(|variable| variable.name == name);
            found[index.unwrap_or_else(|| panic!("no {name}"))]
        };
        let is = |name: &str, found: f64, of: &Plain<'_>| {
            let (expected, size) = (plain(of), plain(&|k, f| of(k, f).abs()));
            assert!(size > 0.0 && (found - expected).abs() < tolerance * size, "{name}: {found}");
        };
        is("energy", velocity.kinetic_energy, &|_, f| 0.5 * norm(&f[..3]));
        is("fluctuations", velocity.fluctuation_energy, &|k, f| 0.5 * moving(k) * norm(&f[..3]));
        is("enstrophy", velocity.enstrophy, &|k, f| 0.5 * square(k) * norm(&f[..3]));
        is("dissipation", velocity.dissipation, &|k, f| NU * square(k) * norm(&f[..3]));
        is("over k", velocity.energy_over_k, &|k, f| {
            if moving(k) == 0.0 { 0.0 } else { 0.5 * norm(&f[..3]) / square(k).sqrt() }
        });
        let sum = |name: &str, of: &Plain<'_>| {
            is(name, by_name(name), of);
        };
        sum("helicity", &|k, f| curl(k, f));
        for (name, first) in [("", 0), ("magnetic_", 3)] {
            for (i, j) in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)] {
                let [a, b] = [i, j].map(|axis| ["x", "y", "z"][axis]);
                sum(&format!("{name}stress_{a}{b}"), &|k, f| {
                    moving(k) * re(f[first + i], f[first + j])
                });
            }
        }
        sum("hyper_dissipation", &|k, f| hyper(k) * norm(&f[..3]));
        sum("drag_dissipation", &|k, f| drag(k) * norm(&f[..3]));
        sum("magnetic_energy", &|_, f| 0.5 * norm(&f[3..6]));
        sum("magnetic_dissipation", &|k, f| 0.2 * square(k) * norm(&f[3..6]));
        sum("current", &|k, f| 0.5 * square(k) * norm(&f[3..6]));
        sum("cross_helicity", &|_, f| (0..3).map(|i| re(f[i], f[3 + i])).sum());
        sum("magnetic_helicity", &|k, f| {
            if moving(k) == 0.0 { 0.0 } else { curl(k, &f[3..]) / square(k) }
        });
        sum("mean_square_div_b", &|k, f| (f[3] * k[0] + f[4] * k[1] + f[5] * k[2]).norm_sqr());
        sum("potential_energy", &|_, f| 0.5 * f[6].norm_sqr());
        sum("potential_dissipation", &|k, f| 0.25 * square(k) * f[6].norm_sqr());
        sum("buoyancy_flux", &|_, f| 2.0 * re(f[2], f[6]));
        sum("c_variance", &|k, f| moving(k) * f[7].norm_sqr());
        sum("c_dissipation", &|k, f| 2.0 * 0.1 * square(k) * f[7].norm_sqr());
        for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
            sum(&format!("c_flux_{name}"), &|_, f| re(f[axis], f[7]));
            let stress = by_name(&format!("stress_{name}{name}"));
            let length = by_name(&format!("longitudinal_length_{name}"));
            is(name, length / (PI * modes.grid.lengths[axis]) * stress, &|k, f| {
                if k[axis] == 0.0 { moving(k) * f[axis].norm_sqr() } else { 0.0 }
            });
        }
    }
    check::<f64>(1e-13);
    // The numbers are in single precision, sums in double.
    check::<f32>(1e-13);
}

#[test]
fn quantities_of_one_mode_are_what_they_are_by_hand() {
    let physics = everything();
    let modes = Modes::new(Grid::two_thirds([8; 3], [0.5, 1.0, 1.0]), 8);
    let mut fields = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), 8);
    // k = (2, 0, 0); its conjugate counts as much.
    let index = modes.index([1, 0, 0]).unwrap();
    let i = Complex::new(0.0, 1.0);
    for (field, value) in [(1, Complex::ONE), (2, i), (4, 0.5 * i), (5, -Complex::ONE / 2.0)] {
        fields.set(index, field, value);
    }
    fields.set(index, 6, 3.0 * i);
    fields.set(index, 7, Complex::new(2.0, 0.0));
    fields.set(modes.index([0; 3]).unwrap(), 7, Complex::new(100.0, 0.0));
    let pool = ThreadPool::new(1).unwrap();
    let serial = Communicator::serial();
    let quantities = Quantities::new(&physics, modes.grid.lengths);
    let (budget, values) = quantities.measure(&fields, NU, &pool, &serial);
    // E = 2, <omega^2> = 16, epsilon = 0.8.
    let expected = [
        ("helicity", 8.0),
        ("stress_xx", 0.0),
        ("stress_xy", 0.0),
        ("stress_xz", 0.0),
        ("stress_yy", 2.0),
        ("stress_yz", 0.0),
        ("stress_zz", 2.0),
        ("hyper_dissipation", 0.5 * 16.0 * 4.0),
        ("drag_dissipation", 3.0 / 4.0 * 4.0),
        ("magnetic_energy", 0.5),
        ("magnetic_dissipation", 0.2 * 4.0),
        ("magnetic_stress_xx", 0.0),
        ("magnetic_stress_xy", 0.0),
        ("magnetic_stress_xz", 0.0),
        ("magnetic_stress_yy", 0.5),
        ("magnetic_stress_yz", 0.0),
        ("magnetic_stress_zz", 0.5),
        ("current", 2.0),
        ("cross_helicity", 0.0),
        ("magnetic_helicity", 0.5),
        ("mean_square_div_b", 0.0),
        ("potential_energy", 9.0),
        ("potential_dissipation", 0.25 * 4.0 * 18.0),
        ("buoyancy_flux", 12.0),
        ("c_variance", 8.0),
        ("c_dissipation", 2.0 * 0.1 * 4.0 * 8.0),
        ("c_flux_x", 0.0),
        ("c_flux_y", 4.0),
        ("c_flux_z", 0.0),
        ("anisotropy", f64::sqrt(1.0 / 9.0 + 2.0 / 36.0)),
        ("anisotropy_xx", -1.0 / 3.0),
        ("anisotropy_xy", 0.0),
        ("anisotropy_xz", 0.0),
        ("anisotropy_yy", 1.0 / 6.0),
        ("anisotropy_yz", 0.0),
        ("anisotropy_zz", 1.0 / 6.0),
        ("longitudinal_length_x", 0.0),
        // v and w do not depend on y and z: their correlations are 1.
        ("longitudinal_length_y", PI),
        ("longitudinal_length_z", PI),
        ("rossby", 0.8 / 20.0),
        ("micro_rossby", 0.4),
        ("froude", 0.2),
        ("ozmidov_length", 0.1_f64.sqrt()),
        ("buoyancy_reynolds", 4.0),
        ("c_smallest_length", (0.001_f64 / 0.8).powf(0.25)),
    ];
    let names: Vec<_> = quantities.variables().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, expected.map(|(name, _)| name));
    for ((name, expected), found) in expected.into_iter().zip(&values) {
        assert!((found - expected).abs() < 1e-13 * expected.max(1.0), "{name}: {found}");
    }
    let [energy, loss] = quantities.energy_and_loss(&budget, &values);
    assert!((energy - (2.0 + 0.5 + 9.0)).abs() < 1e-13, "{energy}");
    assert!((loss - (0.8 + 32.0 + 3.0 + 0.8 + 18.0)).abs() < 1e-12, "{loss}");
    // At rest nothing is NaN.
    let rest = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), 8);
    let (_, at_rest) = quantities.measure(&rest, NU, &pool, &serial);
    assert!(!at_rest.iter().any(|x| x.is_nan()));
}
