//! The part of HDF5 the solver needs: blocks and chunks of datasets, attributes, and coordinates
//! attached to datasets. A block is a range of indices along each of a dataset's first axes, and all of
//! the others.
//!
//! Whoever opens a file does so for itself: the library knows nothing of other ranks. Rank 0 alone
//! makes files; how the ranks get their numbers into them is for [`super::placed`].

use std::ffi::CString;
use std::io;
use std::ops::Range;
use std::path::Path;

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, Error, File, Group, H5Type, Hyperslab, Location, Result, SliceOrIndex};
use hdf5_sys::h5::herr_t;
use hdf5_sys::h5a::{H5Aread, H5Awrite};
use hdf5_sys::h5d::H5Dwrite_chunk;
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::H5P_DEFAULT;
use ndarray::IxDyn;

use crate::variable::Variable;

// Dimension scales belong to HDF5's high-level library, which has no Rust declarations.
unsafe extern "C" {
    fn H5DSset_scale(scale: hid_t, name: *const std::ffi::c_char) -> herr_t;
    fn H5DSattach_scale(dataset: hid_t, scale: hid_t, axis: std::ffi::c_uint) -> herr_t;
    fn H5DSset_label(
        dataset: hid_t,
        axis: std::ffi::c_uint,
        label: *const std::ffi::c_char,
    ) -> herr_t;
}

/// The error behind a negative return code.
fn check(code: herr_t) -> Result<()> {
    if code < 0 { Err(Error::query().unwrap_or_else(|e| e)) } else { Ok(()) }
}

/// Opens an existing file to read it, and datasets of it by path. The datasets come first, so that
/// they are closed before the file.
pub fn open_datasets(path: &Path, names: &[String]) -> Result<(Vec<Dataset>, File)> {
    let file = File::open(path)?;
    let datasets = names.iter().map(|name| file.dataset(name)).collect::<Result<_>>()?;
    Ok((datasets, file))
}

/// A new file on the disk, in which long texts can be attributes (from HDF5 1.8 on).
pub fn create(path: &Path) -> Result<File> {
    File::with_options().with_fapl(|access| access.libver_v18()).create(path)
}

/// The error that `path` could not be written. HDF5 wraps that of the system in numbers that help
/// nobody.
pub fn write_failed(path: &Path, cause: Error) -> crate::error::Error {
    let text = cause.to_string();
    let number = text.split("errno = ").nth(1).and_then(|rest| rest.split(',').next());
    match number.and_then(|number| number.parse().ok()) {
        Some(number) => super::write_failed(path, io::Error::from_raw_os_error(number)),
        None => crate::error::Error::io("write", path, text),
    }
}

/// Reads a block, `E` being the dataset's own type; nothing for an empty one.
pub fn read_block<E: H5Type + Clone>(dataset: &Dataset, block: &[Range<usize>]) -> Result<Vec<E>> {
    if block.iter().any(Range::is_empty) {
        return Ok(Vec::new());
    }
    let mut slabs = vec![SliceOrIndex::from(..); dataset.ndim()];
    slabs.iter_mut().zip(block).for_each(|(slab, range)| *slab = range.clone().into());
    let numbers = dataset.read_slice::<E, _, IxDyn>(Hyperslab::new(slabs))?;
    Ok(numbers.into_raw_vec_and_offset().0)
}

/// Writes a chunk that has been through the dataset's filters already; `at` is its first index along
/// each axis.
pub fn write_chunk(dataset: &Dataset, at: &[u64], bytes: &[u8]) -> Result<()> {
    assert_eq!(at.len(), dataset.ndim(), "an index along each axis");
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: the dataset is alive; there is an index along each of its axes; `bytes` has its length.
    check(unsafe {
        H5Dwrite_chunk(
            dataset.id(),
            H5P_DEFAULT,
            0,
            at.as_ptr(),
            bytes.len(),
            bytes.as_ptr().cast(),
        )
    })
}

/// Adds a text attribute that lies in the attribute itself, where the latest format of HDF5 has
/// checksums. A text of variable length lies in a heap without any; when that is damaged, HDF5
/// 1.10 crashes on reading.
pub fn write_fixed_text(at: &Location, name: &str, text: &str) -> Result<()> {
    let kind = TypeDescriptor::FixedUnicode(text.len().max(1));
    let attribute = at.new_attr_builder().empty_as(&kind).create(name)?;
    let kind = attribute.dtype()?;
    // There is room for one byte in any case.
    let bytes = [text.as_bytes(), &[0]].concat();
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: all ids are alive; `bytes` holds as many as the type has.
    check(unsafe { H5Awrite(attribute.id(), kind.id(), bytes.as_ptr().cast()) })
}

/// Reads what [`write_fixed_text`] wrote.
pub fn read_fixed_text(at: &Location, name: &str) -> Result<String> {
    let attribute = at.attr(name)?;
    let kind = attribute.dtype()?;
    if !matches!(kind.to_descriptor()?, TypeDescriptor::FixedUnicode(_)) || !attribute.is_scalar() {
        return Err(format!("{name} is no text of fixed length").into());
    }
    let mut bytes = vec![0_u8; kind.size()];
    {
        let _lock = hdf5_sys::LOCK.lock();
        // SAFETY: all ids are alive; `bytes` has room for one value of the type.
        check(unsafe { H5Aread(attribute.id(), kind.id(), bytes.as_mut_ptr().cast()) })?;
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not valid UTF-8"))?;
    Ok(text.trim_end_matches('\0').to_string())
}

/// Adds a number as an attribute.
pub fn write_number<E: H5Type>(at: &Location, name: &str, number: E) -> Result<()> {
    at.new_attr::<E>().create(name)?.write_scalar(&number)
}

/// Adds a list of numbers as an attribute.
pub fn write_numbers<E: H5Type>(at: &Location, name: &str, numbers: &[E]) -> Result<()> {
    at.new_attr_builder().with_data(numbers).create(name).map(drop)
}

/// Reads a number from an attribute.
pub fn read_number<E: H5Type>(at: &Location, name: &str) -> Result<E> {
    at.attr(name)?.read_scalar()
}

/// Reads three numbers from an attribute.
pub fn read_triple<E: H5Type>(at: &Location, name: &str) -> Result<[E; 3]> {
    let numbers = at.attr(name)?.read_raw::<E>()?;
    numbers.try_into().map_err(|n: Vec<E>| format!("has {} values instead of 3", n.len()).into())
}

/// Adds units and meaning to a dataset.
pub fn explain(dataset: &Dataset, variable: &Variable) -> Result<()> {
    write_fixed_text(dataset, "units", &variable.unit)?;
    write_fixed_text(dataset, "long_name", &variable.description)
}

/// Adds the coordinates along an axis of the grid points in `range`, of `count` in all on the length
/// `side`.
pub fn create_coordinates(
    group: &Group,
    name: &str,
    range: Range<usize>,
    side: f64,
    count: usize,
) -> Result<Dataset> {
    let points: Vec<f64> = range.map(|i| side * i as f64 / count as f64).collect();
    let dataset = group.new_dataset_builder().with_data(&points).create(name)?;
    let description = format!("{name} coordinate of the grid points");
    explain(&dataset, &Variable::new(name, "L", description))?;
    make_scale(&dataset, name)?;
    Ok(dataset)
}

/// Declares a one-dimensional dataset to be the coordinates of an axis ("dimension scale").
pub fn make_scale(coordinates: &Dataset, name: &str) -> Result<()> {
    let name = c_string(name)?;
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: the dataset is alive, the name ends in a zero byte, the library is locked.
    check(unsafe { H5DSset_scale(coordinates.id(), name.as_ptr()) })
}

/// Names an axis of `dataset` and attaches its coordinates.
pub fn attach_scale(dataset: &Dataset, axis: u32, name: &str, coordinates: &Dataset) -> Result<()> {
    let name = c_string(name)?;
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: as for `make_scale`.
    check(unsafe { H5DSattach_scale(dataset.id(), coordinates.id(), axis) })?;
    // SAFETY: as for `make_scale`.
    check(unsafe { H5DSset_label(dataset.id(), axis, name.as_ptr()) })
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| "name with a zero byte".into())
}
