//! Probability densities of the fields, their gradients and what dissipates them.
//!
//! A density is a histogram of a variable t over the grid points, divided by the number of points and
//! the width of a bin. t is `(q - <q>) / rms(q)`, or `ln(q / <q>)` for what is never negative and spreads
//! over decades (dissipation is near to lognormal: Kolmogorov 1962, J. Fluid Mech. 13, 82), or q itself
//! where the bins are given. Averages and rms are sums over the modes, points are counted in whole
//! numbers: neither depends on how they are shared out.

mod bins;
mod count;

use std::sync::{Mutex, PoisonError};

use num_complex::Complex;

use super::points::Together;
use super::triple::Triple;
use super::{each_mode, sum_over_bundles};
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Modes;
use crate::parallel::{Communicator, SharedSlice};
use crate::physics::Physics;
use crate::real::Real;
use crate::transform::sweep::Sweep;
use crate::variable::Variable;

use bins::Scale;
pub use bins::{Bins, Normalization};
use count::{Count, Tally, held_points};

/// The density of one quantity q.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// The quantity.
    pub variable: Variable,
    /// What of it the density is over.
    pub normalization: Normalization,
    /// Its bins.
    pub bins: Bins,
}

/// The order of the moments that are measured: 1 to 4.
pub const ORDERS: usize = 4;

/// What is measured of one density.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The density in each bin.
    pub density: Vec<f64>,
    /// `<t>`, `<t^2>`, `<t^3>`, `<t^4>`, values outside of all bins included.
    pub moments: [f64; ORDERS],
    /// `<q>`.
    pub mean: f64,
    /// The rms of `q - <q>`; of what is a sum of squares it is not known, and 0.
    pub rms: f64,
}

/// The densities of one [`Physics`].
pub struct Pdfs {
    densities: Vec<Density>,
    looks: Vec<Look>,
}

/// Fields that are at the points together, and what is counted there.
struct Look {
    fields: Together,
    /// Field by field: the density that it belongs to.
    of_fields: Vec<Option<usize>>,
    /// The density that the sum of the squares of all belongs to.
    of_square: Option<usize>,
    /// The factor with which this sum goes into the one that is held for every point, and the density
    /// of that, if it is complete now.
    held: Option<(f64, Option<usize>)>,
}

impl Pdfs {
    /// Densities over `bins`, of [`Normalization::Standard`] and [`Normalization::Logarithm`]; but those of the
    /// quantities for which `ranges` has bins over these, of the quantity itself.
    pub fn new(physics: &Physics, bins: Bins, ranges: impl Fn(&str) -> Option<[f64; 2]>) -> Self {
        let mut pdfs = Pdfs { densities: Vec::new(), looks: Vec::new() };
        pdfs.add_all(physics);
        for density in &mut pdfs.densities {
            density.bins = bins;
            if let Some([low, high]) = ranges(&density.variable.name) {
                density.normalization = Normalization::Plain;
                density.bins = Bins { low, high, ..bins };
            }
        }
        pdfs
    }

    /// The names of all quantities of `physics`.
    pub fn names(physics: &Physics) -> Vec<String> {
        let any = Bins { low: 0.0, high: 1.0, count: 1 };
        let densities = Pdfs::new(physics, any, |_| None).densities;
        densities.into_iter().map(|density| density.variable.name).collect()
    }

    /// The densities.
    pub fn densities(&self) -> &[Density] {
        &self.densities
    }

    fn add(
        &mut self,
        name: &str,
        unit: &str,
        description: &str,
        normalization: Normalization,
    ) -> usize {
        self.densities.push(Density {
            variable: Variable::new(name, unit, description),
            normalization,
            bins: Bins { low: 0.0, high: 1.0, count: 1 },
        });
        self.densities.len() - 1
    }

    fn add_all(&mut self, physics: &Physics) {
        let fields = physics.fields();
        let of_fields = fields
            .iter()
            .map(|f| Some(self.add(&f.name, &f.unit, &f.description, Normalization::Standard)))
            .collect();
        self.looks.push(Look { fields: Together::State, of_fields, of_square: None, held: None });
        self.add_vector("velocity", 0, ["vorticity", "enstrophy", "dissipation"]);
        if let Some(fields) = physics.magnetic_fields() {
            let names = ["current", "magnetic_dissipation", ""];
            self.add_vector("magnetic", fields.start, names);
        }
        for group in physics.vectors_and_scalars().iter().filter(|group| group.len() == 1) {
            let field = &fields[group.start];
            self.add_gradient(&field.name, &field.unit, group.start);
        }
    }

    /// Adds the gradients of the vector that begins at field `first`, its curl, the square of that,
    /// and 2 s_ij s_ij, s the symmetric part of the gradient, under their names; "" is not wanted.
    fn add_vector(&mut self, name: &str, first: usize, [curl, square, strain]: [&str; 3]) {
        let kind = Normalization::Standard;
        let along = self.add(
            &format!("{name}_longitudinal"),
            "1/T",
            "derivatives of the components along their own directions, all three together",
            kind,
        );
        let across = self.add(
            &format!("{name}_transverse"),
            "1/T",
            "derivatives of the components along other directions, all six together",
            kind,
        );
        let description = format!("components of the {curl}, all three together");
        let curl = self.add(curl, "1/T", &description, kind);
        let kind = Normalization::Logarithm;
        let square = self.add(square, "1/T^2", "the square of its magnitude", kind);
        // 2 s_ij s_ij = 2 A_ij A_ij - |curl|^2, A the gradient.
        let strain = (!strain.is_empty())
            .then(|| self.add(strain, "1/T^2", "2 s_ij s_ij, s_ij the rate of strain", kind));
        for component in 0..AXES {
            let of_fields =
                (0..AXES).map(|axis| Some(if axis == component { along } else { across }));
            self.looks.push(Look {
                fields: Together::Triple(Triple::Gradient(first + component)),
                of_fields: of_fields.collect(),
                of_square: None,
                held: strain.map(|_| (2.0, None)),
            });
        }
        self.looks.push(Look {
            fields: Together::Triple(Triple::Curl(first)),
            of_fields: vec![Some(curl); AXES],
            of_square: Some(square),
            held: strain.map(|strain| (-1.0, Some(strain))),
        });
    }

    /// Adds the gradient of a scalar, and its square.
    fn add_gradient(&mut self, name: &str, unit: &str, field: usize) {
        let unit = if unit == "1" { "1/L" } else { "1/T" };
        let of_fields = ["x", "y", "z"].map(|axis| {
            let description = format!("derivative of {name} along {axis}");
            Some(self.add(
                &format!("{name}_gradient_{axis}"),
                unit,
                &description,
                Normalization::Standard,
            ))
        });
        let square = self.add(
            &format!("{name}_dissipation"),
            if unit == "1/L" { "1/L^2" } else { "1/T^2" },
            &format!("|grad {name}|^2"),
            Normalization::Logarithm,
        );
        self.looks.push(Look {
            fields: Together::Triple(Triple::Gradient(field)),
            of_fields: of_fields.into(),
            of_square: Some(square),
            held: None,
        });
    }

    /// Measures all densities, in as many sweeps as there are groups of three gradients, and one.
    /// The exchange must be filled again afterwards. Collective: every rank must call this.
    pub fn measure<T: Real>(
        &self,
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        communicator: &Communicator,
    ) -> Vec<Measured> {
        let scales = self.scales(state, sweep, communicator);
        let starts: Vec<usize> = self
            .densities
            .iter()
            .scan(0, |next, density| {
                let start = *next;
                *next += density.bins.count;
                Some(start)
            })
            .collect();
        let bins = self.densities.iter().map(|density| density.bins.count).sum();
        let points = held_points(sweep);
        let holds = self.looks.iter().any(|look| look.held.is_some());
        let mut held = vec![0.0; if holds { points } else { 0 }];
        let mut tally = Tally::new(bins, self.densities.len());
        for look in &self.looks {
            let job = Count {
                look,
                inputs: look.fields.count(state.count),
                densities: &self.densities,
                scales: &scales,
                starts: &starts,
                first_plane: sweep.plan.planes.start,
                blocks: sweep.plan.modes.grid.points[1].div_ceil(sweep.rows_in_block()),
                held: SharedSlice::new(&mut held),
                total: Mutex::new(tally),
            };
            look.fields.look(state, sweep, &job);
            tally = job.total.into_inner().unwrap_or_else(PoisonError::into_inner);
        }
        communicator.sum_integers(&mut tally.counts);
        let sums = communicator.exact_sums(&mut tally.powers);
        let points = sweep.plan.modes.grid.point_count();
        let densities = self.densities.iter().zip(&scales).zip(&starts).enumerate();
        let measured = densities.map(|(index, ((density, scale), start))| {
            // Several fields may share a density.
            let values = points * scale.fields as f64;
            let counts = &tally.counts[*start..start + density.bins.count];
            let per_bin = values * density.bins.width();
            Measured {
                density: counts.iter().map(|count| *count as f64 / per_bin).collect(),
                moments: std::array::from_fn(|order| sums[index * ORDERS + order] / values),
                mean: scale.mean,
                rms: scale.rms,
            }
        });
        measured.collect()
    }

    /// Means and rms, from sums over the modes. Collective.
    fn scales<T: Real>(
        &self,
        state: &SpectralFields<T>,
        sweep: &Sweep<T>,
        communicator: &Communicator,
    ) -> Vec<Scale> {
        let grid = state.modes.grid;
        let counts: Vec<_> = self.looks.iter().map(|look| look.fields.count(state.count)).collect();
        let count = counts.iter().sum();
        let squares = sum_over_bundles(state, count, sweep.team(), communicator, |bundle, sums| {
            let (mut parts, mut fields) = (vec![0.0; count], Vec::with_capacity(count));
            each_mode(state, bundle, |_, mode, values| {
                if mode == [0; AXES] {
                    return;
                }
                let k = grid.wavevector(mode);
                fields.clear();
                self.looks.iter().for_each(|look| look.fields.push(k, values, &mut fields));
                let weight = Modes::weight(mode[0]);
                let terms = fields.iter().map(|field| weight * field.norm_sqr());
                parts.iter_mut().zip(terms).for_each(|(part, term)| *part += term);
            });
            sums.iter_mut().zip(&parts).for_each(|(sum, part)| sum.add(*part));
        });
        // Derivatives have no mean.
        let mut mine = vec![0.0; count];
        if let Some(place) = state.modes.place([0; AXES]) {
            let values = (0..state.count).map(|field| state.get(place, field));
            let values = values.map(|value| value.map_or(0.0, |Complex { re, .. }| re.double()));
            mine.iter_mut().zip(values).for_each(|(mean, value)| *mean = value);
        }
        let mut means = vec![0.0; count];
        communicator.collect(&mine, &mut means);
        let mut scales = vec![Scale::default(); self.densities.len()];
        let mut start = 0;
        for (look, count) in self.looks.iter().zip(counts) {
            let total: f64 = squares[start..start + count].iter().sum();
            let whole = [look.of_square, look.held.and_then(|(_, density)| density)];
            for density in whole.into_iter().flatten() {
                scales[density] = Scale { mean: total, fields: 1, ..Scale::default() };
            }
            for (field, density) in look.of_fields.iter().enumerate() {
                let Some(scale) = density.map(|density| &mut scales[density]) else { continue };
                scale.fields += 1;
                scale.mean += means[start + field];
                scale.rms += squares[start + field];
            }
            start += count;
        }
        for scale in &mut scales {
            scale.rms = (scale.rms / scale.fields as f64).sqrt();
        }
        scales
    }
}

#[cfg(test)]
mod tests;
