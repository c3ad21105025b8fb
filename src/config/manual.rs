//! docs/configuration.md and the schema say the same, key by key; other pages show what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

use super::tags::tag_of;
use super::{Config, Machine};
use crate::error::Result;

const MANUAL: &str = include_str!("../../docs/configuration.md");
/// Pages that show parts of a configuration.
const OTHERS: [&str; 4] = [
    include_str!("../../docs/output.md"),
    include_str!("../../docs/particles.md"),
    include_str!("../../docs/restarting.md"),
    include_str!("../../docs/statistics.md"),
];
/// The page that shows a machine file.
const CLUSTERS: &str = include_str!("../../docs/clusters.md");
/// A key and a value that nothing has.
const NONSENSE: &str = "nonsense";

fn parse(table: &Table, overrides: &[&str]) -> Result<Config> {
    let overrides: Vec<_> = overrides.iter().map(|text| text.to_string()).collect();
    Config::parse(&table.to_string(), "the manual", Path::new(""), &overrides)
}

/// The blocks of a page that are TOML.
fn blocks(page: &str) -> impl Iterator<Item = Table> {
    let texts = page.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap());
    texts.map(|text| toml::from_str(text).unwrap())
}

/// The blocks of a page as whole configurations: they replace sections of the first one of the
/// manual, which is whole.
fn configurations(page: &str) -> Vec<Table> {
    let whole = blocks(MANUAL).next().unwrap();
    blocks(page).map(|block| Table::from_iter(whole.clone().into_iter().chain(block))).collect()
}

#[test]
fn all_pages_show_what_there_is() {
    let configurations: Vec<_> =
        [MANUAL].into_iter().chain(OTHERS).flat_map(configurations).collect();
    for block in configurations {
        parse(&block, &[]).unwrap_or_else(|e| panic!("{e}\nin\n{block}"));
    }
    let machines: Vec<_> = blocks(CLUSTERS).map(|block| block.try_into::<Machine>()).collect();
    assert!(machines.iter().all(Result::is_ok) && machines.len() == 1, "{machines:?}");
}

#[test]
fn the_manual_is_right() {
    // What it says to be defaults are.
    let whole = &configurations(MANUAL)[0];
    let resolved: Table = toml::from_str(&parse(whole, &[]).unwrap().to_toml().unwrap()).unwrap();
    for required in ["precision", "grid", "physics", "forcing", "time", "output", "parallel"] {
        assert_eq!(resolved[required], whole[required]);
    }
    let defaults = [
        "precision=",
        "transpose_precision=",
        "grid.lengths=",
        "grid.dealias=",
        "physics.equation=",
        "physics.rotation=",
        "initial.mean_flow=",
        "forcing=",
        "time.scheme=",
        "output.history=",
        "parallel=",
    ];
    let without = parse(whole, &defaults).unwrap();
    assert_eq!(without.to_toml().unwrap(), resolved.to_string());
}

/// The place of a value: keys, and numbers of array elements.
type Place = Vec<String>;

/// Every place in `value`, itself included.
fn places(value: &Value) -> Vec<Place> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(array) => (0..).map(|i: usize| i.to_string()).zip(array).collect(),
        _ => Vec::new(),
    };
    let below = inner.into_iter().flat_map(|(name, value)| {
        places(value).into_iter().map(move |place| [vec![name.clone()], place].concat())
    });
    std::iter::once(Place::new()).chain(below).collect()
}

fn at<'a>(root: &'a mut Value, place: &[String]) -> &'a mut Value {
    place.iter().fold(root, |value, name| match value {
        Value::Array(array) => &mut array[name.parse::<usize>().unwrap()],
        other => &mut other[name.as_str()],
    })
}

/// The names in backquotes behind `marker` in what is said of `block` with a change at `place`.
fn listed(
    block: &Table,
    place: &[String],
    marker: &str,
    change: impl Fn(&mut Value),
) -> Vec<String> {
    let mut root = Value::Table(block.clone());
    change(at(&mut root, place));
    let message = parse(root.as_table().unwrap(), &[]).err().map_or(String::new(), |e| e.message);
    let line = message.lines().find(|line| line.contains(NONSENSE) && line.contains(marker));
    let list = line.map_or("", |line| line.split_once(marker).unwrap().1);
    list.split('`').skip(1).step_by(2).map(String::from).collect()
}

/// A table of the configuration: its path, and its kind if it has kinds.
type Kind = (String, String);

/// Every key that a table of the schema has is in a block of the manual with this table, of the same
/// kind if it has kinds; and every value of a key with a choice is named.
#[test]
fn the_manual_is_complete() {
    let mut known: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    let mut shown = known.clone();
    let mut values = BTreeSet::new();
    for block in configurations(MANUAL) {
        let mut root = Value::Table(block.clone());
        for place in places(&root.clone()) {
            let is_key = |name: &&String| name.parse::<usize>().is_err();
            let path = place.iter().filter(is_key).cloned().collect::<Vec<_>>().join(".");
            let tag = tag_of(&path);
            // The magnetic field has the kinds that the velocity has.
            let path = ["initial", "forcing"]
                .iter()
                .fold(path, |path, section| path.replace(&format!("{section}.magnetic"), section));
            match at(&mut root, &place) {
                Value::Table(table) => {
                    let kind = tag.and_then(|tag| table.get(tag.key)?.as_str()).unwrap_or_default();
                    let kind = (path.clone(), kind.to_string());
                    let is_common = |key: &str| tag.is_some_and(|tag| tag.common.contains(&key));
                    let owner = |key: &str| match is_common(key) {
                        true => (path.clone(), String::new()),
                        false => kind.clone(),
                    };
                    let keys = listed(&block, &place, "unknown key", |value| {
                        value.as_table_mut().unwrap().insert(NONSENSE.into(), true.into());
                    });
                    if keys.is_empty() {
                        // A table whose keys are names of the user's choice.
                        continue;
                    }
                    for key in keys {
                        known.entry(owner(&key)).or_default().insert(key);
                    }
                    for key in table.keys() {
                        shown.entry(owner(key)).or_default().insert(key.clone());
                    }
                }
                // Lists name fields, which are in output.md.
                Value::String(_) if place.last().is_some_and(|name| is_key(&name)) => {
                    let choice =
                        listed(&block, &place, "must be ", |value| *value = NONSENSE.into());
                    values.extend(choice.into_iter().map(|value| (path.clone(), value)));
                }
                _ => {}
            }
        }
    }
    assert!(values.len() > 30 && known.len() > 20, "{values:?} {known:?}");
    values.retain(|(_, value)| {
        !MANUAL.contains(&format!("\"{value}\"")) && !MANUAL.contains(&format!("`{value}`"))
    });
    assert!(values.is_empty(), "docs/configuration.md does not name these values: {values:?}");
    for (kind, keys) in &mut known {
        keys.retain(|key| !shown.get(kind).is_some_and(|shown| shown.contains(key)));
    }
    known.retain(|_, keys| !keys.is_empty());
    assert!(known.is_empty(), "docs/configuration.md does not show these keys: {known:?}");
}
