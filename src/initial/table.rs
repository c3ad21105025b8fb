//! A spectrum read from a text file: two columns k and E(k), `#` starts a comment.

use std::path::Path;

use crate::error::{Error, Result};
use crate::parallel::Communicator;

/// k this far outside the table, relatively, still counts as its first or last point: shells lie
/// at multiples of a wavenumber that may not be a round binary number.
const TOLERANCE: f64 = 1e-9;

/// The points (k, E) of a table, k increasing.
pub(super) struct Table {
    points: Vec<(f64, f64)>,
}

impl Table {
    /// Reads the table at `path`. Collective: every rank must call this.
    ///
    /// # Errors
    /// The file cannot be read, or a line of it is wrong.
    pub fn read(path: &Path, communicator: &Communicator) -> Result<Self> {
        let bytes = communicator.from_root(|| {
            std::fs::read(path).map_err(|e| Error::io("read the spectrum", path, e))
        })?;
        let points = parse(&String::from_utf8_lossy(&bytes))
            .map_err(|message| Error::input(format!("{}{message}", path.display())))?;
        Ok(Table { points })
    }

    /// The largest k.
    pub fn extent(&self) -> f64 {
        self.points[self.points.len() - 1].0
    }

    /// E at k: linear in log k and log E between two points, zero outside the table.
    pub fn density(&self, k: f64) -> f64 {
        let points = &self.points;
        let (first, last) = (points[0].0, points[points.len() - 1].0);
        if k < first * (1.0 - TOLERANCE) || k > last * (1.0 + TOLERANCE) {
            return 0.0;
        }
        let upper = points.partition_point(|point| point.0 <= k).clamp(1, points.len() - 1);
        let ((k0, e0), (k1, e1)) = (points[upper - 1], points[upper]);
        let weight = ((k / k0).ln() / (k1 / k0).ln()).clamp(0.0, 1.0);
        (e0.ln() * (1.0 - weight) + e1.ln() * weight).exp()
    }
}

/// At least two points (k, E), k increasing, all above zero; otherwise ":line: what is wrong".
fn parse(text: &str) -> Result<Vec<(f64, f64)>, String> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let content = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = content.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let wrong = |what: &str| Err(format!(":{}: found '{}', {what}", index + 1, line.trim()));
        let numbers: Vec<f64> = words.iter().filter_map(|word| word.parse().ok()).collect();
        let (&[k, energy], 2) = (&numbers[..], words.len()) else {
            return wrong("must be two numbers, k and E; start comments with #");
        };
        if !(k > 0.0 && energy > 0.0 && k.is_finite() && energy.is_finite()) {
            return wrong("both must be finite and above 0; leave out points without energy");
        }
        if points.last().is_some_and(|last| last.0 >= k) {
            return wrong("k must increase from line to line");
        }
        points.push((k, energy));
    }
    if points.len() < 2 {
        return Err(format!(": holds {} points (k, E), must be at least 2", points.len()));
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_laws_are_exact_and_nothing_lies_outside() {
        let points = parse("# k  E\n1 1 # first\n\n4\t0.0625\n 8 2e-3\n").unwrap();
        let table = Table { points: points.clone() };
        assert!((table.density(2.0) - 0.25).abs() < 1e-15);
        for &(k, energy) in &points {
            assert!((table.density(k) / energy - 1.0).abs() < 1e-14);
        }
        assert_eq!(table.density(0.99), 0.0);
        assert_eq!(table.density(8.01), 0.0);
        assert_eq!(table.density(1.0 - 1e-15), 1.0);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let error = |text| parse(text).unwrap_err();
        assert!(error("1 1\n# x\nk E\n").starts_with(":3: found 'k E', must be two numbers"));
        assert!(error("1 1\n2 1 3").starts_with(":2: found '2 1 3'"));
        assert!(error("1 1\n2").starts_with(":2:"));
        assert!(error("1 0").contains("above 0"));
        assert!(error("-1 1").contains("above 0"));
        assert!(error("1 inf").contains("above 0"));
        assert!(error("1 1\n1 2").contains("must increase"));
        assert!(error("# nothing").contains("holds 0 points"));
    }

    #[test]
    fn files_are_read_and_failures_name_them() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "1 2\n3 4\n").unwrap();
        let table = Table::read(file.path(), &Communicator::serial()).unwrap();
        assert_eq!(table.extent(), 3.0);
        std::fs::write(file.path(), "1 2\n3 x\n").unwrap();
        let error = Table::read(file.path(), &Communicator::serial()).err().unwrap();
        assert!(error.message.contains(&format!("{}:2: found", file.path().display())));
        let error = Table::read(Path::new("no/such/file"), &Communicator::serial()).err().unwrap();
        assert!(error.message.contains("no/such/file"));
    }
}
