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
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
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
    /// In pairs: particles 0 and 1, 2 and 3, .. The first of each is anywhere, the other next to it.
    Pairs {
        /// Of the random numbers.
        #[serde(default)]
        seed: u64,
        /// Distances of the two, which pairs take in turn; the direction is any, of a two-dimensional flow
        /// any in its plane.
        separations: Vec<f64>,
    },
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
        if let Placing::Pairs { separations, .. } = &set.placing {
            let path = format!("{path}.placing.separations");
            problems.require(!separations.is_empty(), &path, "[]", "one distance or more");
            separations.iter().for_each(|distance| problems.require_positive(&path, *distance));
            let each = 2 * separations.len().max(1);
            let allowed = format!("a multiple of {each}, for as many pairs of each separation");
            problems.require(set.count.is_multiple_of(each), &count, set.count, &allowed);
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
        let anywhere = |seed: u64, number: usize| {
            let random = Random::new(seed, Stream::Particles);
            let [[x, y], [z, _]] = [0, 1].map(|n| random.uniform([number as u32, n, 0]));
            in_box([x, y, z])
        };
        let place = |particle: usize| match &self.placing {
            Placing::Random { seed } => anywhere(*seed, particle),
            Placing::Pairs { seed, separations } => {
                let pair = particle / 2;
                let mut place = anywhere(*seed, pair);
                if particle % 2 == 1 {
                    let away = direction(grid, *seed, pair);
                    let distance = separations[pair % separations.len()];
                    place.iter_mut().zip(away).for_each(|(x, away)| *x += distance * away);
                }
                place
            }
            Placing::Lattice {} => {
                let numbers = [particle % side, particle / side % side, particle / side / side];
                in_box(numbers.map(|n| (n as f64 + 0.5) / side as f64))
            }
        };
        (0..self.count).map(place).collect()
    }
}

/// Any direction, with a length of 1; in the plane of a flow that has one.
fn direction(grid: &Grid, seed: u64, number: usize) -> [f64; AXES] {
    let [height, angle] = Random::new(seed, Stream::Particles).uniform([number as u32, 2, 0]);
    let (z, angle) = (2.0 * height - 1.0, TAU * angle);
    let across = (1.0 - z * z).sqrt();
    let mut direction = [across * angle.cos(), across * angle.sin(), z];
    if let Some(axis) = grid.flat_axis() {
        direction[axis] = 0.0;
    }
    let length = direction.iter().map(|part| part * part).sum::<f64>().sqrt();
    direction.map(|part| part / length)
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
    fn pairs_have_their_separations_and_any_direction() {
        let separations = vec![0.1, 0.5];
        let pairs = set(4000, Placing::Pairs { seed: 2, separations: separations.clone() });
        for (points, flat) in [([8; 3], None), ([8, 8, 1], Some(2))] {
            let places = pairs.places(&Grid::two_thirds(points, [1.0; 3]));
            let mut mean = [0.0; AXES];
            for (index, pair) in places.chunks_exact(2).enumerate() {
                let apart: [f64; AXES] = std::array::from_fn(|axis| pair[1][axis] - pair[0][axis]);
                let distance = apart.iter().map(|x| x * x).sum::<f64>().sqrt();
                assert!((distance - separations[index % 2]).abs() < 1e-12);
                for (mean, apart) in mean.iter_mut().zip(apart) {
                    *mean += apart * apart / (distance * distance) / 2000.0;
                }
            }
            for (axis, mean) in mean.into_iter().enumerate() {
                let share = if flat.is_some() { 0.5 } else { 1.0 / 3.0 };
                let expected = if flat == Some(axis) { 0.0 } else { share };
                assert!((mean - expected).abs() < 0.03, "{mean:?} along {axis}");
            }
        }
    }

    #[test]
    fn mistakes_are_named() {
        let mut sets = vec![set(26, Placing::Lattice {}), set(0, Placing::default())];
        sets.push(set(6, Placing::Pairs { seed: 0, separations: vec![0.1, -1.0] }));
        sets[2].name = "b".into();
        sets[1].every = 0.0;
        sets[0].start = f64::NAN;
        let mut problems = Problems::default();
        (0..3).for_each(|index| ParticleSet::check(&sets, index, Some(1.0), &mut problems));
        let report = problems.report();
        let separations = "[2].placing.separations";
        let all = ["[0].start", "[0].count", "[1].name", "[1].every", "[1].count", "[2].count"];
        for path in all.into_iter().chain([separations]) {
            assert!(report.contains(&format!("particles{path}: ")), "{path} in {report}");
        }
    }
}
