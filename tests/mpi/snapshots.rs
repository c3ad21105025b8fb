//! Snapshots written and read by several ranks, some of them without planes.

use std::fs;
use std::path::{Path, PathBuf};

use dns_solver::error::Result;
use dns_solver::grid::Region;
use dns_solver::io::snapshot::{Header, Provenance, SnapshotReader, SnapshotWriter};
use dns_solver::parallel::{Communicator, share};
use dns_solver::real::Precision;
use dns_solver::variable::Variable;

use super::harness::Test;

/// Fewer planes than the most ranks.
const POINTS: [usize; 3] = [6, 5, 4];
const PLANE: usize = POINTS[0] * POINTS[1];
const FIELDS: [&str; 2] = ["u", "v"];

pub const TESTS: [Test; 3] = [
    ("planes_come_back", planes_come_back),
    ("an_error_of_one_rank_is_an_error_of_all", an_error_of_one_rank_is_an_error_of_all),
    ("a_failed_write_leaves_nothing", a_failed_write_leaves_nothing),
];

/// A directory of rank 0 that every rank knows and rank 0 removes.
struct Shared {
    path: PathBuf,
    _owned: Option<tempfile::TempDir>,
}

fn shared_directory(comm: &Communicator) -> Shared {
    let owned = comm.is_root().then(|| tempfile::tempdir().unwrap());
    let name = owned.as_ref().map_or("", |d| d.path().to_str().unwrap());
    let bytes = comm.from_root(|| Ok(name.as_bytes().to_vec())).unwrap();
    Shared { path: String::from_utf8(bytes).unwrap().into(), _owned: owned }
}

/// Data equal to its own place in the file.
fn index(field: usize, z: usize) -> Vec<f64> {
    (0..PLANE).map(|i| ((field * POINTS[2] + z) * PLANE + i) as f64).collect()
}

fn create(
    comm: &Communicator,
    path: &Path,
    precision: Precision,
    compression: u8,
) -> Result<SnapshotWriter> {
    let field = |name: &str| Variable::new(name, "1", name);
    let header = Header {
        time: 1.5,
        step: 3,
        points: POINTS,
        lengths: [1.0; 3],
        precision,
        compression,
        fields: FIELDS.map(field).into(),
    };
    let provenance =
        Provenance { code_version: "test".into(), config: String::new(), parameters: Vec::new() };
    SnapshotWriter::create(comm, path, &header, &provenance)
}

/// Writes half a plane after the other, every rank as often as the one with the most planes.
fn write(comm: &Communicator, writer: &mut SnapshotWriter) {
    let mine = share(POINTS[2], comm.rank(), comm.size());
    for field in 0..FIELDS.len() {
        for batch in 0..share(POINTS[2], 0, comm.size()).len() {
            let z = mine.start + batch;
            let planes = z.min(mine.end)..(z + 1).min(mine.end);
            for rows in [0..2, 2..POINTS[1]] {
                let numbers = rows.start * POINTS[0]..rows.end * POINTS[0];
                let data = if planes.is_empty() { &[] } else { &index(field, z)[numbers] };
                let region = Region { ranges: [0..POINTS[0], rows, planes.clone()] };
                writer.write(field, &region, data);
            }
        }
    }
}

fn check(comm: &Communicator, path: &Path, planes: std::ops::Range<usize>) {
    let reader = SnapshotReader::open(comm, path).unwrap();
    assert_eq!((reader.header().step, reader.header().points), (3, POINTS));
    let region = Region::of_planes(POINTS, planes.clone());
    for (field, name) in FIELDS.iter().enumerate() {
        let expected: Vec<f64> = planes.clone().flat_map(|z| index(field, z)).collect();
        assert_eq!(reader.read(name, &region).unwrap(), expected);
    }
}

fn planes_come_back(comm: &Communicator) {
    let directory = shared_directory(comm);
    for (precision, compression, writers) in [
        (Precision::Single, 0, None),
        (Precision::Double, 0, Some(8)),
        (Precision::Double, 0, Some(2)),
        (Precision::Single, 4, None),
        (Precision::Double, 4, Some(1)),
    ] {
        let comm = &writers.map_or_else(|| comm.clone(), |writers| comm.with_writers(writers));
        let path =
            directory.path.join(format!("snapshot{compression}_{precision:?}_{writers:?}.h5"));
        let mut writer = create(comm, &path, precision, compression).unwrap();
        write(comm, &mut writer);
        assert!(!path.exists());
        comm.barrier();
        writer.finish().unwrap();
        if comm.is_root() {
            check(&Communicator::serial(), &path, 0..POINTS[2]);
        }
        comm.barrier();
        // The other way round: the last rank has the first planes.
        check(comm, &path, share(POINTS[2], comm.size() - 1 - comm.rank(), comm.size()));
        check(comm, &path, 0..POINTS[2]);
    }
}

fn an_error_of_one_rank_is_an_error_of_all(comm: &Communicator) {
    let directory = shared_directory(comm);
    let missing = directory.path.join("missing.h5");
    let error = SnapshotReader::open(comm, &missing).err().expect("the file is not there");
    assert!(error.message.contains("missing.h5"), "{error}");
    let nowhere = directory.path.join("nowhere/snapshot.h5");
    let error = create(comm, &nowhere, Precision::Single, 0).err().expect("there is no directory");
    assert!(error.message.contains("nowhere/snapshot.h5"), "{error}");
}

/// Like a full disk, met by one of the ranks that write: the operating system refuses its writes.
fn a_failed_write_leaves_nothing(comm: &Communicator) {
    let last = comm.size().min(POINTS[2]) - 1;
    // Every rank writes, one of them does, and rank 0 does what others have compressed.
    let each = comm.with_writers(comm.size());
    for (comm, compression, failing) in
        [(each, 0, last), (comm.with_writers(1), 0, 0), (comm.clone(), 4, 0)]
    {
        let directory = shared_directory(&comm);
        let path = directory.path.join("snapshot.h5");
        let mut writer = create(&comm, &path, Precision::Double, compression).unwrap();
        if comm.rank() == failing {
            with_file_size_limit(0, || write(&comm, &mut writer));
        } else {
            write(&comm, &mut writer);
        }
        let error = writer.finish().expect_err("not all could be written");
        assert!(error.message.contains("snapshot.h5: File too large"), "{error}");
        comm.barrier();
        assert_eq!(fs::read_dir(&directory.path).unwrap().count(), 0);
        comm.barrier();
    }
}

fn with_file_size_limit<A>(bytes: u64, work: impl FnOnce() -> A) -> A {
    // SAFETY: plain calls with valid arguments; other threads of this rank write no files.
    unsafe {
        let mut limit = std::mem::zeroed();
        assert_eq!(libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit), 0);
        let before = libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        let small = libc::rlimit { rlim_cur: bytes, ..limit };
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &small), 0);
        let result = work();
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &limit), 0);
        libc::signal(libc::SIGXFSZ, before);
        result
    }
}
