//! Reading TOML into typed values with every mistake noted, not only the first.
//!
//! Serde stops at the first error. So the entry that it complains about is noted and taken out,
//! and the rest is read again until it can be read; required keys are therefore optional here and
//! asked for later. Serde's messages are put into the words of a user of the program.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{Table, Value};

use super::tags::{self, tag_of};
use crate::problems::Problems;

/// Reads `table`, adding what cannot be read to `problems`. `None` when nothing could be read.
pub fn read<D: DeserializeOwned>(mut table: Table, problems: &mut Problems) -> Option<D> {
    tags::turn_out(&mut table, problems);
    let mut root = Value::Table(table);
    loop {
        let (place, message) = match attempt::<D>(&root) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        note::<D>(&mut root, &place, &message, problems);
        let key = place.iter().rposition(|s| matches!(s, Segment::Map { .. }))?;
        let parent = find(&mut root, &place[..key])?.as_table_mut()?;
        parent.remove(&place[key].to_string())?;
    }
}

/// The value, or a problem that it is missing unless it was there and could not be read.
pub fn required<T>(
    value: Option<T>,
    path: &str,
    remedy: &str,
    problems: &mut Problems,
) -> Option<T> {
    if value.is_none() && !is_reported(problems, path) {
        problems.add(path, format!("is missing; {remedy}"));
    }
    value
}

/// Returns whether a problem is known at `path` or below it.
pub fn is_reported(problems: &Problems, path: &str) -> bool {
    problems.list.iter().any(|problem| lies_in(&problem.path, path))
}

/// Returns whether the TOML path `inner` is `outer` or something in it.
pub fn lies_in(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Reads `root`, or says where serde stopped and what it said.
fn attempt<D: DeserializeOwned>(root: &Value) -> Result<D, (Vec<Segment>, String)> {
    serde_path_to_error::deserialize(root.clone())
        .map_err(|e| (e.path().iter().cloned().collect(), e.inner().message().to_string()))
}

/// The value at a place.
fn find<'a>(root: &'a mut Value, place: &[Segment]) -> Option<&'a mut Value> {
    place.iter().try_fold(root, |value, segment| match segment {
        Segment::Seq { index } => value.get_mut(*index),
        Segment::Map { key } | Segment::Enum { variant: key } => value.get_mut(key.as_str()),
        Segment::Unknown => None,
    })
}

/// The TOML path of a place as the user wrote it: turned-out kinds are not part of it.
fn path_of(place: &[Segment]) -> String {
    let mut path = String::new();
    for segment in place {
        match segment {
            Segment::Seq { index } => path += &format!("[{index}]"),
            Segment::Map { key } if path.is_empty() => path += key,
            Segment::Map { key } => path += &format!(".{key}"),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    path
}

/// Adds the problem behind serde's `message` at `place`.
fn note<D: DeserializeOwned>(
    root: &mut Value,
    place: &[Segment],
    message: &str,
    problems: &mut Problems,
) {
    let path = path_of(place);
    let quoted = message.split('`').nth(1).unwrap_or_default();
    if message.starts_with("unknown field") {
        let table = &place[..place.len().saturating_sub(1)];
        problems.add(path, unknown_key(quoted, table, message));
    } else if message == "expected empty table" {
        // A kind without parameters was given some.
        for (key, _) in find(root, place).and_then(|v| v.as_table()).into_iter().flatten() {
            problems.add(format!("{path}.{key}"), unknown_key(key, place, ""));
        }
    } else if message.starts_with("unknown variant") {
        let path = tag_of(&path).map_or(path.clone(), |tag| format!("{path}.{}", tag.key));
        let allowed = names(message);
        let found =
            if quoted.is_empty() { "is missing".into() } else { format!("is \"{quoted}\"") };
        let hint = did_you_mean(quoted, &allowed);
        problems.add(path, format!("{found}{hint}, must be {}", listed(&allowed, " or ")));
    } else if message.starts_with("missing field") {
        let path = format!("{path}.{quoted}");
        if !is_reported(problems, &path) {
            let keys = valid_keys(place, &complaint_about_a_key::<D>(root, place));
            problems.add(path, format!("is missing; {}", describe_keys(place, &keys)));
        }
    } else {
        let found = find(root, place).map_or_else(String::new, |value| value.to_string());
        problems.add(path, format!("is {found}, must be {}", expectation(message)));
    }
}

/// Tells what is wrong with `key` in the table at `place`, given serde's list of keys in `message`.
fn unknown_key(key: &str, place: &[Segment], message: &str) -> String {
    let keys = valid_keys(place, message);
    format!("unknown key{}; {}", did_you_mean(key, &keys), describe_keys(place, &keys))
}

/// The keys of the table at `place`: those that serde lists in `message` and those that
/// [`tags::turn_out`] moved elsewhere.
fn valid_keys(place: &[Segment], message: &str) -> Vec<String> {
    let tag = tag_of(&path_of(place));
    let moved = tag.into_iter().flat_map(|tag| std::iter::once(&tag.key).chain(tag.common));
    let listed = names(message).into_iter().filter(|key| !key.contains('.'));
    moved.map(|key| key.to_string()).chain(listed).collect()
}

/// "the keys of [physics] are `equation`, `viscosity`".
fn describe_keys(place: &[Segment], keys: &[String]) -> String {
    let path = path_of(place);
    let table = match (place.last(), tag_of(&path)) {
        (None, _) => "the top level".to_string(),
        (Some(Segment::Enum { variant }), Some(tag)) => {
            format!("[{path}] with {} = \"{variant}\"", tag.key)
        }
        _ => format!("[{path}]"),
    };
    format!("the keys of {table} are {}", listed(keys, ", "))
}

/// Returns serde's complaint about a key that no table has, at `place`: a list of those that it has.
fn complaint_about_a_key<D: DeserializeOwned>(root: &Value, place: &[Segment]) -> String {
    let mut root = root.clone();
    if let Some(table) = find(&mut root, place).and_then(Value::as_table_mut) {
        table.insert(String::new(), Value::Boolean(true));
    }
    attempt::<D>(&root).err().map_or_else(String::new, |(_, message)| message)
}

/// The names in backquotes that serde expected.
fn names(message: &str) -> Vec<String> {
    let expected = message.split_once(", expected").map_or("", |(_, expected)| expected);
    expected.split('`').skip(1).step_by(2).map(str::to_string).collect()
}

fn listed(names: &[String], separator: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(separator)
}

/// ", did you mean `x`?" when a name resembles what was `found`.
pub fn did_you_mean(found: &str, names: &[String]) -> String {
    /// Jaro-Winkler similarity from which two names are taken for the same one, misspelt.
    const ALIKE: f64 = 0.75;
    let found = found.to_lowercase();
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(&found, name), name))
        .filter(|(similarity, _)| *similarity >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, name)| format!(" (did you mean `{name}`?)"))
}

/// Tells in plain words what serde expected.
fn expectation(message: &str) -> String {
    let expected = message.rsplit_once("expected ").map_or(message, |(_, expected)| expected);
    match expected {
        "f64" => "a number".into(),
        "i64" => "a whole number".into(),
        "usize" | "u64" => "a whole number, not negative".into(),
        "string only" | "path string" => "a string".into(),
        "a sequence" => "an array".into(),
        "fewer elements in array" => "a shorter array".into(),
        _ if expected.starts_with("struct") => "a table".into(),
        _ => expected.into(),
    }
}
