//! Probability densities of the fields, their gradients and what dissipates them.
//!
//! A density is a histogram of a variable t over the grid points, divided by the number of points and
//! the width of a bin. t is `(q - <q>) / rms(q)`, or `ln(q / <q>)` for what is never negative and spreads
//! over decades (dissipation is near to lognormal: Kolmogorov 1962, J. Fluid Mech. 13, 82), or q itself
//! where the bins are given. Averages and rms are sums over the modes, points are counted in whole
//! numbers: neither depends on how they are shared out.

use std::sync::{Mutex, PoisonError};

use num_complex::Complex;

use super::derived::Triple;
use super::points::Together;
use super::quantities::Name;
use super::{each_mode, sum_over_bundles};
use crate::equation::Physics;
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Modes;
use crate::parallel::{Communicator, SharedSlice};
use crate::real::Real;
use crate::transform::planes::{Block, PlaneJob};
use crate::transform::sweep::Sweep;

/// The bins of a density, all of the same width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bins {
    /// Where the first one begins.
    pub low: f64,
    /// Where the last one ends.
    pub high: f64,
    /// How many there are.
    pub count: usize,
}

impl Bins {
    fn width(&self) -> f64 {
        (self.high - self.low) / self.count as f64
    }

    /// The middle of each bin.
    pub fn centres(&self) -> Vec<f64> {
        (0..self.count).map(|bin| self.low + (bin as f64 + 0.5) * self.width()).collect()
    }

    /// The bin of a value; `None` outside of all.
    fn of(&self, value: f64) -> Option<usize> {
        let bin = (value - self.low) / self.width();
        (bin >= 0.0 && bin < self.count as f64).then_some(bin as usize)
    }
}

/// What the variable of a density is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// `(q - <q>) / rms(q)`.
    Standard,
    /// `ln(q / <q>)`.
    Logarithm,
    /// q itself.
    Plain,
}

/// The density of one quantity q.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// The quantity.
    pub name: Name,
    /// The variable.
    pub variable: Variable,
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
    /// The factor with which this sum goes into the [`Held`] one, and the density of that, if it is
    /// complete now.
    held: Option<(f64, Option<usize>)>,
}

impl Pdfs {
    /// Densities over `bins`, of [`Variable::Standard`] and [`Variable::Logarithm`]; but those of the
    /// quantities for which `ranges` has bins over these, of the quantity itself.
    pub fn new(physics: &Physics, bins: Bins, ranges: impl Fn(&str) -> Option<[f64; 2]>) -> Self {
        let mut pdfs = Pdfs { densities: Vec::new(), looks: Vec::new() };
        pdfs.add_all(physics);
        for density in &mut pdfs.densities {
            density.bins = bins;
            if let Some([low, high]) = ranges(&density.name.name) {
                density.variable = Variable::Plain;
                density.bins = Bins { low, high, ..bins };
            }
        }
        pdfs
    }

    /// The names of all quantities of `physics`.
    pub fn names(physics: &Physics) -> Vec<String> {
        let any = Bins { low: 0.0, high: 1.0, count: 1 };
        let densities = Pdfs::new(physics, any, |_| None).densities;
        densities.into_iter().map(|density| density.name.name).collect()
    }

    /// The densities.
    pub fn densities(&self) -> &[Density] {
        &self.densities
    }

    fn add(&mut self, name: &str, unit: &str, description: &str, variable: Variable) -> usize {
        self.densities.push(Density {
            name: Name { name: name.into(), unit: unit.into(), description: description.into() },
            variable,
            bins: Bins { low: 0.0, high: 1.0, count: 1 },
        });
        self.densities.len() - 1
    }

    fn add_all(&mut self, physics: &Physics) {
        let fields = physics.fields();
        let of_fields = fields
            .iter()
            .map(|f| Some(self.add(&f.name, f.unit, &f.description, Variable::Standard)))
            .collect();
        self.looks.push(Look { fields: Together::State, of_fields, of_square: None, held: None });
        self.add_vector("velocity", 0, ["vorticity", "enstrophy", "dissipation"]);
        if let Some(fields) = physics.magnetic_fields() {
            let names = ["current", "magnetic_dissipation", ""];
            self.add_vector("magnetic", fields.start, names);
        }
        for group in physics.vectors_and_scalars().iter().filter(|group| group.len() == 1) {
            let field = &fields[group.start];
            self.add_gradient(&field.name, field.unit, group.start);
        }
    }

    /// Adds the gradients of the vector that begins at field `first`, its curl, the square of that,
    /// and 2 s_ij s_ij, s the symmetric part of the gradient, under their names; "" is not wanted.
    fn add_vector(&mut self, name: &str, first: usize, [curl, square, strain]: [&str; 3]) {
        let kind = Variable::Standard;
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
        let kind = Variable::Logarithm;
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
                Variable::Standard,
            ))
        });
        let square = self.add(
            &format!("{name}_dissipation"),
            if unit == "1/L" { "1/L^2" } else { "1/T^2" },
            &format!("|grad {name}|^2"),
            Variable::Logarithm,
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
                blocks: sweep.plan.modes.grid.points[1].div_ceil(sweep.plan.modes.row_len()),
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

/// Numbers in the sum that is [held](Held) on this rank.
fn held_points<T: Real>(sweep: &Sweep<T>) -> usize {
    let (plan, [nx, ny, _]) = (&sweep.plan, sweep.plan.modes.grid.points);
    plan.planes.len() * nx * ny.next_multiple_of(plan.modes.row_len())
}

/// What values of a density are measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Scale {
    mean: f64,
    rms: f64,
    /// Fields that share the density.
    fields: usize,
}

impl Scale {
    /// The variable for a value.
    fn apply(&self, variable: Variable, value: f64) -> f64 {
        match variable {
            Variable::Plain => value,
            Variable::Standard if self.rms > 0.0 => (value - self.mean) / self.rms,
            Variable::Standard => 0.0,
            Variable::Logarithm if self.mean > 0.0 => {
                // A difference of squares may be less than nothing by rounding.
                (value / self.mean).max(f64::MIN_POSITIVE).ln()
            }
            Variable::Logarithm => 0.0,
        }
    }
}

/// Counts in the bins of all densities, and sums of powers.
struct Tally {
    counts: Vec<i64>,
    powers: Vec<ExactSum>,
}

impl Tally {
    fn new(bins: usize, densities: usize) -> Self {
        Tally { counts: vec![0; bins], powers: vec![ExactSum::default(); densities * ORDERS] }
    }
}

/// Counts the values of one look.
struct Count<'a> {
    look: &'a Look,
    inputs: usize,
    densities: &'a [Density],
    scales: &'a [Scale],
    /// The first bin of each density among all.
    starts: &'a [usize],
    first_plane: usize,
    /// In a plane.
    blocks: usize,
    /// A sum of squares that several looks make, block by block.
    held: SharedSlice<'a, f64>,
    total: Mutex<Tally>,
}

impl Count<'_> {
    /// Counts the values of one block that belong to `density`.
    fn count(&self, density: usize, block: Block, value: impl Fn(usize) -> f64) {
        let (Density { variable, bins, .. }, scale) =
            (&self.densities[density], self.scales[density]);
        let mut counts = vec![0; bins.count];
        let mut powers = [0.0; ORDERS];
        for x in 0..block.points {
            for lane in 0..block.rows {
                let t = scale.apply(*variable, value(x * block.lanes + lane));
                if let Some(bin) = bins.of(t) {
                    counts[bin] += 1;
                }
                let mut power = 1.0;
                for sum in &mut powers {
                    power *= t;
                    *sum += power;
                }
            }
        }
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.starts[density];
        let mine = total.counts[start..].iter_mut();
        mine.zip(&counts).for_each(|(total, count)| *total += count);
        let mine = total.powers[density * ORDERS..].iter_mut();
        mine.zip(powers).for_each(|(total, power)| total.add(power));
    }

    /// Where the part of the held sum for a block lies.
    fn held(&self, block: Block) -> std::ops::Range<usize> {
        let index = (block.plane - self.first_plane) * self.blocks + block.first_row / block.lanes;
        index * block.len()..(index + 1) * block.len()
    }
}

impl<T: Real> PlaneJob<T> for Count<'_> {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn look(&self, block: Block, inputs: &[T]) {
        let field = |field: usize, point: usize| inputs[field * block.len() + point].double();
        for (index, density) in self.look.of_fields.iter().enumerate() {
            if let Some(density) = *density {
                self.count(density, block, |point| field(index, point));
            }
        }
        let square = |point: usize| (0..self.inputs).map(|f| field(f, point).powi(2)).sum::<f64>();
        if let Some(density) = self.look.of_square {
            self.count(density, block, square);
        }
        if let Some((factor, complete)) = self.look.held {
            // SAFETY: every block is worked on by one thread.
            let held = unsafe { self.held.slice(self.held(block)) };
            for (point, sum) in held.iter_mut().enumerate() {
                *sum += factor * square(point);
            }
            if let Some(density) = complete {
                self.count(density, block, |point| held[point]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::grid::Grid;
    use crate::parallel::Team;

    const POINTS: [usize; AXES] = [20, 18, 4];
    const BINS: Bins = Bins { low: -3.37, high: 3.41, count: 9 };

    /// u = f(y), v = f(x) + 5, w = 0 with f = sin + sin(2 .) / 2 has du/dy = g(y), dv/dx = g(x), g = f'.
    fn state(modes: Modes) -> SpectralFields<f64> {
        let mut state = SpectralFields::zeros(modes, 0..modes.bundles(), AXES);
        for (n, amplitude) in [(1, 1.0), (2, 0.5)] {
            let half = Complex::new(0.0, -0.5 * amplitude);
            state.set(modes.place([0, n, 0]).unwrap(), 0, half);
            state.set(modes.place([0, -n, 0]).unwrap(), 0, half.conj());
            state.set(modes.place([n, 0, 0]).unwrap(), 1, half);
        }
        state.set(modes.place([0; AXES]).unwrap(), 1, Complex::new(5.0, 0.0));
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
            (
                "velocity_transverse",
                [across.iter().map(|g| g * 3f64.sqrt()).collect(), zeros.repeat(4)].concat(),
                0.0,
                1.0 / 3.0,
            ),
            (
                "vorticity",
                [of(&|x, y| (g(x) - g(y)) * 1.5_f64.sqrt()), zeros.repeat(2)].concat(),
                0.0,
                2.0 / 3.0,
            ),
            ("enstrophy", of(&|x, y| ((g(x) - g(y)).powi(2) / 2.0).ln()), 2.0, 0.0),
            ("dissipation", of(&|x, y| ((g(x) + g(y)).powi(2) / 2.0).ln()), 2.0, 0.0),
        ];
        let physics = Physics::navier_stokes(0.1);
        let range = |name: &str| (name == "v").then_some([BINS.low + 5.3, BINS.high + 5.3]);
        let pdfs = Pdfs::new(&physics, BINS, range);
        assert_eq!(Pdfs::names(&physics), cases.each_ref().map(|case| case.0));
        let mut found = Vec::new();
        for threads in [1, 3] {
            let (serial, team) = (Communicator::serial(), Team::new(threads).unwrap());
            let mut sweep =
                crate::transform::sweep::Sweep::new(modes, &serial, team, 3, 3).unwrap();
            let measured = pdfs.measure(&state, &mut sweep, &serial);
            for ((name, values, mean, square), measured) in cases.iter().zip(&measured) {
                let (density, moments) = expected(values);
                let close = |a: &f64, b: &f64| (a - b).abs() < 1e-12 * b.abs().max(1.0);
                let same = density.iter().zip(&measured.density).all(|(a, b)| close(a, b));
                assert!(same, "{name}: {:?} and {density:?}", measured.density);
                assert!(
                    close(&measured.mean, mean) && close(&measured.rms.powi(2), square),
                    "{name}"
                );
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
            equation: crate::equation::physics::Kind::Mhd,
            magnetic: Some(Default::default()),
            ..Physics::navier_stokes(0.1)
        };
        let names = Pdfs::names(&physics);
        for name in ["bz", "magnetic_longitudinal", "current", "magnetic_dissipation"] {
            assert!(names.iter().any(|found| found == name), "{name} of {names:?}");
        }
    }
}
