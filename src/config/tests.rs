//! All that users see of a configuration: messages, overrides, and the resolved file.

use std::path::Path;

use super::*;
use crate::error::Result;
use crate::forcing::Forcing;
use crate::integrator::Scheme;
use crate::parallel::Communicator;
use crate::real::Precision;

const GOOD: &str = r#"
[grid]
points = [64, 64, 32]
[physics]
viscosity = 1e-2
[initial]
kind = "taylor_green"
[time]
dt = 1e-3
end = 2.0
[output]
directory = "runs/x"
"#;

const FULL: &str = r#"
precision = "single"
[grid]
points = [64, 48, 32]
lengths = [1.0, 2.0, 0.5]
[physics]
equation = "mhd"
viscosity = 6.1e-17
hyper = { coefficient = 1e-8, order = 4 }
rotation = [0.0, 0.1, 1.0]
magnetic = { prandtl = 0.5, drag = { coefficient = 0.1, order = 0.0 } }
stratification = { frequency = 2.0, vertical = "y", diffusivity = 0.01 }
[[physics.scalars]]
name = "dye"
schmidt = 1.0
[[physics.scalars]]
name = "heat"
diffusivity = 0.1
gradient = [0.0, 0.0, 1.0]
initial = { variance = 0.5, peak = 2.0, modes = [{ mode = [1, 0, 0], re = 1.0 }] }
forcing = { injection = 0.1, wavenumber = 2.0 }
[initial]
kind = "random"
seed = 7
energy = 0.1
spectrum = { model = "table", path = "spectrum.txt" }
mean_flow = [1.0, 0.0, -0.1]
mean_magnetic_field = [0.0, 0.0, 0.5]
magnetic = { kind = "random", energy = 1.0, spectrum = { model = "exponential", peak = 2.0 } }
[forcing]
kind = "constant_power"
power = 0.3333333333333333
wavenumber = 2.5
magnetic = { kind = "stochastic", power = 0.1, wavenumber = 2.0, correlation_time = 0.5 }
[time]
scheme = "rk3"
cfl = 0.5
dt_max = 0.01
end = 10.0
[output]
directory = "runs/x"
snapshots = { every = 0.5, precision = "double" }
spectra = { every = 0.5, samples = 5 }
pdfs = { every = 1.0, bins = 50, span = 6.0, ranges = { dye_dissipation = [0.0, 4.0] } }
structure_functions = { every = 2.0, axes = ["x"], separations = [0.1, 0.25] }
[parallel]
threads = 3
"#;

fn parse(text: &str, overrides: &[&str]) -> Result<Config> {
    let overrides: Vec<_> = overrides.iter().map(|text| text.to_string()).collect();
    Config::parse(text, "a.toml", Path::new("/home/me"), &overrides)
}

/// The lines of the report, without the first.
fn problems(text: &str, overrides: &[&str]) -> Vec<String> {
    let error = parse(text, overrides).unwrap_err();
    assert_eq!(error.kind, crate::error::ErrorKind::Input);
    error.message.lines().skip(1).map(|line| line.trim().to_string()).collect()
}

/// Errors are estimated where they can be, and only one rule chooses the step.
#[test]
fn a_tolerance_needs_its_scheme_and_no_other_rule() {
    let with = |settings: &[&str]| problems(GOOD, settings);
    let one = |settings: &[&str], text: &str| {
        let found = with(settings);
        assert!(found.len() == 1 && found[0].contains(text), "{found:?}");
    };
    let (free, tolerance) = ("time.dt=", "time.tolerance=1e-6");
    one(&[tolerance], "time: has both dt = 0.001 and tolerance = 0.000001; remove one");
    one(&[free, tolerance, "time.scheme=rk3"], "time.scheme: must be `rk4` with time.tolerance");
    one(&[free, "time.tolerance=1.0"], "time.tolerance: is 1, must be from 1e-13");
    let single = [free, "time.tolerance=1e-7", "precision=single"];
    one(&single, "must be from 1e-6, above rounding, to 0.1");
    let shifted = [free, tolerance, "grid.dealias=phase_shift"];
    one(&shifted, "time.tolerance: is given, but with grid.dealias");
}

/// What a force acts on must be there, and a linear force acts on the velocity alone.
#[test]
fn forces_have_something_to_act_on() {
    let power = "forcing.magnetic={ kind = 'constant_power', power = 0.1, wavenumber = 1.0 }";
    let found = problems(GOOD, &["forcing.kind=none", power]);
    assert!(found.len() == 1 && found[0].starts_with("forcing.magnetic: is given"), "{found:?}");
    let mhd = ["physics.equation=mhd", "physics.magnetic={ prandtl = 1.0 }", "forcing.kind=none"];
    let with = |setting| problems(GOOD, &[&mhd[..], &[setting]].concat());
    assert!(parse(GOOD, &[&mhd[..], &[power]].concat()).is_ok());
    let linear = with("forcing.magnetic={ kind = 'linear', rate = 0.1 }");
    assert!(linear.len() == 1 && linear[0].contains("acts on the velocity alone"), "{linear:?}");
    let far = with("forcing.magnetic={ kind = 'constant_power', power = 0.1, wavenumber = 1e9 }");
    assert!(far[0].starts_with("forcing.magnetic.wavenumber: is 1000000000"), "{far:?}");
    let scalar = "physics.scalars=[{ name = 'c', schmidt = 1.0, \
                  forcing = { injection = -1.0, wavenumber = 1.0 } }]";
    let found = problems(GOOD, &[scalar]);
    assert!(found[0].starts_with("physics.scalars[0].forcing.injection: is -1"), "{found:?}");
}

#[test]
fn defaults_are_filled_in() {
    let config = parse(GOOD, &[]).unwrap();
    assert_eq!(config.precision, Precision::Double);
    assert_eq!(config.grid.lengths, [1.0; 3]);
    assert_eq!(config.mean_flow, [0.0; 3]);
    assert_eq!(config.forcing, Forcing::None);
    assert_eq!(config.time.scheme, Scheme::Rk4);
    assert_eq!(config.time.step, Step::Fixed { dt: 1e-3 });
    assert_eq!(config.output.history, History { every: 0.02 });
    assert_eq!(config.output.snapshots, None);
    assert_eq!(config.output.checkpoints, None);
    let checkpoints = parse(GOOD, &["output.checkpoints.every=1"]).unwrap().output.checkpoints;
    assert_eq!(checkpoints, Some(Checkpoints { every: 1.0, keep: 2 }));
    assert_eq!(config.parallel.threads, 1);
    let snapshots = parse(GOOD, &["output.snapshots.every=1"]).unwrap().output.snapshots;
    let expected = Snapshots {
        every: 1.0,
        precision: Precision::Single,
        fields: Vec::new(),
        points: None,
        compression: 0,
    };
    assert_eq!(snapshots, Some(expected));
}

#[test]
fn the_resolved_file_reads_as_the_same_configuration() {
    for text in [GOOD, FULL] {
        let config = parse(text, &[]).unwrap();
        let resolved = config.to_toml().unwrap();
        let again = Config::parse(&resolved, "resolved", Path::new("/elsewhere"), &[]).unwrap();
        assert_eq!(again, config, "{resolved}");
    }
    let resolved = parse(FULL, &[]).unwrap().to_toml().unwrap();
    assert!(resolved.contains("path = \"/home/me/spectrum.txt\""), "{resolved}");
    assert!(resolved.contains("directory = \"runs/x\""), "{resolved}");
}

#[test]
fn misspelt_keys_and_kinds_get_a_hint() {
    assert_eq!(
        problems(&GOOD.replace("viscosity", "viscocity"), &[]),
        [
            "physics.viscocity: unknown key (did you mean `viscosity`?); the keys of [physics] \
             are `equation`, `viscosity`, `hyper`, `drag`, `rotation`, `magnetic`, `stratification`, `scalars`",
            "physics.viscosity: is missing; the kinematic viscosity, for example viscosity = 1e-3",
        ]
    );
    assert_eq!(
        problems(GOOD, &["forcing.kind=constant_powr"]),
        ["forcing.kind: is \"constant_powr\" (did you mean `constant_power`?), must be `none` or \
          `constant_power` or `constant_energy` or `linear` or `stochastic` or `taylor_green` or \
          `kolmogorov` or `abc` (from --set forcing.kind=constant_powr)"]
    );
    assert_eq!(
        problems(GOOD, &["initial.mean_flw=[1,0,0]"]),
        ["initial.mean_flw: unknown key (did you mean `mean_flow`?); the keys of [initial] with \
          kind = \"taylor_green\" are `kind`, `mean_flow`, `mean_magnetic_field`, `magnetic`, \
          `amplitude` (from --set \
          initial.mean_flw=[1,0,0])"]
    );
    assert_eq!(
        problems(&GOOD.replace("[grid]", "[gird]"), &[])[0],
        "gird: unknown key (did you mean `grid`?); the keys of the top level are `precision`, \
         `transpose_precision`, `grid`, `physics`, `initial`, `forcing`, `particles`, `time`, \
         `output`, `parallel`"
    );
}

#[test]
fn a_kind_needs_its_keys_and_no_others() {
    assert_eq!(
        problems(GOOD, &["forcing.kind=constant_power", "forcing.wavenumber=2"]),
        ["forcing.power: is missing; the keys of [forcing] with kind = \"constant_power\" are \
          `kind`, `magnetic`, `power`, `wavenumber`, `helicity`"]
    );
    assert_eq!(
        problems(GOOD, &["forcing.kind=none", "forcing.power=2"]),
        [
            "forcing.power: unknown key; the keys of [forcing] with kind = \"none\" are `kind`, `magnetic` \
          (from --set forcing.power=2)"
        ]
    );
    assert_eq!(
        problems(GOOD, &["forcing.power=2"]),
        ["forcing.kind: is missing, must be `none` or `constant_power` or `constant_energy` or \
          `linear` or `stochastic` or `taylor_green` or `kolmogorov` or `abc`"]
    );
    assert_eq!(
        problems(GOOD, &["forcing=none"]),
        ["forcing: is \"none\", must be a table with `kind` (from --set forcing=none)"]
    );
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let text = r#"
        precision = "half"
        [grid]
        points = [64, 0, 64]
        lengths = [1.0, 1.0]
        [physics]
        viscosity = nan
        nu = 1
        [initial]
        kind = "modes"
        modes = [{ mode = [1, 0, 0], real = 1 }, { mode = [1, 0.5, 0] }]
        mean_flow = "fast"
        [time]
        dt = 1e-3
        cfl = 4.0
        dt_max = -1.0
        end = "late"
        [output]
        history = { every = 0.0 }
        snapshots = { precision = "single" }
        checkpoints = { every = -1.0, keep = 0 }
        [parallel]
        threads = 0
    "#;
    let found = problems(text, &[]);
    let expected = [
        "precision: is \"half\", must be `double` or `single`",
        "grid.points[1]: is 0, must be 1 to 524288",
        "grid.lengths: is [1.0, 1.0], must be an array of length 3",
        "physics.viscosity: is NaN, must be a finite number, 0 or more",
        "physics.nu: unknown key; the keys of [physics] are `equation`, `viscosity`, `hyper`, `drag`, `rotation`, `magnetic`, `stratification`, `scalars`",
        "initial.modes[1].mode[1]: is 0.5, must be a whole number",
        "initial.modes[0].real: unknown key (did you mean `re`?); the keys of [initial.modes[0]] are `mode`, `re`, `im`",
        "initial.mean_flow: is \"fast\", must be an array of length 3",
        "time: has both dt = 0.001 and cfl = 4; remove one, in the file or with --set time.dt= or \
         --set time.cfl=",
        "time.cfl: is 4, must be above 0 and at most 3",
        "time.dt_max: is -1, must be a finite number above 0",
        "time.end: is \"late\", must be a number",
        "output.history.every: is 0, must be a finite number above 0",
        "output.snapshots.every: is missing; the keys of [output.snapshots] are `every`, `precision`, `fields`, `points`, `compression`",
        "output.checkpoints.every: is -1, must be a finite number above 0",
        "output.checkpoints.keep: is 0, must be 1 or more",
        "output.directory: is missing; where results go, for example directory = \"runs/first\" or \
         --output runs/first",
        "parallel.threads: is 0, must be 1 to 1024",
    ];
    for line in expected {
        assert!(found.iter().any(|l| l == line), "not reported: {line}\nin {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

/// A step or an interval that times cannot count until the end would run for ever.
#[test]
fn intervals_too_short_to_end_are_refused() {
    let line = "is 1e-300, of which time.end = 2 would take 2.0e300; time goes on by at least 1/2^53 = \
                1.1e-16 of the end, so it must be 2.2e-16 or more";
    let settings = [
        ("time.dt", "1e-300"),
        ("output.history.every", "1e-300"),
        ("output.gradients.every", "1e-300"),
        ("output.checkpoints.every", "1e-300"),
        ("output.snapshots.every", "1e-300"),
        ("output.modes.every", "1e-300"),
        ("output.spectra.every", "1e-300"),
        ("output.pdfs.every", "1e-300"),
        ("output.structure_functions.every", "1e-300"),
        ("output.slices[0].every", "[{ name = 'a', every = 1e-300 }]"),
    ];
    for (path, value) in settings {
        let key = path.replace("[0].every", "");
        let found = problems(GOOD, &[&format!("{key}={value}")]);
        let expected = format!("{path}: {line} (from --set {key}={value})");
        assert_eq!(found, [expected]);
    }
    let found = problems(GOOD, &["time.dt=", "time.cfl=0.5", "time.dt_max=1e-17"]);
    assert!(found.len() == 1 && found[0].starts_with("time.dt_max: is 1e-17, of"), "{found:?}");
    let found = problems(GOOD, &["output.pdfs={ every = 1e-9, samples = 1000000000 }"]);
    assert!(found.len() == 1 && found[0].starts_with("output.pdfs.every / samples: "), "{found:?}");
    assert!(problems(GOOD, &["time.end=1e300"])[0].starts_with("time.dt: is 1e-3, of which"));
    assert!(parse(GOOD, &["time.dt=3e-16", "output.history.every=0.1"]).is_ok());
}

/// What only a shell replaces would be a directory of that name.
#[test]
fn paths_of_shells_are_refused() {
    let file = |path: &str| format!("initial={{ kind = 'file', path = '{path}' }}");
    let table = |path: &str| {
        format!(
            "initial={{ kind='random', energy=1, spectrum={{ model='table', path='{path}' }} }}"
        )
    };
    for path in ["", "~", "~/runs", "$SCRATCH/run", "/a/${USER}/b", "$(pwd)", "`pwd`"] {
        let found = [
            problems(GOOD, &[&format!("output.directory='{path}'")]),
            problems(GOOD, &[&file(path)]),
            problems(GOOD, &[&table(path)]),
        ];
        let keys = ["output.directory", "initial.path", "initial.spectrum.path"];
        for (key, found) in keys.into_iter().zip(found) {
            let start = format!("{key}: is \"{path}\", ");
            assert!(found.iter().any(|line| line.starts_with(&start)), "{found:?}");
        }
    }
    for path in ["runs/~a", "a$", "5$/b", "~other"] {
        assert!(parse(GOOD, &[&format!("output.directory='{path}'")]).is_ok(), "{path}");
    }
}

/// Rows that nobody asked for are whole steps apart, as decimals.
#[test]
fn the_history_has_an_interval_of_its_own() {
    for (dt, end, every) in [("1e-4", "20", 0.2), ("1e-3", "2", 0.02), ("0.3", "100", 1.2)] {
        let settings = [format!("time.dt={dt}"), format!("time.end={end}")];
        let config = parse(GOOD, &[&settings[0], &settings[1]]).unwrap();
        assert_eq!(config.output.history.every, every);
    }
}

#[test]
fn sections_that_depend_on_each_other_are_checked() {
    assert_eq!(
        problems(GOOD, &["time.dt=3"]),
        ["time.dt: is 3, must be at most time.end = 2 (from --set time.dt=3)"]
    );
    assert_eq!(
        problems(GOOD, &["time.dt_max=1"]),
        ["time.dt_max: is 1, but the step is fixed by time.dt = 0.001; remove one (from --set \
          time.dt_max=1)"]
    );
    // The z axis of 32 points keeps modes up to 10.
    let forcing = |k: &str| format!("forcing={{ kind = 'constant_energy', wavenumber = {k} }}");
    for k in ["0.5", "10"] {
        let found = problems(GOOD, &[&forcing(k)]);
        let line = "must be at least 1, the box's lowest, and below 10, the largest one kept";
        assert!(found.len() == 1 && found[0].contains(line), "{found:?}");
    }
    assert!(parse(GOOD, &[&forcing("9.9")]).is_ok());
    // The field itself is checked against the grid as well.
    assert!(problems(GOOD, &["grid.points=[2,2,2]"])[0].starts_with("initial"));
}

#[test]
fn physics_that_does_not_fit_together_is_refused() {
    assert_eq!(
        problems(
            GOOD,
            &[
                "physics.magnetic.prandtl=1",
                "physics.stratification={ frequency = 0, prandtl = 1, diffusivity = 1 }",
                "physics.scalars=[{ name = 'u', schmidt = 1 }, { name = 'c' }]",
                "initial.mean_magnetic_field=[1, 0, 0]",
                "forcing={ kind = 'kolmogorov', wavenumber = 0.5 }",
            ]
        )
        .iter()
        .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": "))
        .collect::<Vec<_>>(),
        [
            "physics.magnetic: is there, but equation = \"navier_stokes\" has no magnetic field; \
             set physics.equation = \"mhd\"",
            "physics.stratification.frequency: is 0, must be a finite number above 0 (from --set \
             physics.stratification={ frequency = 0, prandtl = 1, diffusivity = 1 })",
            "physics.stratification.prandtl: is one too many",
            "physics.scalars[0].name: is \"u\", must be lower-case letters, digits and _, and not \
             the name of another field (from --set physics.scalars=[{ name = 'u', schmidt = 1 }, \
             { name = 'c' }])",
            "physics.scalars[1].diffusivity: is missing",
            "initial.magnetic: is given, but equation = \"navier_stokes\" has no magnetic field; \
             set physics.equation = \"mhd\"",
            "forcing.wavenumber: needs waves of wavenumber 0.5, but that makes 0.5 waves along \
             grid.lengths[1] = 1, not a whole number; choose a wavenumber that fits \
             grid.lengths[1] (from --set forcing={ kind = 'kolmogorov', wavenumber = 0.5 })",
        ]
    );
    let missing = problems(GOOD, &["physics.equation=mhd"]);
    assert!(missing[0].starts_with("physics.magnetic: is missing; equation = \"mhd\" needs"));
}

#[test]
fn a_step_is_chosen_one_way_only() {
    assert_eq!(
        parse(GOOD, &["time.dt=", "time.cfl=0.5"]).unwrap().time.step,
        Step::Cfl { cfl: 0.5, dt_max: None }
    );
    assert_eq!(
        problems(GOOD, &["time.dt="]),
        [
            "time.dt: is missing; a fixed step such as dt = 1e-3, or cfl = 0.5 or tolerance = 1e-5 to adapt the step \
          (from --set time.dt=)"
        ]
    );
}

#[test]
fn bad_overrides_are_reported_with_the_rest() {
    assert_eq!(
        problems(GOOD, &["precision", "physics.viscosity=-1", "grid.points.x=1"]),
        [
            "--set precision: has no `=`, must be key=value such as time.end=2.0",
            "--set grid.points.x=1: goes below grid.points, which is [64, 64, 32] and not a table",
            "physics.viscosity: is -1, must be a finite number, 0 or more (from --set \
             physics.viscosity=-1)",
        ]
    );
}

#[test]
fn a_syntax_error_shows_the_line() {
    let error = parse("[grid]\npoints = [64, 64 64]\n", &[]).unwrap_err().message;
    for part in ["a.toml is not valid TOML", "line 2, column 15", "points = [64, 64 64]"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_file_in_the_current_directory_is_found() {
    let serial = Communicator::serial();
    let error = Config::load(&serial, Path::new("Cargo.toml"), &[]).unwrap_err();
    assert!(error.message.contains("\n  package: unknown key"), "{error}");
    let error = Config::load(&serial, Path::new("none.toml"), &[]).unwrap_err();
    assert!(error.message.starts_with("cannot read the configuration none.toml"), "{error}");
}

#[test]
fn statistics_are_checked() {
    for (setting, problem) in [
        ("spectra={ every = 1.0, samples = 0 }", "output.spectra.samples: is 0, must be 1 or more"),
        ("pdfs={ every = 1.0, bins = 0 }", "output.pdfs.bins: is 0, must be 1 to 1000000"),
        (
            "pdfs={ every = 1.0, bins = 100000000000 }",
            "bins: is 100000000000, must be 1 to 1000000",
        ),
        ("pdfs={ every = 1.0, span = -1.0 }", "output.pdfs.span: is -1"),
        ("pdfs.ranges={ u = [1.0, 1.0] }", "output.pdfs.ranges.u: is [1, 1], must be two"),
        (
            "pdfs.ranges={ ink = [0.0, 1.0] }",
            "output.pdfs.ranges.ink: is not the name of a density",
        ),
        ("structure_functions.every=0", "output.structure_functions.every: is 0"),
        ("structure_functions.axes=['x', 'x']", "output.structure_functions.axes: is [x, x], must"),
        ("structure_functions.separations=[0.1, 0.0]", "output.structure_functions.separations[1]"),
        (
            "structure_functions.separations=['odd']",
            "must be \"powers_of_two\", \"all\" or an array",
        ),
    ] {
        let found = problems(FULL, &[&format!("output.{setting}")]);
        assert!(found.len() == 1 && found[0].contains(problem), "{setting}: {found:?}");
    }
    let message = &problems(FULL, &["output.pdfs.ranges={ ink = [0.0, 1.0] }"])[0];
    assert!(
        message.contains("dye_gradient_z") && message.contains("heat_dissipation"),
        "{message}"
    );
}
