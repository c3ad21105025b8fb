//! Arithmetic and memory traffic of a right-hand side, counted: for the roofline and the model.
//!
//! FLOPs are nominal, as is the custom for transforms: 5 n log2 n for a complex line of n points
//! (Frigo & Johnson 2005, Proc. IEEE 93, 216), whatever a kernel really does; two real lines along x
//! are one complex line. Lines of modes that are cut off are not transformed and do not count, and
//! neither does pointwise work, a few per cent. Bytes are those that must go through memory when
//! no cache holds the transpose or the state.

use std::ops::{Add, Mul};

use crate::equation::FieldCounts;
use crate::modes::Modes;
use crate::real::{Precision, Real};

/// The cost of one right-hand side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Nominal floating-point operations.
    pub flops: f64,
    /// Bytes to and from memory.
    pub bytes: f64,
}

impl Cost {
    /// Of `bundles` bundles of columns: lines along z, and the update. Rows of the transpose are in a
    /// precision of their own, here and below.
    pub fn columns<T: Real>(
        modes: &Modes,
        counts: FieldCounts,
        rows: Precision,
        bundles: usize,
    ) -> Self {
        let nz = modes.grid.points[2];
        let travelling = (counts.fields + counts.contracted) as f64;
        // The transpose is written on the way out and read on the way back; state and sum are read,
        // and one of them written.
        let transpose = travelling * (nz * modes.row_len() * rows.bytes()) as f64;
        let state = 3.0 * (counts.fields * modes.column_len() * size_of::<T>()) as f64;
        Cost {
            flops: bundles as f64 * travelling * modes.lanes as f64 * line(nz),
            bytes: bundles as f64 * (transpose + state),
        }
    }

    /// Of `planes` planes: lines along y and x.
    pub fn planes(modes: &Modes, counts: FieldCounts, rows: Precision, planes: usize) -> Self {
        let [nx, ny, _] = modes.grid.points;
        let transformed = (counts.fields + counts.products) as f64;
        let lines_along_y = (modes.bundles_along_x() * modes.lanes) as f64;
        let travelling = (counts.fields + counts.contracted) as f64;
        let transpose = travelling * (modes.bundles() * modes.row_len() * rows.bytes()) as f64;
        let lines = lines_along_y * line(ny) + ny as f64 / 2.0 * line(nx);
        Cost { flops: planes as f64 * transformed * lines, bytes: planes as f64 * transpose }
    }

    /// Of all bundles and planes.
    pub fn all<T: Real>(modes: &Modes, counts: FieldCounts, rows: Precision) -> Self {
        Cost::columns::<T>(modes, counts, rows, modes.bundles())
            + Cost::planes(modes, counts, rows, modes.grid.points[2])
    }
}

impl Add for Cost {
    type Output = Cost;
    fn add(self, other: Cost) -> Cost {
        Cost { flops: self.flops + other.flops, bytes: self.bytes + other.bytes }
    }
}

impl Mul<f64> for Cost {
    type Output = Cost;
    fn mul(self, factor: f64) -> Cost {
        Cost { flops: self.flops * factor, bytes: self.bytes * factor }
    }
}

/// Nominal FLOPs of a complex line.
fn line(points: usize) -> f64 {
    5.0 * points as f64 * (points as f64).log2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    const NAVIER_STOKES: FieldCounts = FieldCounts { fields: 3, products: 5, contracted: 4 };

    /// By hand for 16^3 points: 6 kept kx in one bundle of 8 lanes, 11 kept ky and kz.
    #[test]
    fn lines_are_counted() {
        let modes = Modes::new(Grid::two_thirds([16; 3], [1.0; 3]), 8);
        let cost = Cost::all::<f64>(&modes, NAVIER_STOKES, Precision::Double);
        let along_z = 7 * 11 * 8;
        let along_y = 8 * 16 * 8;
        let along_x = 8 * 16 * 16 / 2;
        assert_eq!(cost.flops, ((along_z + along_y + along_x) * 5 * 16 * 4) as f64);
        let transpose = 11 * 16 * 16;
        let state = 11 * 11 * 16;
        assert_eq!(cost.bytes, ((2 * 7 * transpose + 3 * 3 * state) * 8) as f64);
        let single = Cost::all::<f32>(&modes, NAVIER_STOKES, Precision::Single);
        assert_eq!(single, Cost { bytes: cost.bytes / 2.0, ..cost });
        let single_rows = Cost::all::<f64>(&modes, NAVIER_STOKES, Precision::Single);
        assert_eq!(cost.bytes - single_rows.bytes, (2 * 7 * transpose * 4) as f64);
    }
}
