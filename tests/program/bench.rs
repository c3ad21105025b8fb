//! `dns-solver bench` measures a run, and its machine file predicts one.

use std::fs;

use serde_json::Value;

use super::running::{Case, DECAYING, run_solver};

/// A quick bench of a configuration that is not cubic.
const QUICK: [&str; 4] = ["--samples", "2", "--repeats", "3"];

/// Runs `bench` and reads its JSON.
fn bench(case: &Case, ranks: usize, arguments: &[&str]) -> Value {
    let config = case.path("config.toml").display().to_string();
    let directory = case.path("").display().to_string();
    let fixed = ["bench", &config, "--json", "--output", &directory];
    let output = run_solver(ranks, &[&fixed[..], &QUICK, arguments].concat());
    assert_eq!(output.code(), 0, "{output:?}");
    serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", output.stdout))
}

#[test]
fn every_part_is_measured_and_nothing_is_left() {
    let case = Case::new(DECAYING);
    for (ranks, exchange) in [(1, "none"), (3, "shared memory")] {
        let report = bench(&case, ranks, &["--threads", "2"]);
        for subject in ["transform", "tendency", "step", "snapshot"] {
            let measured = &report["measured"][subject];
            let seconds: Vec<_> = measured["seconds"]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| s.as_f64().unwrap())
                .collect();
            assert_eq!((seconds.len(), &measured["repeats"]), (2, &Value::from(3)), "{subject}");
            assert!(seconds.iter().all(|&s| s > 0.0), "{seconds:?}");
            let median = measured["median"].as_f64().unwrap() * 2.0 / (seconds[0] + seconds[1]);
            assert!((median - 1.0).abs() < 1e-12, "{measured}");
        }
        let statistics = report["statistics"].as_array().unwrap();
        let names: Vec<_> =
            statistics.iter().map(|found| found["name"].as_str().unwrap()).collect();
        let all = [
            "row of the history",
            "spectra",
            "gradients",
            "densities",
            "invariants",
            "pressure, dissipation, Q",
            "structure functions",
        ];
        assert_eq!(names, all);
        assert!(statistics.iter().all(|found| found["steps"].as_f64().unwrap() > 0.0), "{report}");
        assert_eq!(report["points"], Value::from(vec![24, 18, 20]));
        assert_eq!((&report["ranks"], &report["threads"]), (&ranks.into(), &2.into()));
        assert_eq!(report["exchange"], exchange);
        // Three velocities in double precision.
        assert_eq!(report["snapshot_bytes"], (24 * 18 * 20 * 3 * 8) as f64);
        // The parts of a step are what takes its time.
        let parts = report["parts"].as_object().unwrap();
        let sum: f64 = parts.values().map(|ms| ms.as_f64().unwrap()).sum();
        assert!(parts.len() == 4 && sum > 0.0, "{parts:?}");
        for rate in ["peak", "bandwidth"] {
            let (name, roof) = (format!("share_of_{rate}"), &report["roofline"]["rates"][rate]);
            assert!(roof.as_f64().unwrap() > 1e8, "{report}");
            assert!(report["roofline"][name].as_f64().unwrap() > 0.0, "{report}");
        }
    }
    let left: Vec<_> =
        fs::read_dir(case.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["config.toml"]);
}

#[test]
fn messages_and_single_precision_are_measured_for_a_chosen_part() {
    let case = Case::new(DECAYING);
    let messages = ["--set", "parallel.exchange=all_to_all", "--set", "precision=single"];
    let report = bench(&case, 2, &[&messages[..], &["--only", "step"]].concat());
    assert_eq!(
        (&report["exchange"], &report["precision"]),
        (&"messages from rank to rank".into(), &"single".into())
    );
    assert_eq!(report["measured"].as_object().unwrap().keys().collect::<Vec<_>>(), ["step"]);
    assert_eq!(report["roofline"], Value::Null);
}

#[test]
fn particles_are_measured_where_there_are_any() {
    let case = Case::new(DECAYING);
    let particles = "particles=[{ name = 'a', count = 50, every = 0.1, start = 0.2 }]";
    let report = bench(&case, 2, &["--only", "particles", "--set", particles]);
    let found = &report["particles"];
    let number = |value: &Value| value.as_f64().unwrap();
    let [with, without] = ["with", "without"].map(|name| number(&found[name]["median"]));
    let expected = [(with - without) / without, (with - without) * 1e6 / 50.0];
    for (name, expected) in ["steps", "microseconds"].into_iter().zip(expected) {
        assert!((number(&found[name]) / expected - 1.0).abs() < 1e-9, "{name}: {report}");
    }
    let fixed = case.path("config.toml").display().to_string();
    let none = run_solver(1, &["bench", &fixed, "--only", "particles"]);
    none.assert_error(2, "no [[particles]]");
}

#[test]
fn a_bench_of_nothing_but_itself_prints_a_table() {
    let points = ["bench", "--set", "grid.points=[16,16,16]"];
    let output = run_solver(1, &[&points[..], &QUICK, &["--only", "step,transform"]].concat());
    assert_eq!(output.code(), 0, "{output:?}");
    for text in ["16 x 16 x 16 points", "median", "step", "transform", "z-lines"] {
        assert!(output.stdout.contains(text), "{text}: {}", output.stdout);
    }
    let wrong = run_solver(2, &["bench", "--set", "grid.points=[16,16]"]);
    wrong.assert_error(2, "grid.points: is [16, 16]");
}

/// The rates that a bench writes predict the step that it measured.
#[test]
fn a_machine_file_predicts_what_was_measured() {
    let case = Case::with(DECAYING, &["grid.points=[64,64,64]"]);
    let file = case.path("machine.toml").display().to_string();
    fs::write(
        &file,
        "name = \"mine\"\n[node]\n[network]\nlatency = 1e-6\ninjection = 1e9\nshare = 1.0\n",
    )
    .unwrap();
    let grid = ["--set", "grid.points=[64,64,64]"];
    let written = ["--write-machine", &file, "--only", "step,rates"];
    let refused = run_solver(1, &[&["bench"], &written[..]].concat());
    refused.assert_error(2, "node.cores: is 0, must be 1 or more");
    let refused = run_solver(1, &["bench", "--write-machine", &file, "--only", "step"]);
    refused.assert_error(2, "needs step and rates");
    fs::remove_file(&file).unwrap();
    let report = bench(&case, 2, &[&grid[..], &written].concat());
    let measured = report["measured"]["step"]["median"].as_f64().unwrap();
    let machine = fs::read_to_string(&file).unwrap();
    assert!(machine.contains("cores = 2") && machine.contains("double = "), "{machine}");

    let plan = |ranks: &str| {
        let dry = ["--dry-run", "--ranks", ranks, "--machine", &file];
        case.run(1, "never", &dry)
    };
    let report = plan("2").stdout;
    let line = |name: &str| {
        let line = report.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no line {name} in {report}")).trim().to_string()
    };
    let prediction = line("prediction");
    let predicted: f64 = prediction.split_once(" s per step").unwrap().0.parse().unwrap();
    // The first of two ranks has 65 of 129 bundles, and three digits are printed.
    assert!((predicted / measured - 1.0).abs() < 0.02, "{predicted} {measured}");
    assert!(line("machine").starts_with("1 node with 2 ranks each"), "{report}");
    assert!(line("run").contains("core-hours"), "{report}");
    plan("3").assert_error(2, "lacks [network]");

    fs::write(&file, machine + "[network]\nlatency = 1e-6\ninjection = 1e9\nshare = 1.0\n")
        .unwrap();
    let report = plan("64").stdout;
    assert!(report.contains("32 nodes with 2 ranks each"), "{report}");
    assert!(report.contains("at most 1 of 64 z-planes"), "{report}");
    assert!(!case.path("never").exists());
}
