//! Fields on another grid of the same box: copying the modes that both keep.

use std::ops::Range;

use crate::fields::SpectralFields;
use crate::modes::{Modes, index_of, signed};
use crate::parallel::{Communicator, Counts, share};
use crate::real::Real;

/// The bundle of `to` with the same ny and the same nx of lane 0, if there is one.
fn counterpart(from: &Modes, bundle: usize, to: &Modes) -> Option<usize> {
    let (nx, ny) = from.bundle_mode(bundle);
    let ny = index_of(ny, to.grid.cutoff[1])?;
    (nx <= to.grid.cutoff[0]).then(|| ny * to.bundles_along_x() + nx / to.lanes)
}

/// Rows that the rank with bundles `mine` exchanges with each rank of the other layout.
fn counts(mine: Range<usize>, from: &Modes, to: &Modes, ranks: usize, rows_each: usize) -> Counts {
    let mut per_rank = vec![0; ranks];
    for other in mine.filter_map(|bundle| counterpart(from, bundle, to)) {
        let owner = (0..ranks).position(|rank| share(to.bundles(), rank, ranks).contains(&other));
        per_rank[owner.unwrap_or(0)] += rows_each as i32;
    }
    let offsets =
        per_rank.iter().scan(0, |sum, n| Some(std::mem::replace(sum, *sum + n))).collect();
    Counts { counts: per_rank, offsets }
}

/// The modes of `fields` that the layout `modes` keeps, zeros elsewhere. Both layouts have the
/// same number of lanes. Collective.
pub fn regrid<T: Real>(
    fields: &SpectralFields<T>,
    modes: Modes,
    comm: &Communicator,
) -> SpectralFields<T> {
    let old = fields.modes;
    let bundles = share(modes.bundles(), comm.rank(), comm.size());
    let mut result = SpectralFields::zeros(modes, bundles.clone(), fields.count);
    let row_len = modes.row_len();
    // Columns travel as the old grid has them, in the order of bundles, which is the same in both.
    let rows_each = fields.count * old.rows();
    let mut outgoing = Vec::new();
    for bundle in fields.bundles.clone() {
        if counterpart(&old, bundle, &modes).is_some() {
            outgoing.extend_from_slice(fields.bundle(bundle));
        }
    }
    let send = counts(fields.bundles.clone(), &old, &modes, comm.size(), rows_each);
    let receive = counts(bundles.clone(), &modes, &old, comm.size(), rows_each);
    let rows: i32 = receive.counts.iter().sum();
    let mut incoming = vec![T::ZERO; rows as usize * row_len];
    comm.all_to_all(row_len, (&outgoing, &send), (&mut incoming, &receive));

    let mut columns = incoming.chunks_exact(rows_each * row_len);
    for bundle in bundles {
        if counterpart(&modes, bundle, &old).is_none() {
            continue;
        }
        let Some(column) = columns.next() else { break };
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
            for (mode, place) in result.owned_modes() {
                let kept = from.place(mode).is_some();
                let expected = if kept { value(mode) } else { Complex::default() };
                assert_eq!(result.at(place, 0), expected);
                assert_eq!(result.at(place, 1), -expected);
            }
        }
    }
}
