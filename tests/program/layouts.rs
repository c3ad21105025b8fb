//! Layouts of ranks that are tried at the start of a run: the fastest is taken, kept, and changes no bit.

use std::fs;

use super::restart::FORCED;
use super::running::Case;

/// Three bundles along x and three blocks of rows, so that ranks of a group have work.
const GROUPED: [&str; 2] =
    ["grid={ points = [50, 40, 8], lengths = [2.0, 1.0, 0.25] }", "time={ dt = 0.05, end = 0.4 }"];

const TRIED: &str = "layouts of ranks, ms of a right-hand side: slabs ";
const FOUND: &str = "layout of ranks, as it was found: ";

#[test]
fn the_fastest_layout_is_taken_and_kept() {
    let case = Case::with(FORCED, &GROUPED);
    case.solve(1, "whole", &[]);
    assert!(!case.read("whole", "log.txt").contains(TRIED), "one rank has one layout");
    let always = ["--set", "parallel.tune=always"];
    // There is always less time left than the margin: one step at a time.
    let piece = ["--walltime", "00:00:01"];
    case.solve(4, "run", &[&always[..], &piece].concat());
    let log = case.read("run", "log.txt");
    assert!(log.contains(TRIED) && log.contains(", 2 groups of 2 "), "{log}");
    // Whatever was fastest here: one that nobody takes untried shows that it is what was kept.
    let file = case.path("run").join("layout.toml");
    let kept = fs::read_to_string(&file).unwrap();
    let grid = ["grid = [4, 1]", "grid = [2, 2]"].into_iter().find(|grid| kept.contains(grid));
    fs::write(&file, kept.replace(grid.unwrap(), "grid = [2, 2]")).unwrap();
    // It is taken again without being asked for, but not on other ranks, and not against the user.
    let goes_on = |ranks: usize, settings: &[&str]| {
        let before = case.read("run", "log.txt").len();
        case.solve(ranks, "run", &[&piece[..], settings].concat());
        case.read("run", "log.txt").split_off(before)
    };
    let log = goes_on(4, &[]);
    assert!(log.contains(&format!("{FOUND}2 groups of 2")) && !log.contains(TRIED), "{log}");
    assert!(log.contains("4 in 2 groups of 2 with 1 thread each"), "{log}");
    for settings in [["--set", "parallel.tune=never"], ["--set", "parallel.grid=[4, 1]"]] {
        let log = goes_on(4, &settings);
        assert!(!log.contains(FOUND) && !log.contains("groups of"), "{log}");
    }
    let log = goes_on(2, &[]);
    assert!(!log.contains(FOUND) && !log.contains(TRIED), "{log}");
    fs::write(&file, "taken = 7").unwrap();
    let log = goes_on(4, &always);
    assert!(log.contains(TRIED), "{log}");
    case.solve(3, "run", &[]);
    case.assert_same("whole", "run");
}

#[test]
fn a_short_run_tries_no_layouts() {
    let case = Case::with(FORCED, &GROUPED);
    case.solve(4, "short", &["--set", "time.end=0.1"]);
    assert!(!case.read("short", "log.txt").contains(TRIED));
    assert!(!case.path("short").join("layout.toml").exists());
    // 100 right-hand sides for each of the ten that a layout takes.
    let long = ["--set", "time.dt=1e-4", "--set", "time.end=0.1", "--walltime", "00:00:01"];
    case.solve(4, "long", &long);
    assert!(case.read("long", "log.txt").contains(TRIED));
    let refused = ["--set", "parallel.tune=sometimes", "--dry-run"];
    let refused = case.run(1, "none", &refused);
    let says = refused.stderr.contains("parallel.tune: is \"sometimes\", must be `auto` or ");
    assert!(refused.code() == 2 && says, "{refused:?}");
}
