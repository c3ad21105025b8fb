//! The update of one bundle in one stage.

use super::integrating_factor::BundleFactor;
use super::{IntegratingFactors, Scheme};
use crate::modes::Modes;
use crate::real::Real;
use crate::simd::{self, Kernel, Vector};

/// One stage of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// The scheme.
    pub scheme: Scheme,
    /// The stage, from 0.
    pub index: usize,
    /// Time step.
    pub dt: f64,
}

impl Stage {
    /// Updates one field of one bundle; `factors` must be prepared for this stage. `tendency` becomes
    /// the field that the next stage (or, in the last one, the next step) starts from. After the last
    /// stage the new state is in `u` or in `sum`, see [`Scheme::ends_in_sum`]. All slices are
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
        simd::run(Update { stage: self, modes, factor, u, sum, tendency });
    }
}

struct Update<'a, T: Real> {
    stage: Stage,
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
    /// IntegratingFactor factor of this stage, less 1.
    factor: V,
}

/// Access to the registers of a point.
///
/// SAFETY of each: `Update::each` makes points only inside its slices.
impl<V: Vector> Point<V> {
    /// e `x` for the integrating factor e of this stage.
    #[inline(always)]
    fn decayed(&self, x: V) -> V {
        self.factor.mul_add(x, x)
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
        let Stage { scheme, index, dt } = self.stage;
        let h = |factor: f64| V::splat(T::from_double(factor * dt));
        match (scheme, index) {
            // u1 = e (u + dt k0), u' = e (u + dt/2 k0) + dt/2 k1.
            (Scheme::Rk2, 0) => {
                let (half, full) = (h(0.5), h(1.0));
                self.each::<V>(|p| {
                    let (u, k) = (p.u(), p.tendency());
                    p.set_sum(p.decayed(half.mul_add(k, u)));
                    p.set_next(p.decayed(full.mul_add(k, u)));
                });
            }
            (Scheme::Rk2, _) => self.finish::<V>(h(0.5)),
            // s = A s + dt k, u' = e (u + B s), s' = e s.
            (Scheme::Rk3, _) => {
                let a = V::splat(T::from_double([0.0, -5.0 / 9.0, -153.0 / 128.0][index]));
                let b = V::splat(T::from_double([1.0 / 3.0, 15.0 / 16.0, 8.0 / 15.0][index]));
                let dt = h(1.0);
                if index == 0 {
                    // The old sum does not count, whatever it holds.
                    self.each::<V>(|p| {
                        let s = dt * p.tendency();
                        let u = p.decayed(b.mul_add(s, p.u()));
                        p.set_sum(p.decayed(s));
                        p.set_u(u);
                        p.set_next(u);
                    });
                } else {
                    self.each::<V>(|p| {
                        let s = a.mul_add(p.sum(), dt * p.tendency());
                        let u = p.decayed(b.mul_add(s, p.u()));
                        p.set_sum(p.decayed(s));
                        p.set_u(u);
                        p.set_next(u);
                    });
                }
            }
            // u1 = e (u + dt/2 k0), u2 = e u + dt/2 k1, u3 = e^2 u + dt e k2,
            // u' = e^2 (u + dt/6 k0) + dt/3 e (k1 + k2) + dt/6 k3.
            (Scheme::Rk4, 0) => {
                let (sixth, half) = (h(1.0 / 6.0), h(0.5));
                self.each::<V>(|p| {
                    let (u, k) = (p.u(), p.tendency());
                    p.set_sum(p.decayed(p.decayed(sixth.mul_add(k, u))));
                    p.set_next(p.decayed(half.mul_add(k, u)));
                });
            }
            (Scheme::Rk4, 1) => {
                let (third, half) = (h(1.0 / 3.0), h(0.5));
                self.each::<V>(|p| {
                    let k = p.tendency();
                    p.set_sum(p.sum() + p.decayed(third * k));
                    p.set_next(half.mul_add(k, p.decayed(p.u())));
                });
            }
            (Scheme::Rk4, 2) => {
                let (third, full) = (h(1.0 / 3.0), h(1.0));
                self.each::<V>(|p| {
                    let k = p.tendency();
                    p.set_sum(p.sum() + p.decayed(third * k));
                    p.set_next(p.decayed(full.mul_add(k, p.decayed(p.u()))));
                });
            }
            (Scheme::Rk4, _) => self.finish::<V>(h(1.0 / 6.0)),
        }
    }
}

impl<T: Real> Update<'_, T> {
    /// The last stage of `rk2` and `rk4`: sum' = u' = sum + factor k.
    #[inline(always)]
    fn finish<V: Vector<Scalar = T>>(self, factor: V) {
        self.each::<V>(|p| {
            let u = factor.mul_add(p.tendency(), p.sum());
            p.set_sum(u);
            p.set_next(u);
        });
    }
}
