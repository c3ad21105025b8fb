//! The imports of every file of `src`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// For each file the files that it depends on, each with a path by which it does. Files are named from
/// `src` on, such as `io/mod.rs`.
pub struct Imports(BTreeMap<String, BTreeMap<String, String>>);

/// A file: the modules that lead to it, its text without comments, strings and tests, and what it
/// re-exports, by name.
struct Source {
    file: String,
    module: Vec<String>,
    text: String,
    exports: BTreeMap<String, Vec<String>>,
}

impl Imports {
    /// Reads all files.
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut sources = Vec::new();
        read_directory(&root, &root, &mut sources);
        let modules: BTreeSet<Vec<String>> = sources.iter().map(|s| s.module.clone()).collect();
        for source in &mut sources {
            let exported = uses(&source.text).into_iter().filter(|(_, is_public)| *is_public);
            for (path, _) in exported {
                let Some(path) = absolute(&path, &source.module, &modules) else { continue };
                source.exports.extend(path.last().cloned().map(|name| (name, path)));
            }
        }
        let all: BTreeMap<&[String], &Source> =
            sources.iter().map(|source| (&source.module[..], source)).collect();
        let of = |source: &Source| {
            let private = uses(&source.text).into_iter().filter(|(_, is_public)| !is_public);
            let paths = private.map(|(path, _)| path).chain(inline_paths(&source.text));
            let mut found = BTreeMap::new();
            for path in paths {
                let Some(path) = absolute(&path, &source.module, &modules) else { continue };
                let Some(file) = definition(&path, &all) else { continue };
                if file != source.file && file != "lib.rs" {
                    found.insert(file, path.join("::"));
                }
            }
            found
        };
        Imports(sources.iter().map(|source| (source.file.clone(), of(source))).collect())
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What a file depends on, with a path by which it does.
    pub fn of(&self, file: &str) -> &BTreeMap<String, String> {
        &self.0[file]
    }

    /// All pairs of files, with the path.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.iter().flat_map(|(file, imports)| {
            imports.iter().map(|(imported, path)| (file.as_str(), imported.as_str(), path.as_str()))
        })
    }
}

fn read_directory(root: &Path, directory: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_directory(root, &path, sources);
            continue;
        }
        let file = path.strip_prefix(root).unwrap().display().to_string();
        let Some(stem) = file.strip_suffix(".rs").filter(|stem| !stem.ends_with("tests")) else {
            continue;
        };
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        let module = match stem {
            "lib" => Vec::new(),
            "main" => continue,
            _ => stem.split('/').map(String::from).collect(),
        };
        let text = without_tests(&code(&fs::read_to_string(&path).unwrap()));
        sources.push(Source { file, module, text, exports: BTreeMap::new() });
    }
}

/// The text without comments and what is in quotes.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = |open: usize, close: &str| {
            rest[open..].find(close).map_or(rest.len(), |at| open + at + close.len())
        };
        let raw = rest.strip_prefix('r').map(|r| r.len() - r.trim_start_matches('#').len());
        let length = match first {
            '/' if rest.starts_with("//") => end(2, "\n") - 1,
            '/' if rest.starts_with("/*") => end(2, "*/"),
            'r' if rest[1 + raw.unwrap_or(0)..].starts_with('"') && !code.ends_with(is_word) => {
                let hashes = raw.unwrap_or(0);
                end(2 + hashes, &format!("\"{}", "#".repeat(hashes)))
            }
            '"' => quoted(rest, '"'),
            '\'' if rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'') => {
                quoted(rest, '\'')
            }
            other => {
                code.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    code
}

/// The length of what begins and ends with a quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The code without items that are compiled for tests alone.
fn without_tests(code: &str) -> String {
    let mut parts = code.split("#[cfg(test)]");
    let mut kept = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let mut depth = 0;
        let end = part.char_indices().find(|(_, c)| {
            depth += i32::from(*c == '{') - i32::from(*c == '}');
            depth == 0 && matches!(c, ';' | '}')
        });
        kept += end.map_or("", |(at, _)| &part[at + 1..]);
    }
    kept
}

/// The paths of all `use` items, and whether they are public.
fn uses(code: &str) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let before = code[..at].trim_end_matches(' ');
        let start = before.rfind(['\n', ';', '{', '}']).map_or(0, |at| at + 1);
        let visibility = before[start..].trim();
        if !(visibility.is_empty() || visibility.starts_with("pub")) {
            continue;
        }
        let item = code[at + 4..].split(';').next().unwrap_or_default();
        let item: String = item.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut paths = Vec::new();
        expand(&item, &[], &mut paths);
        found.extend(paths.into_iter().map(|path| (path, !visibility.is_empty())));
    }
    found
}

/// The paths of the tree of a `use` item.
fn expand(tree: &str, before: &[String], paths: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    if let Some((prefix, rest)) = tree.split_once('{') {
        let words = prefix.split("::").map(str::trim).filter(|word| !word.is_empty());
        let before = [before, &words.map(String::from).collect::<Vec<_>>()].concat();
        let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inner.char_indices() {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if c == ',' && depth == 0 {
                expand(&inner[start..at], &before, paths);
                start = at + 1;
            }
        }
        expand(&inner[start..], &before, paths);
    } else if !tree.is_empty() {
        let name = tree.split(" as ").next().unwrap_or(tree);
        let words =
            name.split("::").map(str::trim).filter(|word| *word != "self" || before.is_empty());
        paths.push([before, &words.map(String::from).collect::<Vec<_>>()].concat());
    }
}

/// The paths outside of `use` that begin at the root, or at the module or those around it.
fn inline_paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let is_inside = code[..at].ends_with(|c| is_word(c) || c == ':');
            let path: String =
                code[at..].chars().take_while(|c| is_word(*c) || *c == ':').collect();
            let words = path.split("::").filter(|word| !word.is_empty());
            let line = &code[..at][code[..at].rfind(['\n', ';']).map_or(0, |at| at + 1)..];
            if !is_inside && !line.contains("use ") && !line.trim_end().ends_with("pub(in") {
                found.push(words.map(String::from).collect());
            }
        }
    }
    found
}

/// A path from the root of the crate on; `None` for one that leads out of it.
fn absolute(
    path: &[String],
    module: &[String],
    modules: &BTreeSet<Vec<String>>,
) -> Option<Vec<String>> {
    let mut from = module.to_vec();
    let mut words = path.iter().peekable();
    match words.peek()?.as_str() {
        "crate" => {
            words.next();
            from.clear();
        }
        "self" => _ = words.next(),
        "super" => {
            while words.next_if(|word| *word == "super").is_some() {
                from.pop();
            }
        }
        child => {
            if !modules.contains(&[&from[..], &[child.to_string()]].concat()) {
                return None;
            }
        }
    }
    from.extend(words.cloned());
    Some(from)
}

/// The file in which the item at a path is defined.
fn definition(path: &[String], all: &BTreeMap<&[String], &Source>) -> Option<String> {
    let mut path = path.to_vec();
    loop {
        let depth = (0..=path.len()).rev().find(|&depth| all.contains_key(&path[..depth]))?;
        let source = all[&path[..depth]];
        match path.get(depth).and_then(|name| source.exports.get(name)) {
            Some(exported) => path = [&exported[..], &path[depth + 1..]].concat(),
            None => return Some(source.file.clone()),
        }
    }
}

#[test]
fn paths_are_found_in_the_source() {
    let text = r#"
        pub use child::{self, Thing as Other};
        use crate::a::{b, c::{D, e}}; // use crate::comment::X;
        fn f<'a>(x: &'a super::g::H) -> char { let _ = "use crate::text::X;"; '"' }
        #[cfg(test)]
        mod tests { use crate::tested::X; }
        impl From<crate::a::I> for J { fn k() { crate::l::<M>(); } }
    "#;
    let text = without_tests(&code(text));
    let join = |path: &Vec<String>| path.join("::");
    let found: Vec<_> = uses(&text).iter().map(|(path, is_pub)| (join(path), *is_pub)).collect();
    let expected = [
        ("child", true),
        ("child::Thing", true),
        ("crate::a::b", false),
        ("crate::a::c::D", false),
        ("crate::a::c::e", false),
    ];
    assert_eq!(found, expected.map(|(path, is_pub)| (path.to_string(), is_pub)));
    let found: Vec<_> = inline_paths(&text).iter().map(join).collect();
    assert_eq!(found, ["crate::a::I", "crate::l", "super::g::H"]);
}
