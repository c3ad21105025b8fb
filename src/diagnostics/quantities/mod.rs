//! What the history says beyond the velocity's [`VelocityAverages`], quantity by quantity.
//!
//! Most are sums over all modes of a term that is quadratic in the fields at one mode: by Parseval,
//! `<f g>` = sum over all k of Re(f_k conj g_k). The others follow from these and the budget.

use std::f64::consts::PI;

use num_complex::Complex;

use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::integrator::Damping;
use crate::modes::{ModeIndex, Modes};
use crate::parallel::{Communicator, ThreadPool};
use crate::physics::Physics;
use crate::real::Real;
use crate::sums::{VelocityAverages, sum_over_bundles};
use crate::variable::Variable;

pub(super) type C = Complex<f64>;

/// The term of a sum at one mode: its wavevector and the fields there.
pub(super) type Term = Box<dyn Fn([f64; AXES], &[C]) -> f64 + Send + Sync>;

/// What follows from the budget and the sums.
type Formula = Box<dyn Fn(&VelocityAverages, &[f64]) -> f64 + Send + Sync>;

/// A product of two fields.
struct Product {
    fields: [usize; 2],
    factor: f64,
    includes_mean: bool,
}

/// The components of the Reynolds stress, which is symmetric.
const STRESSES: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

/// The quantities of one [`Physics`].
#[derive(Default)]
pub struct Quantities {
    named: Vec<Variable>,
    sums: Vec<Term>,
    /// Sums without a name, which come after the others: of each velocity component, what it has in
    /// the modes without wavenumber along its own axis.
    flat: Vec<Term>,
    derived: Vec<(Variable, Formula)>,
    /// Which sums are averages of the product of two fields.
    products: Vec<usize>,
    /// Which sums are energies beside the kinetic one, and which are losses of energy beside what
    /// viscosity takes up.
    energies: Vec<usize>,
    losses: Vec<usize>,
}

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

    /// What they are: the sums first, then what follows from them.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.named.iter().chain(self.derived.iter().map(|(variable, _)| variable))
    }

    /// The sums with their names.
    pub(super) fn into_sums(self) -> impl Iterator<Item = (Variable, Term)> {
        self.named.into_iter().zip(self.sums)
    }

    /// The averages of products of two fields with their names.
    pub(super) fn into_products(self) -> impl Iterator<Item = (Variable, Term)> {
        let products = self.products.clone();
        let sums = self.into_sums().enumerate();
        sums.filter_map(move |(sum, named)| products.contains(&sum).then_some(named))
    }

    /// Measures them, in the order of their names. Collective: every rank must call this.
    pub fn measure<T: Real>(
        &self,
        fields: &SpectralFields<T>,
        budget: &VelocityAverages,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> Vec<f64> {
        let mut values = self.sums(fields, pool, communicator);
        let derived: Vec<_> = self.derived.iter().map(|(_, f)| f(budget, &values)).collect();
        values.truncate(self.sums.len());
        values.extend(derived);
        values
    }

    /// The whole energy, and the rate at which damping of any kind takes it up, given the budget and
    /// what [`Self::measure`] returned.
    pub fn energy_and_loss(&self, budget: &VelocityAverages, values: &[f64]) -> [f64; 2] {
        let total = |of: &[usize]| of.iter().map(|&sum| values[sum]).sum::<f64>();
        [budget.kinetic_energy + total(&self.energies), budget.dissipation + total(&self.losses)]
    }

    fn sums<T: Real>(
        &self,
        fields: &SpectralFields<T>,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> Vec<f64> {
        let modes = fields.modes;
        let count = self.sums.len() + self.flat.len();
        sum_over_bundles(fields, count, pool, communicator, |bundle, sums| {
            let mut values = vec![C::ZERO; fields.count];
            for lane in 0..modes.lanes {
                let Some([nx, ..]) = modes.mode(ModeIndex { bundle, row: 0, lane }) else { break };
                let mut column = vec![0.0; count];
                for row in 0..modes.rows() {
                    let index = ModeIndex { bundle, row, lane };
                    let Some(mode) = modes.mode(index) else { break };
                    let k = modes.grid.wavevector(mode);
                    for (field, value) in values.iter_mut().enumerate() {
                        let stored = fields.at(index, field);
                        *value = C::new(stored.re.double(), stored.im.double());
                    }
                    let terms = self.sums.iter().chain(&self.flat).map(|term| term(k, &values));
                    column.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
                }
                let weight = Modes::weight(nx);
                sums.iter_mut().zip(&column).for_each(|(sum, column)| sum.add(weight * column));
            }
        })
    }

    /// Adds a sum and returns its place among them.
    fn sum(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        description: impl Into<String>,
        term: impl Fn([f64; AXES], &[C]) -> f64 + Send + Sync + 'static,
    ) -> usize {
        self.named.push(Variable::new(name, unit, description));
        self.sums.push(Box::new(term));
        self.sums.len() - 1
    }

    /// Adds the average of `factor` times the product of fields `i` and `j`, perhaps without their
    /// means, and returns its place among the sums.
    fn product(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        description: impl Into<String>,
        Product { fields: [i, j], factor, includes_mean }: Product,
    ) -> usize {
        let sum = self.sum(name, unit, description, move |k, f| {
            let counts = includes_mean || square(k) > 0.0;
            if counts { factor * dot(&f[i..=i], &f[j..=j]) } else { 0.0 }
        });
        self.products.push(sum);
        sum
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

    /// Adds what follows from the budget and the sums.
    fn derive(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        description: impl Into<String>,
        formula: impl Fn(&VelocityAverages, &[f64]) -> f64 + Send + Sync + 'static,
    ) {
        let variable = Variable::new(name, unit, description);
        self.derived.push((variable, Box::new(formula)));
    }

    /// Adds what hyperviscosity and drag take from the energy of some fields.
    fn add_damping(&mut self, of: &'static str, damping: Damping, first: usize) {
        if damping.hyper.is_some() {
            let loss = self.sum(
                format!("{of}hyper_dissipation"),
                "L^2/T^3",
                "energy that hyperviscosity takes up",
                move |k, f| damping.hyper_rate(square(k)) * norm(&f[first..first + AXES]),
            );
            self.losses.push(loss);
        }
        if damping.drag.is_some() {
            let loss = self.sum(
                format!("{of}drag_dissipation"),
                "L^2/T^3",
                "energy that drag takes up",
                move |k, f| damping.drag_rate(square(k)) * norm(&f[first..first + AXES]),
            );
            self.losses.push(loss);
        }
    }

    fn add_velocity(&mut self, physics: &Physics, lengths: [f64; AXES]) {
        self.sum("helicity", "L/T^2", "<u.omega>", |k, f| curl_product(k, &f[..AXES]));
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
            self.flat.push(Box::new(move |k, f| {
                if k[axis] == 0.0 && square(k) > 0.0 { f[axis].norm_sqr() } else { 0.0 }
            }));
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
        let first = fields.start;
        let b = move |f: &[C]| [f[first], f[first + 1], f[first + 2]];
        let unit = "L^2/T^2";
        let energy = self.sum("magnetic_energy", unit, "<b.b>/2, mean field included", {
            move |_, f| 0.5 * norm(&b(f))
        });
        let eta = damping.diffusivity;
        let loss = self.sum("magnetic_dissipation", "L^2/T^3", "eta <j.j>", move |k, f| {
            eta * square(k) * norm(&b(f))
        });
        self.energies.push(energy);
        self.losses.push(loss);
        self.stresses("magnetic_", ["bx", "by", "bz"], first);
        self.sum("current", "1/T^2", "<j.j>/2", move |k, f| 0.5 * square(k) * norm(&b(f)));
        self.sum("cross_helicity", unit, "<u.b>", move |_, f| dot(&f[..AXES], &b(f)));
        self.sum("magnetic_helicity", "L^3/T^2", "<a.b>, b = curl a", move |k, f| {
            let k_squared = square(k);
            if k_squared > 0.0 { curl_product(k, &b(f)) / k_squared } else { 0.0 }
        });
        self.sum("mean_square_div_b", "1/T^2", "<(div b)^2>", move |k, f| {
            let [x, y, z] = b(f);
            (x * k[0] + y * k[1] + z * k[2]).norm_sqr()
        });
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
            move |k, f| damping.rate(square(k)) * f[field].norm_sqr(),
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
            move |k, f| 2.0 * damping.rate(square(k)) * f[field].norm_sqr(),
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

pub(super) fn square(k: [f64; AXES]) -> f64 {
    k.iter().map(|k| k * k).sum()
}

pub(super) fn norm(f: &[C]) -> f64 {
    f.iter().map(|f| f.norm_sqr()).sum()
}

/// Re(f . conj g).
pub(super) fn dot(f: &[C], g: &[C]) -> f64 {
    f.iter().zip(g).map(|(f, g)| f.re * g.re + f.im * g.im).sum()
}

/// Re((i k x f) . conj f) = 2 k . (Re f x Im f).
fn curl_product(k: [f64; AXES], f: &[C]) -> f64 {
    let cross = |i: usize, j: usize| f[i].re * f[j].im - f[j].re * f[i].im;
    2.0 * (k[0] * cross(1, 2) + k[1] * cross(2, 0) + k[2] * cross(0, 1))
}

#[cfg(test)]
mod tests;
