//! Numbers that are held at the points of this rank while several looks at planes add to them.

use std::ops::Range;

use crate::transform::plan::Plan;
use crate::transform::plane_job::Block;

/// The places where so many numbers at each point lie, block by block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldPlaces {
    /// At each point.
    numbers: usize,
    first_plane: usize,
    /// In a plane.
    blocks: usize,
    /// Of all blocks of this rank.
    len: usize,
}

impl HeldPlaces {
    /// Those of a rank, for so many `numbers` at each point.
    pub fn of(plan: &Plan, numbers: usize) -> Self {
        let ([nx, ny, _], rows) = (plan.modes.grid.points, plan.modes.row_len());
        let blocks = ny.div_ceil(rows);
        let len = plan.planes.len() * blocks * rows * nx * numbers;
        HeldPlaces { numbers, first_plane: plan.planes.start, blocks, len }
    }

    /// Returns how many numbers they are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns where those of a block lie, `[number][x][lane]`.
    pub fn of_block(&self, block: Block) -> Range<usize> {
        let index = (block.plane - self.first_plane) * self.blocks + block.first_row / block.lanes;
        let len = block.len() * self.numbers;
        index * len..(index + 1) * len
    }
}
