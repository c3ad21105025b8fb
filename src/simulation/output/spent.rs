//! The time that outputs take.

use std::fmt::Write;
use std::time::Instant;

/// How often something was written, and the time that it took on this rank, transforms included.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    /// Its name, such as `records of spectra`.
    name: String,
    count: u64,
    seconds: f64,
}

impl Spent {
    /// Nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Spent { name: name.into(), count: 0, seconds: 0.0 }
    }

    /// Does `work`, and counts its time.
    pub fn time<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        self.seconds += start.elapsed().as_secs_f64();
        result
    }

    /// Counts one that was written.
    pub fn add_one(&mut self) {
        self.count += 1;
    }
}

/// Returns a table of what outputs took in a run of so many `steps` and `seconds`, where a step took what
/// they left; empty when nothing was written.
pub fn table<'a>(
    spent: impl Iterator<Item = &'a Spent> + Clone,
    steps: u64,
    seconds: f64,
) -> String {
    let written = spent.filter(|spent| spent.count > 0);
    if written.clone().next().is_none() {
        return String::new();
    }
    let outputs: f64 = written.clone().map(|spent| spent.seconds).sum();
    let step = (seconds - outputs).max(0.0) / steps.max(1) as f64;
    let mut text =
        format!("{:<32}{:>10}{:>10}{:>12}", "outputs", "number", "ms each", "steps each");
    for Spent { name, count, seconds } in written {
        let each = seconds / *count as f64;
        let _ = write!(text, "\n{name:<32}{count:>10}{:>10.3}{:>12.2}", 1e3 * each, each / step);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_output_is_told_in_steps() {
        let spent = |name: &str, count, seconds| Spent { name: name.into(), count, seconds };
        let all = [spent("rows", 10, 0.5), spent("never", 0, 0.0), spent("records", 2, 1.5)];
        let text = table(all.iter(), 40, 6.0);
        let words: Vec<Vec<_>> =
            text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            words[1..],
            [["rows", "10", "50.000", "0.50"], ["records", "2", "750.000", "7.50"]]
        );
        assert_eq!(table(all[1..2].iter(), 40, 6.0), "");
    }
}
