//! Records go on from file to file, and are cut back.

use super::*;
use crate::real::Precision;
use crate::variable::Variable;

/// Two fields on a plane of 2 x 3 points.
fn header() -> Header {
    let field = |name: &str| Variable::new(name, "L/T", format!("field {name}"));
    Header {
        name: "plane".into(),
        grid: Grid::two_thirds([8, 6, 4], [1.0, 2.0, 1.0]),
        region: Region { ranges: [1..3, 2..5, 3..4] },
        precision: Precision::Single,
        fields: vec![field("u"), field("b")],
    }
}

fn open(path: &Path, header: Header, after: Option<u64>) -> SliceWriter {
    let provenance = Provenance {
        code_version: "0".into(),
        config: "# e\n".repeat(30_000),
        parameters: Vec::new(),
    };
    let serial = Communicator::serial();
    let writer = SliceWriter::open(&serial, path, header, provenance, after, true);
    let mut writer = writer.unwrap();
    writer.begin().unwrap();
    writer
}

/// Adds a record full of its step, in files of `room` records.
fn add(writer: &mut SliceWriter, step: u64, room: u64) {
    writer.begin_record(step, room).unwrap();
    let region = writer.header.region.clone();
    writer.put(0, &region, &[step as f64; 6]);
    writer.put(1, &region, &[-(step as f64); 6]);
    writer.commit(step, 0.5 * step as f64).unwrap();
}

/// Steps of the records, with their numbers checked, and the number of files.
fn steps(path: &Path) -> (Vec<i64>, usize) {
    let files = Numbered::new(path.to_owned(), "plane_");
    let (mut all, firsts) = (Vec::new(), files.steps().unwrap());
    for first in &firsts {
        let file = File::open(files.path(*first)).unwrap();
        let numbers = |name: &str| file.dataset(name).unwrap().read_raw::<f64>().unwrap();
        let steps = file.dataset("step").unwrap().read_raw::<i64>().unwrap();
        let records = numbers("records")[0] as usize;
        for (record, step) in steps[..records].iter().enumerate() {
            assert_eq!(numbers("time")[record], 0.5 * *step as f64);
            assert_eq!(numbers("fields/u")[6 * record..][..6], [*step as f64; 6]);
            assert_eq!(numbers("fields/b")[6 * record..][..6], [-*step as f64; 6]);
        }
        assert!(steps[records..].iter().all(|step| *step == -1));
        assert_eq!(numbers("fields/z"), [TAU * 0.75]);
        all.extend_from_slice(&steps[..records]);
    }
    (all, firsts.len())
}

#[test]
fn records_go_on_from_file_to_file_and_are_cut_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slices");
    let mut writer = open(&path, header(), None);
    for step in [0, 5, 9, 12, 20] {
        add(&mut writer, step, 2);
    }
    assert_eq!(steps(&path), (vec![0, 5, 9, 12, 20], 3));
    let text = || fs::read_to_string(path.join("plane.xmf")).unwrap();
    assert_eq!(text().matches("<Time").count(), 5);
    assert_eq!(text().matches("plane_00000009.h5:/fields/b").count(), 2);

    let whole = text();
    drop(writer);
    let mut writer = open(&path, header(), Some(10));
    assert_eq!(steps(&path), (vec![0, 5, 9], 2));
    for step in [12, 20] {
        add(&mut writer, step, 2);
    }
    assert_eq!(text(), whole, "as if nothing had happened");
    // Other points go to a file of their own.
    let mut moved = header();
    moved.region.ranges[2] = 0..1;
    drop(writer);
    let mut writer = open(&path, moved, Some(20));
    add(&mut writer, 25, 7);
    assert_eq!(text().matches("<Time").count(), 6);
    assert_eq!(text().matches("plane_00000025.h5:/fields/u").count(), 1);
    // Records that are no longer wanted go from those of other points, too.
    drop(writer);
    let mut moved = header();
    moved.region.ranges[2] = 1..2;
    add(&mut open(&path, moved, Some(10)), 11, 7);
    assert_eq!(text().matches("<Time").count(), 4);
    // A new run in the place of one that was killed before its first step.
    open(&path, header(), None);
    assert_eq!(steps(&path), (vec![], 0));
}
