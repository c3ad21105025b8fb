//! Runs that an earlier version of this program began and stopped in the middle are read and continued
//! to what that version itself went on to: the same files, datasets and bits. Only sums and means over the
//! whole flow may round otherwise. tests/data/earlier_version has them; its README tells how they were made.

use std::fs;
use std::path::{Path, PathBuf};

use dns_solver::simd::Cpu;
use hdf5::{Attribute, Dataset, File, Location};
use hdf5_sys::{h5a::H5Aread, h5d::H5Dread, h5p::H5P_DEFAULT, h5s::H5S_ALL};

use super::running::Case;

/// The instructions that all machines of the tests have, for the bits depend on them.
const CPU: (Cpu, &str) = (Cpu::Avx2, "avx2");

/// What differs from one version, command line and place to another, or explains; and what HDF5 makes of
/// coordinates, references to other parts of the file.
const FREE: [&str; 9] = [
    "code_version",
    "config",
    "checksum",
    "description",
    "long_name",
    "DIMENSION_LIST",
    "DIMENSION_LABELS",
    "REFERENCE_LIST",
    "CLASS",
];

/// What is summed over all modes or points, in an order that is not the same in all versions: compared
/// number by number.
const SUMS: [&str; 4] = ["history.csv", "gradients.csv", "spectra.h5", "structure_functions.h5"];

/// How far a number among them may be off, in units of the largest one of its column or dataset.
const ROUNDING: f64 = 1e-13;

/// The number of bytes, folded (64-bit FNV-1a).
fn fold(bytes: &[u8]) -> String {
    let fold = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, fold))
}

fn numbers_of(dataset: &Dataset) -> Vec<u8> {
    let kind = dataset.dtype().unwrap();
    let mut bytes = vec![0; kind.size() * dataset.size()];
    let _lock = hdf5_sys::LOCK.lock();
    let (all, to) = (H5S_ALL, bytes.as_mut_ptr().cast());
    // SAFETY: all ids are alive; `bytes` has room for all values of the type.
    let code = unsafe { H5Dread(dataset.id(), kind.id(), all, all, H5P_DEFAULT, to) };
    assert!(code >= 0, "{}", dataset.name());
    bytes
}

fn value_of(attribute: &Attribute) -> Vec<u8> {
    let kind = attribute.dtype().unwrap();
    let mut bytes = vec![0; kind.size() * attribute.size()];
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: all ids are alive; `bytes` has room for all values of the type.
    let code = unsafe { H5Aread(attribute.id(), kind.id(), bytes.as_mut_ptr().cast()) };
    assert!(code >= 0, "{}", attribute.name());
    bytes
}

/// The attributes of an object, in the order of their names, with the values of those that are not free.
fn attributes(at: &Location) -> String {
    let mut names = at.attr_names().unwrap();
    names.sort();
    let with_value = |name: &String| match name.as_str() {
        free if FREE.contains(&free) => free.to_string(),
        name => format!("{name}={}", fold(&value_of(&at.attr(name).unwrap()))),
    };
    names.iter().map(with_value).collect::<Vec<_>>().join(" ")
}

/// A line for an HDF5 file and one for each of its datasets, with their numbers unless they are `SUMS`.
fn hdf5_lines(path: &Path, name: &str) -> String {
    let file = File::open(path).unwrap();
    let line = |dataset: Dataset| {
        let (kind, shape) = (dataset.dtype().unwrap().to_descriptor().unwrap(), dataset.shape());
        let is_sum = SUMS.contains(&name) && dataset.dtype().unwrap().is::<f64>();
        let numbers = if is_sum { "sums".into() } else { fold(&numbers_of(&dataset)) };
        let attributes = attributes(&dataset);
        let line = format!("  {} {kind} {shape:?} {numbers} {attributes}", dataset.name());
        line.trim_end().to_string() + "\n"
    };
    let groups = [vec![file.as_group().unwrap()], file.groups().unwrap()].concat();
    let datasets = groups.iter().flat_map(|group| group.datasets().unwrap());
    let mut lines: Vec<_> = datasets.map(line).collect();
    lines.sort();
    format!("{name}: {}\n{}", attributes(&file), lines.concat())
}

/// The files below a directory, in order.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    paths.into_iter().flat_map(below).collect()
}

/// The files of a run: HDF5 files with all that is in them, others by their names.
fn listing(run: &Path) -> String {
    let line = |path: PathBuf| {
        let name = path.strip_prefix(run).unwrap().display().to_string();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("h5") => hdf5_lines(&path, &name),
            Some("xmf") => format!("{name}: {}\n", fold(&fs::read(&path).unwrap())),
            _ => format!("{name}\n"),
        }
    };
    files(run).into_iter().map(line).collect()
}

/// The numbers of a file of sums, by column or dataset.
fn sums(path: &Path) -> Vec<(String, Vec<f64>)> {
    if path.extension().is_some_and(|ending| ending == "h5") {
        let datasets = File::open(path).unwrap().datasets().unwrap();
        let of_sums = datasets.iter().filter(|dataset| dataset.dtype().unwrap().is::<f64>());
        return of_sums.map(|dataset| (dataset.name(), dataset.read_raw().unwrap())).collect();
    }
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(','));
    let names = lines.next().unwrap().map(|name| (name.to_string(), vec![]));
    let mut columns: Vec<_> = names.collect();
    for line in lines {
        // What was not measured is empty.
        let numbers = line.map(|number| number.parse().unwrap_or(f64::NAN));
        columns.iter_mut().zip(numbers).for_each(|((_, column), number)| column.push(number));
    }
    columns
}

fn check_sums(found: &Path, expected: &Path) {
    let (found, expected) = (sums(found), sums(expected));
    assert_eq!(found.len(), expected.len());
    let largest = |of: &str| {
        let (_, numbers) = expected.iter().find(|(name, _)| name == of).unwrap();
        numbers.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()))
    };
    for ((name, found), (_, expected)) in found.iter().zip(&expected) {
        // The residual is what large terms leave.
        let unit = if name == "budget_residual" { "budget_dissipation" } else { name };
        let allowed = ROUNDING * largest(unit);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (a, b) in found.iter().zip(expected) {
            let is_same = (a - b).abs() <= allowed || a.is_nan() && b.is_nan();
            assert!(is_same, "{name}: {a}, was {b}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let copy = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(path, copy).unwrap();
    }
}

/// Continues the run `name` on several numbers of ranks, and compares all files with what is kept of
/// the earlier version's.
fn check(name: &str) {
    if !CPU.0.is_available() {
        println!("SKIPPED: the bits were made with {}", CPU.1);
        return;
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/earlier_version");
    let case = Case::new(&fs::read_to_string(data.join(format!("{name}.toml"))).unwrap());
    for ranks in [1, 3] {
        let run = format!("{name}{ranks}");
        copy(&data.join(name), &case.path(&run));
        let output = case.run_with(&[("DNS_SOLVER_CPU", CPU.1)], ranks, &run, &["--quiet"]);
        assert_eq!(output.code(), 0, "{output:?}");
        let (found, expected) = (listing(&case.path(&run)), data.join(format!("{name}.expected")));
        if found != fs::read_to_string(expected.join("files.txt")).unwrap() {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{run}.files.txt"));
            fs::write(&kept, &found).unwrap();
            panic!("compare {} with files.txt of {}", kept.display(), expected.display());
        }
        for file in SUMS.iter().filter(|file| expected.join(file).exists()) {
            check_sums(&case.path(&run).join(file), &expected.join(file));
        }
    }
}

#[test]
fn a_run_in_fixed_steps() {
    check("fixed_step");
}

#[test]
fn a_run_under_error_control() {
    check("tolerance");
}
