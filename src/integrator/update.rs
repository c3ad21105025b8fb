//! The update of one bundle in one stage.

use super::integrating_factor::{BundleFactor, IntegratingFactors};
use super::scheme::Table;
use super::stage::Stage;
use crate::modes::Modes;
use crate::real::Real;
use crate::simd::{self, Kernel, Vector};

impl Stage {
    /// Updates one field of one bundle; `factors` must be prepared for this stage. `tendency` becomes
    /// the field that the next stage (or, in the last one, the next step) starts from. After the last
    /// stage the new state is in `u` or in `sum`, see [`Scheme::ends_in_sum`](super::Scheme::ends_in_sum). All slices are
    /// `[row][re lanes, im lanes]`.
    pub fn update<T: Real>(
        self,
        modes: &Modes,
        factors: &IntegratingFactors<T>,
        (bundle, field): (usize, usize),
        u: &mut [T],
        sum: &mut [T],
        tendency: &mut [T],
    ) {
        let factor =
            factors.of_field(self, field).of_bundle(modes, bundle, factors.position(bundle));
        let part = factors.part(self);
        simd::run(Update { stage: self, part, modes, factor, u, sum, tendency });
    }
}

struct Update<'a, T: Real> {
    stage: Stage,
    /// The time that its integrating factor is over, as a part of the step.
    part: f64,
    modes: &'a Modes,
    factor: BundleFactor<'a, T>,
    u: &'a mut [T],
    sum: &'a mut [T],
    tendency: &'a mut [T],
}

/// The numbers of integrating factors over the part of the step that a stage has one for: from its
/// start to the node, from there to the next one, and from the node to the end.
type Powers = [usize; 3];

/// One vector of modes. `next` shares its place with the tendency.
struct Point<V: Vector> {
    u: *mut V::Scalar,
    sum: *mut V::Scalar,
    tendency: *mut V::Scalar,
    /// Integrating factor of this stage, less 1.
    factor: V,
}

/// Access to the registers of a point.
///
/// SAFETY of each: `Update::each` makes points only inside its slices.
impl<V: Vector> Point<V> {
    /// e^n `x` for the integrating factor e of this stage.
    #[inline(always)]
    fn decayed(&self, n: usize, mut x: V) -> V {
        for _ in 0..n {
            x = self.factor.mul_add(x, x);
        }
        x
    }
    #[inline(always)]
    fn u(&self) -> V {
        unsafe { V::load(self.u) }
    }
    #[inline(always)]
    fn sum(&self) -> V {
        unsafe { V::load(self.sum) }
    }
    #[inline(always)]
    fn tendency(&self) -> V {
        unsafe { V::load(self.tendency) }
    }
    #[inline(always)]
    fn set_u(&self, value: V) {
        unsafe { value.store(self.u) }
    }
    #[inline(always)]
    fn set_sum(&self, value: V) {
        unsafe { value.store(self.sum) }
    }
    #[inline(always)]
    fn set_next(&self, value: V) {
        unsafe { value.store(self.tendency) }
    }
}

/// The stages of a subdiagonal scheme, at a point.
impl<V: Vector> Point<V> {
    /// Any stage but the last: adds E(1 - c) h b k to the sum, which begins with E(1) u, and makes the
    /// next fields E(c' - c) (E(c) u + h a k), with c' the next node; `a` and `b` come times h.
    #[inline(always)]
    fn advance(&self, is_first: bool, [to_node, to_next, to_end]: Powers, a: V, b: V) {
        let (u, k) = (self.u(), self.tendency());
        self.set_sum(match is_first {
            true => self.decayed(to_end, b.mul_add(k, u)),
            false => self.sum() + self.decayed(to_end, b * k),
        });
        self.set_next(self.decayed(to_next, a.mul_add(k, self.decayed(to_node, u))));
    }

    /// The last stage: u' = sum + h b k; `b` comes times h.
    #[inline(always)]
    fn finish(&self, b: V) {
        let u = b.mul_add(self.tendency(), self.sum());
        self.set_sum(u);
        self.set_next(u);
    }
}

/// The stages of a low-storage scheme, at a point.
impl<V: Vector> Point<V> {
    /// Any stage, with the new register `s`.
    #[inline(always)]
    fn overwrite(&self, s: V, b: V) {
        let u = self.decayed(1, b.mul_add(s, self.u()));
        self.set_sum(self.decayed(1, s));
        self.set_u(u);
        self.set_next(u);
    }
}

impl<T: Real> Update<'_, T> {
    /// Calls `formula` for every vector of modes.
    #[inline(always)]
    fn each<V: Vector<Scalar = T>>(self, formula: impl Fn(Point<V>)) {
        // What the compiler knows saves it loops.
        let (lanes, row_len, rows) = (T::LANES, 2 * T::LANES, self.modes.rows());
        assert!(self.modes.lanes == lanes);
        assert!(
            [self.u.len(), self.sum.len(), self.tendency.len()]
                .iter()
                .all(|&l| l >= rows * row_len)
        );
        for row in 0..rows {
            let (x, yz) = self.factor.row(row, lanes);
            assert!(x.len() == lanes);
            let yz = V::splat(yz);
            for part in [0, lanes] {
                for lane in (0..lanes).step_by(V::WIDTH) {
                    let at = row * row_len + part + lane;
                    // SAFETY: `at` stays inside the three slices, lane inside x.
                    unsafe {
                        let x = V::load(x.as_ptr().add(lane));
                        formula(Point {
                            u: self.u.as_mut_ptr().add(at),
                            sum: self.sum.as_mut_ptr().add(at),
                            tendency: self.tendency.as_mut_ptr().add(at),
                            factor: x.mul_add(yz, x + yz),
                        });
                    }
                }
            }
        }
    }
}

impl<T: Real> Kernel<T> for Update<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) {
        match self.stage.scheme.table() {
            Table::Subdiagonal(rows) => self.subdiagonal::<V>(rows),
            Table::LowStorage(rows) => self.low_storage::<V>(rows),
        }
    }
}

impl<T: Real> Update<'_, T> {
    #[inline(always)]
    fn subdiagonal<V: Vector<Scalar = T>>(self, rows: &[[f64; 3]]) {
        let Stage { index, dt, .. } = self.stage;
        let h = |factor: f64| V::splat(T::from_double(factor * dt));
        let [node, _, weight] = rows[index];
        let Some(&[next, a, _]) = rows.get(index + 1) else {
            let weight = h(weight);
            return self.each::<V>(|p| p.finish(weight));
        };
        let powers =
            [node, next - node, 1.0 - node].map(|time| (time / self.part).round() as usize);
        let (a, b) = (h(a), h(weight));
        // What the compiler knows saves it loops: so does a loop of its own for each stage of the tables
        // there are.
        match (index == 0, powers) {
            (true, [0, 1, 1]) => self.each::<V>(|p| p.advance(true, [0, 1, 1], a, b)),
            (true, [0, 1, 2]) => self.each::<V>(|p| p.advance(true, [0, 1, 2], a, b)),
            (false, [1, 0, 1]) => self.each::<V>(|p| p.advance(false, [1, 0, 1], a, b)),
            (false, [1, 1, 1]) => self.each::<V>(|p| p.advance(false, [1, 1, 1], a, b)),
            (is_first, powers) => self.each::<V>(|p| p.advance(is_first, powers, a, b)),
        }
    }

    #[inline(always)]
    fn low_storage<V: Vector<Scalar = T>>(self, rows: &[[f64; 4]]) {
        let Stage { index, dt, .. } = self.stage;
        let [_, a, b, _] = rows[index];
        let [a, b, dt] = [a, b, dt].map(|number| V::splat(T::from_double(number)));
        match index == 0 {
            // The old register does not count, whatever it holds.
            true => self.each::<V>(|p| p.overwrite(dt * p.tendency(), b)),
            false => self.each::<V>(|p| p.overwrite(a.mul_add(p.sum(), dt * p.tendency()), b)),
        }
    }
}
