//! Who imports whom: layers point downwards, and no file is part of a circle. The source is read as text.
//!
//! A file depends on another where its path stands behind `use`, or after `crate::`, `super::` or `self::`
//! anywhere else; on what a module re-exports it depends where that is defined. To re-export is no
//! dependency, nor is what a module calls of its own children by their names. What is compiled for tests
//! alone does not count.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use imports::Imports;

/// Circles that are known and to be mended: the files of each, in order.
const KNOWN: [&[&str]; 0] = [];

/// Imports of a higher layer that are known and to be mended: the file, and what it imports.
const KNOWN_UPWARDS: [(&str, &str); 0] = [];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The rows of the table of layers in src/lib.rs, from above: the names of their modules.
fn layers() -> Vec<Vec<String>> {
    let text = read("src/lib.rs");
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | ["));
    let names = |row: &str| -> Vec<String> {
        let cell = row.split(" | ").next().unwrap_or(row);
        let names = cell.split('`').skip(1).step_by(2);
        names.map(str::to_string).collect()
    };
    rows.map(names).collect()
}

/// Folders in folders that have a place of their own in the table.
const ROOMS: [(&str, &str); 2] =
    [("simulation/output/", "simulation::output"), ("simulation/restart/", "simulation::restart")];

/// The file or folder of `src` that a file is or lies in, which has a place in the table.
fn module(file: &str) -> &str {
    let room = ROOMS.iter().find(|(folder, _)| file.starts_with(folder));
    let outer = || file.split('/').next().unwrap_or(file).trim_end_matches(".rs");
    room.map_or_else(outer, |(_, name)| name)
}

#[test]
fn the_table_names_every_module_once() {
    let mut named = layers().concat();
    named.sort();
    let mut there: Vec<_> = Imports::read().files().map(|file| module(file).to_string()).collect();
    there.sort();
    there.dedup();
    // The program itself is above all, and no part of the library.
    there.retain(|module| module != "lib" && module != "main");
    assert_eq!(named, there, "the table of layers in src/lib.rs, and the files and folders of src");
}

#[test]
fn the_picture_is_the_table() {
    let text = read("docs/architecture.md");
    let (_, layers_section) = text.split_once("\n## Layers\n").unwrap();
    let picture = layers_section.split("```").nth(1).unwrap();
    let names = |line: &str| -> Vec<String> {
        let names = line.split("  ").next().unwrap_or(line).split(", ");
        names.filter(|name| *name != "main").map(str::to_string).collect()
    };
    let rows: Vec<_> = picture.lines().skip(1).map(names).collect();
    assert_eq!(rows, layers(), "the picture in docs/architecture.md, and the table in src/lib.rs");
}

#[test]
fn layers_point_downwards() {
    let layers = layers();
    let row =
        |file: &str| layers.iter().position(|row| row.iter().any(|name| name == module(file)));
    let imports = Imports::read();
    let upwards: Vec<_> = imports
        .all()
        .filter(|(file, other, _)| row(file) > row(other) && module(file) != module(other))
        .collect();
    let is_known = |(file, other): (&str, &str)| {
        KNOWN_UPWARDS.iter().any(|known| *known == (file, module(other)))
    };
    let new: String = upwards
        .iter()
        .filter(|(file, other, _)| !is_known((file, other)))
        .map(|(file, other, path)| format!("  src/{file} imports {path} of src/{other}\n"))
        .collect();
    assert!(new.is_empty(), "imports of a higher layer:\n{new}");
    let is_there = |known: &(&str, &str)| {
        upwards.iter().any(|(file, other, _)| *known == (*file, module(other)))
    };
    let gone: Vec<_> = KNOWN_UPWARDS.iter().filter(|known| !is_there(known)).collect();
    assert!(gone.is_empty(), "these imports are gone, take them out of KNOWN_UPWARDS: {gone:?}");
}

#[test]
fn no_file_is_part_of_a_circle() {
    let imports = Imports::read();
    let found: BTreeMap<Vec<String>, String> = circles(&imports).into_iter().collect();
    let known: BTreeSet<Vec<String>> =
        KNOWN.iter().map(|files| files.iter().map(|file| file.to_string()).collect()).collect();
    let new: String = found
        .iter()
        .filter(|(files, _)| !known.contains(*files))
        .map(|(_, text)| text.as_str())
        .collect();
    assert!(new.is_empty(), "files that import each other in a circle:\n{new}");
    let gone: Vec<_> = known.iter().filter(|files| !found.contains_key(*files)).collect();
    assert!(gone.is_empty(), "these circles are gone, take them out of KNOWN: {gone:?}");
}

/// Groups of files each of which reaches all others, with a text about the shortest way around.
fn circles(imports: &Imports) -> Vec<(Vec<String>, String)> {
    let reach = |from: &str| shortest_ways(imports, from);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for file in imports.files() {
        let ways = reach(file);
        if seen.contains(file) || !ways.contains_key(file) {
            continue;
        }
        let group: Vec<String> =
            ways.keys().filter(|other| reach(other).contains_key(file)).cloned().collect();
        seen.extend(group.iter().cloned());
        let shortest = group.iter().map(|file| reach(file)[file].clone()).min_by_key(Vec::len);
        let way = shortest.unwrap_or_default();
        let mut text = format!("circle of {} files: {group:?}\n", group.len());
        for (file, imported) in way.iter().zip(way.iter().cycle().skip(1)) {
            let path = &imports.of(file)[imported.as_str()];
            text += &format!("  src/{file} imports {path} of src/{imported}\n");
        }
        found.push((group, text));
    }
    found
}

/// The files that `from` imports, directly or not, with a shortest way to each: from `from` on to the
/// last file before it.
fn shortest_ways(imports: &Imports, from: &str) -> BTreeMap<String, Vec<String>> {
    let mut ways: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut next = vec![(from.to_string(), Vec::new())];
    while !next.is_empty() {
        let mut after = Vec::new();
        for (file, way) in next {
            let way = [way, vec![file.clone()]].concat();
            for imported in imports.of(&file).keys() {
                if !ways.contains_key(imported) {
                    ways.insert(imported.clone(), way.clone());
                    after.push((imported.clone(), way.clone()));
                }
            }
        }
        next = after;
    }
    ways
}
