//! The arrangement of the ranks of a run: as `parallel.grid` says, or as suits them.

use crate::error::{Error, Result};
use crate::modes::Modes;
use crate::parallel::{ProcessGrid, share};

/// The arrangement of `ranks` ranks for a layout; `wanted` are its rows and columns.
///
/// # Errors
/// `wanted` has another number of ranks, or more rows than there are planes.
pub fn choose(wanted: Option<[usize; 2]>, modes: &Modes, ranks: usize) -> Result<ProcessGrid> {
    let nz = modes.grid.points[2];
    let Some([rows, columns]) = wanted else { return Ok(best(modes, ranks)) };
    let refuse = |cause: String| {
        Err(Error::input(format!("parallel.grid = [{rows}, {columns}] {cause}, or leave it out")))
    };
    if rows.checked_mul(columns) != Some(ranks) {
        return refuse(format!(
            "is not for {ranks} ranks; give two numbers whose product is {ranks}"
        ));
    }
    if rows > nz {
        return refuse(format!(
            "has {rows} groups of ranks for {nz} z-planes (grid.points[2]); use at most {nz} groups"
        ));
    }
    Ok(ProcessGrid { rows, columns })
}

/// Slabs while there are planes for all ranks; else that of all grids whose busiest rank has least
/// to do, and of these the one with the shortest rows.
fn best(modes: &Modes, ranks: usize) -> ProcessGrid {
    let [_, ny, nz] = modes.grid.points;
    if ranks <= nz {
        return ProcessGrid::slabs(ranks);
    }
    let grids = (1..=ranks).filter(|columns| ranks.is_multiple_of(*columns));
    let grids = grids.map(|columns| ProcessGrid { rows: ranks / columns, columns });
    // Lines along y and lines along x cost much the same.
    let work = |grid: &ProcessGrid| {
        let most = |things: usize, ranks| share(things, 0, ranks).len() as f64 / things as f64;
        let lines = most(modes.bundles_along_x(), grid.columns)
            + most(ny.div_ceil(modes.row_len()), grid.columns);
        most(nz, grid.rows) * lines
    };
    grids.min_by(|a, b| work(a).total_cmp(&work(b))).unwrap_or(ProcessGrid::slabs(ranks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    fn modes(points: [usize; 3]) -> Modes {
        Modes::new(Grid::two_thirds(points, [1.0; 3]), 8)
    }

    #[test]
    fn more_ranks_than_planes_share_planes() {
        let chosen = |points, ranks| {
            let ProcessGrid { rows, columns } = choose(None, &modes(points), ranks).unwrap();
            [rows, columns]
        };
        assert_eq!(chosen([64; 3], 64), [64, 1]);
        assert_eq!(chosen([64; 3], 128), [64, 2]);
        assert_eq!(chosen([1024; 3], 8192), [1024, 8]);
        // A prime number of ranks: one group would do, if it had enough lines.
        assert_eq!(chosen([1024, 1024, 16], 31), [1, 31]);
        // One bundle along x and one block of rows: nothing to share.
        assert_eq!(chosen([8, 6, 4], 8), [8, 1]);
    }

    #[test]
    fn impossible_grids_are_refused() {
        let refusal = |wanted| choose(Some(wanted), &modes([32, 32, 4]), 8).unwrap_err().message;
        assert!(choose(Some([4, 2]), &modes([32, 32, 4]), 8).is_ok());
        let product = refusal([3, 2]);
        assert!(product.contains("parallel.grid = [3, 2] is not for 8 ranks"), "{product}");
        assert!(refusal([usize::MAX, 2]).contains("is not for 8 ranks"));
        let groups = refusal([8, 1]);
        assert!(groups.contains("parallel.grid = [8, 1] has 8 groups of ranks for 4"), "{groups}");
    }
}
