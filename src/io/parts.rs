//! Files that go on in further ones: when a run is continued with changes, and a record is no longer what
//! it was, `spectra.h5` stays as it is and later records go to `spectra.part2.h5`, and so on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file of a number, from 1 on, after the name of the first.
pub fn path(first: &Path, number: usize) -> PathBuf {
    match number {
        1 => first.to_owned(),
        _ => first.with_extension(format!("part{number}.h5")),
    }
}

/// The files that are there, by number.
pub fn present(first: &Path) -> io::Result<Vec<(usize, PathBuf)>> {
    let directory = first.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut found = Vec::new();
    for entry in fs::read_dir(directory.unwrap_or(Path::new(".")))? {
        let name = entry?.file_name();
        let stem = first.file_stem().unwrap_or_default().to_string_lossy();
        let number = name.to_str().and_then(|name| {
            let rest = name.strip_prefix(&*stem)?.strip_suffix(".h5")?;
            if rest.is_empty() { Some(1) } else { rest.strip_prefix(".part")?.parse().ok() }
        });
        // Other spellings of the number are not ours.
        let number = number.filter(|&n| n > 0 && path(first, n).file_name() == Some(&name));
        found.extend(number.map(|number| (number, path(first, number))));
    }
    found.sort_unstable();
    Ok(found)
}

/// Returns whether two configurations in TOML describe the same flow on the same grid: what a record means
/// depends on that.
pub fn same_flow(a: &str, b: &str) -> bool {
    let flow = |text: &str| -> Option<[Option<toml::Value>; 2]> {
        let mut table: toml::Table = toml::from_str(text).ok()?;
        Some(["grid", "physics"].map(|section| table.remove(section)))
    };
    flow(a).is_some_and(|of_a| flow(b) == Some(of_a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_numbered_and_found() {
        let directory = tempfile::tempdir().unwrap();
        let first = directory.path().join("spectra.h5");
        assert_eq!(present(&first).unwrap(), []);
        for name in [
            "spectra.h5",
            "spectra.part10.h5",
            "spectra.part2.h5",
            "spectra.part02.h5",
            "spectra.part3.h5.tmp",
            "spectra.part1.h5",
            "spectral.h5",
        ] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let found = present(&first).unwrap();
        assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 10]);
        assert!(found[1].1.ends_with("spectra.part2.h5"));
    }

    #[test]
    fn grid_and_physics_make_the_flow() {
        let text =
            "a = 1\n[grid]\npoints = [8, 8, 8]\n[physics]\nviscosity = 0.1\n[time]\nend = 1.0\n";
        assert!(same_flow(text, &text.replace("end = 1.0", "end = 2.0")));
        assert!(!same_flow(text, &text.replace("0.1", "0.2")));
        assert!(!same_flow(text, &text.replace("[8, 8, 8]", "[8, 8, 9]")));
        assert!(!same_flow(text, "["));
    }
}
