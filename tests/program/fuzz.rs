//! Configurations and checkpoints that are changed at random: an error or a valid run, never a
//! panic, never a hang.

use std::fs;
use std::path::Path;

use dns_solver::config::Config;
use dns_solver::grid::Region;
use dns_solver::io::checkpoint::CheckpointReader;
use dns_solver::io::snapshot::SnapshotReader;
use dns_solver::parallel::Communicator;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config as Settings, RngAlgorithm, TestRng, TestRunner};

use super::restart::FORCED;
use super::running::{Case, DECAYING};

/// Values that no one expects.
const VALUES: [&str; 24] = [
    "0",
    "-1",
    "1",
    "3",
    "7",
    "1e-320",
    "1e300",
    "nan",
    "-inf",
    "9223372036854775807",
    "18446744073709551616",
    "4000000",
    "true",
    "\"\"",
    "\"double\"",
    "\"none\"",
    "\"modes\"",
    "[]",
    "[1, 1, 1]",
    "[2, 65536, 65536]",
    "[9223372036854775807, 9223372036854775807, 9223372036854775807]",
    "{}",
    "{ every = 1e-9 }",
    "2026-01-01",
];

/// One change of a text.
#[derive(Clone, Debug)]
enum Mutation {
    Value(Index, usize),
    RemoveLine(Index),
    RepeatLine(Index),
    MoveLine(Index, Index),
    Character(Index, char),
    Cut(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        6 => (at(), 0..VALUES.len()).prop_map(|(line, value)| Mutation::Value(line, value)),
        1 => at().prop_map(Mutation::RemoveLine),
        1 => at().prop_map(Mutation::RepeatLine),
        1 => (at(), at()).prop_map(|(from, to)| Mutation::MoveLine(from, to)),
        1 => (at(), any::<char>()).prop_map(|(place, c)| Mutation::Character(place, c)),
        1 => at().prop_map(Mutation::Cut),
    ]
}

fn mutate(text: &str, mutation: &Mutation) -> String {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    if lines.is_empty() {
        return String::new();
    }
    let count = lines.len();
    match mutation {
        Mutation::Value(line, value) => {
            let line = &mut lines[line.index(count)];
            if let Some((key, _)) = line.split_once('=') {
                *line = format!("{key}= {}", VALUES[*value]);
            }
        }
        Mutation::RemoveLine(line) => _ = lines.remove(line.index(count)),
        Mutation::RepeatLine(line) => lines.push(lines[line.index(count)].clone()),
        Mutation::MoveLine(from, to) => lines.swap(from.index(count), to.index(count)),
        Mutation::Character(line, c) => {
            let line = &mut lines[line.index(count)];
            let middle = (line.len() / 2..=line.len()).find(|at| line.is_char_boundary(*at));
            line.insert(middle.unwrap(), *c);
        }
        Mutation::Cut(line) => lines.truncate(line.index(count)),
    }
    lines.join("\n")
}

/// Configurations changed in one to four places.
fn texts() -> impl Strategy<Value = String> {
    let mut bases = vec![DECAYING.to_string(), FORCED.to_string()];
    for entry in fs::read_dir("configs").unwrap() {
        bases.push(fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    (prop::sample::select(bases), prop::collection::vec(mutation(), 1..5))
        .prop_map(|(text, mutations)| mutations.iter().fold(text, |text, m| mutate(&text, m)))
}

/// Tries `check` on so many `values`, the same ones each time.
fn try_many<S: Strategy>(
    cases: u32,
    values: &S,
    check: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let settings = Settings { cases, failure_persistence: None, ..Settings::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(settings, random).run(values, check).unwrap();
}

fn parse(text: &str) -> Option<Config> {
    Config::parse(text, "config.toml", Path::new("/nowhere"), &[]).ok()
}

#[test]
fn thousands_of_configurations_are_read() {
    try_many(5000, &texts(), |text| {
        if let Some(config) = parse(&text) {
            // What is valid can be written and read again.
            let again = config.to_toml().unwrap();
            prop_assert_eq!(parse(&again), Some(config), "{}", again);
        }
        Ok(())
    });
}

/// Runs of small grids for a second, and dry runs of others.
#[test]
fn some_configurations_are_run() {
    let ranks = std::cell::Cell::new(1);
    try_many(40, &texts(), |text| {
        let points = parse(&text).map_or(0.0, |config| config.grid.build().point_count());
        let case = Case::new(&text);
        let kind = if points > 1e5 { ["--dry-run", "--quiet"] } else { ["--walltime", "0:00:01"] };
        let output = case.run(ranks.replace(4 - ranks.get()), "run", &kind);
        prop_assert!(matches!(output.code(), 0 | 2 | 3), "{}\n{:?}", text, output);
        let errors = output.stderr.matches("dns-solver: error: ").count();
        prop_assert_eq!(errors, usize::from(output.code() != 0), "{}", output.stderr);
        prop_assert!(!output.stderr.contains("internal error"), "{}", output.stderr);
        Ok(())
    });
}

/// Changes bytes of the file at `path`, zeroes or repeats runs of them, or cuts it, in so many ways,
/// and calls `read` each time.
fn damage(path: &Path, cases: u32, read: impl Fn() -> Result<(), TestCaseError>) {
    let bytes = fs::read(path).unwrap();
    let damage = (any::<Index>(), 0..40_usize, 0..4_usize, any::<u8>());
    try_many(cases, &damage, |(at, len, kind, byte)| {
        let mut bytes = bytes.clone();
        let start = at.index(bytes.len());
        let end = (start + len).min(bytes.len());
        match kind {
            0 => bytes[start] ^= byte,
            1 => bytes[start..end].fill(byte),
            2 => _ = bytes.splice(start..start, vec![byte; len]),
            _ => bytes.truncate(start),
        }
        fs::write(path, bytes).unwrap();
        read()
    });
}

/// What the checkpoint `path` holds, or that it cannot be used.
fn read_if_good(path: &Path) -> Option<(String, Vec<u64>)> {
    let reader = CheckpointReader::open(&Communicator::serial(), path).ok()?;
    let state = reader.read::<f64>().ok()?;
    let header = format!("{:?}", reader.header());
    Some((header, state.data.iter().map(|x| x.to_bits()).collect()))
}

/// Damage is noticed, or what is read is what was written.
#[test]
fn thousands_of_checkpoints_are_read() {
    let case = Case::with(FORCED, &["time.end=0.05"]);
    case.solve(1, "run", &["--quiet"]);
    let path = case.checkpoints("run").pop().unwrap();
    let good = read_if_good(&path).unwrap();
    damage(&path, 2000, || {
        if let Some(found) = read_if_good(&path) {
            prop_assert!(found == good, "another checkpoint was read");
        }
        Ok(())
    });
}

/// Snapshots have no checksums, so other numbers may be read, but nothing worse happens.
#[test]
fn thousands_of_snapshots_are_read() {
    let case = Case::with(
        FORCED,
        &[
            "time.end=0.05",
            "grid.points=[12,8,8]",
            "grid.lengths=[1,1,1]",
            "forcing={ kind='none' }",
            "initial={ kind='taylor_green' }",
        ],
    );
    case.solve(1, "run", &["--quiet"]);
    let path = case.snapshots("run").pop().unwrap();
    damage(&path, 2000, || {
        if let Ok(reader) = SnapshotReader::open(&Communicator::serial(), &path) {
            let points = reader.header().points;
            let whole = Region::of_planes(points, 0..points[2]);
            for field in &reader.header().fields {
                let _ = reader.read(&field.name, &whole);
            }
        }
        Ok(())
    });
}
