//! The sections of `[output]` that show fields: snapshots and slices.

use serde::{Deserialize, Serialize};

use super::super::reader::did_you_mean;
use super::known::Known;
use crate::diagnostics::OutputFields;
use crate::format::plain;
use crate::grid::{AXES, Grid, Region};
use crate::physics::Physics;
use crate::problems::Problems;
use crate::real::Precision;

/// Most that HDF5's deflate filter compresses.
const MOST_COMPRESSION: u8 = 9;

/// `snapshots = { every = .., .. }`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshots {
    /// Time between two snapshots.
    pub every: f64,
    /// Number type in the files; single when left out.
    #[serde(default = "single")]
    pub precision: Precision,
    /// Names of fields, see [`OutputFields::new`]; those of the state when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Points along x, y, z of a coarser grid; modes that it does not have are cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<[usize; AXES]>,
    /// Level of compression, 0 for none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub compression: u8,
}

/// `modes = { every = .., precision = .. }`: spectral snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SpectralSnapshots {
    /// Time between two of them.
    pub every: f64,
    /// Number type in the files; single when left out.
    #[serde(default = "single")]
    pub precision: Precision,
}

/// One of `[[output.slices]]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Its name in files.
    pub name: String,
    /// Time between two records.
    pub every: f64,
    /// Its extent along x; everywhere when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<Extent>,
    /// As along x.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<Extent>,
    /// As along x.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z: Option<Extent>,
    /// Names of fields, see [`OutputFields::new`]; those of the state when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Number type in the files; single when left out.
    #[serde(default = "single")]
    pub precision: Precision,
}

/// A part of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged, expecting = "a coordinate such as 1.5 or a range such as [0.0, 1.5]")]
pub enum Extent {
    /// The grid point nearest to this coordinate.
    At(f64),
    /// The grid points from the first coordinate to the second.
    Between([f64; 2]),
}

fn single() -> Precision {
    Precision::Single
}

fn is_none(compression: &u8) -> bool {
    *compression == 0
}

impl Snapshots {
    /// Adds to `problems` what is wrong.
    pub(super) fn check(&self, known: Known, problems: &mut Problems) {
        let Known { end, grid, physics } = known;
        problems.require_interval("output.snapshots.every", self.every, end);
        let (path, level) = ("output.snapshots.compression", self.compression);
        let allowed = format!("0, for none, to {MOST_COMPRESSION}");
        problems.require(level <= MOST_COMPRESSION, path, level, &allowed);
        let pairs = self.points.into_iter().flatten().zip(grid.iter().flat_map(|g| g.points));
        for (axis, (points, most)) in pairs.enumerate() {
            let path = format!("output.snapshots.points[{axis}]");
            let allowed = format!("1 to {most}, that of grid.points");
            problems.require((1..=most).contains(&points), &path, points, &allowed);
        }
        check_fields("output.snapshots", &self.fields, physics, problems);
    }
}

impl Slice {
    /// Its grid points.
    pub fn region(&self, grid: &Grid) -> Region {
        let (points, spacing) = (grid.points, grid.spacing());
        let extents = [self.x, self.y, self.z];
        Region {
            ranges: std::array::from_fn(|axis| match extents[axis] {
                None => 0..points[axis],
                Some(Extent::At(x)) => {
                    let nearest = (x / spacing[axis]).round() as usize % points[axis];
                    nearest..nearest + 1
                }
                Some(Extent::Between([from, to])) => {
                    // A coordinate that is meant to be a point may miss it by rounding.
                    const ROUNDING: f64 = 1e-9;
                    let first = (from / spacing[axis] - ROUNDING).ceil().max(0.0) as usize;
                    let end = (to / spacing[axis] + ROUNDING).floor() as usize + 1;
                    first..end.min(points[axis])
                }
            }),
        }
    }

    /// Adds to `problems` what is wrong with number `index` of `slices`.
    pub(super) fn check(slices: &[Slice], index: usize, known: Known, problems: &mut Problems) {
        let Known { end, grid, physics } = known;
        let (path, slice) = (format!("output.slices[{index}]"), &slices[index]);
        let others = slices[..index].iter().map(|other| &*other.name);
        problems.require_name(&path, &slice.name, others, "slice");
        problems.require_interval(&format!("{path}.every"), slice.every, end);
        check_fields(&path, &slice.fields, physics, problems);
        let Some(grid) = grid else { return };
        let (spacing, region) = (grid.spacing(), slice.region(grid));
        for (axis, extent) in [slice.x, slice.y, slice.z].into_iter().enumerate() {
            let path = format!("{path}.{}", ["x", "y", "z"][axis]);
            let side = spacing[axis] * grid.points[axis] as f64;
            let lies_within = |x: f64| x >= 0.0 && x <= side * (1.0 + f64::EPSILON);
            match extent {
                None => {}
                Some(Extent::At(x)) => {
                    problems.require(lies_within(x), &path, x, &format!("0 to {}", plain(side)));
                }
                Some(Extent::Between([from, to])) => {
                    let fits = lies_within(from) && lies_within(to);
                    let allowed = format!(
                        "two coordinates from 0 to {}, in ascending order, with a grid point \
                         between them (the spacing is {})",
                        plain(side),
                        plain(spacing[axis])
                    );
                    let is_acceptable = fits && !region.ranges[axis].is_empty();
                    let found = format!("[{}, {}]", plain(from), plain(to));
                    problems.require(is_acceptable, &path, found, &allowed);
                }
            }
        }
    }
}

/// Notes names of fields that there are not, and fields that are there twice.
fn check_fields(path: &str, names: &[String], physics: Option<&Physics>, problems: &mut Problems) {
    let Some(physics) = physics else { return };
    match OutputFields::new(names, physics) {
        Err(index) => {
            let (found, known) = (&names[index], OutputFields::names(physics));
            let hint = did_you_mean(found, &known);
            let message = format!("is \"{found}\"{hint}, must be one of {}", known.join(", "));
            problems.add(format!("{path}.fields[{index}]"), message);
        }
        Ok(fields) => {
            let mut found: Vec<_> = fields.fields().map(|field| &field.name).collect();
            found.sort_unstable();
            if let Some(twice) = found.windows(2).find(|pair| pair[0] == pair[1]) {
                problems.add(format!("{path}.fields"), format!("has {} twice", twice[0]));
            }
        }
    }
}
