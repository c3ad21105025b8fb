//! `history.csv`: one row of numbers per interval, written as the run goes.
//!
//! The first line names the columns; comment lines after it give units and meaning. This order is
//! what both `numpy.genfromtxt(path, delimiter=",", names=True)`, which takes the names from the
//! first line even if it is a comment, and `pandas.read_csv(path, comment="#")` read. Numbers have
//! the fewest digits that give back the same bits.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Temporary, check_writable, foreign};
use crate::error::{Error, Result};
use crate::parallel::Communicator;
use crate::variable::Variable;

/// The history of a run. Only rank 0 holds a file; the others count along.
pub struct HistoryWriter {
    file: Option<File>,
    path: PathBuf,
    columns: usize,
    /// Columns of the file that this run does not have; they come last.
    missing: usize,
    /// The text that the file is to hold at first, if it is not what it holds now. On rank 0.
    text: Option<String>,
}

impl HistoryWriter {
    /// Makes ready to create the file with its header, for these `columns` after the first, which is
    /// always the step; or, if there is one, to go on `after` a step:
    /// then rows of later steps, and one that was not written to its end, are to be cut off. Where the
    /// columns are no longer the same the file is to have those of before and those of now, with NaN
    /// for what was not measured. Until [`Self::begin`] nothing is touched. Collective.
    ///
    /// # Errors
    /// The file is no history, or cannot be read or written.
    pub fn open(
        comm: &Communicator,
        path: &Path,
        columns: &[Variable],
        after: Option<u64>,
    ) -> Result<Self> {
        let (path, count) = (path.to_owned(), columns.len());
        let mut writer = HistoryWriter {
            file: None,
            path,
            columns: count,
            missing: 0,
            text: Some(header(columns)),
        };
        let opened = match after.filter(|_| comm.is_root()) {
            Some(step) => writer.join(columns, step),
            None => Ok(()),
        };
        comm.agree(opened)?;
        Ok(writer)
    }

    /// Makes the file what it is to be. Collective.
    pub fn begin(&mut self, comm: &Communicator) -> Result<()> {
        let begin = || {
            if let Some(text) = self.text.take() {
                let temporary = Temporary::new(&self.path);
                fs::write(temporary.path(), text)?;
                temporary.publish()?;
            }
            OpenOptions::new().append(true).open(&self.path)
        };
        let begun = comm.is_root().then(begin).transpose();
        self.file = comm.agree(begun.map_err(|e| Error::io("write", &self.path, e)))?;
        Ok(())
    }

    /// Finds what the file is to hold, from what it holds.
    fn join(&mut self, columns: &[Variable], step: u64) -> Result<()> {
        check_writable(&self.path)?;
        let text = match fs::read_to_string(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            text => text.map_err(|e| Error::io("read", &self.path, e))?,
        };
        let found = parse_header(&text)
            .ok_or_else(|| foreign(&self.path, "it has no header of a history"))?;
        let is_known = |name: &str| columns.iter().any(|column| column.name == name);
        let missing = found.iter().filter(|column| !is_known(&column.name));
        let all: Vec<Variable> = columns.iter().chain(missing).cloned().collect();
        let places: Vec<Option<usize>> = all
            .iter()
            .map(|column| found.iter().position(|other| other.name == column.name))
            .collect();
        let mut whole = header(&all);
        let rows = whole_rows(&text).filter(|row| step_of(row).is_some_and(|found| found <= step));
        for row in rows {
            let cells: Vec<&str> = row.trim_end().split(',').collect();
            if cells.len() != found.len() + 1 {
                let step = cells[0];
                let reason = format!("the row of step {step} has not a number a column");
                return Err(foreign(&self.path, reason));
            }
            whole.push_str(cells[0]);
            for place in &places {
                let _ = write!(whole, ",{}", place.map_or("NaN", |place| cells[place + 1]));
            }
            whole.push('\n');
        }
        self.missing = all.len() - self.columns;
        self.text = (whole != text).then_some(whole);
        Ok(())
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
        row.push_str(&",NaN".repeat(self.missing));
        row.push('\n');
        file.write_all(row.as_bytes()).map_err(|e| Error::io("write", &self.path, e))
    }
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

/// Cuts a table back to the rows up to `step`.
pub(super) fn end_at(path: &Path, step: u64) -> Result<()> {
    let failed = |e| Error::io("cut back", path, e);
    let text = fs::read_to_string(path).map_err(failed)?;
    let kept = whole_rows(&text).filter(|row| step_of(row).is_none_or(|found| found <= step));
    let temporary = Temporary::new(path);
    fs::write(temporary.path(), kept.collect::<String>()).map_err(failed)?;
    temporary.publish().map_err(failed)
}

fn header(columns: &[Variable]) -> String {
    let mut text = String::from("step");
    for column in columns {
        let _ = write!(text, ",{}", column.name);
    }
    text.push_str("\n# step [1]: time step number\n");
    for Variable { name, unit, description } in columns {
        let _ = writeln!(text, "# {name} [{unit}]: {description}");
    }
    text
}

/// The columns after the step that the first line of `text` names, as the lines below describe them.
fn parse_header(text: &str) -> Option<Vec<Variable>> {
    let names = text.lines().next()?.strip_prefix("step,")?;
    let comments: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# ")).collect();
    let parse = |name: &str| {
        let rest = comments.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(" ["))?;
        let (unit, description) = rest.split_once("]: ")?;
        Some(Variable::new(name, unit, description))
    };
    names.split(',').map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [Variable; 2] {
        [("time", "simulated time"), ("dt", "time step")]
            .map(|(name, of)| Variable::new(name, "T", of))
    }

    fn begun(path: &Path, columns: &[Variable], after: Option<u64>) -> Result<HistoryWriter> {
        let serial = Communicator::serial();
        let mut history = HistoryWriter::open(&serial, path, columns, after)?;
        history.begin(&serial)?;
        Ok(history)
    }

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
        let mut history = begun(&path, &columns(), None).unwrap();
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
        let text = header(&columns());
        assert!(text.starts_with("step,time,dt\n#"));
        assert!(text.contains("\n# dt [T]: time step\n"));
        assert!(text.lines().skip(1).all(|line| line.starts_with("# ")));
    }

    #[test]
    fn a_history_goes_on_after_a_step() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.csv");
        let mut history = begun(&path, &columns(), None).unwrap();
        let mut texts = Vec::new();
        for step in 0..4 {
            history.append(10 * step, &[step as f64, 0.5]).unwrap();
            texts.push(fs::read_to_string(&path).unwrap());
        }
        // The start of row 120, torn, is no row 12.
        fs::write(&path, texts[3].clone() + "12").unwrap();
        assert_eq!(last_step(&path), Some(30));
        for (step, kept) in [(1000, 3), (29, 2), (20, 2), (0, 0)] {
            let mut history = begun(&path, &columns(), Some(step)).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), texts[kept], "after step {step}");
            history.append(77, &[1.0, 2.0]).unwrap();
            assert!(fs::read_to_string(&path).unwrap().ends_with("\n77,1.0,2.0\n"));
            fs::write(&path, &texts[3]).unwrap();
        }
        for (text, reason) in [
            ("precious", "no header of a history"),
            ("step,time\n# time [T]: t\n5,1.0,2.0\n", "the row of step 5 has not"),
        ] {
            fs::write(&path, text).unwrap();
            let error = begun(&path, &columns(), Some(9)).err().unwrap();
            assert!(error.message.contains(reason), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::remove_file(&path).unwrap();
        begun(&path, &columns(), Some(30)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), header(&columns()));
    }

    /// A run with other columns goes on in the same file; what was not measured is NaN.
    #[test]
    fn columns_may_change() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.csv");
        let [time, dt] = columns();
        let other = Variable::new("rotation", "1/T", "f [here]: 2 Omega");
        begun(&path, &[time.clone(), dt.clone()], None).unwrap().append(0, &[0.0, 0.5]).unwrap();
        // Nothing happens before it begins.
        let before = fs::read_to_string(&path).unwrap();
        let new = [time.clone(), other.clone()];
        HistoryWriter::open(&Communicator::serial(), &path, &new, Some(0)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
        begun(&path, &new, Some(0)).unwrap().append(1, &[1.0, 9.0]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let all = [time.clone(), other.clone(), dt.clone()];
        assert_eq!(text, header(&all) + "0,0.0,NaN,0.5\n1,1.0,9.0,NaN\n");
        // Once more without a change, and back.
        begun(&path, &new, Some(1)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        begun(&path, &[time.clone(), dt.clone()], Some(1)).unwrap().append(2, &[2.0, 0.1]).unwrap();
        let rows = "0,0.0,0.5,NaN\n1,1.0,NaN,9.0\n2,2.0,0.1,NaN\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), header(&[time, dt, other]) + rows);
    }
}
