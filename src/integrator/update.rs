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

/// The numbers of integrating factors over the part of the step that a stage has one for: from its
/// start to the node, from there to the next one, and from the node to the end.
type Powers = [usize; 3];

impl<T: Real> Update<'_, T> {
    #[inline(always)]
    fn subdiagonal<V: Vector<Scalar = T>>(self, rows: &[[f64; 3]]) {
        let Stage { index, dt, .. } = self.stage;
        let h = |factor: f64| V::splat(T::from_double(factor * dt));
        let [node, _, weight] = rows[index];
        let Some(&[next, a, _]) = rows.get(index + 1) else { return self.last::<V>(h(weight)) };
        let powers =
            [node, next - node, 1.0 - node].map(|time| (time / self.part).round() as usize);
        let (a, b) = (h(a), h(weight));
        // A loop of its own for each of the tables there are saves their vectors a loop.
        match (index == 0, powers) {
            (true, [0, 1, 1]) => self.advance::<V>(true, [0, 1, 1], a, b),
            (true, [0, 1, 2]) => self.advance::<V>(true, [0, 1, 2], a, b),
            (false, [1, 0, 1]) => self.advance::<V>(false, [1, 0, 1], a, b),
            (false, [1, 1, 1]) => self.advance::<V>(false, [1, 1, 1], a, b),
            (is_first, powers) => self.advance::<V>(is_first, powers, a, b),
        }
    }

    /// A stage but the last: adds h b E(1 - c) k to the sum, which begins with E(1) u, and makes the
    /// next fields E(c' - c) (E(c) u + h a k), with c' the next node.
    #[inline(always)]
    fn advance<V: Vector<Scalar = T>>(
        self,
        is_first: bool,
        [to_node, to_next, to_end]: Powers,
        a: V,
        b: V,
    ) {
        self.each::<V>(|p| {
            let (u, k) = (p.u(), p.tendency());
            p.set_sum(match is_first {
                true => p.decayed(to_end, b.mul_add(k, u)),
                false => p.sum() + p.decayed(to_end, b * k),
            });
            p.set_next(p.decayed(to_next, a.mul_add(k, p.decayed(to_node, u))));
        });
    }

    /// The last stage: u' = sum + h b k.
    #[inline(always)]
    fn last<V: Vector<Scalar = T>>(self, b: V) {
        self.each::<V>(|p| {
            let u = b.mul_add(p.tendency(), p.sum());
            p.set_sum(u);
            p.set_next(u);
        });
    }

    #[inline(always)]
    fn low_storage<V: Vector<Scalar = T>>(self, rows: &[[f64; 4]]) {
        let Stage { index, dt, .. } = self.stage;
        let [a, b, dt] =
            [rows[index][1], rows[index][2], dt].map(|number| V::splat(T::from_double(number)));
        // The old sum does not count in the first stage, whatever it holds.
        match index == 0 {
            true => self.overwrite::<V>(b, |p| dt * p.tendency()),
            false => self.overwrite::<V>(b, |p| a.mul_add(p.sum(), dt * p.tendency())),
        }
    }

    /// A low-storage stage with `register` as the new s.
    #[inline(always)]
    fn overwrite<V: Vector<Scalar = T>>(self, b: V, register: impl Fn(&Point<V>) -> V) {
        self.each::<V>(|p| {
            let s = register(&p);
            let u = p.decayed(1, b.mul_add(s, p.u()));
            p.set_sum(p.decayed(1, s));
            p.set_u(u);
            p.set_next(u);
        });
    }
}
