//! A list of everything that is wrong with a configuration, so that the user sees it all at once.

use std::fmt::{Display, Write};
use std::path::Path;

use crate::format::plain;
use crate::grid::Grid;

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place: a TOML path such as `time.dt`.
    pub path: String,
    /// The message: what is wrong, with the value found, what is allowed, and what to do.
    pub message: String,
}

/// Problems found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// In the order found.
    pub list: Vec<Problem>,
}

impl Problems {
    /// Notes a problem at `path`.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.list.push(Problem { path: path.into(), message: message.into() });
    }

    /// Notes "is `value`, must be `allowed`" at `path` unless `acceptable`.
    pub fn require(&mut self, acceptable: bool, path: &str, value: impl Display, allowed: &str) {
        if !acceptable {
            self.add(path, format!("is {}, must be {allowed}", plain(value)));
        }
    }

    /// Notes a value that is not a finite number above zero.
    pub fn require_positive(&mut self, path: &str, value: f64) {
        self.require(value.is_finite() && value > 0.0, path, value, "a finite number above 0");
    }

    /// Requires that the `name` of the `kind` at `path` can be that of a file, and is none of the `others`.
    pub fn require_name<'a>(
        &mut self,
        path: &str,
        name: &str,
        mut others: impl Iterator<Item = &'a str>,
        kind: &str,
    ) {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        self.require(
            !name.is_empty() && name.chars().all(letters) && others.all(|other| other != name),
            &format!("{path}.name"),
            format!("\"{name}\""),
            &format!("letters, digits, _ and -, and not the name of another {kind}"),
        );
    }

    /// Notes that a flow in a `plane` is asked for at `path`, where the grid has no axis without waves.
    pub fn require_flat(&mut self, path: &str, plane: bool, grid: &Grid) {
        if plane && grid.flat_axis().is_none() {
            let message =
                "is true, which needs a grid with waves along two axes: one point along the third";
            self.add(path, message);
        }
    }

    /// Notes a time `interval` that is not above zero, or so short that it would come more often by the
    /// `end` than times can tell apart.
    pub fn require_interval(&mut self, path: &str, interval: f64, end: Option<f64>) {
        /// Whole numbers are exact in a double up to here.
        const MOST: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
        self.require_positive(path, interval);
        let Some(end) = end.filter(|end| end.is_finite() && interval > 0.0) else { return };
        if end / interval > MOST {
            let message = format!(
                "is {interval:e}, of which time.end = {} would take {:.1e}; time goes on by \
                 at least 1/2^53 = {:.1e} of the end, so it must be {:.1e} or more",
                plain(end),
                end / interval,
                1.0 / MOST,
                end / MOST
            );
            self.add(path, message);
        }
    }

    /// Notes a path that is empty, or has what only a shell replaces: it would be a directory `~` or
    /// `$SCRATCH` where the program was started.
    pub fn require_path(&mut self, path: &str, value: &Path) {
        let text = value.to_string_lossy();
        let is_name =
            |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || "_{(".contains(c));
        let reason = if text.is_empty() {
            "empty; give the path of a directory or file"
        } else if text == "~" || text.starts_with("~/") {
            "with a ~, which only a shell replaces; write the whole path"
        } else if text.contains('`') || text.split('$').skip(1).any(is_name) {
            "with a variable or command, which only a shell replaces; write the whole path, or give it on the \
             command line, where the shell does that"
        } else {
            return;
        };
        self.add(path, format!("is \"{text}\", {reason}"));
    }

    /// Notes a value that is not a finite number of zero or more.
    pub fn require_not_negative(&mut self, path: &str, value: f64) {
        self.require(value.is_finite() && value >= 0.0, path, value, "a finite number, 0 or more");
    }

    /// Returns whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// One line a problem.
    pub fn report(&self) -> String {
        let mut text = String::new();
        for problem in &self.list {
            let _ = writeln!(text, "  {}: {}", problem.path, problem.message);
        }
        text
    }
}
