//! `--dry-run` says what a run needs, `--quiet` says nothing, `config.toml` is the run again.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::running::{Case, DECAYING, SOLVER, run_solver};

/// What is changed in [`DECAYING`].
const SETTINGS: [&str; 6] = [
    "grid={ points=[64,64,64] }",
    "physics.viscosity=0.01",
    "initial={ kind='taylor_green' }",
    "time.dt=0.01",
    "time.end=0.02",
    "output.snapshots.every=0.02",
];

/// The value in the line "name: value" of a report.
fn line<'a>(report: &'a str, name: &str) -> &'a str {
    let line = report.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no line {name} in {report}")).trim()
}

/// The values of a name with a line for each: those that follow are indented.
fn lines<'a>(report: &'a str, name: &str) -> Vec<&'a str> {
    let named = report.lines().skip_while(|line| !line.starts_with(&format!("{name}:")));
    let more = named.clone().skip(1).take_while(|line| line.starts_with(' ')).map(str::trim);
    std::iter::once(line(report, name)).chain(more).collect()
}

#[test]
fn a_dry_run_reports_and_writes_nothing() {
    let case = Case::with(DECAYING, &SETTINGS);
    let shared = case.solve(3, "run", &["--dry-run"]);
    assert!(line(&shared.stdout, "all-to-all").contains("share memory"), "{}", shared.stdout);
    let messages = ["--set", "parallel.exchange=all_to_all"];
    let changed = ["--dry-run", "--set", "physics.viscosity=0.02"];
    let output = case.solve(3, "run", &[&changed[..], &messages[..]].concat());
    assert!(!case.path("run").exists());
    let report = &output.stdout;
    assert_eq!(report.matches("viscosity = 0.02\n").count(), 1, "{report}");
    assert!(report.contains("scheme = \"rk4\""), "defaults are filled in: {report}");
    assert_eq!(
        line(report, "grid"),
        "64 x 64 x 64 points, modes up to 21, 21, 21, double precision"
    );
    assert!(line(report, "ranks").starts_with("3 with 1 thread each"), "{report}");
    // 43 values of ky times 3 bundles of 8 of the 22 values of kx.
    assert!(line(report, "share").contains("22 of 64 z-planes and 43 of 129 bundles"), "{report}");
    // To each of two others go rows of 2 x 8 doubles, from 43 bundles for 22 planes, of 3 fields
    // there and 4 back.
    let row = 2.0 * 128.0 * 43.0 * 22.0 / 1e3;
    let expected = format!("sends {:.1} kB to the planes and {:.1} kB back", 3.0 * row, 4.0 * row);
    assert!(line(report, "all-to-all").contains(&expected), "{report}");
    // Two times three components of 64^3 doubles.
    let snapshots = "2 snapshots of 6.3 MB, 12.6 MB in all; each takes about 0.09 steps";
    assert!(lines(report, "output").contains(&snapshots), "{report}");
}

/// Largest resident memory of a run on one rank, in bytes: the high-water mark that the kernel
/// keeps, read until the program ends. (`getrusage` would start from the memory of this process.)
fn resident(case: &Case, name: &str, arguments: &[&str]) -> f64 {
    let mut child = Command::new(SOLVER)
        .args(case.line(name, arguments))
        .arg("--quiet")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (status, started) = (format!("/proc/{}/status", child.id()), Instant::now());
    let mut kilobytes: f64 = 0.0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        kilobytes = mark.map_or(kilobytes, |mark| mark.parse().unwrap());
        if let Some(code) = child.try_wait().unwrap() {
            assert!(code.success(), "{arguments:?}");
            return 1024.0 * kilobytes;
        }
        if started.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_memory_it_tells_is_the_memory_it_takes() {
    let case = Case::with(DECAYING, &SETTINGS);
    let alone = resident(&case, "none", &["--dry-run"]);
    for (name, settings) in [
        ("double", &["--set", "grid.points=[96,96,96]"][..]),
        ("single", &["--set", "grid.points=[128,96,96]", "--set", "precision=single"]),
        ("series", &["--set", "grid.points=[96,96,128]", "--set", "output.snapshots="]),
    ] {
        let report = case.solve(1, name, &[settings, &["--dry-run"]].concat()).stdout;
        let (number, _) = line(&report, "memory").split_once(" MB per rank").unwrap();
        let told = 1e6 * number.parse::<f64>().unwrap();
        let taken = resident(&case, name, settings) - alone;
        // Besides its arrays the run keeps tables, and the libraries buffers.
        assert!((0.7..1.3).contains(&(told / taken)), "{name}: told {told}, takes {taken}");
    }
}

#[test]
fn quiet_is_quiet_and_the_log_is_not() {
    let case = Case::with(DECAYING, &SETTINGS);
    // Viscous enough for so few points.
    let settings = [
        ["--set", "grid.points=[8,8,8]"],
        ["--set", "output.history.every=0.01"],
        ["--set", "physics.viscosity=1"],
    ]
    .concat();
    let loud = case.solve(3, "loud", &settings);
    let quiet = case.solve(3, "quiet", &[&settings[..], &["--quiet"]].concat());
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    // One line an interval, and at the end where the time went.
    for text in [&loud.stdout, &case.read("quiet", "log.txt")] {
        assert_eq!(text.matches(" kmax*eta ").count(), 3, "{text}");
        for part in ["z-lines", "all-to-all", "planes", "spectral update", "I/O"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains("points x steps per second per core"), "{text}");
    }
    // What was run can be run again from what it left.
    let again = case.path("loud").join("config.toml");
    let directory = case.path("again");
    let arguments = [again.to_str().unwrap(), "--output", directory.to_str().unwrap(), "--quiet"];
    assert_eq!(run_solver(1, &arguments).code(), 0);
    assert_eq!(case.read("again", "history.csv"), case.read("loud", "history.csv"));
}

/// Every kind of file is counted, and the steps that the initial field asks for.
#[test]
fn a_dry_run_counts_all_files_and_steps() {
    let settings = [
        "grid={ points=[32, 32, 32] }",
        "initial={ kind='taylor_green' }",
        "time={ cfl=0.5, end=1.0 }",
        "output.history.every=0.5",
        "output.spectra.every=0.5",
        "output.gradients.every=0.25",
        "output.pdfs={ every=1.0, bins=10 }",
        "output.structure_functions={ every=1.0, axes=['x'], separations=[0.1, 0.2] }",
        "output.checkpoints={ every=0.25, keep=3 }",
    ];
    let case = Case::with(DECAYING, &settings);
    let report = case.solve(1, "run", &["--dry-run"]).stdout;
    let output = lines(&report, "output");
    // 22 values of ky, of 11 of kx and of 21 of kz; seven orders at two separations of three kinds.
    let checkpoint = 3.0 * 16.0 * 21.0 * 11.0 * 21.0 / 1e3;
    for text in [
        "3 rows of history of ",
        "3 records of spectra of ",
        "5 rows of gradients of ",
        "2 records of densities of ",
        &format!("2 records of structure functions of {} B, ", 3 * 7 * 2 * 8),
        &format!("5 checkpoints of {checkpoint:.1} kB, of which the last 3 stay"),
    ] {
        let found = output.iter().filter(|line| line.starts_with(text)).count();
        assert_eq!(found, 1, "{text}: {output:?}");
    }
    // The largest |u| + |v| is 1 on a grid of 32 points: dt = cfl dx.
    let steps = line(&report, "steps").strip_prefix("about ").unwrap();
    let steps: f64 = steps.split(',').next().unwrap().parse().unwrap();
    // Gradients take 15 transforms of a field, and as long as 20; a step has 4 x 8. All together the rows
    // and records of the last number before each "steps".
    let time = |line: &str| -> Option<f64> {
        line.split_once("each takes about ")?.1.split(' ').next()?.parse().ok()
    };
    let number = |line: &str| -> f64 { line.split(' ').next().unwrap().parse().unwrap() };
    let gradients = output.iter().find(|line| line.contains("gradients")).unwrap();
    assert_eq!(time(gradients), Some(0.61), "{gradients}");
    let all: f64 = output.iter().filter_map(|line| Some(time(line)? * number(line))).sum();
    let last = output.last().unwrap().strip_prefix("all of them take about as long as ").unwrap();
    assert!((number(last) - all).abs() < 1.0, "{last}, not {all}");
    let share: f64 = last.split(", ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((share - 100.0 * all / steps).abs() < 10.0, "{last}");
    assert!((steps - 1.0 / (0.5 * std::f64::consts::TAU / 32.0)).abs() < 2.0, "{report}");
    let history = case.solve(1, "run", &["--quiet"]);
    assert_eq!(history.code(), 0);
    assert_eq!(case.checkpoints("run").len(), 3);
    let written = std::fs::metadata(case.path("run").join("history.csv")).unwrap().len();
    assert!((500..20_000).contains(&written), "{written}");
}

/// Sides that differ by orders of magnitude have more shells than any memory: refused before the run
/// begins.
#[test]
fn absurd_shells_are_refused() {
    let flat =
        ["grid={ points=[16, 16, 16], lengths=[1.0, 1.0, 1e-6] }", "output.spectra.every=0.1"];
    let case = Case::with(DECAYING, &flat);
    let rotation = ["--set", "physics.rotation=[0.0, 0.0, 1.0]"];
    for arguments in [&["--dry-run"][..], &["--quiet"], &[&rotation[..], &["--dry-run"]].concat()] {
        case.run(1, "run", arguments).assert_error(2, "output.spectra: would take");
    }
    assert!(!case.path("run").exists());
    case.solve(1, "run", &["--quiet", "--set", "output.spectra="]);
    // Neither are there separations without modes, nor rates beyond numbers.
    for (settings, error) in [
        (
            ["grid={ points=[3, 3, 3] }", "output.structure_functions.every=0.1"],
            "output.structure_functions: is given, but grid.points keep no mode",
        ),
        (
            ["grid={ points=[16, 16, 16] }", "physics.hyper={ coefficient=1.0, order=400.0 }"],
            "physics.hyper: damps k = ",
        ),
    ] {
        let case =
            Case::with(DECAYING, &[&settings[..], &["initial={ kind='taylor_green' }"]].concat());
        case.run(1, "run", &["--quiet"]).assert_error(2, error);
    }
}
