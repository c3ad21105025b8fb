//! Checkpoints are read back as they were written, and damage is noticed.

use std::fs;
use std::path::Path;

use super::columns::Columns;
use num_complex::Complex;

use super::*;
use crate::error::ErrorKind;
use crate::fields::SpectralFields;
use crate::grid::Grid;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Precision;
use crate::real::Real;

fn header(precision: Precision) -> Header {
    let grid = Grid::two_thirds([50, 9, 7], [1.0, 2.0, 0.5]);
    Header {
        time: 0.1 + 0.2,
        step: 12,
        points: grid.points,
        lengths: grid.lengths,
        cutoff: grid.cutoff,
        precision,
        fields: vec!["u".into(), "v".into()],
        code_version: "0.0".into(),
        // Longer than the 64 KiB that an attribute could hold in place.
        config: "# é\n".repeat(30_000),
        run_state: "dt = 0.1\n".into(),
    }
}

fn state<T: Real>() -> SpectralFields<T> {
    let modes = Modes::new(header(Precision::Double).grid(), T::LANES);
    let mut state = SpectralFields::zeros(modes, 0..modes.bundles(), 2);
    state.fill(|[x, y, z], out| {
        let u = Complex::new(1.0 / (1 + x + 10 * y * y) as f64, z as f64);
        out.copy_from_slice(&[u, -u / 3.0]);
    });
    state
}

fn parts() -> Parts {
    let numbers = || (0..5000).map(|n| 1.0 / f64::from(n + 3)).collect();
    Parts {
        accumulated: [("pdfs".into(), numbers()), ("spectra".into(), vec![0.1 + 0.2])].into(),
        particles: [("tracers".into(), numbers())].into(),
        past: [("tracers".into(), numbers())].into(),
    }
}

fn save<T: Real>(path: &Path, precision: Precision) {
    let serial = Communicator::serial();
    write(&serial, path, &header(precision), &state::<T>(), &parts()).unwrap();
}

fn check_round_trip<T: Real>(precision: Precision) {
    let directory = tempfile::tempdir().unwrap();
    let (serial, path) = (Communicator::serial(), directory.path().join("checkpoint.h5"));
    save::<T>(&path, precision);
    assert!(is_checkpoint(&serial, &path).unwrap());
    let reader = CheckpointReader::open(&serial, &path).unwrap();
    assert_eq!(*reader.header(), header(precision));
    assert_eq!(reader.parts().unwrap(), parts());
    assert_eq!(reader.read::<T>().unwrap().data[..], state::<T>().data[..]);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
    // Into fields with other lanes.
    assert_eq!(reader.read::<f32>().unwrap().data[..], state::<f32>().data[..]);
}

#[test]
fn every_bit_comes_back() {
    check_round_trip::<f64>(Precision::Double);
    check_round_trip::<f32>(Precision::Single);
}

#[test]
fn columns_of_the_file_are_ny_and_inside_nx() {
    let state = state::<f64>();
    let serial = Communicator::serial();
    let (rows, cutoff) = (state.modes.rows(), state.modes.grid.cutoff);
    let mut numbers = Vec::new();
    Columns::new(&serial, state.modes).gather(&state, 0, Precision::Double, |first, bytes| {
        assert_eq!(first * rows, numbers.len());
        let (pairs, _) = bytes.as_chunks::<16>();
        numbers.extend(pairs.iter().map(|pair| {
            let (parts, _) = pair.as_chunks::<8>();
            Complex::new(f64::from_ne_bytes(parts[0]), f64::from_ne_bytes(parts[1]))
        }));
    });
    for (mode, index) in state.owned_modes() {
        let iy = crate::modes::index_of(mode[1], cutoff[1]).unwrap();
        let column = iy * (cutoff[0] + 1) + mode[0] as usize;
        assert_eq!(numbers[column * rows + index.row], state.at(index, 0), "{mode:?}");
    }
    assert_eq!(numbers.len(), (2 * cutoff[1] + 1) * (cutoff[0] + 1) * rows);
}

/// The message about a checkpoint that `spoil` has changed.
fn refusal(spoil: impl FnOnce(&Path)) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let (serial, path) = (Communicator::serial(), directory.path().join("checkpoint.h5"));
    save::<f64>(&path, Precision::Double);
    spoil(&path);
    let read = CheckpointReader::open(&serial, &path)
        .and_then(|reader| reader.parts().and_then(|_| reader.read::<f64>()));
    let error = read.err()?;
    assert_eq!(error.kind, ErrorKind::Input);
    assert!(error.message.contains(path.to_str().unwrap()), "{error}");
    Some(error.message)
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let edit = |path: &Path| hdf5::File::open_rw(path).unwrap();
    type Spoil = Box<dyn Fn(&Path)>;
    let cases: [(&str, Spoil); 9] = [
        ("No such file", Box::new(|path| fs::remove_file(path).unwrap())),
        ("it is empty", Box::new(|path| fs::write(path, "").unwrap())),
        ("not an HDF5 file", Box::new(|path| fs::write(path, "time = 3").unwrap())),
        (
            "it is truncated",
            Box::new(|path| {
                let file = fs::OpenOptions::new().write(true).open(path).unwrap();
                file.set_len(file.metadata().unwrap().len() - 1).unwrap();
            }),
        ),
        (
            "not a checkpoint of this program",
            Box::new(move |path| edit(path).delete_attr("checkpoint_format").unwrap()),
        ),
        (
            "it has format 2",
            Box::new(move |path| {
                edit(path).attr("checkpoint_format").unwrap().write_scalar(&2_i64).unwrap();
            }),
        ),
        (
            "its attributes miss their checksum",
            Box::new(move |path| edit(path).attr("time").unwrap().write_scalar(&0.3).unwrap()),
        ),
        (
            "the numbers of v miss their checksum",
            Box::new(move |path| {
                let dataset = edit(path).dataset("fields/v").unwrap();
                let mut numbers = dataset.read_raw::<Complex<f64>>().unwrap();
                numbers[17].re = f64::from_bits(numbers[17].re.to_bits() ^ 1);
                dataset.write_raw(&numbers).unwrap();
            }),
        ),
        (
            "the sums of spectra miss their checksum",
            Box::new(|path| {
                let file = hdf5::File::open_rw(path).unwrap();
                file.dataset("accumulated/spectra").unwrap().write_raw(&[0.3]).unwrap();
            }),
        ),
    ];
    for (expected, spoil) in cases {
        let message = refusal(|path| spoil(path)).unwrap();
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

/// A flipped bit is noticed, or it was in a byte that nobody reads: never a crash, never another
/// field.
#[test]
fn flipped_bits_do_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let (serial, path) = (Communicator::serial(), directory.path().join("checkpoint.h5"));
    save::<f64>(&path, Precision::Double);
    let good = fs::read(&path).unwrap();
    let mut noticed = 0;
    for n in 0..400 {
        let mut bytes = good.clone();
        let at = n * 7919 * 31 % bytes.len();
        bytes[at] ^= 1 << (n % 8);
        fs::write(&path, bytes).unwrap();
        match CheckpointReader::open(&serial, &path)
            .and_then(|r| Ok((r.header().clone(), r.parts()?, r.read::<f64>()?)))
        {
            Err(_) => noticed += 1,
            Ok((found, sums, read)) => {
                assert_eq!(sums, parts(), "bit of byte {at}");
                assert_eq!(found, header(Precision::Double), "bit of byte {at}");
                assert_eq!(read.data[..], state::<f64>().data[..], "bit of byte {at}");
            }
        }
    }
    assert!(noticed > 100, "{noticed}");
}
