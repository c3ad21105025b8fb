//! Schedules: the times at which things are due.

use crate::multiples::Multiples;

/// Times that differ by less than this, relatively, are one time: the end may be a rounding beside a
/// multiple.
const ROUNDING: f64 = 1e-12;

/// Something done every so often, at whole multiples of an interval, and at the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    every: Multiples,
    end: f64,
    /// Number of the next occasion.
    next: u64,
}

impl Schedule {
    /// Due at time 0, then every `every` time units, and at `end`.
    pub fn new(every: impl Into<Multiples>, end: f64) -> Self {
        Schedule { every: every.into(), end, next: 0 }
    }

    /// As [`Self::new`], after everything that was due up to the time `after`, if any, was done.
    pub fn beginning(every: impl Into<Multiples>, end: f64, after: Option<f64>) -> Self {
        let mut schedule = Schedule::new(every, end);
        if let Some(time) = after {
            schedule.skip_to(time);
        }
        schedule
    }

    /// Awaits the first occasion after `time`.
    fn skip_to(&mut self, time: f64) {
        let passed = |n: u64| self.every.at(n) <= time * (1.0 + ROUNDING);
        let mut next = (time / self.every.interval()) as u64;
        while next > 0 && !passed(next - 1) {
            next -= 1;
        }
        while passed(next) {
            next += 1;
        }
        self.next = next;
    }

    /// Time of the next occasion.
    pub fn next_time(&self) -> f64 {
        let time = self.every.at(self.next);
        if time < self.end * (1.0 - ROUNDING) { time } else { self.end }
    }

    /// Returns whether it is due at `time`.
    pub fn is_due(&self, time: f64) -> bool {
        self.next_time() <= time * (1.0 + ROUNDING)
    }

    /// Returns whether it is due at `time`; then the next occasion after `time` is awaited.
    pub fn take(&mut self, time: f64) -> bool {
        let due = self.is_due(time);
        if due {
            self.skip_to(time);
        }
        due
    }

    /// Number of occasions after the one at `time`, which has been taken.
    pub fn left(&self, time: f64) -> u64 {
        let is_over = time >= self.end * (1.0 - ROUNDING);
        if is_over { 0 } else { (self.occasions() as u64).saturating_sub(self.next) }
    }

    /// Number of occasions from time 0 to the end.
    pub fn occasions(&self) -> f64 {
        (self.end / self.every.interval() * (1.0 - ROUNDING)).ceil() + 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occasions_do_not_drift() {
        let mut schedule = Schedule::new(0.1, 1e9);
        assert!(schedule.take(0.0) && !schedule.take(0.0));
        for n in 1..=1000 {
            assert_eq!(schedule.next_time(), f64::from(n) / 10.0);
            assert!(schedule.take(schedule.next_time()));
        }
    }

    /// What a restarted run waits for is what the run waited for.
    #[test]
    fn a_schedule_is_known_from_the_time() {
        for (every, end) in [(0.1, 3.0), (0.7, 2.1), (1e-3, 1.0), (0.3, 1.0)] {
            let mut schedule = Schedule::new(every, end);
            let mut time = 0.0;
            while time < end {
                assert!(schedule.take(time));
                let after = |time| Schedule::beginning(every, end, Some(time));
                assert_eq!(after(time), schedule, "{every} at {time}");
                let between = time + 0.5 * (schedule.next_time() - time);
                assert_eq!(after(between), schedule);
                assert!(!schedule.is_due(between));
                time = schedule.next_time();
            }
        }
        // Steps need not hit the times of a schedule that nothing waits for.
        let mut schedule = Schedule::new(0.1, 1.0);
        assert!(schedule.take(0.35) && !schedule.take(0.39) && schedule.take(0.41));
    }

    /// 3 * 0.1 is above 0.3 and 3 * 0.7 below 2.1: both would leave a step of one rounding error.
    #[test]
    fn times_that_differ_by_rounding_are_one() {
        for (every, other, end) in [(0.1, 0.3, 3.0), (0.7, 2.1, 10.0), (0.7, 0.3, 2.1)] {
            let (mut a, mut b) = (Schedule::new(every, end), Schedule::new(other, end));
            let (mut time, mut due) = (0.0, [0.0, 0.0]);
            loop {
                due[0] += f64::from(a.take(time));
                due[1] += f64::from(b.take(time));
                if time == end {
                    break;
                }
                let next = a.next_time().min(b.next_time());
                assert!(next - time > 0.09, "from {time} to {next}");
                time = next;
            }
            assert_eq!(due, [a.occasions(), b.occasions()], "{every}, {other} until {end}");
        }
    }
}
