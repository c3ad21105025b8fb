//! Tables whose other keys depend on one key, the tag, such as `[forcing] kind = "none"`.
//!
//! Users write `{ kind = "random", seed = 1 }`. Serde can read that into an enum by itself, but
//! then it forgets where an error was, and lets unknown keys of kinds without parameters pass. So
//! such tables are turned out into serde's own form, `{ random = { seed = 1 } }`, before reading,
//! and turned in after writing. An enum with a tag needs no serde attribute for it, only its place
//! in [`TAGS`].

use toml::{Table, Value};

use crate::problems::Problems;

/// A table with a tag.
#[derive(Debug)]
pub struct Tag {
    /// The path of the table.
    pub table: &'static str,
    /// The key that says which kind it is.
    pub key: &'static str,
    /// Keys that any kind has. They are lifted to the top level under their full name.
    pub common: &'static [&'static str],
}

impl Tag {
    /// The path of the table that holds this one, "" being the top level, and its name there.
    fn parent_and_name(&self) -> (&'static str, &'static str) {
        self.table.rsplit_once('.').unwrap_or(("", self.table))
    }
}

/// All tables with a tag, inner ones first.
pub const TAGS: [Tag; 6] = [
    Tag { table: "initial.magnetic.spectrum", key: "model", common: &[] },
    Tag { table: "initial.magnetic", key: "kind", common: &[] },
    Tag { table: "initial.spectrum", key: "model", common: &[] },
    Tag {
        table: "initial",
        key: "kind",
        common: &["mean_flow", "mean_magnetic_field", "magnetic"],
    },
    Tag { table: "forcing.magnetic", key: "kind", common: &[] },
    Tag { table: "forcing", key: "kind", common: &["magnetic"] },
];

/// The tag of the table at `path`.
pub fn tag_of(path: &str) -> Option<&'static Tag> {
    TAGS.iter().find(|tag| tag.table == path)
}

/// Turns `{ kind = K, .. }` into `{ K = { .. } }` everywhere. A missing tag becomes the kind "",
/// one that is no string becomes its text: serde then refuses it and lists the kinds there are.
pub fn turn_out(root: &mut Table, problems: &mut Problems) {
    for tag in &TAGS {
        let (parent, name) = tag.parent_and_name();
        let Some(parent) = table_at(root, parent) else { continue };
        let mut inner = match parent.get_mut(name) {
            None => continue,
            Some(Value::Table(inner)) => std::mem::take(inner),
            Some(other) => {
                problems.add(tag.table, format!("is {other}, must be a table with `{}`", tag.key));
                parent.remove(name);
                continue;
            }
        };
        let kind = match inner.remove(tag.key) {
            None => String::new(),
            Some(Value::String(kind)) => kind,
            Some(other) => other.to_string(),
        };
        let common: Vec<_> =
            tag.common.iter().filter_map(|key| Some((key, inner.remove(*key)?))).collect();
        parent.insert(name.into(), Table::from_iter([(kind, Value::Table(inner))]).into());
        for (key, value) in common {
            root.insert(format!("{}.{key}", tag.table), value);
        }
    }
}

/// The inverse of [`turn_out`], for what serde wrote: a kind without parameters is a string then.
pub fn turn_in(root: &mut Table) {
    for tag in TAGS.iter().rev() {
        let common: Vec<_> = (tag.common.iter())
            .filter_map(|key| Some((*key, root.remove(&format!("{}.{key}", tag.table))?)))
            .collect();
        let (parent, name) = tag.parent_and_name();
        let entry = table_at(root, parent).and_then(|parent| parent.get_mut(name));
        let Some(entry) = entry else { continue };
        let mut table = Table::new();
        match &*entry {
            Value::Table(turned_out) => {
                for (kind, parameters) in turned_out {
                    table.insert(tag.key.into(), kind.as_str().into());
                    table.extend(parameters.as_table().cloned().unwrap_or_default());
                }
            }
            kind => {
                table.insert(tag.key.into(), kind.clone());
            }
        }
        table.extend(common.into_iter().map(|(key, value)| (key.to_string(), value)));
        *entry = table.into();
    }
}

/// The table at a dotted path, "" being `root` itself.
fn table_at<'a>(root: &'a mut Table, path: &str) -> Option<&'a mut Table> {
    path.split('.')
        .filter(|name| !name.is_empty())
        .try_fold(root, |table, name| table.get_mut(name)?.as_table_mut())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_in_undoes_turning_out() {
        let text = "[initial]\nkind = 'random'\nseed = 1\nmean_flow = [1, 0, 0]\n\
                    spectrum = { model = 'exponential', peak = 4 }\n[forcing]\nkind = 'none'";
        let table: Table = toml::from_str(text).unwrap();
        let mut turned = table.clone();
        let mut problems = Problems::default();
        turn_out(&mut turned, &mut problems);
        assert!(problems.is_empty());
        assert_eq!(turned["initial"]["random"]["spectrum"]["exponential"]["peak"], 4.into());
        assert!(turned.contains_key("initial.mean_flow"));
        turn_in(&mut turned);
        assert_eq!(turned, table);
        let mut written: Table = toml::from_str("forcing = 'none'").unwrap();
        turn_in(&mut written);
        assert_eq!(written["forcing"]["kind"], "none".into());
    }
}
