//! The few bundles with forced modes, while they are out of the sweep.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use num_complex::Complex;

use crate::fields::SpectralFields;
use crate::forcing::{Band, BandField};
use crate::modes::{ModeIndex, Modes};
use crate::parallel::Communicator;
use crate::real::Real;

/// All fields of each bundle: the tendency first, then what goes out.
pub(super) struct Columns<T: Real> {
    layout: Modes,
    /// The bundles, in order.
    pub bundles: Vec<usize>,
    numbers: Vec<Mutex<Vec<T>>>,
}

impl<T: Real> Columns<T> {
    /// Columns for those of the `bundles` that hold fields like those of `state`.
    pub fn new(state: &SpectralFields<T>, bundles: impl Iterator<Item = usize>) -> Self {
        let mut bundles: Vec<_> = bundles.filter(|b| state.bundles.contains(b)).collect();
        bundles.sort_unstable();
        bundles.dedup();
        let zeros = || Mutex::new(vec![T::ZERO; state.bundle_len()]);
        let numbers = bundles.iter().map(|_| zeros()).collect();
        Columns { layout: state.modes, bundles, numbers }
    }

    /// The fields of a bundle; `None` if it is not one of these.
    pub fn get(&self, bundle: usize) -> Option<MutexGuard<'_, Vec<T>>> {
        let position = self.bundles.binary_search(&bundle).ok()?;
        // A panic elsewhere leaves nothing in it that matters.
        Some(self.numbers[position].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number in a bundle where a mode of a field is.
    fn offset(&self, index: ModeIndex, field: usize) -> usize {
        field * self.layout.column_len() + self.layout.offset(index)
    }

    /// Makes `target` the band of the `fields`. Collective.
    pub fn collect(
        &self,
        comm: &Communicator,
        band: &mut Band,
        fields: &Range<usize>,
        target: &mut BandField,
    ) {
        band.collect(comm, target, |index, component| {
            let offset = self.offset(index, fields.clone().nth(component)?);
            let column = self.get(index.bundle)?;
            Some(Complex::new(column[offset], column[offset + self.layout.lanes]))
        });
    }

    /// Makes each component of a vector or scalar at a place `change(component, value)`, if the place
    /// is on this rank.
    pub fn change(
        &self,
        index: ModeIndex,
        fields: &Range<usize>,
        change: impl Fn(usize, Complex<T>) -> Complex<T>,
    ) {
        let Some(mut column) = self.get(index.bundle) else { return };
        for (component, field) in fields.clone().enumerate() {
            let re = self.offset(index, field);
            let im = re + self.layout.lanes;
            let value = change(component, Complex::new(column[re], column[im]));
            (column[re], column[im]) = (value.re, value.im);
        }
    }
}
