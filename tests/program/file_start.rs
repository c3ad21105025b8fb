//! What a run takes from the file that it starts from: all that the file holds, and what is lost is
//! said.

use std::path::Path;

use super::running::{Case, DECAYING, make_pipe};

/// Waves along x alone.
const LINE: [&str; 4] = [
    "grid={ points=[96, 8, 8] }",
    "physics.viscosity=0.0",
    "time={ dt=0.01, end=0.01 }",
    "initial={ kind='modes', modes=[{ mode=[25, 0, 0], re=[0.0, 0.5, 0.0] }] }",
];

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * b.abs(), "{a} is not {b}");
}

/// The setting that starts a run from a file.
fn from(path: &Path) -> String {
    format!("initial={{ kind = 'file', path = '{}' }}", path.display())
}

/// The first kinetic energy of a run.
fn energy(case: &Case, name: &str) -> f64 {
    case.column(name, "kinetic_energy")[0]
}

/// 64 points hold the mode 25, though the 2/3 rule would keep 21 of them.
#[test]
fn a_coarse_file_is_a_whole_file() {
    let case = Case::with(DECAYING, &LINE);
    case.solve(1, "run", &["--quiet", "--set", "output.snapshots.points=[64, 8, 8]"]);
    let snapshot = case.snapshots("run").remove(0);
    let start = from(&snapshot);
    let output = case.solve(2, "next", &["--quiet", "--set", &start]);
    close(energy(&case, "next"), 0.25, 1e-14);
    assert!(!output.stderr.contains("% of the energy"), "{output:?}");
    // A grid that does not keep the mode, for snapshot and checkpoint.
    for (name, file) in [("snapshot", &snapshot), ("checkpoint", &case.checkpoints("run")[0])] {
        let coarse = ["--quiet", "--set", &from(file), "--set", "grid.points=[48, 8, 8]"];
        let output = case.solve(1, name, &coarse);
        let said = "warning: 100.00 % of the energy of the velocity in";
        assert_eq!(output.stderr.matches(said).count(), 1, "{output:?}");
        assert!(energy(&case, name) < 1e-20);
    }
    // Converted, nothing is lost either.
    let [from, to] = [snapshot, case.path("converted.h5")].map(|path| path.display().to_string());
    let output = super::running::run_solver(1, &["convert", &from, &to]);
    assert_eq!((output.code(), output.stderr.as_str()), (0, ""));
    case.solve(
        1,
        "again",
        &["--quiet", "--set", &format!("initial={{ kind='file', path='{to}' }}")],
    );
    close(energy(&case, "again"), 0.25, 1e-14);
}

/// Components in another order are a flow with divergence.
#[test]
fn what_projection_removes_is_said() {
    let case = Case::new(DECAYING);
    case.solve(1, "run", &["--quiet"]);
    let snapshot = case.snapshots("run").remove(0);
    let start = from(&snapshot);
    let output = case.solve(1, "good", &["--quiet", "--set", &start]);
    assert!(!output.stderr.contains("is not solenoidal"), "{output:?}");
    let file = hdf5::File::open_rw(&snapshot).unwrap();
    for (from, to) in [("u", "other"), ("w", "u"), ("other", "w")] {
        file.relink(&format!("fields/{from}"), &format!("fields/{to}")).unwrap();
    }
    drop(file);
    let output = case.solve(2, "turned", &["--quiet", "--set", &start]);
    assert_eq!(output.stderr.matches("is not solenoidal, and is removed").count(), 1, "{output:?}");
    assert!(energy(&case, "turned") < 0.9 * energy(&case, "good"));
}

/// A file without fields that can be taken is named, with what it must hold; a pipe is not waited for.
#[test]
fn what_is_no_field_is_said() {
    let case = Case::new(DECAYING);
    case.solve(1, "run", &["--quiet"]);
    let snapshot = case.snapshots("run").remove(0);
    let pipe = case.path("pipe");
    make_pipe(&pipe);
    case.run(2, "start", &["--set", &from(&pipe)]).assert_error(2, "it is a pipe");
    let restart = ["--restart", &pipe.display().to_string()];
    case.run(2, "run", &restart).assert_error(1, "it is a pipe");
    let shape = hdf5::File::open(&snapshot).unwrap().dataset("fields/u").unwrap().shape();
    for shape in [[&[1], &shape[..]].concat(), shape[1..].to_vec()] {
        let file = hdf5::File::open_rw(&snapshot).unwrap();
        file.unlink("fields/u").unwrap();
        file.new_dataset::<f64>().shape(&shape[..]).create("fields/u").unwrap();
        drop(file);
        let output = case.run(2, "start", &["--set", &from(&snapshot)]);
        output.assert_error(2, "has no field u of three dimensions; it must hold u, v and w");
    }
}

/// A mean that is given takes the place of that of the file.
#[test]
fn means_are_not_doubled() {
    let settings = [
        "physics.equation=mhd",
        "physics.magnetic={ prandtl=1.0 }",
        "initial.mean_magnetic_field=[0.0, 0.5, 1.0]",
    ];
    let case = Case::with(DECAYING, &settings);
    case.solve(1, "run", &["--quiet"]);
    let path = case.snapshots("run").remove(0);
    let file = format!("initial={{ kind='file', path='{}', mean_flow=[0.2, 0, 0]", path.display());
    let magnetic = |name: &str| case.column(name, "magnetic_energy")[0];
    for (name, mean, expected) in [
        ("same", ", mean_magnetic_field=[0.0, 0.5, 1.0]", 0.625),
        ("other", ", mean_magnetic_field=[2.0, 0.0, 0.0]", 2.0),
        ("kept", "", 0.625),
    ] {
        // The settings of the case would be added to this table.
        let start = format!("{file}{mean} }}");
        let output = case.solve(2, name, &["--set", &start]);
        close(magnetic(name), expected, 1e-14);
        close(energy(&case, name), energy(&case, "run"), 1e-14);
        assert_eq!(output.stdout.matches("mean magnetic field [").count(), 1, "{output:?}");
    }
}

/// A random field has the energy asked for, also where the grid cuts much of its spectrum off.
#[test]
fn random_fields_have_the_energy_asked_for() {
    let spectrum = "{ model='pope', length=0.5, eta=0.01 }";
    for (settings, energy_asked, said) in [
        (
            [
                format!("initial={{ kind='random', energy=0.5, spectrum={spectrum} }}"),
                "grid={ points=[16, 16, 16] }".into(),
            ],
            0.5,
            1,
        ),
        (
            [
                format!("initial={{ kind='random', velocity=1.0, spectrum={spectrum} }}"),
                "grid={ points=[16, 16, 16], dealias='phase_shift' }".into(),
            ],
            1.5,
            1,
        ),
        (
            [
                "initial={ kind='random', energy=0.3, spectrum={ model='exponential', peak=2.0 } }"
                    .into(),
                "grid={ points=[48, 48, 48] }".into(),
            ],
            0.3,
            0,
        ),
    ] {
        let case = Case::with(DECAYING, &settings.each_ref().map(String::as_str));
        let scalar = "physics.scalars=[{ name='c', schmidt=1.0, initial={ variance=0.7, peak=4.0, \
                      modes=[{ mode=[1, 0, 0], re=1.0 }] } }]";
        let output = case.solve(
            2,
            "run",
            &["--quiet", "--set", scalar, "--set", "time={ dt=0.01, end=0.01 }"],
        );
        close(energy(&case, "run"), energy_asked, 1e-6);
        assert_eq!(case.read("run", "log.txt").matches("initial.spectrum: ").count(), said);
        assert!(!output.stderr.contains("initial.spectrum"), "{output:?}");
        let variance = case.column("run", "c_variance")[0];
        // The mode given is in phase with what is there by chance.
        assert!((variance - 2.7).abs() < 0.3, "{variance}");
    }
    let none = ["--quiet", "--set", "grid={ points=[3, 3, 3] }"];
    Case::new(DECAYING).run(1, "none", &none).assert_error(2, "initial.spectrum");
}
