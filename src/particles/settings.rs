//! What the configuration says of particles.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::grid::{AXES, Grid};
use crate::problems::Problems;
use crate::random::{Random, Stream};

use super::interpolation::Interpolation;

/// One of `[[particles]]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ParticleSet {
    /// Its name in files.
    pub name: String,
    /// The way the particles move.
    #[serde(default)]
    pub kind: Kind,
    /// Number of particles.
    pub count: usize,
    /// Where they are at first.
    #[serde(default)]
    pub placing: Placing,
    /// How the velocity between grid points is found.
    #[serde(default)]
    pub interpolation: Interpolation,
    /// Time of release: until then they stay where they are.
    #[serde(default)]
    pub start: f64,
    /// Time between two records.
    pub every: f64,
}

/// The way particles move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// With the velocity of the flow.
    #[default]
    Tracer,
}

/// Where particles are at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Placing {
    /// Anywhere in the box, independently of each other.
    Random {
        /// Of the random numbers.
        #[serde(default)]
        seed: u64,
    },
    /// On a cubic lattice, as many along each axis.
    Lattice {},
}

impl Default for Placing {
    fn default() -> Self {
        Placing::Random { seed: 0 }
    }
}

impl ParticleSet {
    /// Adds to `problems` what is wrong with number `index` of `sets`; the run ends at `end`, if that is
    /// known.
    pub fn check(sets: &[ParticleSet], index: usize, end: Option<f64>, problems: &mut Problems) {
        let (path, set) = (format!("particles[{index}]"), &sets[index]);
        let others = sets[..index].iter().map(|other| &*other.name);
        problems.require_name(&path, &set.name, others, "set");
        problems.require_interval(&format!("{path}.every"), set.every, end);
        problems.require_not_negative(&format!("{path}.start"), set.start);
        /// Particles whose numbers and rows of stencils can be counted.
        const MOST: usize = 1 << 24;
        let count = format!("{path}.count");
        problems.require((1..=MOST).contains(&set.count), &count, set.count, "1 to 16777216");
        if set.placing == (Placing::Lattice {}) {
            let allowed = "the cube of a whole number, as placing.kind is \"lattice\"";
            problems.require(set.side().pow(3) == set.count, &count, set.count, allowed);
        }
    }

    /// The particles along an axis of a lattice.
    fn side(&self) -> usize {
        (self.count.min(1 << 40) as f64).cbrt().round() as usize
    }

    /// Returns where the particles are at first, in the box of `grid`.
    pub fn places(&self, grid: &Grid) -> Vec<[f64; AXES]> {
        let in_box =
            |parts: [f64; AXES]| std::array::from_fn(|axis| TAU * grid.lengths[axis] * parts[axis]);
        let side = self.side();
        let place = |particle: usize| match self.placing {
            Placing::Random { seed } => {
                let random = Random::new(seed, Stream::Particles);
                let [[x, y], [z, _]] = [0, 1].map(|n| random.uniform([particle as u32, n, 0]));
                in_box([x, y, z])
            }
            Placing::Lattice {} => {
                let numbers = [particle % side, particle / side % side, particle / side / side];
                in_box(numbers.map(|n| (n as f64 + 0.5) / side as f64))
            }
        };
        (0..self.count).map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(count: usize, placing: Placing) -> ParticleSet {
        let toml = format!("name = 'a'\ncount = {count}\nevery = 0.1");
        ParticleSet { placing, ..toml::from_str(&toml).unwrap() }
    }

    #[test]
    fn a_lattice_fills_the_box_and_random_places_are_those_of_a_seed() {
        let grid = Grid::two_thirds([8; 3], [1.0, 2.0, 0.5]);
        let lattice = set(27, Placing::Lattice {}).places(&grid);
        assert_eq!(lattice[0], [1.0, 2.0, 0.5].map(|length| TAU * length / 6.0));
        assert_eq!(lattice[26][1], TAU * 2.0 * 2.5 / 3.0);
        let random = |seed| set(1000, Placing::Random { seed }).places(&grid);
        assert_eq!(random(3), random(3));
        assert_ne!(random(3), random(4));
        let mean = random(3).iter().map(|place| place[1] / (TAU * 2.0)).sum::<f64>() / 1000.0;
        assert!((mean - 0.5).abs() < 0.04, "{mean}");
    }

    #[test]
    fn mistakes_are_named() {
        let mut sets = vec![set(26, Placing::Lattice {}), set(0, Placing::default())];
        sets[1].every = 0.0;
        sets[0].start = f64::NAN;
        let mut problems = Problems::default();
        (0..2).for_each(|index| ParticleSet::check(&sets, index, Some(1.0), &mut problems));
        let report = problems.report();
        for path in ["[0].start", "[0].count", "[1].name", "[1].every", "[1].count"] {
            assert!(report.contains(&format!("particles{path}: ")), "{path} in {report}");
        }
    }
}
