//! The needs of work on planes: plans of lines, tables of rows, and scratch.

use std::collections::BTreeMap;

use crate::fields::{Aligned, zeros};
use crate::modes::Modes;
use crate::real::Real;
use crate::simd::Cpu;

use super::lines::{ABSENT, Lines, ReadTable, WriteTable};
use super::plan::{Plan, transform_order};
use super::plane_buffers::PlaneBuffers;

/// Plans and row tables for planes.
pub struct PlaneTables<T: Real> {
    pub(super) x: Lines<T>,
    pub(super) y: Lines<T>,
    /// The buffers between lines along y and lines along x.
    pub(super) buffers: PlaneBuffers,
    /// x-lines: modes to values and back.
    pub(super) x_modes: ReadTable,
    pub(super) x_values: WriteTable,
    pub(super) x_products: ReadTable,
    pub(super) x_outputs: WriteTable,
    /// y-lines: rows of the transpose from z to rows of plane buffers, for each `[slot][bundle along x]`,
    /// and back as far as kept modes side by side.
    pub(super) y_modes: Vec<ReadTable>,
    pub(super) y_values: WriteTable,
    pub(super) y_products: ReadTable,
    /// By the largest kept ny of a bundle along x.
    pub(super) y_outputs: BTreeMap<usize, WriteTable>,
    /// Rows of the transpose that the kept modes of y-lines go to, `[slot][ny]` for each bundle along
    /// x of this rank.
    pub(super) y_kept: Vec<Vec<usize>>,
}

impl<T: Real> PlaneTables<T> {
    pub(super) fn new(plan: &Plan) -> Self {
        let Modes { grid, .. } = plan.modes;
        let ([nx, ny, _], [kx, ..]) = (grid.points, grid.cutoff);
        let row_len = plan.modes.row_len();
        let buffers = PlaneBuffers::new(plan);
        let x = Lines::new(nx, Cpu::current().vector_width::<T>());
        let y = Lines::new(ny, T::LANES);
        let x_rows: Vec<_> = (0..nx).map(|j| j * x.row_len()).collect();
        let x_kept: Vec<_> = transform_order(nx, kx)
            .zip(&x_rows)
            .map(|(index, &row)| if index.is_some() { row } else { ABSENT })
            .collect();
        let y_kept = |cutoff_y| -> Vec<_> {
            let kept = transform_order(ny, cutoff_y);
            kept.map(|i| i.map_or(ABSENT, |i| i * row_len)).collect()
        };
        let y_cutoffs = plan.along_x.clone().map(|b| plan.modes.cutoff_y(b));
        let z_rows: Vec<Vec<usize>> = (0..plan.room.slots)
            .flat_map(|field| plan.along_x.clone().map(move |b| plan.plane_rows(field, b)))
            .collect();
        let kept = |bundle: usize| {
            let lines = z_rows.iter().skip(bundle).step_by(plan.along_x.len());
            lines.flatten().copied().filter(|&row| row != ABSENT).collect()
        };
        PlaneTables {
            x_modes: x.read_table(&x_kept),
            x_values: x.write_table(&x_rows),
            x_products: x.read_table(&x_rows),
            x_outputs: x.write_table(&x_kept),
            y_modes: z_rows.iter().map(|rows| y.read_table(rows)).collect(),
            y_values: y.write_table(&buffers.along_y.rows),
            y_products: y.read_table(&buffers.along_y.rows),
            y_outputs: y_cutoffs.map(|cut| (cut, y.write_table(&y_kept(cut)))).collect(),
            y_kept: (0..plan.along_x.len()).map(kept).collect(),
            x,
            y,
            buffers,
        }
    }
}

/// The scratch of one thread for planes.
pub struct PlaneScratch<T: Real> {
    /// For transforms. One along x finds its modes here, or the values of a product, `[x][lane]`.
    pub(super) work: Aligned<T>,
    /// The modes of one product along x.
    pub(super) line: Aligned<T>,
    /// `[field][x][lane]`.
    pub(super) inputs: Aligned<T>,
    /// `[product][ny][re lanes, im lanes]`.
    pub(super) modes: Aligned<T>,
}

impl<T: Real> PlaneScratch<T> {
    /// Numbers in the scratch of one thread.
    pub(super) fn numbers(tables: &PlaneTables<T>, plan: &Plan) -> usize {
        tables.x.work_len().max(tables.y.work_len())
            + plan.room.in_planes() * plan.modes.ny() * plan.modes.row_len()
            + (1 + plan.room.slots) * tables.x.rows_len()
    }

    pub(super) fn new(tables: &PlaneTables<T>, plan: &Plan) -> Self {
        PlaneScratch {
            work: zeros(tables.x.work_len().max(tables.y.work_len())),
            line: zeros(tables.x.rows_len()),
            inputs: zeros(plan.room.slots * tables.x.rows_len()),
            modes: zeros(plan.room.in_planes() * plan.modes.ny() * plan.modes.row_len()),
        }
    }
}
