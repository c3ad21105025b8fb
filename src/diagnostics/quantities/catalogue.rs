//! The quantities that there are with each physics.

use std::f64::consts::PI;

use super::list::{Product, Quantities};
use crate::grid::AXES;
use crate::integrator::Damping;
use crate::physics::Physics;
use crate::sums::{Term, VelocityAverages, Weight};

/// The components of the Reynolds stress, which is symmetric.
const STRESSES: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

impl Quantities {
    /// Those that belong to `physics` in a box with sides of 2 pi `lengths`.
    pub fn new(physics: &Physics, lengths: [f64; AXES]) -> Self {
        let mut quantities = Quantities::default();
        quantities.add_velocity(physics, lengths);
        quantities.add_rotation(physics);
        quantities.add_magnetic_field(physics);
        quantities.add_stratification(physics);
        for (index, scalar) in physics.scalars.iter().enumerate() {
            quantities.add_scalar(physics, &scalar.name, index);
        }
        quantities
    }

    /// Adds the stresses of a vector, whose first component is field `first`; returns the place of the
    /// first one.
    fn stresses(&mut self, prefix: &str, names: [&str; AXES], first: usize) -> usize {
        let begin = self.sums.len();
        for (i, j) in STRESSES {
            let [a, b] = [i, j].map(|axis| ["x", "y", "z"][axis]);
            let description = format!("<{} {}> without the means", names[i], names[j]);
            let product =
                Product { fields: [first + i, first + j], factor: 1.0, includes_mean: false };
            self.product(format!("{prefix}stress_{a}{b}"), "L^2/T^2", description, product);
        }
        begin
    }

    /// Adds what hyperviscosity and drag take from the energy of some fields.
    fn add_damping(&mut self, of: &'static str, damping: Damping, first: usize) {
        let none = Damping { diffusivity: 0.0, hyper: None, drag: None };
        for (is_there, name, what, part) in [
            (
                damping.hyper.is_some(),
                "hyper",
                "hyperviscosity",
                Damping { hyper: damping.hyper, ..none },
            ),
            (damping.drag.is_some(), "drag", "drag", Damping { drag: damping.drag, ..none }),
        ] {
            if is_there {
                let loss = self.sum(
                    format!("{of}{name}_dissipation"),
                    "L^2/T^3",
                    format!("energy that {what} takes up"),
                    Term::norm(first..first + AXES).weighted(Weight::Rate(part)),
                );
                self.losses.push(loss);
            }
        }
    }

    fn add_velocity(&mut self, physics: &Physics, lengths: [f64; AXES]) {
        self.sum("helicity", "L/T^2", "<u.omega>", Term::curl(0));
        let stresses = self.stresses("", ["u", "v", "w"], 0);
        self.derive(
            "anisotropy",
            "1",
            "sqrt(b_ij b_ij), b_ij = <u_i u_j> / <u_k u_k> - delta_ij / 3: 0 is isotropic, \
             sqrt(2/3) one component alone",
            move |b, sums| anisotropy(&sums[stresses..stresses + STRESSES.len()], b),
        );
        for (index, (i, j)) in STRESSES.into_iter().enumerate() {
            let [a, b] = [i, j].map(|axis| ["x", "y", "z"][axis]);
            self.derive(
                format!("anisotropy_{a}{b}"),
                "1",
                format!("b_{a}{b}, a component of this tensor"),
                move |b, sums| anisotropy_component((i, j), sums[stresses + index], b),
            );
        }
        self.add_longitudinal_lengths(stresses, lengths);
        self.add_damping("", physics.velocity_damping(), 0);
    }

    /// L_x = integral of <u(x) u(x + r e_x)> / <u^2> over r up to half of the box, in which every
    /// wave along x integrates to nothing: what is left is half of the side times the share of u in
    /// the modes with k_x = 0; likewise along y and z.
    fn add_longitudinal_lengths(&mut self, stresses: usize, lengths: [f64; AXES]) {
        for (axis, length) in lengths.into_iter().enumerate() {
            let name = ["x", "y", "z"][axis];
            let diagonal = [0, 3, 5][axis];
            self.flat.push(Term::product(axis, axis).weighted(Weight::Flat(axis)));
            self.derive(
                format!("longitudinal_length_{name}"),
                "L",
                format!(
                    "integral of the longitudinal correlation along {name} up to half of the box"
                ),
                move |_, sums| {
                    let flat = sums[sums.len() - AXES + axis];
                    PI * length * ratio(flat, sums[stresses + diagonal])
                },
            );
        }
    }

    fn add_rotation(&mut self, physics: &Physics) {
        let rate = 2.0 * physics.rotation.iter().map(|o| o * o).sum::<f64>().sqrt();
        if rate == 0.0 {
            return;
        }
        self.derive(
            "rossby",
            "1",
            "dissipation / (2 Omega E), E without mean flow",
            move |b, _| ratio(b.dissipation, rate * b.fluctuation_energy),
        );
        self.derive("micro_rossby", "1", "sqrt(<omega.omega>) / (2 Omega)", move |b, _| {
            (2.0 * b.enstrophy).sqrt() / rate
        });
    }

    fn add_magnetic_field(&mut self, physics: &Physics) {
        let (Some(fields), Some(damping)) = (physics.magnetic_fields(), physics.magnetic_damping())
        else {
            return;
        };
        let (first, unit) = (fields.start, "L^2/T^2");
        let square = Term::norm(fields.clone());
        let current = square.clone().weighted(Weight::Square);
        let energy =
            self.sum("magnetic_energy", unit, "<b.b>/2, mean field included", square.times(0.5));
        let eta = damping.diffusivity;
        let loss =
            self.sum("magnetic_dissipation", "L^2/T^3", "eta <j.j>", current.clone().times(eta));
        self.energies.push(energy);
        self.losses.push(loss);
        self.stresses("magnetic_", ["bx", "by", "bz"], first);
        self.sum("current", "1/T^2", "<j.j>/2", current.times(0.5));
        self.sum("cross_helicity", unit, "<u.b>", Term::dot(0..AXES, fields));
        let helicity = Term::curl(first).weighted(Weight::InverseSquare);
        self.sum("magnetic_helicity", "L^3/T^2", "<a.b>, b = curl a", helicity);
        self.sum("mean_square_div_b", "1/T^2", "<(div b)^2>", Term::divergence(first));
        self.add_damping("magnetic_", damping, first);
    }

    fn add_stratification(&mut self, physics: &Physics) {
        let (Some(stratification), Some(field)) =
            (physics.stratification, physics.buoyancy_field())
        else {
            return;
        };
        let (n, up) = (stratification.frequency, stratification.vertical as usize);
        let viscosity = physics.viscosity;
        let damping = physics.scalar_formulas()[0].damping;
        let unit = "L^2/T^2";
        let square_of = Product { fields: [field; 2], factor: 0.5, includes_mean: true };
        let description = "<theta^2>/2, theta = buoyancy / N";
        let energy = self.product("potential_energy", unit, description, square_of);
        let loss = self.sum(
            "potential_dissipation",
            "L^2/T^3",
            "potential energy that all damping takes up",
            Term::product(field, field).weighted(Weight::Rate(damping)),
        );
        self.energies.push(energy);
        self.losses.push(loss);
        self.product(
            "buoyancy_flux",
            "L^2/T^3",
            "N <w theta>, w upwards: potential energy that becomes kinetic",
            Product { fields: [up, field], factor: n, includes_mean: true },
        );
        self.derive("froude", "1", "dissipation / (N E), E without mean flow", move |b, _| {
            ratio(b.dissipation, n * b.fluctuation_energy)
        });
        self.derive("ozmidov_length", "L", "sqrt(dissipation / N^3)", move |b, _| {
            (b.dissipation / n.powi(3)).sqrt()
        });
        self.derive("buoyancy_reynolds", "1", "dissipation / (nu N^2)", move |b, _| {
            ratio(b.dissipation, viscosity * n * n)
        });
    }

    fn add_scalar(&mut self, physics: &Physics, name: &str, index: usize) {
        let field = physics.first_scalar() + index;
        let skipped = usize::from(physics.stratification.is_some());
        let damping = physics.scalar_formulas()[skipped + index].damping;
        let (viscosity, kappa) = (physics.viscosity, damping.diffusivity);
        let variance = Product { fields: [field; 2], factor: 1.0, includes_mean: false };
        let description = format!("<{name}^2> without the mean");
        self.product(format!("{name}_variance"), "1", description, variance);
        self.sum(
            format!("{name}_dissipation"),
            "1/T",
            "variance that all damping takes up; 2 kappa <|grad|^2> without hyperdiffusion",
            Term::product(field, field).weighted(Weight::Rate(damping)).times(2.0),
        );
        for (axis, velocity) in ["u", "v", "w"].into_iter().enumerate() {
            self.product(
                format!("{name}_flux_{}", ["x", "y", "z"][axis]),
                "L/T",
                format!("<{velocity} {name}>"),
                Product { fields: [axis, field], factor: 1.0, includes_mean: true },
            );
        }
        self.derive(
            format!("{name}_smallest_length"),
            "L",
            "Obukhov-Corrsin (kappa^3 / dissipation)^(1/4) for Schmidt numbers below 1, else \
             Batchelor (nu kappa^2 / dissipation)^(1/4)",
            move |b, _| smallest(b, viscosity, kappa),
        );
    }
}

/// The magnitude of the anisotropy tensor (Lumley & Newman 1977, J. Fluid Mech. 82, 161), given the
/// [`STRESSES`]; 0 at rest.
fn anisotropy(stresses: &[f64], budget: &VelocityAverages) -> f64 {
    let squares = STRESSES.iter().zip(stresses).map(|(&(i, j), stress)| {
        let component = anisotropy_component((i, j), *stress, budget);
        if i == j { component * component } else { 2.0 * component * component }
    });
    squares.sum::<f64>().sqrt()
}

/// b_ij = <u_i u_j> / <u_k u_k> - delta_ij / 3; 0 at rest.
fn anisotropy_component((i, j): (usize, usize), stress: f64, budget: &VelocityAverages) -> f64 {
    let isotropic = if i == j && budget.fluctuation_energy > 0.0 { 1.0 / 3.0 } else { 0.0 };
    ratio(stress, 2.0 * budget.fluctuation_energy) - isotropic
}

/// The Obukhov-Corrsin scale of a scalar that diffuses faster than momentum, else the Batchelor
/// scale (Batchelor 1959, J. Fluid Mech. 5, 113).
fn smallest(budget: &VelocityAverages, viscosity: f64, kappa: f64) -> f64 {
    let diffusivities = if kappa > viscosity { kappa.powi(3) } else { viscosity * kappa * kappa };
    ratio(diffusivities, budget.dissipation).powf(0.25)
}

/// a / b, and 0 where that is 0 / 0: only a field that is not finite gives NaN.
fn ratio(a: f64, b: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a / b }
}
