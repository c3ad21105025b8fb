//! The header of a slice: what it shows, and how its records are drawn.

use std::path::Path;

use crate::grid::{AXES, Grid, Region};
use crate::io::xdmf;
use crate::real::Precision;
use crate::variable::Variable;

/// Bytes of a file after which the next one begins.
const FILE_BYTES: usize = 1 << 30;

/// Most records of a file.
const FILE_RECORDS: u64 = 1 << 12;

/// The contents of a slice beside its records.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Points and sides of the whole grid; its modes do not matter.
    pub grid: Grid,
    /// The points of it that are written.
    pub region: Region,
    /// Numbers of the files.
    pub precision: Precision,
    /// The fields.
    pub fields: Vec<Variable>,
}

impl Header {
    /// Paths of the datasets of the fields.
    pub(super) fn datasets(&self) -> Vec<String> {
        self.fields.iter().map(|field| format!("fields/{}", field.name)).collect()
    }

    /// Returns whether records of both can be in one file.
    pub(super) fn shows_the_same(&self, other: &Header) -> bool {
        let names = |header: &Header| {
            let mut names: Vec<_> = header.fields.iter().map(|field| field.name.clone()).collect();
            names.sort_unstable();
            names
        };
        self.grid.points == other.grid.points
            && self.grid.lengths == other.grid.lengths
            && self.region == other.region
            && self.precision == other.precision
            && names(self) == names(other)
    }

    /// First grid point along x, y, z.
    pub(super) fn first(&self) -> [i64; AXES] {
        std::array::from_fn(|axis| self.region.ranges[axis].start as i64)
    }

    /// Records to make room for when so many are to come.
    pub(super) fn room(&self, left: u64) -> u64 {
        let points: usize = self.region.shape().iter().product();
        let bytes = points * self.fields.len() * self.precision.bytes();
        left.min((FILE_BYTES / bytes) as u64).clamp(1, FILE_RECORDS)
    }

    /// The XDMF of a record in the file at `path`.
    pub(super) fn xdmf(
        &self,
        path: &Path,
        (capacity, record): (u64, u64),
        (step, time): (u64, f64),
    ) -> String {
        let shape = self.region.shape();
        let [nz, ny, nx] = shape;
        let name = path.file_name().unwrap_or_default().display().to_string();
        let (spacing, first) = (self.grid.spacing(), self.first());
        let geometry = xdmf::Geometry {
            shape,
            spacing,
            origin: std::array::from_fn(|axis| first[axis] as f64 * spacing[axis]),
        };
        let fields: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
        let bytes = self.precision.bytes();
        xdmf::grid((step, time), &geometry, &fields, |field| {
            format!(
                r#"<DataItem ItemType="HyperSlab" Dimensions="{nz} {ny} {nx}">
<DataItem Dimensions="3 4" Format="XML">{record} 0 0 0 1 1 1 1 1 {nz} {ny} {nx}</DataItem>
<DataItem Dimensions="{capacity} {nz} {ny} {nx}" NumberType="Float" Precision="{bytes}" Format="HDF">{name}:/fields/{field}</DataItem>
</DataItem>
"#
            )
        })
    }
}
