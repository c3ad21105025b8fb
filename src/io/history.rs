//! `history.csv`: one row of numbers per interval, written as the run goes.
//!
//! The first line names the columns; comment lines after it give units and meaning. This order is
//! what both `numpy.genfromtxt(path, delimiter=",", names=True)`, which takes the names from the
//! first line even if it is a comment, and `pandas.read_csv(path, comment="#")` read. Numbers have
//! the fewest digits that give back the same bits.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Temporary;
use crate::error::{Error, Result};
use crate::parallel::Communicator;

/// A column after the first, which is always the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name, such as `kinetic_energy`.
    pub name: Cow<'static, str>,
    /// Units, such as `L^2/T^2`; `1` for a pure number.
    pub unit: Cow<'static, str>,
    /// What it is, in words.
    pub description: Cow<'static, str>,
}

/// The history of a run. Only rank 0 holds a file; the others count along.
pub struct HistoryWriter {
    file: Option<File>,
    path: PathBuf,
    columns: usize,
}

impl HistoryWriter {
    /// Creates the file with its header; an existing one is an error. Collective.
    pub fn create(comm: &Communicator, path: &Path, columns: &[Column]) -> Result<Self> {
        let create = || {
            let mut file = File::create_new(path)?;
            file.write_all(header(columns).as_bytes())?;
            Ok(file)
        };
        let created = comm.is_root().then(create).transpose();
        let file = comm.agree(created.map_err(|e: std::io::Error| Error::io("create", path, e)))?;
        Ok(HistoryWriter { file, path: path.to_owned(), columns: columns.len() })
    }

    /// Opens an existing file to go on after `step`: rows of later steps, and one that was not
    /// written to its end, are cut off. A missing file is created. Collective.
    pub fn resume(comm: &Communicator, path: &Path, columns: &[Column], step: u64) -> Result<Self> {
        if comm.from_root(|| Ok(vec![u8::from(path.exists())]))? == [0] {
            return HistoryWriter::create(comm, path, columns);
        }
        let cut = comm.is_root().then(|| cut(path, columns, step)).transpose();
        let file = comm.agree(cut)?;
        Ok(HistoryWriter { file, path: path.to_owned(), columns: columns.len() })
    }

    /// Brings all rows to the disk. As [`Self::append`], it does not communicate.
    pub fn sync(&self) -> Result<()> {
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_all);
        synced.map_err(|e| Error::io("write", &self.path, e))
    }

    /// Adds a row, in one write, so that the file ends in a whole row whenever it is looked at.
    /// Does nothing but on rank 0, and does not communicate: it is for the caller to pass the
    /// result through [`Communicator::agree`].
    pub fn append(&mut self, step: u64, values: &[f64]) -> Result<()> {
        assert_eq!(values.len(), self.columns, "a value for each column after the step");
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut row = step.to_string();
        for value in values {
            // `{:?}` is the shortest form that reads back to the same double.
            let _ = write!(row, ",{value:?}");
        }
        row.push('\n');
        file.write_all(row.as_bytes()).map_err(|e| Error::io("write", &self.path, e))
    }
}

/// Rewrites the file with the rows up to `step` and opens it to append.
fn cut(path: &Path, columns: &[Column], step: u64) -> Result<File> {
    let failed = |e| Error::io("cut back", path, e);
    let text = fs::read_to_string(path).map_err(failed)?;
    let header = header(columns);
    let Some(rows) = text.strip_prefix(&header) else {
        return Err(Error::input(format!(
            "{} does not have the columns that this version of the program writes; move it away to \
             go on with a new one",
            path.display()
        )));
    };
    let kept: String =
        whole_rows(rows).filter(|row| step_of(row).is_some_and(|found| found <= step)).collect();
    if kept.len() < rows.len() {
        let temporary = Temporary::new(path);
        fs::write(temporary.path(), header + &kept).map_err(failed)?;
        temporary.rename()?;
    }
    OpenOptions::new().append(true).open(path).map_err(failed)
}

/// Lines that were written to their end.
fn whole_rows(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').filter(|line| line.ends_with('\n'))
}

/// The step of a row; `None` for any other line.
fn step_of(row: &str) -> Option<u64> {
    row.split(',').next()?.parse().ok()
}

/// The step of the last whole row of a history, if there is one.
pub(super) fn last_step(path: &Path) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    whole_rows(&text).filter_map(step_of).last()
}

fn header(columns: &[Column]) -> String {
    let mut text = String::from("step");
    for column in columns {
        let _ = write!(text, ",{}", column.name);
    }
    text.push_str("\n# step [1]: time step number\n");
    for Column { name, unit, description } in columns {
        let _ = writeln!(text, "# {name} [{unit}]: {description}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [
        Column {
            name: Cow::Borrowed("time"),
            unit: Cow::Borrowed("T"),
            description: Cow::Borrowed("simulated time"),
        },
        Column {
            name: Cow::Borrowed("dt"),
            unit: Cow::Borrowed("T"),
            description: Cow::Borrowed("time step"),
        },
    ];

    #[test]
    fn rows_read_back_to_the_same_bits() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.csv");
        let rows = [
            [0.1 + 0.2, 1e-300],
            [-0.0, std::f64::consts::PI],
            [f64::MAX, f64::MIN_POSITIVE / 8.0],
            [f64::INFINITY, 3.0],
        ];
        let mut history = HistoryWriter::create(&Communicator::serial(), &path, &COLUMNS).unwrap();
        for (step, row) in rows.iter().enumerate() {
            history.append(step as u64, row).unwrap();
            // Nothing waits in a buffer: the row can be read while the writer is alive.
            let text = std::fs::read_to_string(&path).unwrap();
            let mut cells = text.strip_suffix('\n').unwrap().lines().last().unwrap().split(',');
            assert_eq!(cells.next(), Some(step.to_string().as_str()));
            let read: Vec<u64> = cells.map(|c| c.parse::<f64>().unwrap().to_bits()).collect();
            assert_eq!(read, row.map(f64::to_bits));
        }
    }

    #[test]
    fn the_header_names_columns_first_and_then_their_units() {
        let text = header(&COLUMNS);
        assert!(text.starts_with("step,time,dt\n#"));
        assert!(text.contains("\n# dt [T]: time step\n"));
        assert!(text.lines().skip(1).all(|line| line.starts_with("# ")));
    }

    #[test]
    fn a_history_goes_on_after_a_step() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.csv");
        let serial = Communicator::serial();
        let mut history = HistoryWriter::create(&serial, &path, &COLUMNS).unwrap();
        let mut texts = Vec::new();
        for step in 0..4 {
            history.append(10 * step, &[step as f64, 0.5]).unwrap();
            texts.push(fs::read_to_string(&path).unwrap());
        }
        // The start of row 120, torn, is no row 12.
        fs::write(&path, texts[3].clone() + "12").unwrap();
        assert_eq!(last_step(&path), Some(30));
        for (step, kept) in [(1000, 3), (29, 2), (20, 2), (0, 0)] {
            let mut history = HistoryWriter::resume(&serial, &path, &COLUMNS, step).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), texts[kept], "after step {step}");
            history.append(77, &[1.0, 2.0]).unwrap();
            assert!(fs::read_to_string(&path).unwrap().ends_with("\n77,1.0,2.0\n"));
            fs::write(&path, &texts[3]).unwrap();
        }
        let other = HistoryWriter::resume(&serial, &path, &COLUMNS[..1], 0).err().unwrap();
        assert!(other.message.contains("does not have the columns"), "{other}");
        fs::remove_file(&path).unwrap();
        HistoryWriter::resume(&serial, &path, &COLUMNS, 30).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), header(&COLUMNS));
    }

    #[test]
    fn an_existing_history_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.csv");
        std::fs::write(&path, "precious").unwrap();
        let error = HistoryWriter::create(&Communicator::serial(), &path, &COLUMNS).err().unwrap();
        assert!(error.message.contains(path.to_str().unwrap()), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
}
