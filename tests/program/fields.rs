//! What shows fields: derived fields and coarse grids in snapshots, slices, spectral snapshots.

use std::path::Path;

use dns_solver::grid::Region;
use dns_solver::io::checkpoint::CheckpointReader;
use dns_solver::io::snapshot::SnapshotReader;
use dns_solver::parallel::Communicator;

use super::restart::FORCED;
use super::running::{Case, DECAYING, read_checkpoint};

/// All points of a field of a snapshot, `[z][y][x]`.
fn field(path: &Path, name: &str) -> Vec<f64> {
    let reader = SnapshotReader::open(&Communicator::serial(), path).unwrap();
    let points = reader.header().points;
    reader.read(name, &Region::of_planes(points, 0..points[2])).unwrap()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found / expected - 1.0).abs() < tolerance, "{found} and {expected}");
}

const FIELDS: &str = "fields=['velocity', 'pressure', 'vorticity_magnitude', 'dissipation']";

/// Grid points 0, 9, 20 of x, y, z, and a range, in the box of [`DECAYING`].
const SLICES: &str = "output.slices=[
    { name = 'z', every = 0.05, z = 3.1, precision = 'double', FIELDS },
    { name = 'y', every = 0.1, y = 6.2, precision = 'double', FIELDS },
    { name = 'box', every = 0.1, x = [1.0, 2.0], y = [0.0, 2.0], z = [4.0, 6.2], FIELDS }]";

#[test]
fn slices_are_points_of_snapshots() {
    let slices = SLICES.replace('\n', " ").replace("FIELDS", FIELDS);
    let contents = format!("output.snapshots.{FIELDS}");
    let case = Case::with(DECAYING, &[&contents, &slices]);
    // 24, 18 and 20 points on 2 pi, 4 pi and 2 pi.
    let regions = [
        ("z", [0..24, 0..18, 10..11]),
        ("y", [0..24, 9..10, 0..20]),
        ("box", [4..8, 0..3, 13..20]),
    ];
    for (ranks, grid) in [(1, [1, 1]), (3, [3, 1]), (4, [2, 2])] {
        let name = format!("run{ranks}");
        let grid = format!("parallel.grid={grid:?}");
        case.solve(ranks, &name, &["--quiet", "--set", &grid]);
        for (slice, [x, y, z]) in &regions {
            let records = case.slice(&name, slice);
            assert_eq!(records["time"].len(), if *slice == "z" { 5 } else { 3 });
            let each = x.len() * y.len() * z.len();
            for snapshot in case.snapshots(&name) {
                let reader = SnapshotReader::open(&Communicator::serial(), &snapshot).unwrap();
                let is_same = |time: &f64| *time == reader.header().time;
                let record = records["time"].iter().position(is_same).unwrap();
                for field in ["u", "w", "pressure", "vorticity_magnitude", "dissipation"] {
                    let all = reader.read(field, &Region::of_planes([24, 18, 20], 0..20)).unwrap();
                    let points = z.clone().flat_map(|z| y.clone().map(move |y| (y, z)));
                    let rows = points.flat_map(|(y, z)| &all[(z * 18 + y) * 24..][x.clone()]);
                    let expected: Vec<f64> = match *slice {
                        "box" => rows.map(|value| f64::from(*value as f32)).collect(),
                        _ => rows.copied().collect(),
                    };
                    assert!(expected.iter().any(|value| *value != 0.0));
                    let found = &records[field][record * each..][..each];
                    assert_eq!(found, expected, "{field} on {slice} of {name}");
                }
            }
        }
    }
}

#[test]
fn averages_of_derived_fields_are_those_of_the_history() {
    let fields = "output.snapshots.fields=['dissipation', 'vorticity', 'q_criterion', 'pressure']";
    let case = Case::with(DECAYING, &[fields, "output.history.every=0.1"]);
    case.solve(2, "run", &["--quiet"]);
    for (record, path) in case.snapshots("run").iter().enumerate() {
        let of_history = |name| case.column("run", name)[record];
        let average = |name| mean(field(path, name).into_iter());
        close(average("dissipation"), of_history("dissipation"), 1e-13);
        let components = ["omega_x", "omega_y", "omega_z"].map(|name| field(path, name));
        let squares = components.iter().map(|c| mean(c.iter().map(|x| x * x)));
        close(0.5 * squares.sum::<f64>(), of_history("enstrophy"), 1e-13);
        assert!(average("q_criterion").abs() < 1e-13 && average("pressure").abs() < 1e-13);
        // lap p = 2 Q: larger where the flow is strained.
        assert!(mean(field(path, "pressure").iter().map(|p| p * p)) > 0.0);
    }
}

/// Pressure gradient and acceleration have in a snapshot the mean squares that gradients.csv tells, the
/// latter with the force of the run, and pdfs.h5 agrees.
#[test]
fn the_acceleration_is_the_same_in_all_files() {
    let settings = [
        "output.snapshots={ every=0.25, precision='double', fields=['acceleration', 'pressure_gradient'] }",
        "output.gradients={ every=0.25, acceleration=true }",
        "output.pdfs={ every=0.25, acceleration=true }",
        "time.end=0.5",
    ];
    let case = Case::with(FORCED, &settings);
    case.solve(3, "run", &["--quiet"]);
    let column = |name: &str| case.column_in("run", "gradients.csv", name);
    let pdfs = case.records("run", "pdfs.h5");
    for (name, components) in [
        ("acceleration", ["a_x", "a_y", "a_z"]),
        ("pressure_gradient", ["dp_dx", "dp_dy", "dp_dz"]),
    ] {
        let variance = column(&format!("{name}_variance"));
        let flatness = column(&format!("{name}_flatness"));
        assert_eq!(variance.len(), 3);
        for (record, path) in case.snapshots("run").iter().enumerate() {
            let values: Vec<f64> = components.iter().flat_map(|name| field(path, name)).collect();
            let square = mean(values.iter().map(|a| a * a));
            close(square, variance[record], 1e-13);
            close(mean(values.iter().map(|a| a.powi(4))) / square.powi(2), flatness[record], 1e-12);
            if name == "pressure_gradient" {
                close(pdfs[&format!("{name}_rms")][record].powi(2), square, 1e-12);
                close(pdfs[&format!("{name}_moments")][4 * record + 3], flatness[record], 1e-12);
            }
            let bins = &pdfs[name][200 * record..200 * (record + 1)];
            close(bins.iter().sum::<f64>() * 0.1, 1.0, 1e-12);
        }
    }
}

/// Modes up to 7, 5 and 6 fit on 16, 12 and 14 points; on fewer energy is cut off.
#[test]
fn a_coarse_snapshot_has_the_modes_that_fit() {
    let case = Case::with(DECAYING, &["output.history.every=0.1"]);
    let energies = |name: &str, points: &str| -> Vec<f64> {
        let points = format!("output.snapshots.points={points}");
        case.solve(3, name, &["--quiet", "--set", &points]);
        let energy = |path: &std::path::PathBuf| {
            let components = ["u", "v", "w"].map(|name| field(path, name));
            components.iter().map(|c| 0.5 * mean(c.iter().map(|x| x * x))).sum()
        };
        case.snapshots(name).iter().map(energy).collect()
    };
    let whole = case_energies(&case, &energies("fits", "[16, 12, 14]"));
    let cut = energies("cut", "[6, 6, 6]");
    for (whole, cut) in whole.iter().zip(cut) {
        assert!(cut < 0.9 * whole && cut > 0.1 * whole, "{cut} of {whole}");
    }
}

/// Checks energies against the history of the run `fits`.
fn case_energies(case: &Case, energies: &[f64]) -> Vec<f64> {
    let expected = case.column("fits", "kinetic_energy");
    assert_eq!(energies.len(), expected.len());
    energies.iter().zip(&expected).for_each(|(found, expected)| close(*found, *expected, 1e-13));
    expected
}

#[test]
fn compression_changes_files_and_no_number() {
    let case = Case::with(DECAYING, &["output.snapshots.precision=single"]);
    case.solve(1, "plain", &["--quiet"]);
    for ranks in [1, 4] {
        let name = format!("compressed{ranks}");
        case.solve(ranks, &name, &["--quiet", "--set", "output.snapshots.compression=6"]);
        for (plain, compressed) in case.snapshots("plain").iter().zip(case.snapshots(&name)) {
            assert_eq!(field(plain, "v"), field(&compressed, "v"));
            let stored = |path: &Path| {
                let file = hdf5::File::open(path).unwrap();
                file.dataset("fields/v").unwrap().storage_size()
            };
            assert!(stored(&compressed) < stored(plain) * 19 / 20);
        }
    }
}

#[test]
fn spectral_snapshots_are_checkpoints_that_stay() {
    let settings = ["output.modes={ every = 0.05, precision = 'double' }"];
    let case = Case::with(DECAYING, &settings);
    case.solve(3, "run", &["--quiet"]);
    let modes = case.modes("run");
    assert_eq!(modes.len(), 5);
    let (last, checkpoint) = (modes.last().unwrap(), case.checkpoints("run").pop().unwrap());
    assert_eq!(read_checkpoint(last).2, read_checkpoint(&checkpoint).2);
    // Single precision rounds, and is verified as well.
    let single = ["--quiet", "--set", "output.modes.precision=single"];
    case.solve(2, "single", &single);
    let numbers = |path: &Path| {
        let reader = CheckpointReader::open(&Communicator::serial(), path).unwrap();
        reader.read::<f64>().unwrap().data.to_vec()
    };
    let rounded: Vec<_> = numbers(last).iter().map(|x| f64::from(*x as f32)).collect();
    assert_eq!(numbers(case.modes("single").last().unwrap()), rounded);
    // A run starts from one.
    let start = format!("initial={{ kind = 'file', path = '{}' }}", last.display());
    case.solve(2, "next", &["--quiet", "--set", &start]);
    let energy = |name| case.column(name, "kinetic_energy");
    close(energy("next")[0], *energy("run").last().unwrap(), 1e-14);
}

#[test]
fn what_cannot_be_shown_is_said() {
    let case = Case::new(DECAYING);
    for (setting, message) in [
        (
            "output.snapshots.fields=['u', 'vortcity']",
            "output.snapshots.fields[1]: is \"vortcity\" (did you mean `vorticity`?), must be one of",
        ),
        ("output.snapshots.fields=['velocity', 'v']", "output.snapshots.fields: has v twice"),
        (
            "output.snapshots.points=[24, 19, 20]",
            "output.snapshots.points[1]: is 19, must be 1 to 18",
        ),
        (
            "output.snapshots.compression=10",
            "output.snapshots.compression: is 10, must be 0, for none,",
        ),
        (
            "output.slices=[{ name = 'a', every = 1, z = 7 }]",
            "output.slices[0].z: is 7, must be 0 to 6.28",
        ),
        (
            "output.slices=[{ name = 'a', every = 1, z = [1.01, 1.02] }]",
            "output.slices[0].z: is [1.01, 1.02], must be two coordinates",
        ),
        (
            "output.slices=[{ name = 'a/b', every = 1 }]",
            "output.slices[0].name: is \"a/b\", must be letters",
        ),
        (
            "output.slices=[{ name = 'a', every = 1, y = 'mid' }]",
            "output.slices[0].y: is \"mid\", must be a coordinate such as 1.5 or a range",
        ),
    ] {
        case.run(1, "run", &["--set", setting]).assert_error(2, message);
    }
}
