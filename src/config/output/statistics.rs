//! `[output.spectra]`, `[output.pdfs]` and `[output.structure_functions]`: what is measured on the way.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::known::Known;
use crate::diagnostics::Pdfs as Densities;
use crate::format::plain;
use crate::grid::{AXES, Grid};
use crate::multiples::Multiples;
use crate::physics::Axis;
use crate::problems::Problems;

/// The times at which something is measured and written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Time between two records.
    pub every: f64,
    /// Samples that a record is the average of, the last one at its own time.
    pub samples: usize,
}

impl Sampling {
    /// Times of samples.
    pub fn times(&self) -> Multiples {
        Multiples::of_part(self.every, self.samples)
    }

    fn check(&self, path: &str, end: Option<f64>, problems: &mut Problems) {
        problems.require_interval(&format!("{path}.every"), self.every, end);
        problems.require(self.samples > 0, &format!("{path}.samples"), self.samples, "1 or more");
        if self.every > 0.0 && self.samples > 1 {
            problems.require_interval(
                &format!("{path}.every / samples"),
                self.times().interval(),
                end,
            );
        }
    }
}

/// `[output.spectra]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Spectra {
    /// See [`Sampling::every`].
    pub every: f64,
    /// See [`Sampling::samples`].
    #[serde(default = "one")]
    pub samples: usize,
}

/// `[output.pdfs]`: probability densities.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pdfs {
    /// See [`Sampling::every`].
    pub every: f64,
    /// See [`Sampling::samples`].
    #[serde(default = "one")]
    pub samples: usize,
    /// Bins of each density.
    #[serde(default = "bins")]
    pub bins: usize,
    /// They reach to this many rms on both sides of the mean.
    #[serde(default = "span")]
    pub span: f64,
    /// Whether acceleration and pressure gradient have densities as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acceleration: bool,
    /// For the quantities named here: from which to which value they reach instead.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ranges: BTreeMap<String, [f64; 2]>,
}

/// `[output.invariants]`: the velocity gradient as a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Invariants {
    /// See [`Sampling::every`].
    pub every: f64,
    /// See [`Sampling::samples`].
    #[serde(default = "one")]
    pub samples: usize,
    /// Bins of each density along each of its variables.
    #[serde(default = "bins_of_invariants")]
    pub bins: usize,
    /// Those of Q, R, productions and eigenvalues reach to this many units on both sides of 0.
    #[serde(default = "span")]
    pub span: f64,
}

/// `[output.structure_functions]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StructureFunctions {
    /// See [`Sampling::every`].
    pub every: f64,
    /// See [`Sampling::samples`].
    #[serde(default = "one")]
    pub samples: usize,
    /// The axes along which points are separated.
    #[serde(default = "all_axes")]
    pub axes: Vec<Axis>,
    /// The distances between the points.
    #[serde(default)]
    pub separations: Separations,
}

/// Separations of points.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged, expecting = "\"powers_of_two\", \"all\" or an array of lengths")]
pub enum Separations {
    /// Those of a kind.
    Kind(SeparationKind),
    /// These lengths.
    Lengths(Vec<f64>),
}

/// Kinds of separations, all of them multiples of the smallest grid spacing up to half of the shortest
/// side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeparationKind {
    /// 1, 2, 4 and so on.
    PowersOfTwo,
    /// All.
    All,
}

impl Default for Separations {
    fn default() -> Self {
        Separations::Kind(SeparationKind::PowersOfTwo)
    }
}

fn one() -> usize {
    1
}

/// Each rank holds all bins of all quantities; more than these only ask for memory.
const MOST_BINS: usize = 1_000_000;

fn bins() -> usize {
    200
}

/// The density of two variables has the square of it.
const MOST_BINS_OF_INVARIANTS: usize = 1000;

fn bins_of_invariants() -> usize {
    100
}

fn span() -> f64 {
    10.0
}

fn all_axes() -> Vec<Axis> {
    vec![Axis::X, Axis::Y, Axis::Z]
}

impl Spectra {
    /// Returns when it is measured and written.
    pub fn sampling(&self) -> Sampling {
        Sampling { every: self.every, samples: self.samples }
    }

    /// Adds to `problems` what is wrong.
    pub(super) fn check(&self, end: Option<f64>, problems: &mut Problems) {
        self.sampling().check("output.spectra", end, problems);
    }
}

impl Invariants {
    /// Returns when it is measured and written.
    pub fn sampling(&self) -> Sampling {
        Sampling { every: self.every, samples: self.samples }
    }

    /// Adds to `problems` what is wrong.
    pub(super) fn check(&self, end: Option<f64>, problems: &mut Problems) {
        self.sampling().check("output.invariants", end, problems);
        let (allowed, most) =
            (format!("1 to {MOST_BINS_OF_INVARIANTS}"), 1..=MOST_BINS_OF_INVARIANTS);
        problems.require(most.contains(&self.bins), "output.invariants.bins", self.bins, &allowed);
        problems.require_positive("output.invariants.span", self.span);
    }
}

impl Pdfs {
    /// Returns when it is measured and written.
    pub fn sampling(&self) -> Sampling {
        Sampling { every: self.every, samples: self.samples }
    }

    /// Adds to `problems` what is wrong, or not of `physics`.
    pub(super) fn check(&self, known: Known, problems: &mut Problems) {
        let Known { end, physics, .. } = known;
        self.sampling().check("output.pdfs", end, problems);
        let (allowed, most) = (format!("1 to {MOST_BINS}"), 1..=MOST_BINS);
        problems.require(most.contains(&self.bins), "output.pdfs.bins", self.bins, &allowed);
        problems.require_positive("output.pdfs.span", self.span);
        let names = physics.map(|physics| Densities::names(physics, self.acceleration));
        for (name, [low, high]) in &self.ranges {
            let path = format!("output.pdfs.ranges.{name}");
            let valid = low.is_finite() && high.is_finite() && low < high;
            problems.require(
                valid,
                &path,
                format!("[{}, {}]", plain(low), plain(high)),
                "two numbers that increase",
            );
            if let Some(names) = names.as_ref().filter(|names| !names.contains(name)) {
                let names = names.join(", ");
                problems.add(&path, format!("is not the name of a density; there are {names}"));
            }
        }
    }
}

impl StructureFunctions {
    /// Returns when it is measured and written.
    pub fn sampling(&self) -> Sampling {
        Sampling { every: self.every, samples: self.samples }
    }

    /// Adds to `problems` what is wrong, or does not fit the grid.
    pub(super) fn check(&self, known: Known, problems: &mut Problems) {
        let path = "output.structure_functions";
        self.sampling().check(path, known.end, problems);
        let mut axes = self.axes.clone();
        axes.sort_unstable_by_key(|axis| *axis as usize);
        axes.dedup();
        let differ = !axes.is_empty() && axes.len() == self.axes.len();
        let found = format!("{:?}", self.axes).to_lowercase();
        problems.require(differ, &format!("{path}.axes"), found, "one or more different axes");
        if known.grid.is_some_and(|grid| self.separations.lengths(grid).is_empty()) {
            let message = "is given, but grid.points keep no mode and so have no separations; take \
                           4 points or more along an axis, or leave it out";
            problems.add(path, message);
        }
        if let Separations::Lengths(lengths) = &self.separations {
            let path = format!("{path}.separations");
            problems.require(!lengths.is_empty(), &path, "[]", "one length or more");
            for (index, length) in lengths.iter().enumerate() {
                problems.require_positive(&format!("{path}[{index}]"), *length);
            }
        }
    }
}

impl Separations {
    /// The separations on a grid.
    pub fn lengths(&self, grid: &Grid) -> Vec<f64> {
        let kind = match self {
            Separations::Lengths(lengths) => return lengths.clone(),
            Separations::Kind(kind) => kind,
        };
        // Axes with a single mode, as in a two-dimensional run, do not count.
        let least = |of: [f64; AXES]| {
            let axes = (0..AXES).filter(|&axis| grid.cutoff[axis] > 0);
            axes.map(|axis| of[axis]).fold(f64::INFINITY, f64::min)
        };
        let spacing = least(grid.spacing());
        let half = least(grid.lengths.map(|length| 0.5 * TAU * length));
        // Half of a side may be a rounding below a multiple.
        let most = (half / spacing * (1.0 + 1e-12)) as u64;
        let next = |n: &u64| match kind {
            SeparationKind::PowersOfTwo => Some(2 * n),
            SeparationKind::All => Some(n + 1),
        };
        let multiples = std::iter::successors(Some(1), next).take_while(|n| *n <= most);
        multiples.map(|n| n as f64 * spacing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separations_reach_half_of_the_shortest_side() {
        let grid = Grid::two_thirds([40, 20, 1], [2.0, 1.0, 0.1]);
        let spacing = TAU / 20.0;
        let found = |kind| Separations::Kind(kind).lengths(&grid);
        let multiples = |n: &[f64]| n.iter().map(|n| n * spacing).collect::<Vec<_>>();
        assert_eq!(found(SeparationKind::PowersOfTwo), multiples(&[1.0, 2.0, 4.0, 8.0]));
        let all: Vec<_> = (1..=10).map(f64::from).collect();
        assert_eq!(found(SeparationKind::All), multiples(&all));
        assert_eq!(Separations::Lengths(vec![0.3]).lengths(&grid), [0.3]);
    }
}
