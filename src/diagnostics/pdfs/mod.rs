//! Probability densities of the fields, their gradients and what dissipates them.
//!
//! A density is a histogram of a variable t over the grid points, divided by the number of points and
//! the width of a bin. t is `(q - <q>) / rms(q)`, or `ln(q / <q>)` for what is never negative and spreads
//! over decades (dissipation is near to lognormal: Kolmogorov 1962, J. Fluid Mech. 13, 82), or q itself
//! where the bins are given. Averages and rms are sums over the modes, points are counted in whole
//! numbers: neither depends on how they are shared out.

mod bins;
mod catalogue;
mod count;
mod logarithms;
mod tabulate;

use std::sync::{Mutex, PoisonError};

use num_complex::Complex;

use super::held::HeldPlaces;
use super::momentum::{MOMENTUM_TRANSFORMS, Momentum, MomentumPart};
use super::points::Together;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::{Modes, Wavenumbers};
use crate::parallel::{Communicator, SharedSlice};
use crate::physics::Physics;
use crate::real::Real;
use crate::sums::sum_over_bundles;
use crate::transform::plan::Plan;
use crate::transform::sweep::Sweep;

use bins::{ORDERS, Scale};
use catalogue::{Catalogue, Look};
use count::{Count, Tally};

pub use bins::{Bins, Normalization};
pub use catalogue::Density;

/// The measurement of one density.
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

impl Pdfs {
    /// Densities over `bins`, of [`Normalization::Standard`] and [`Normalization::Logarithm`]; but those of the
    /// quantities for which `ranges` has bins over these, of the quantity itself.
    /// With those of `acceleration` and pressure gradient if they are wanted.
    pub fn new(
        physics: &Physics,
        acceleration: bool,
        bins: Bins,
        ranges: impl Fn(&str) -> Option<[f64; 2]>,
    ) -> Self {
        let Catalogue { densities, looks } = Catalogue::new(physics, acceleration);
        let mut pdfs = Pdfs { densities, looks };
        for density in &mut pdfs.densities {
            density.bins = bins;
            if let Some([low, high]) = ranges(&density.variable.name) {
                density.normalization = Normalization::Plain;
                density.bins = Bins { low, high, ..bins };
            }
        }
        pdfs
    }

    /// The names of all quantities of `physics`, with those of the `acceleration` if they are wanted.
    pub fn names(physics: &Physics, acceleration: bool) -> Vec<String> {
        let densities = Catalogue::new(physics, acceleration).densities.into_iter();
        densities.map(|density| density.variable.name).collect()
    }

    /// The densities.
    pub fn densities(&self) -> &[Density] {
        &self.densities
    }

    /// Returns what [`Self::measure`] must know of the momentum.
    pub fn momentum(&self) -> Option<MomentumPart> {
        self.looks.iter().filter_map(|look| look.part).max()
    }

    /// Returns how many transforms of a field take about as long as a measurement.
    pub fn transforms(&self) -> f64 {
        /// Of a field that is counted, and of a logarithm of a square.
        const COUNTED: f64 = 0.7;
        const SQUARE: f64 = 5.0;
        let of_look = |look: &Look| {
            let squares = [look.of_square, look.held.and_then(|(_, density)| density)];
            (1.0 + COUNTED) * look.of_fields.len() as f64
                + SQUARE * squares.into_iter().flatten().count() as f64
        };
        let of_looks: f64 = self.looks.iter().map(of_look).sum();
        of_looks + self.momentum().map_or(0.0, |_| MOMENTUM_TRANSFORMS)
    }

    /// Returns the bytes that a rank holds while it measures, beside the momentum.
    pub fn bytes(&self, plan: &Plan) -> f64 {
        (HeldPlaces::of(plan, 1).len() * size_of::<f64>()) as f64
    }

    /// Measures all densities, in as many sweeps as there are groups of three gradients, and one.
    /// Collective: every rank must call this.
    pub fn measure<T: Real>(
        &self,
        state: &SpectralFields<T>,
        momentum: Option<&Momentum<T>>,
        sweep: &mut Sweep<T>,
        communicator: &Communicator,
    ) -> Vec<Measured> {
        let modes = |part| momentum.and_then(|momentum| momentum.modes(part)).unwrap_or(state);
        let looks: Vec<_> =
            self.looks.iter().map(|look| (look, look.part.map_or(state, modes))).collect();
        let (scales, of_fields) = self.scales(&looks, state, sweep, communicator);
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
        let places = HeldPlaces::of(&sweep.plan, 1);
        let holds = self.looks.iter().any(|look| look.held.is_some());
        let mut held = vec![0.0; if holds { places.len() } else { 0 }];
        let mut tally = Tally::new(bins, self.densities.len());
        for ((look, modes), of_fields) in looks.iter().zip(&of_fields) {
            let job = Count {
                look,
                of_fields,
                inputs: look.fields.count(modes.count),
                densities: &self.densities,
                scales: &scales,
                starts: &starts,
                held: SharedSlice::new(&mut held),
                places,
                total: Mutex::new(tally),
            };
            look.fields.look(modes, sweep, &job);
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

    /// Means and rms, from sums over the modes; and which density each field of each look belongs to, fields
    /// that are zero everywhere to none that other fields have. Collective.
    fn scales<T: Real>(
        &self,
        looks: &[(&Look, &SpectralFields<T>)],
        state: &SpectralFields<T>,
        sweep: &Sweep<T>,
        communicator: &Communicator,
    ) -> (Vec<Scale>, Vec<Vec<Option<usize>>>) {
        let counts: Vec<_> =
            looks.iter().map(|(look, modes)| look.fields.count(modes.count)).collect();
        let count: usize = counts.iter().sum();
        let (modes, wavenumbers) = (state.modes, Wavenumbers::new(&state.modes));
        let squares = sum_over_bundles(state, count, sweep.pool(), communicator, |bundle, sums| {
            let mut room = vec![T::ZERO; counts.iter().max().unwrap_or(&0) * modes.column_len()];
            let mut sums = sums.iter_mut();
            for ((look, from), count) in looks.iter().zip(&counts) {
                let fields = &mut room[..count * modes.column_len()];
                look.fields.fill(&wavenumbers, from, bundle, fields);
                for (field, sum) in fields.chunks_exact_mut(modes.column_len()).zip(&mut sums) {
                    if modes.bundle_mode(bundle) == (0, 0) {
                        // The mean, which is real.
                        field[0] = T::ZERO;
                    }
                    sum.add(square_of_bundle(&modes, bundle, field));
                }
            }
        });
        // Derivatives have no mean.
        let mut mine = vec![0.0; count];
        if let Some(index) = state.modes.index([0; AXES]) {
            let mut first = 0;
            for ((look, modes), count) in looks.iter().zip(&counts) {
                if look.fields == Together::State {
                    for (field, mean) in mine[first..first + count].iter_mut().enumerate() {
                        let value = modes.get(index, field);
                        *mean = value.map_or(0.0, |Complex { re, .. }| re.double());
                    }
                }
                first += count;
            }
        }
        let mut means = vec![0.0; count];
        communicator.collect(&mine, &mut means);
        let mut of_fields: Vec<_> = self.looks.iter().map(|look| look.of_fields.clone()).collect();
        let exists = |field: usize| squares[field] != 0.0;
        let all = || of_fields.iter().flatten().enumerate();
        let has_values: Vec<_> = (0..self.densities.len())
            .map(|density| all().any(|(field, of)| *of == Some(density) && exists(field)))
            .collect();
        for (field, of) in of_fields.iter_mut().flatten().enumerate() {
            *of = of.filter(|density| exists(field) || !has_values[*density]);
        }
        let mut scales = vec![Scale::default(); self.densities.len()];
        let mut start = 0;
        for (look, of_fields) in self.looks.iter().zip(&of_fields) {
            let total: f64 = squares[start..start + of_fields.len()].iter().sum();
            let whole = [look.of_square, look.held.and_then(|(_, density)| density)];
            for density in whole.into_iter().flatten() {
                scales[density] = Scale { mean: total, fields: 1, ..Scale::default() };
            }
            for (field, density) in of_fields.iter().enumerate() {
                let Some(scale) = density.map(|density| &mut scales[density]) else { continue };
                scale.fields += 1;
                scale.mean += means[start + field];
                scale.rms += squares[start + field];
            }
            start += of_fields.len();
        }
        for scale in &mut scales {
            scale.rms = (scale.rms / scale.fields as f64).sqrt();
        }
        (scales, of_fields)
    }
}

/// The sum of |f|^2 over the modes of a bundle and their conjugates.
fn square_of_bundle<T: Real>(modes: &Modes, bundle: usize, field: &[T]) -> f64 {
    let (nx, _) = modes.bundle_mode(bundle);
    let mut of_lanes = vec![0.0; modes.lanes];
    for row in field.chunks_exact(modes.lanes) {
        of_lanes.iter_mut().zip(row).for_each(|(sum, value)| *sum += value.double().powi(2));
    }
    let weighted = (nx as i64..).zip(of_lanes).map(|(nx, sum)| Modes::weight(nx) * sum);
    weighted.sum()
}

#[cfg(test)]
mod tests;
