//! Fields that are sums of squares of triples. A triple that several of them want is transformed once.

use std::collections::BTreeSet;

use super::groups::Source;
use crate::diagnostics::triple::Triple;
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::grid::Region;
use crate::modes::Wavenumbers;
use crate::real::Real;
use crate::transform::sweep::Sweep;

/// One of these fields.
struct Field {
    /// The triples, and the weights of the sums of their squares.
    terms: Vec<(Triple, f64)>,
    /// Whether it is the root of the sum.
    is_root: bool,
}

impl Field {
    /// That of a source, if it is one of these.
    fn of(source: &Source) -> Option<Self> {
        match source {
            Source::Squares(terms) => Some(Field { terms: terms.clone(), is_root: false }),
            Source::Magnitude(triple) => Some(Field { terms: vec![(*triple, 1.0)], is_root: true }),
            _ => None,
        }
    }
}

/// The fields of this kind at the points that this rank has of a region.
pub struct SumsOfSquares<T> {
    /// `[field][z][y][x]`.
    numbers: Vec<T>,
    /// The points of this rank.
    mine: Region,
}

/// Returns how many of these fields there are among `sources`, and how many triples they want.
pub fn count<'a>(sources: impl Iterator<Item = &'a Source>) -> (usize, usize) {
    let fields: Vec<_> = sources.filter_map(Field::of).collect();
    (fields.len(), triples(&fields).len())
}

/// All triples of some fields, in an order that does not depend on which fields these are: a field has the
/// same bits in any company.
fn triples(fields: &[Field]) -> BTreeSet<Triple> {
    fields.iter().flat_map(|field| &field.terms).map(|(triple, _)| *triple).collect()
}

impl<T: Real> SumsOfSquares<T> {
    /// Makes those among `sources`, in their order. Collective.
    pub fn new<'a>(
        sources: impl Iterator<Item = &'a Source>,
        state: &SpectralFields<T>,
        sweep: &mut Sweep<T>,
        region: &Region,
    ) -> Self {
        let fields: Vec<_> = sources.filter_map(Field::of).collect();
        let mine = region.common(&sweep.points());
        let mut numbers = vec![T::ZERO; fields.len() * mine.len()];
        let wavenumbers = Wavenumbers::new(&state.modes);
        for triple in triples(&fields) {
            let weight = |field: &Field| {
                let term = field.terms.iter().find(|(of, _)| *of == triple);
                term.map(|(_, weight)| T::from_double(*weight))
            };
            let weights: Vec<_> = fields.iter().map(weight).collect();
            sweep.fold_region(
                &|bundle, _, outgoing| triple.fill(&wavenumbers, state, bundle, outgoing),
                region,
                (&mut numbers, fields.len()),
                |field, sum, [x, y, z]| {
                    if let Some(weight) = weights[field] {
                        *sum = *sum + weight * (x * x + y * y + z * z);
                    }
                },
            );
        }
        for (field, numbers) in fields.iter().zip(numbers.chunks_mut(mine.len().max(1))) {
            if field.is_root {
                numbers.iter_mut().for_each(|number| *number = number.sqrt());
            }
        }
        SumsOfSquares { numbers, mine }
    }

    /// Hands field `index` of them over, batch by batch. Every rank makes the same number of calls.
    pub fn visit(
        &self,
        index: usize,
        batches: impl Iterator<Item = Region>,
        mut visit: impl FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        let mine = &self.mine;
        for batch in batches {
            let before = batch.ranges[2].start - mine.ranges[2].start;
            let start = index * mine.len() + before * mine.plane_len();
            visit(&batch, &self.numbers[start..start + batch.len()])?;
        }
        Ok(())
    }
}
