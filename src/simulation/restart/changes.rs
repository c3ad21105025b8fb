//! Changes from the configuration of a run to the one that it is to go on with.

use std::fmt;

use toml::{Table, Value};

use crate::error::{Error, Result};

/// Keys that may always change: they do not change the course of the run.
const FREE: [&str; 3] = ["time.end", "output", "parallel"];

/// Keys that can never change: the box and the fields would mean something else, or nothing would come
/// of it.
const FIXED: [&str; 3] = ["grid.lengths", "physics.equation", "initial"];

/// A key with another value than before.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its path, such as `physics.viscosity`.
    key: String,
    old: Option<Value>,
    new: Option<Value>,
}

impl Change {
    /// Returns whether it is a change of `path` or of something in it.
    pub fn lies_in(&self, path: &str) -> bool {
        let rest = self.key.strip_prefix(path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    fn is_in(&self, paths: &[impl AsRef<str>]) -> bool {
        paths.iter().any(|path| self.lies_in(path.as_ref()))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Value>| {
            value.as_ref().map_or_else(|| "not set".to_string(), Value::to_string)
        };
        write!(f, "{}: {} -> {}", self.key, text(&self.old), text(&self.new))
    }
}

/// The changes from one configuration, in TOML, to another, of all that the course of the run
/// depends on. `source` is where `old` comes from. They must be among those that are `allowed`:
/// keys, or tables of keys.
///
/// # Errors
/// With all changes, when one is not allowed or not possible.
pub fn allowed(old: &str, new: &str, allowed: &[String], source: &str) -> Result<Vec<Change>> {
    let parse = |text| {
        toml::from_str(text)
            .map_err(|e| Error::input(format!("cannot read the configuration of {source}: {e}")))
    };
    let changes = between(&parse(old)?, &parse(new)?);
    let refused = |changes: &[&Change]| -> String {
        changes.iter().map(|change| format!("  {change}\n")).collect()
    };
    let fixed: Vec<_> = changes.iter().filter(|change| change.is_in(&FIXED)).collect();
    let open: Vec<_> = changes.iter().filter(|c| !c.is_in(&FIXED) && !c.is_in(allowed)).collect();
    if fixed.is_empty() && open.is_empty() {
        return Ok(changes);
    }
    let mut text = format!("the configuration is not that of {source}:\n");
    if !open.is_empty() {
        let keys: Vec<_> = open.iter().map(|change| change.key.as_str()).collect();
        text += &refused(&open);
        text += &format!("to go on with this, add `--allow-change {}`\n", keys.join(","));
    }
    if !fixed.is_empty() {
        text += &refused(&fixed);
        text += "this cannot change within a run; a new one can start from the fields of the old \
                 one with initial = { kind = \"file\", path = \"CHECKPOINT.h5\" }\n";
    }
    text += "or undo it to continue; or start another run, in another directory with `--output \
             DIR` or here with `--fresh`, which sets this one aside. A checkpoint that is not of \
             this run is to be moved away. time.end, [output] and [parallel] may always change";
    Err(Error::input(text))
}

/// The changes that matter.
fn between(old: &Table, new: &Table) -> Vec<Change> {
    let (old, new) = (leaves(old), leaves(new));
    let find = |leaves: &[(String, Value)], key: &str| {
        leaves.iter().find(|(found, _)| found == key).map(|(_, value)| value.clone())
    };
    let only_new = new.iter().filter(|(key, _)| find(&old, key).is_none());
    let keys = old.iter().chain(only_new).map(|(key, _)| key);
    keys.map(|key| Change { key: key.clone(), old: find(&old, key), new: find(&new, key) })
        .filter(|change| change.old != change.new && !change.is_in(&FREE))
        .collect()
}

/// Paths and values of all keys that are no tables.
fn leaves(table: &Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                let inner = leaves(inner).into_iter();
                found.extend(inner.map(|(path, value)| (format!("{key}.{path}"), value)));
            }
            value => found.push((key.clone(), value.clone())),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "precision = 'double'\n[grid]\npoints = [8, 8, 8]\nlengths = [1.0, 1.0, 1.0]\n\
        [forcing]\nkind = 'constant_power'\npower = 0.1\n[time]\ndt = 0.1\nend = 1.0\n\
        [output]\ndirectory = 'a'\n[parallel]\nthreads = 1";

    fn check(new: &str, keys: &[&str]) -> Result<Vec<String>, String> {
        let keys: Vec<_> = keys.iter().map(|key| key.to_string()).collect();
        match allowed(OLD, new, &keys, "the run") {
            Ok(changes) => Ok(changes.iter().map(Change::to_string).collect()),
            Err(error) => Err(error.message),
        }
    }

    #[test]
    fn changes_that_matter_are_refused_with_what_to_type() {
        let new = OLD
            .replace("double", "single")
            .replace("dt = 0.1\nend = 1.0", "cfl = 0.5\nend = 2.0")
            .replace("'a'", "'b'\nhistory = { every = 1.0 }");
        let message = check(&new, &[]).unwrap_err();
        let expected = "of the run:\n  precision: \"double\" -> \"single\"\n  \
            time.dt: 0.1 -> not set\n  time.cfl: not set -> 0.5\n\
            to go on with this, add `--allow-change precision,time.dt,time.cfl`\n";
        assert!(message.contains(expected), "{message}");
        assert_eq!(check(OLD, &[]), Ok(vec![]));
    }

    #[test]
    fn what_is_allowed_is_listed() {
        let new = OLD.replace("constant_power", "constant_energy").replace("[8, 8,", "[8, 16,");
        let both = check(&new, &["grid.points", "forcing"]).unwrap();
        assert_eq!(
            both,
            [
                "grid.points: [8, 8, 8] -> [8, 16, 8]",
                "forcing.kind: \"constant_power\" -> \"constant_energy\""
            ]
        );
        // One of two, and no key by the start of its name.
        let message = check(&new, &["grid.points", "forc"]).unwrap_err();
        assert!(message.contains("`--allow-change forcing.kind`"), "{message}");
        assert!(!message.contains("grid.points"), "{message}");
    }

    #[test]
    fn some_things_cannot_change() {
        let new = OLD.replace("lengths = [1.0,", "lengths = [2.0,");
        let message = check(&new, &["grid"]).unwrap_err();
        assert!(message.contains("cannot change within a run"), "{message}");
        assert!(!message.contains("--allow-change"), "{message}");
    }
}
