//! Fields on another grid of the same box: copying the modes that both keep.

use std::ops::Range;

use crate::fields::SpectralFields;
use crate::modes::{Modes, index_of, signed};
use crate::parallel::{Communicator, ProcessGrid, RowCounts};
use crate::real::Real;

use super::decomposition::Decomposition;

/// The bundle of `to` with the same ny and the same nx of lane 0, if there is one.
fn counterpart(from: &Modes, bundle: usize, to: &Modes) -> Option<usize> {
    let (nx, ny) = from.bundle_mode(bundle);
    to.index([nx as i64, ny, 0]).map(|index| index.bundle)
}

/// Those of the bundles `mine` that the other layout has too, each after the rank that has it there:
/// in the order in which they travel, by ranks and by bundles.
fn common(mine: Range<usize>, from: &Modes, to: &Modes, grid: ProcessGrid) -> Vec<(usize, usize)> {
    let decomposition = Decomposition { modes: *to, grid };
    let pair = |bundle| Some((decomposition.owner(counterpart(from, bundle, to)?), bundle));
    let mut pairs: Vec<_> = mine.filter_map(pair).collect();
    pairs.sort_unstable();
    pairs
}

/// Rows of such bundles for or from each rank.
fn counts(pairs: &[(usize, usize)], ranks: usize, rows_each: usize) -> RowCounts {
    let mut counts = vec![0; ranks];
    pairs.iter().for_each(|&(rank, _)| counts[rank] += rows_each as i32);
    RowCounts::side_by_side(counts)
}

/// The modes of `fields` that the layout `modes` keeps, zeros elsewhere. Both layouts have the
/// same number of lanes. Collective.
pub fn regrid<T: Real>(
    fields: &SpectralFields<T>,
    modes: Modes,
    comm: &Communicator,
) -> SpectralFields<T> {
    let old = fields.modes;
    let bundles = Decomposition { modes, grid: comm.grid() }.bundles_of(comm.rank());
    let mut result = SpectralFields::zeros(modes, bundles.clone(), fields.count);
    let row_len = modes.row_len();
    // Columns travel as the old grid has them. The order of common bundles is the same in both.
    let rows_each = fields.count * old.rows();
    let leaving = common(fields.bundles.clone(), &old, &modes, comm.grid());
    let coming = common(bundles, &modes, &old, comm.grid());
    let mut outgoing = Vec::with_capacity(leaving.len() * fields.bundle_len());
    leaving.iter().for_each(|&(_, bundle)| outgoing.extend_from_slice(fields.bundle(bundle)));
    let mut incoming = vec![T::ZERO; coming.len() * rows_each * row_len];
    let [send, receive] = [&leaving, &coming].map(|pairs| counts(pairs, comm.size(), rows_each));
    comm.all_to_all(row_len, (&outgoing, &send), (&mut incoming, &receive));

    let columns = incoming.chunks_exact(rows_each * row_len);
    for ((_, bundle), column) in coming.into_iter().zip(columns) {
        let (nx0, _) = modes.bundle_mode(bundle);
        let lanes = (modes.grid.cutoff[0] + 1 - nx0).min(modes.lanes);
        let target = result.bundle_mut(bundle);
        for field in 0..fields.count {
            for row in 0..modes.rows() {
                let nz = signed(row, modes.grid.cutoff[2]);
                let Some(old_row) = index_of(nz, old.grid.cutoff[2]) else { continue };
                for part in [0, modes.lanes] {
                    let from = (field * old.rows() + old_row) * row_len + part;
                    let to = (field * modes.rows() + row) * row_len + part;
                    target[to..to + lanes].copy_from_slice(&column[from..from + lanes]);
                }
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use num_complex::Complex;

    #[test]
    fn common_modes_are_copied_and_others_are_zero() {
        let layout = |points| Modes::new(Grid::two_thirds(points, [1.0; 3]), f64::LANES);
        let value = |m: [i64; 3]| Complex::new((m[0] + 100 * m[1]) as f64, m[2] as f64 + 0.5);
        for (from, to) in [([12, 40, 9], [60, 12, 30]), ([60, 12, 30], [12, 40, 9])] {
            let (from, to) = (layout(from), layout(to));
            let mut fields = SpectralFields::<f64>::zeros(from, 0..from.bundles(), 2);
            fields.fill(|mode, out| out.copy_from_slice(&[value(mode), -value(mode)]));
            let result = regrid(&fields, to, &Communicator::serial());
            for (mode, index) in result.owned_modes() {
                let kept = from.index(mode).is_some();
                let expected = if kept { value(mode) } else { Complex::default() };
                assert_eq!(result.at(index, 0), expected);
                assert_eq!(result.at(index, 1), -expected);
            }
        }
    }

    /// What a rank sends is what the other one awaits, in the same order.
    #[test]
    fn common_bundles_travel_in_one_order() {
        let layout = |points: [usize; 3]| {
            let truncate =
                if points[1].is_multiple_of(2) { Grid::spherical } else { Grid::two_thirds };
            Modes::new(truncate(points, [1.0, 2.0, 0.5]), 8)
        };
        let grids = [[48, 15, 14], [5, 11, 20], [50, 13, 9], [52, 10, 3], [300, 40, 9]];
        for (from, to) in grids.iter().flat_map(|from| grids.iter().map(move |to| (from, to))) {
            let (old, new) = (layout(*from), layout(*to));
            for (rows, columns) in [(1, 1), (2, 1), (1, 2), (3, 1), (2, 3)] {
                let grid = ProcessGrid { rows, columns };
                let of =
                    |modes: &Modes, rank| Decomposition { modes: *modes, grid }.bundles_of(rank);
                for (s, r) in (0..grid.ranks()).flat_map(|s| (0..grid.ranks()).map(move |r| (s, r)))
                {
                    let picked = |pairs: Vec<(usize, usize)>, rank, modes: &Modes| -> Vec<_> {
                        let mine = pairs.into_iter().filter(|pair| pair.0 == rank);
                        mine.map(|(_, bundle)| modes.bundle_mode(bundle)).collect()
                    };
                    let leaving = picked(common(of(&old, s), &old, &new, grid), r, &old);
                    let coming = picked(common(of(&new, r), &new, &old, grid), s, &new);
                    assert_eq!(leaving, coming, "{from:?} to {to:?} on {grid:?}");
                }
            }
        }
    }
}
