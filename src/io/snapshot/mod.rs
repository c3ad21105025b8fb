//! Snapshots: the fields on the grid points at one instant, one HDF5 file each.
//!
//! Datasets `/fields/<name>` have shape `[nz][ny][nx]` with coordinates `/fields/x`, `y`, `z`
//! attached as dimension scales; root attributes hold the time, the grid, and where the file comes
//! from, with a `description` in words. Whole planes lie in one contiguous block of the file.
//! The precision of the file does not depend on that of the run.

mod compressed;
mod header;
mod reader;
mod writer;

pub(super) use header::AXIS_NAMES;
pub use header::{Header, Provenance};
pub use reader::SnapshotReader;
pub(super) use reader::read_header;
pub use writer::SnapshotWriter;

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;
    use std::fs;
    use std::ops::Range;
    use std::path::Path;

    use hdf5::File;

    use super::writer::DESCRIPTION;
    use super::*;
    use crate::error::{ErrorKind, Result};
    use crate::grid::Region;
    use crate::io::hdf5_file;
    use crate::parallel::Communicator;
    use crate::real::Precision;
    use crate::variable::Variable;

    fn header(precision: Precision) -> Header {
        let field = |name: &str| Variable::new(name, "L/T", format!("velocity, component {name}"));
        Header {
            time: 0.1 + 0.2,
            step: 12,
            points: [5, 3, 4],
            lengths: [1.0, 0.5, 2.0],
            precision,
            compression: 0,
            fields: vec![field("u"), field("v")],
        }
    }

    fn provenance() -> Provenance {
        Provenance {
            code_version: "0.0".into(),
            // Longer than the 64 KiB that an attribute could hold in place.
            config: "# é\n".repeat(30_000),
            parameters: vec![("viscosity".into(), 6.25e-4)],
        }
    }

    fn numbers(count: usize) -> Vec<f64> {
        (0..count).map(|i| 1.0 / (i as f64 + 3.0)).collect()
    }

    fn planes(range: Range<usize>) -> Region {
        Region::of_planes([5, 3, 4], range)
    }

    fn create(path: &Path, precision: Precision) -> Result<SnapshotWriter> {
        SnapshotWriter::create(&Communicator::serial(), path, &header(precision), &provenance())
    }

    /// Writes all planes of both fields; the second one is the negative of the first.
    fn write(path: &Path, precision: Precision) {
        let mut writer = create(path, precision).unwrap();
        for (field, sign) in [(0, 1.0), (1, -1.0)] {
            let data: Vec<f64> = numbers(60).iter().map(|x| sign * x).collect();
            writer.write(field, &planes(1..4), &data[15..]);
            writer.write(field, &planes(0..1), &data[..15]);
        }
        writer.finish().unwrap();
    }

    fn open(path: &Path) -> Result<SnapshotReader> {
        SnapshotReader::open(&Communicator::serial(), path)
    }

    #[test]
    fn both_precisions_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        for precision in [Precision::Single, Precision::Double] {
            write(&path, precision);
            let reader = open(&path).unwrap();
            let mut expected = header(precision);
            expected.fields = ["u", "v"].map(Variable::named).into();
            assert_eq!(*reader.header(), expected);
            let expected = numbers(60).into_iter().map(|x| match precision {
                Precision::Single => f64::from(x as f32),
                Precision::Double => x,
            });
            let expected: Vec<f64> = expected.collect();
            assert_eq!(reader.read("u", &planes(0..4)).unwrap(), expected);
            assert_eq!(reader.read("u", &planes(2..3)).unwrap(), expected[30..45]);
            assert!(reader.read("u", &planes(4..4)).unwrap().is_empty());
            assert_eq!(reader.read("v", &planes(3..4)).unwrap()[0], -expected[45]);
        }
    }

    #[test]
    fn a_single_precision_run_can_write_double() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        let mut writer = create(&path, Precision::Double).unwrap();
        writer.write(0, &planes(0..4), &[0.1_f32; 60]);
        writer.finish().unwrap();
        assert_eq!(
            open(&path).unwrap().read("u", &planes(0..4)).unwrap(),
            [f64::from(0.1_f32); 60]
        );
    }

    #[test]
    fn the_file_explains_itself() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        write(&path, Precision::Single);
        let file = File::open(&path).unwrap();
        assert_eq!(hdf5_file::read_fixed_text(&file, "description").unwrap(), DESCRIPTION);
        assert_eq!(hdf5_file::read_fixed_text(&file, "config").unwrap(), provenance().config);
        assert_eq!(hdf5_file::read_fixed_text(&file, "code_version").unwrap(), "0.0");
        assert_eq!(hdf5_file::read_number::<f64>(&file, "viscosity").unwrap(), 6.25e-4);
        let u = file.dataset("fields/u").unwrap();
        assert_eq!(hdf5_file::read_fixed_text(&u, "units").unwrap(), "L/T");
        assert!(u.attr("DIMENSION_LIST").is_ok() && u.attr("DIMENSION_LABELS").is_ok());
        let y = file.dataset("fields/y").unwrap().read_raw::<f64>().unwrap();
        assert_eq!(y, [0.0, TAU * 0.5 / 3.0, TAU * 0.5 * 2.0 / 3.0]);
    }

    #[test]
    fn an_unfinished_snapshot_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        let writer = create(&path, Precision::Single).unwrap();
        assert!(!path.exists(), "the final name is for finished files");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        drop(writer);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);

        let error =
            create(&directory.path().join("nowhere/s.h5"), Precision::Single).err().unwrap();
        assert_eq!(error.kind, ErrorKind::Io);
        assert!(error.message.contains("nowhere/s.h5: "), "{error}");
        assert!(error.message.contains("No such file"), "{error}");
    }

    /// A big-endian dataset, and one behind a link, read as those that this program writes.
    #[test]
    fn other_byte_orders_and_links_are_read() {
        use hdf5_sys::h5d::{H5Dclose, H5Dcreate2, H5Dwrite};
        use hdf5_sys::h5p::H5P_DEFAULT;
        use hdf5_sys::h5s::H5S_ALL;
        use hdf5_sys::h5t::{H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE};

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        write(&path, Precision::Double);
        let file = edit(&path);
        let numbers = file.dataset("fields/u").unwrap().read_raw::<f64>().unwrap();
        let space = file.dataset("fields/u").unwrap().space().unwrap();
        file.unlink("fields/u").unwrap();
        {
            let _lock = hdf5_sys::LOCK.lock();
            // SAFETY: all ids are alive, the library is locked, the numbers are as many as the space.
            unsafe {
                let (order, own) = (*H5T_IEEE_F64BE, *H5T_NATIVE_DOUBLE);
                let (none, name) = (H5P_DEFAULT, c"fields/u".as_ptr());
                let dataset = H5Dcreate2(file.id(), name, order, space.id(), none, none, none);
                let written =
                    H5Dwrite(dataset, own, H5S_ALL, H5S_ALL, none, numbers.as_ptr().cast());
                assert!(written >= 0 && H5Dclose(dataset) >= 0);
            }
        }
        file.relink("fields/v", "elsewhere").unwrap();
        file.link_soft("/elsewhere", "fields/v").unwrap();
        drop((space, file));
        let reader = open(&path).unwrap();
        let names: Vec<_> = reader.header().fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["u", "v"]);
        assert_eq!(reader.read("u", &planes(0..4)).unwrap(), numbers);
        assert_eq!(reader.read("v", &planes(3..4)).unwrap()[0], -numbers[45]);
        drop(reader);
        let dangling = refusal(|path| edit(path).link_soft("/nowhere", "fields/w").unwrap());
        assert!(dangling.contains("/fields/w leads to nothing"), "{dangling}");
    }

    /// The message with which a file is refused, after `spoil` has had its way with a good one.
    fn refusal(spoil: impl FnOnce(&Path)) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        write(&path, Precision::Double);
        spoil(&path);
        let error = match open(&path) {
            Ok(reader) => reader.read("u", &planes(0..1)).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind, ErrorKind::Input);
        assert!(error.message.contains(path.to_str().unwrap()), "{error}");
        error.message
    }

    /// Opens a file to spoil its content.
    fn edit(path: &Path) -> File {
        File::open_rw(path).unwrap()
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let missing = refusal(|path| fs::remove_file(path).unwrap());
        assert!(missing.contains("No such file"), "{missing}");

        let text = refusal(|path| fs::write(path, "time = 3").unwrap());
        assert!(text.contains("not an HDF5 file"), "{text}");

        let truncated = refusal(|path| {
            let length = fs::metadata(path).unwrap().len();
            fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length - 1).unwrap();
        });
        assert!(truncated.contains("truncated"), "{truncated}");

        let foreign = refusal(|path| edit(path).delete_attr("points").unwrap());
        assert!(foreign.contains("not a snapshot of this program: points"), "{foreign}");

        let no_field = refusal(|path| edit(path).unlink("fields/u").unwrap());
        assert!(no_field.contains("no field u (it has v)"), "{no_field}");

        let shape = refusal(|path| {
            let file = edit(path);
            file.delete_attr("points").unwrap();
            hdf5_file::write_numbers(&file, "points", &[5_i64, 3, 8]).unwrap();
        });
        assert!(shape.contains("/fields/u has shape [4, 3, 5]"), "{shape}");
        assert!(shape.contains("[8, 3, 5]"), "{shape}");

        let integers = refusal(|path| {
            let file = edit(path);
            file.unlink("fields/u").unwrap();
            file.new_dataset::<i32>().shape([4, 3, 5]).create("fields/u").unwrap();
        });
        assert!(integers.contains("/fields/u is of neither single nor double"), "{integers}");

        let mixed = refusal(|path| {
            let file = edit(path);
            file.unlink("fields/v").unwrap();
            file.new_dataset::<f32>().shape([4, 3, 5]).create("fields/v").unwrap();
        });
        assert!(mixed.contains("differ in precision"), "{mixed}");
    }
}
