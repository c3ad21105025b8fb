//! The terms of sums over modes.
//!
//! By Parseval the average of a product is a sum over all k: `<f g>` = sum of Re(f_k conj g_k), and
//! derivatives multiply its terms with wavenumbers. A [`Term`] is what such a sum has at one mode: a
//! form that is quadratic in the fields there, times a weight that the wavevector decides. To have
//! another one, add it here, with its formula where the others have theirs: that of a form in
//! `form_values`, that of a weight below.

use std::ops::Range;

use crate::grid::AXES;
use crate::integrator::Damping;

/// The term of a sum over modes, at each of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    pub(super) form: Form,
    pub(super) weight: Weight,
    pub(super) factor: f64,
}

/// What is quadratic in the fields at a mode. Vectors are named by their first field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// The sum of Re(f . conj g) over pairs of fields.
    Product(Vec<[usize; 2]>),
    /// Re((i k x f) . conj f) = 2 k . (Re f x Im f).
    Curl(usize),
    /// |k . f|^2.
    Divergence(usize),
}

/// What the wavevector k makes of a form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weight {
    /// 1.
    One,
    /// 1, but 0 for the mean.
    Fluctuations,
    /// |k|^2.
    Square,
    /// 1 / |k|, and 0 for the mean.
    Inverse,
    /// 1 / |k|^2, and 0 for the mean.
    InverseSquare,
    /// The rate at which the mode decays.
    Rate(Damping),
    /// 1 where the wavenumber along an axis is 0, and 0 elsewhere and for the mean.
    Flat(usize),
}

impl Term {
    /// Re(f conj g) of two fields.
    pub fn product(f: usize, g: usize) -> Self {
        Term::of(Form::Product(vec![[f, g]]))
    }

    /// The sum of Re(f conj g) over the fields of two vectors.
    pub fn dot(f: Range<usize>, g: Range<usize>) -> Self {
        Term::of(Form::Product(f.zip(g).map(|(f, g)| [f, g]).collect()))
    }

    /// |f|^2 of a vector or scalar.
    pub fn norm(f: Range<usize>) -> Self {
        Term::dot(f.clone(), f)
    }

    /// Re((i k x f) . conj f), of the vector that begins at field `first`: `<f . curl f>`.
    pub fn curl(first: usize) -> Self {
        Term::of(Form::Curl(first))
    }

    /// |k . f|^2, of the vector that begins at field `first`: `<(div f)^2>`.
    pub fn divergence(first: usize) -> Self {
        Term::of(Form::Divergence(first))
    }

    fn of(form: Form) -> Self {
        Term { form, weight: Weight::One, factor: 1.0 }
    }

    /// The same with a weight.
    pub fn weighted(self, weight: Weight) -> Self {
        Term { weight, ..self }
    }

    /// The same, `factor` times.
    pub fn times(self, factor: f64) -> Self {
        Term { factor: factor * self.factor, ..self }
    }
}

impl Weight {
    /// The weight of the mean.
    pub(super) fn of_mean(self) -> f64 {
        match self {
            Weight::One => 1.0,
            Weight::Rate(damping) => damping.rate(0.0),
            _ => 0.0,
        }
    }

    /// Returns in how many rows, the first of them, it is not 0 everywhere, of `rows` that have the
    /// wavenumbers `kx` of their lanes and `ky`.
    pub(super) fn rows(self, kx: &[f64], ky: f64, rows: usize) -> usize {
        match self {
            Weight::Flat(0) if kx[0] != 0.0 => 0,
            Weight::Flat(1) if ky != 0.0 => 0,
            Weight::Flat(2) => rows.min(1),
            _ => rows,
        }
    }

    /// Writes the weights of modes other than the mean into `weights`, `[row][lane]`. All rows have
    /// the wavenumbers `kx` of their lanes and `ky`; each has one of `kz`.
    pub(super) fn fill(self, kx: &[f64], ky: f64, kz: &[f64], weights: &mut [f64]) {
        let square = |[x, y, z]: [f64; AXES]| x * x + y * y + z * z;
        let mut each = Each { kx, ky, kz, weights };
        match self {
            Weight::One | Weight::Fluctuations => each.is(|_| 1.0),
            Weight::Square => each.is(square),
            Weight::Inverse => each.is(|k| 1.0 / square(k).sqrt()),
            Weight::InverseSquare => each.is(|k| 1.0 / square(k)),
            Weight::Rate(damping) => each.is(|k| damping.rate(square(k))),
            Weight::Flat(axis) => each.is(|k| if k[axis] == 0.0 { 1.0 } else { 0.0 }),
        }
    }
}

/// The weights of the modes of a bundle, and their wavenumbers.
struct Each<'a> {
    kx: &'a [f64],
    ky: f64,
    kz: &'a [f64],
    weights: &'a mut [f64],
}

impl Each<'_> {
    /// Makes each weight `weight` of its wavevector.
    fn is(&mut self, weight: impl Fn([f64; AXES]) -> f64) {
        for (kz, weights) in self.kz.iter().zip(self.weights.chunks_exact_mut(self.kx.len())) {
            for (to, kx) in weights.iter_mut().zip(self.kx) {
                *to = weight([*kx, self.ky, *kz]);
            }
        }
    }
}
