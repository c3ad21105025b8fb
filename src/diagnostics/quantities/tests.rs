//! Every quantity by hand.

use std::f64::consts::PI;

use super::*;
use crate::diagnostics::at_mode::C;
use crate::fields::SpectralFields;
use crate::grid::Grid;
use crate::integrator::PowerLaw;
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::physics::{Axis, Kind, Magnetic, Physics, Scalar, Stratification};
use crate::sums::VelocityAverages;

#[test]
fn quantities_of_one_mode_are_what_they_are_by_hand() {
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
    let physics = Physics {
        equation: Kind::Mhd,
        viscosity: 0.05,
        hyper: law(0.5, 2.0),
        drag: law(3.0, 1.0),
        rotation: [0.0, 3.0, 4.0],
        magnetic: Some(Magnetic { diffusivity: Some(0.2), ..Magnetic::default() }),
        stratification: Some(stratification),
        scalars: vec![scalar],
    };
    let modes = Modes::new(Grid::two_thirds([8; 3], [0.5, 1.0, 1.0]), 8);
    let mut fields = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), 8);
    // k = (2, 0, 0); its conjugate counts as much.
    let index = modes.index([1, 0, 0]).unwrap();
    let i = C::new(0.0, 1.0);
    for (field, value) in [(1, C::ONE), (2, i), (4, 0.5 * i), (5, -C::ONE / 2.0)] {
        fields.set(index, field, value);
    }
    fields.set(index, 6, 3.0 * i);
    fields.set(index, 7, C::new(2.0, 0.0));
    fields.set(modes.index([0; 3]).unwrap(), 7, C::new(100.0, 0.0));
    let pool = ThreadPool::new(1).unwrap();
    let serial = Communicator::serial();
    let budget = VelocityAverages::measure(&fields, 0.05, &pool, &serial);
    let quantities = Quantities::new(&physics, modes.grid.lengths);
    let values = quantities.measure(&fields, &budget, &pool, &serial);
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
    let budget = VelocityAverages::measure(&rest, 0.05, &pool, &serial);
    assert!(!quantities.measure(&rest, &budget, &pool, &serial).iter().any(|x| x.is_nan()));
}
