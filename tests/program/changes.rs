//! A run goes on with another grid, viscosity, step or force when the user allows it, and only
//! then.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::running::{Case, DECAYING, Output, SOLVER, make_pipe, read_checkpoint, run_mpi};

/// Forced, and with steps and times that are exact in binary.
const SETTINGS: [&str; 6] = [
    "forcing={ kind='constant_power', power=0.3, wavenumber=1.5 }",
    "initial.mean_flow=[0,0,0]",
    "time.dt=0.015625",
    "time.end=0.125",
    "output.history.every=0.0625",
    "output.snapshots=",
];

/// The same run directory once more.
fn copy(case: &Case, from: &str, to: &str) {
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([case.path(from), case.path(to)])
        .status()
        .unwrap();
    assert!(copied.success());
}

/// What goes on with changes is what a new run, that starts from the checkpoint with them, is.
#[test]
fn what_is_allowed_goes_on_as_a_new_run_would() {
    let case = Case::with(DECAYING, &SETTINGS);
    case.solve(2, "first", &["--quiet"]);
    let before = case.read("first", "history.csv");
    let checkpoint = case.checkpoints("first").pop().unwrap();
    let start = format!("initial={{ kind='file', path='{}' }}", checkpoint.display());
    let none = "forcing={ kind='none' }";
    let held = "forcing={ kind='constant_energy', wavenumber=2 }";
    for (n, (allowed, settings)) in [
        ("physics.viscosity", &["physics.viscosity=0.07"][..]),
        ("grid.points", &["grid.points=[36,18,30]"]),
        ("grid", &["grid.points=[12,24,10]"]),
        ("forcing", &[none]),
        ("forcing.kind,forcing.power,forcing.wavenumber", &[held]),
        ("time.scheme,time.dt", &["time.scheme=rk3", "time.dt=0.0078125"]),
        ("precision", &["precision=single"]),
        ("transpose_precision", &["transpose_precision=single"]),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("changed{n}");
        copy(&case, "first", &name);
        let mut arguments = Vec::new();
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        let refused = case.run(1, &name, &[&arguments[..], &["--set", "time.end=0.25"]].concat());
        refused.assert_error(2, "to go on with this, add `--allow-change ");
        assert_eq!(case.read(&name, "history.csv"), before);

        let go_on = ["--set", "time.end=0.25", "--allow-change", allowed];
        let ranks = [1, 3][n % 2];
        let output = case.solve(ranks, &name, &[&arguments[..], &go_on].concat());
        assert!(output.stdout.contains("changed, as allowed: "), "{output:?}");
        assert!(case.read(&name, "history.csv").starts_with(&before));
        let new = format!("new{n}");
        case.solve(1, &new, &[&arguments[..], &["--quiet", "--set", &start]].concat());
        let last = |name: &str| read_checkpoint(case.checkpoints(name).last().unwrap());
        assert!(last(&name).2 == last(&new).2, "{settings:?}");
        let ends = |name: &str| case.column(name, "kinetic_energy").pop();
        assert_eq!(ends(&name), ends(&new));
        let power = |name: &str| case.column(name, "injected_power").pop().unwrap();
        let (changed, new) = (power(&name), power(&new));
        assert!((changed - new).abs() < 1e-6 && (settings[0] == none) == (new == 0.0), "{changed}");
        // The same command goes on, as long as it says so.
        let more = ["--set", "time.end=0.3125", "--allow-change", allowed];
        case.solve(2, &name, &[&arguments[..], &more, &["--quiet"]].concat());
    }
}

/// Between two rows one force gives way to another: the row counts what each of them did.
#[test]
fn the_account_of_the_force_goes_over() {
    let case = Case::with(DECAYING, &SETTINGS);
    // One step each, as there is always less time left than the margin.
    for _ in 0..5 {
        case.solve(1, "run", &["--quiet", "--walltime", "00:00:01"]);
    }
    assert_eq!(case.column("run", "time"), [0.0, 0.0625]);
    let off = ["--set", "forcing={ kind='none' }", "--allow-change", "forcing"];
    case.solve(1, "run", &[&off[..], &["--quiet"]].concat());
    let power = case.column("run", "injected_power");
    // One of four steps was forced.
    assert!((power[2] - 0.3 / 4.0).abs() < 1e-3, "{power:?}");
}

/// Every file of a directory with its bytes.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// All files that grow, with records at each 0.0625.
const RECORDED: [&str; 6] = [
    "output.spectra={ every=0.0625 }",
    "output.pdfs={ every=0.0625, bins=20 }",
    "output.structure_functions={ every=0.0625, separations=[0.5, 1.0] }",
    "output.gradients={ every=0.0625 }",
    "output.slices=[{ name='plane', every=0.0625, z=0.0 }]",
    "output.snapshots={ every=0.0625 }",
];

/// Whatever is found wrong, a run that is not continued is left as it is, byte for byte.
#[test]
fn a_refused_continuation_touches_nothing() {
    let case = Case::with(DECAYING, &[&SETTINGS[..], &RECORDED].concat());
    case.solve(2, "run", &["--quiet", "--set", "output.checkpoints={ every=0.0625, keep=9 }"]);
    let run = case.path("run");
    let first = case.checkpoints("run")[1].display().to_string();
    let restart = ["--set", "time.end=0.25", "--restart", &first];
    let refused =
        |spoil: &dyn Fn(), arguments: &[&str], code: i32, message: &str, mend: &dyn Fn()| {
            spoil();
            let before = files(&run);
            for ranks in [1, 3] {
                let output = case.run(ranks, "run", arguments);
                assert_eq!(output.code(), code, "{message}: {output:?}");
                assert!(output.stderr.contains(message), "{message}: {output:?}");
                assert!(!output.stderr.contains("is the disk full"), "{output:?}");
                assert!(files(&run) == before, "{message}");
            }
            mend();
        };
    for name in
        ["history.csv", "gradients.csv", "spectra.h5", "pdfs.h5", "slices/plane_00000000.h5"]
    {
        let (path, aside) = (run.join(name), case.path("aside"));
        let spoil = || {
            fs::rename(&path, &aside).unwrap();
            fs::write(&path, "something else").unwrap();
        };
        refused(&spoil, &restart, 2, "move it away", &|| fs::rename(&aside, &path).unwrap());
    }
    for name in ["log.txt", "config.toml", "snapshots.xmf", "checkpoints/checkpoint_00000000.h5"] {
        let (path, aside) = (run.join(name), case.path("aside"));
        let spoil = || {
            fs::rename(&path, &aside).unwrap();
            fs::create_dir(&path).unwrap();
        };
        let mend = || {
            fs::remove_dir(&path).unwrap();
            fs::rename(&aside, &path).unwrap();
        };
        refused(&spoil, &restart, 1, "irectory", &mend);
        // Nobody writes to a pipe: who reads it waits for ever.
        let spoil = || {
            fs::rename(&path, &aside).unwrap();
            make_pipe(&path);
        };
        let mend = || {
            fs::remove_file(&path).unwrap();
            fs::rename(&aside, &path).unwrap();
        };
        refused(&spoil, &restart, 1, "a pipe", &mend);
    }
    let newest = case.checkpoints("run").pop().unwrap();
    let (goes_on, aside) = (["--set", "time.end=0.25"], case.path("aside"));
    let spoil = || {
        fs::rename(&newest, &aside).unwrap();
        make_pipe(&newest);
    };
    let mend = || {
        fs::remove_file(&newest).unwrap();
        fs::rename(&aside, &newest).unwrap();
    };
    refused(&spoil, &goes_on, 1, &format!("{}: it is a pipe", newest.display()), &mend);
    let Some(nobody) = Nobody::find() else { return };
    nobody.owns(&case);
    for (name, mode) in [
        ("log.txt", 0o444),
        ("history.csv", 0o000),
        ("gradients.csv", 0o444),
        ("spectra.h5", 0o000),
        ("slices", 0o555),
        ("checkpoints", 0o555),
        ("snapshots", 0o555),
        ("config.toml", 0o444),
        ("snapshots.xmf", 0o444),
    ] {
        let path = run.join(name);
        let before = files(&run);
        let mode_of = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let usual = mode_of(&path);
        let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        set(mode);
        let output = nobody.run(&case, "run", &restart);
        assert_eq!(output.code(), 1, "{name}: {output:?}");
        assert!(output.stderr.contains("Permission denied"), "{name}: {output:?}");
        assert!(output.stderr.contains(name), "{name}: {output:?}");
        assert!(!output.stderr.contains("disk full"), "{output:?}");
        set(usual);
        assert!(files(&run) == before, "{name}");
    }
    // The newest checkpoint is not damaged, only not to be read.
    fs::set_permissions(&newest, fs::Permissions::from_mode(0o000)).unwrap();
    let output = nobody.run(&case, "run", &goes_on);
    output.assert_error(1, &format!("cannot read {}: Permission denied", newest.display()));
    fs::set_permissions(&newest, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(nobody.run(&case, "run", &restart).code(), 0);
}

/// A user without rights, where the tests have all.
struct Nobody;

impl Nobody {
    const ID: u32 = 65534;

    /// Where this process may become somebody else.
    fn find() -> Option<Self> {
        let become_nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "true"];
        let status = Command::new("setpriv").args(become_nobody).status();
        let is_possible = status.is_ok_and(|status| status.success());
        if !is_possible {
            eprintln!("skipped: this needs root rights and setpriv");
        }
        is_possible.then_some(Nobody)
    }

    /// Gives away all files of a case.
    fn owns(&self, case: &Case) {
        let owner = format!("{}:{}", Nobody::ID, Nobody::ID);
        let given = Command::new("chown").args(["-R", &owner]).arg(case.path("")).status().unwrap();
        assert!(given.success());
    }

    fn run(&self, case: &Case, name: &str, arguments: &[&str]) -> Output {
        // Where the program lies may be closed to others.
        let program = case.path("program");
        if !program.exists() {
            fs::copy(SOLVER, &program).unwrap();
        }
        let become_nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        let line = case.line(name, arguments);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let program = program.to_str().unwrap();
        let line = [&become_nobody[..], &[program], &line].concat();
        run_mpi(1, Path::new("setpriv"), &line, &[("HOME", "/tmp")])
    }
}

/// What was measured in a record, by name, of all parts of a file.
fn parts(case: &Case, name: &str, file: &str) -> Vec<BTreeMap<String, Vec<f64>>> {
    let names = [format!("{file}.h5"), format!("{file}.part2.h5"), format!("{file}.part3.h5")];
    let there = names.iter().filter(|file| case.path(name).join(file).exists());
    there.map(|file| case.records(name, file)).collect()
}

/// `[output]` and what is allowed by name may change, whatever it does to the shape of a record: what
/// was measured stays, what was not is nowhere zero.
#[test]
fn records_of_another_shape_go_on() {
    let case = Case::with(DECAYING, &[&SETTINGS[..], &RECORDED].concat());
    case.solve(1, "run", &["--quiet"]);
    let structure =
        "output.structure_functions={ every=0.0625, separations=[0.5, 1.0, 1.5], axes=['x'] }";
    let changes = [
        "output.pdfs={ every=0.0625, bins=30 }",
        structure,
        "output.slices=[{ name='plane', every=0.0625, z=0.0, x=[0.0, 2.0], fields=['v'] }]",
        "output.snapshots={ every=0.0625, points=[12,9,10] }",
        "physics.rotation=[0,0,2.0]",
        "physics.hyper={ coefficient=1e-6, order=2 }",
        "grid.points=[36,18,30]",
    ];
    let mut arguments = vec!["--quiet", "--set", "time.end=0.25", "--allow-change"];
    arguments.push("grid.points,physics.rotation,physics.hyper");
    changes.iter().for_each(|change| arguments.extend(["--set", change]));
    let before = case.read("run", "history.csv");
    case.solve(2, "run", &arguments);
    for file in ["spectra", "pdfs", "structure_functions"] {
        let parts = parts(&case, "run", file);
        assert_eq!(parts.len(), 2, "{file}");
        assert_eq!(parts[0]["time"], [0.0, 0.0625, 0.125], "{file}");
        assert_eq!(parts[1]["time"], [0.1875, 0.25], "{file}");
    }
    let [first, second] = &parts(&case, "run", "structure_functions")[..] else { unreachable!() };
    assert_eq!((&first["r"], &second["r"]), (&vec![0.5, 1.0], &vec![0.5, 1.0, 1.5]));
    assert_eq!((first["axis"].len(), second["axis"].len()), (3, 1));
    assert!(second["velocity_longitudinal_absolute"].iter().all(|value| *value > 0.0));
    let steps = |slice: &Path| {
        let file = hdf5::File::open(slice).unwrap();
        let records = file.dataset("records").unwrap().read_raw::<i64>().unwrap()[0];
        (file.group("fields").unwrap().member_names().unwrap().len(), records)
    };
    let mut slices: Vec<_> = files(&case.path("run/slices")).into_keys().collect();
    slices.retain(|path| path.extension().is_some_and(|extension| extension == "h5"));
    assert_eq!(steps(&slices[0]), (6, 3));
    assert_eq!(steps(&slices[1]), (4, 2));
    let series = case.read("run", "slices/plane.xmf");
    assert_eq!(series.matches("<Time").count(), 5, "{series}");
    // The history has all columns, and in the old rows what they had.
    let text = case.read("run", "history.csv");
    let rows = |text: &str| {
        text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count()
    };
    assert_eq!((rows(&before), rows(&text)), (3, 5));
    let energy = case.column("run", "kinetic_energy");
    assert!(energy.iter().all(|energy| *energy > 0.0));
    let new = "hyper_dissipation";
    assert!(!before.contains(new) && text.contains(new), "{text}");
    let hyper = case.column("run", new);
    assert!(
        hyper[..3].iter().all(|value| value.is_nan())
            && hyper[3..].iter().all(|value| *value > 0.0)
    );
    // The same once more, from a checkpoint before the change: its parts are gone, and come again.
    let first = case.checkpoints("run").remove(0);
    let again = [&arguments[..], &["--restart", first.to_str().unwrap()]].concat();
    let look = || {
        let records =
            ["spectra", "pdfs", "structure_functions"].map(|file| parts(&case, "run", file));
        let text = ["history.csv", "gradients.csv"].map(|file| case.read("run", file));
        // As text, for NaN is not equal to itself.
        (format!("{records:?} {:?}", case.slice("run", "plane")), text)
    };
    let whole = look();
    case.solve(3, "run", &again);
    assert!(look() == whole);
}

/// What is no longer written ends where the run goes on, too: nothing is left of steps that it went back
/// from, and what is written again later follows.
#[test]
fn files_that_are_written_no_more_end_where_the_run_goes_on() {
    let modes = ["output.modes={ every=0.0625 }", "output.checkpoints={ every=0.0625, keep=9 }"];
    let case = Case::with(DECAYING, &[&SETTINGS[..], &RECORDED, &modes].concat());
    case.solve(2, "short", &["--quiet", "--set", "time.end=0.0625"]);
    case.solve(1, "run", &["--quiet"]);
    let first = case.checkpoints("short").pop().unwrap().display().to_string();
    let outputs =
        ["spectra", "pdfs", "structure_functions", "gradients", "slices", "snapshots", "modes"];
    let settings = outputs.map(|output| format!("output.{output}="));
    let mut off = vec!["--quiet", "--restart", &first];
    settings.iter().for_each(|setting| off.extend(["--set", setting]));
    let kept = |name: &str| {
        let records =
            ["spectra", "pdfs", "structure_functions"].map(|file| parts(&case, name, file));
        let series = ["snapshots.xmf", "slices/plane.xmf"]
            .map(|file| case.read(name, file).matches("<Time").count());
        let numbered = [case.snapshots(name).len(), case.modes(name).len()];
        (format!("{records:?} {:?}", case.slice(name, "plane")), series, numbered)
    };
    case.solve(3, "run", &off);
    assert!(kept("run") == kept("short"));
    assert_eq!((kept("run").1, kept("run").2), ([2, 2], [2, 2]));
    assert_eq!(case.read("run", "gradients.csv"), case.read("short", "gradients.csv"));
    assert_eq!(case.column("run", "time"), [0.0, 0.0625, 0.125]);
    // On again, from the end.
    case.solve(1, "run", &["--quiet", "--set", "time.end=0.1875"]);
    assert_eq!(case.records("run", "spectra.h5")["time"], [0.0, 0.0625, 0.1875]);
    assert_eq!(case.slice("run", "plane")["time"], [0.0, 0.0625, 0.1875]);
}

/// Averages over samples do not go on across a change of what is measured.
#[test]
fn an_average_begins_anew_with_another_axis() {
    let case = Case::with(DECAYING, &SETTINGS);
    let measure = |axis: &str| {
        format!(
            "output.structure_functions={{ every=0.125, samples=2, separations=[1.0], axes=['{axis}'] }}"
        )
    };
    let solve = |name: &str, end: &str, axis: &str| {
        case.solve(1, name, &["--quiet", "--set", end, "--set", &measure(axis)]);
    };
    // Between two records: one sample is summed up.
    solve("run", "time.end=0.0625", "x");
    solve("run", "time.end=0.125", "y");
    solve("whole", "time.end=0.125", "y");
    let name = "velocity_longitudinal_absolute";
    let last = |records: &BTreeMap<String, Vec<f64>>| {
        records[name]
            .chunks(records[name].len() / records["time"].len())
            .next_back()
            .unwrap()
            .to_vec()
    };
    let whole = case.records("whole", "structure_functions.h5");
    let changed = parts(&case, "run", "structure_functions").pop().unwrap();
    assert!(last(&changed).iter().zip(&last(&whole)).all(|(a, b)| (a / b - 1.0).abs() < 0.2));
    assert!(last(&changed) != last(&whole), "the first sample was of another axis");
}

#[test]
fn what_is_not_allowed_is_refused_with_the_differences() {
    let case = Case::new(super::restart::FORCED);
    case.solve(1, "run", &["--quiet", "--set", "time.end=0.1"]);
    let history = case.read("run", "history.csv");
    for (settings, difference) in [
        (vec!["physics.viscosity=0.1"], "physics.viscosity: 0.05 -> 0.1"),
        (vec!["grid.points=[24,15,15]"], "grid.points: [24, 15, 12] -> [24, 15, 15]"),
        (vec!["precision=single"], "precision: \"double\" -> \"single\""),
        (vec!["transpose_precision=single"], "transpose_precision: not set -> \"single\""),
        (vec!["forcing.energy=0.4"], "forcing.energy: not set -> 0.4"),
        (vec!["time.cfl=", "time.dt=0.01"], "time.cfl: 0.3 -> not set"),
        (vec!["time.scheme=rk3"], "time.scheme: \"rk4\" -> \"rk3\""),
    ] {
        let mut arguments = vec!["--set", "time.end=2", "--allow-change", "initial,output"];
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        let output = case.run(if settings.len() == 2 { 3 } else { 1 }, "run", &arguments);
        output.assert_error(2, difference);
        assert!(!output.stderr.contains("time.end:"), "{}", output.stderr);
    }
    // Whatever is allowed.
    for (setting, difference) in [
        ("initial.seed=9", "initial.seed: 0 -> 9"),
        ("grid.lengths=[2,2,1]", "grid.lengths: [2.0, 1.0, 1.0] -> [2.0, 2.0, 1.0]"),
    ] {
        let allow = ["--set", setting, "--allow-change", "initial,grid"];
        let output = case.run(1, "run", &allow);
        output.assert_error(2, difference);
        output.assert_error(2, "this cannot change within a run");
    }
    assert_eq!(case.read("run", "history.csv"), history);
    assert!(fs::read_dir(case.path("run")).unwrap().all(|e| e.unwrap().file_name() != "lock"));
}
