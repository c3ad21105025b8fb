//! Records are added, cut off, and go on in parts of their own.

use std::fs;

use super::*;

/// An array over `k`, a table over `k` and `n`, and a number.
fn header(k: usize) -> Header {
    let axis = |name: &str, coordinates| Axis::new(name, "1", &format!("axis {name}"), coordinates);
    let array = |name: &str, axes: &[usize]| {
        Array::new(Variable::new(name, "L^3/T^2", format!("array {name}")), axes)
    };
    Header {
        description: "test".into(),
        axes: vec![axis("k", (0..k).map(|k| 0.5 * k as f64).collect()), axis("n", vec![1.0, 3.0])],
        arrays: vec![array("a", &[0]), array("b", &[0, 1]), array("c", &[])],
        attributes: vec![("viscosity", 0.01)],
        config: "# e\n".repeat(30_000),
    }
}

/// A record full of one number.
fn record(k: usize, number: f64) -> Vec<f64> {
    [vec![number; k], vec![-number; 2 * k], vec![number]].concat()
}

/// Steps, wavenumbers, and the arrays.
fn read(path: &Path) -> (Vec<i64>, Vec<f64>, [Vec<f64>; 3]) {
    let file = File::open(path).unwrap();
    let numbers = |name: &str| file.dataset(name).unwrap().read_raw::<f64>().unwrap();
    let records = numbers("records")[0] as usize;
    let whole = |name: &str| {
        let each = file.dataset(name).unwrap().shape()[1..].iter().product::<usize>();
        numbers(name)[..records * each].to_vec()
    };
    let steps = whole("step").iter().map(|step| *step as i64).collect();
    (steps, numbers("k"), ["a", "b", "c"].map(whole))
}

#[test]
fn records_are_added_cut_off_and_grow() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.h5");
    // Room for two at first, then for another one.
    let open = |k, after| begun(&path, &header(k), after, 2);
    let mut writer = open(2, None);
    assert_eq!(read(&path), (vec![], vec![0.0, 0.5], [vec![], vec![], vec![]]));
    for step in 0..3 {
        writer.append(10 * step, step as f64, &record(2, step as f64)).unwrap();
    }
    assert_eq!(read(&path).0, [0, 10, 20]);
    assert_eq!(read(&path).2[0], [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
    open(2, Some(19)).append(25, 7.0, &record(2, 7.0)).unwrap();
    let (steps, k, [a, b, c]) = read(&path);
    assert_eq!((steps, k), (vec![0, 10, 25], vec![0.0, 0.5]));
    assert_eq!(a, [0.0, 0.0, 1.0, 1.0, 7.0, 7.0]);
    assert_eq!((b[4..8].to_vec(), c), (vec![-1.0; 4], vec![0.0, 1.0, 7.0]));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing else is left");
}

/// Those that are more than what is copied at a time are whole in a file that has grown.
#[test]
fn long_records_grow_in_parts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.h5");
    let k = PIECE * 2 / 5;
    let mut writer = begun(&path, &header(k), None, 2);
    for step in 0..5 {
        writer.append(step, 0.0, &record(k, step as f64)).unwrap();
    }
    let (steps, _, [a, b, c]) = read(&path);
    assert_eq!(steps, [0, 1, 2, 3, 4]);
    assert_eq!(c, [0.0, 1.0, 2.0, 3.0, 4.0]);
    let is_whole = |numbers: &[f64], each: usize, sign: f64| {
        let mut records = numbers.chunks_exact(each).zip(&c);
        records.all(|(record, c)| record.iter().all(|number| *number == sign * c))
    };
    assert!(a.len() == 5 * k && is_whole(&a, k, 1.0) && is_whole(&b, 2 * k, -1.0));
}

/// Names of the files, and the steps in them.
fn all(directory: &Path) -> Vec<(String, Vec<i64>)> {
    let present = parts::present(&directory.join("records.h5")).unwrap().into_iter();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_string();
    let steps = |path: &Path| {
        let file = File::open(path).unwrap();
        let read = |name: &str| file.dataset(name).unwrap().read_raw::<i64>().unwrap();
        read("step")[..read("records")[0] as usize].to_vec()
    };
    present.map(|(_, path)| (name(&path), steps(&path))).collect()
}

/// What is no longer the same record goes on in a file of its own, and comes back at a restart.
#[test]
fn other_records_have_a_file_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.h5");
    let add = |header: &Header, after, step: u64| {
        let numbers = vec![step as f64; header.numbers()];
        begun(&path, header, after, 9).append(step, step as f64, &numbers).unwrap();
    };
    let named = |files: &[(&str, &[i64])]| -> Vec<_> {
        files.iter().map(|(name, steps)| (name.to_string(), steps.to_vec())).collect()
    };
    let (first, second, third) = ("records.h5", "records.part2.h5", "records.part3.h5");
    add(&header(2), None, 0);
    add(&header(2), Some(0), 10);
    add(&header(3), Some(10), 20);
    add(&header(3), Some(20), 30);
    let mut other = header(3);
    other.attributes[0].1 = 0.02;
    add(&other, Some(30), 40);
    let whole = named(&[(first, &[0, 10]), (second, &[20, 30]), (third, &[40])]);
    assert_eq!(all(directory.path()), whole);
    assert_eq!(read(&directory.path().join(second)).1, [0.0, 0.5, 1.0]);
    // Nothing is touched before it begins, whatever it is going to do.
    RecordsWriter::open(&Communicator::serial(), &path, &header(2), Some(5), 9).unwrap();
    assert_eq!(all(directory.path()), whole);
    add(&header(3), Some(25), 26);
    assert_eq!(all(directory.path()), named(&[(first, &[0, 10]), (second, &[20, 26])]));
    add(&other, Some(5), 7);
    assert_eq!(all(directory.path()), named(&[(first, &[0]), (second, &[7])]));
    // Fewer arrays, other coordinates, another flow.
    let mut others = [header(2), header(2), header(2)];
    others[0].arrays.pop();
    others[1].axes[1].coordinates[1] = 2.0;
    others[2].config = "[physics]\nviscosity = 1.0".into();
    for header in others {
        add(&header, Some(0), 9);
        assert_eq!(all(directory.path())[1].0, second);
    }
}

#[test]
fn a_file_that_does_not_fit_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.h5");
    let serial = Communicator::serial();
    fs::write(&path, "no HDF5").unwrap();
    let error = RecordsWriter::open(&serial, &path, &header(2), Some(0), 9).err().unwrap();
    assert!(error.message.contains("move it away"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"no HDF5");
}

fn begun(path: &Path, header: &Header, after: Option<u64>, left: u64) -> RecordsWriter {
    let serial = Communicator::serial();
    let mut writer = RecordsWriter::open(&serial, path, header, after, left).unwrap();
    writer.begin(&serial).unwrap();
    writer
}
