//! The part of HDF5 the solver needs: files opened by all ranks, blocks of datasets moved
//! collectively, attributes, and coordinates attached to datasets. A block is a range of indices along
//! each of a dataset's first axes, and all of the others.
//!
//! Groups, datasets, and attributes are created by rank 0 alone, through the ordinary file driver;
//! all ranks then open the finished structure and only move numbers. So metadata never has to be
//! written collectively, and a full disk can hurt nothing but the numbers.

use std::ffi::CString;
use std::ops::Range;
use std::path::Path;

use hdf5::types::TypeDescriptor;
use hdf5::{
    Dataset, Dataspace, Datatype, Error, File, Group, H5Type, Hyperslab, Location, OpenMode,
    PropertyList, Result, SliceOrIndex,
};
use hdf5_sys::h5::herr_t;
use hdf5_sys::h5a::{H5Aread, H5Awrite};
use hdf5_sys::h5d::{H5Dread, H5Dwrite};
use hdf5_sys::h5f::H5Fget_vfd_handle;
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::{
    H5FD_mpio_collective_opt_t, H5FD_mpio_xfer_t, H5P_CLS_DATASET_XFER, H5P_DEFAULT, H5Pcreate,
    H5Pset_dxpl_mpio, H5Pset_dxpl_mpio_collective_opt,
};

use crate::parallel::{Communicator, Runtime, show_bytes};

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

/// Opens an existing file on all ranks, with the MPI driver if there is MPI. Collective.
fn open(comm: &Communicator, path: &Path, mode: OpenMode) -> Result<File> {
    File::with_options()
        .with_fapl(|access| match comm.raw() {
            Some(raw) => access.mpio(raw, None),
            None => access,
        })
        .open_as(path, mode)
}

/// Opens an existing file, and datasets of it by path, on all ranks. The datasets come first, so
/// that they are closed before the file. Collective.
pub fn open_datasets(
    comm: &Communicator,
    path: &Path,
    mode: OpenMode,
    names: &[String],
) -> Result<(Vec<Dataset>, File)> {
    let file = open(comm, path, mode)?;
    let datasets = names.iter().map(|name| file.dataset(name)).collect::<Result<_>>()?;
    Ok((datasets, file))
}

/// A new file on the disk, in which long texts can be attributes (from HDF5 1.8 on).
pub fn create(path: &Path) -> Result<File> {
    File::with_options().with_fapl(|access| access.libver_v18()).create(path)
}

/// The error that `path` could not be written. HDF5 wraps that of the system in numbers that help
/// nobody.
pub fn write_failed(path: &Path, cause: impl std::fmt::Display) -> crate::error::Error {
    let text = cause.to_string();
    let system = text.split("error message = '").nth(1).and_then(|rest| rest.split('\'').next());
    let cause = system.unwrap_or(&text);
    crate::error::Error::io(
        "write",
        path,
        format!("{cause}; is the disk full, or a quota used up?"),
    )
}

/// What HDF5 must be told to move a block of a dataset.
struct Transfer {
    memory: Dataspace,
    file: Dataspace,
    number: Datatype,
    properties: PropertyList,
    /// Whether files are moved by ROMIO: the part of MPICH and its kin, and not of Open MPI.
    has_romio: bool,
}

impl Transfer {
    /// All ranks move their `block` together; that of a rank may be empty.
    fn new<E: H5Type>(
        comm: &Communicator,
        dataset: &Dataset,
        block: &[Range<usize>],
    ) -> Result<Self> {
        // A panic aborts all ranks, where an error on this one would leave the others waiting.
        let shape = dataset.shape();
        let fits = block.iter().zip(&shape).all(|(range, &size)| range.end <= size);
        assert!(fits && block.len() <= shape.len(), "block {block:?} of {shape:?}");
        let mut slabs = vec![SliceOrIndex::from(..); shape.len()];
        slabs.iter_mut().zip(block).for_each(|(slab, range)| *slab = range.clone().into());
        let file = dataset.space()?.select(Hyperslab::new(slabs))?;
        let _lock = hdf5_sys::LOCK.lock();
        // SAFETY: the library is open (there is a dataset) and locked; the new list is ours alone.
        let properties: PropertyList = unsafe { hdf5::from_id(H5Pcreate(*H5P_CLS_DATASET_XFER)) }?;
        let has_mpi = comm.raw().is_some();
        let has_romio = has_mpi && !Runtime::library_version().starts_with("Open MPI");
        if has_mpi {
            let mode = H5FD_mpio_xfer_t::H5FD_MPIO_COLLECTIVE;
            // SAFETY: the list is alive and of the transfer class.
            check(unsafe { H5Pset_dxpl_mpio(properties.id(), mode) })?;
            // The aggregating writer of Open MPI 4.1 (fcoll/vulcan) reports success when the disk
            // is full. So there each rank accesses the file for itself, within the collective
            // call; its block is nearly always one piece of the file. Other libraries aggregate as their hints say.
            if !has_romio {
                let option = H5FD_mpio_collective_opt_t::H5FD_MPIO_INDIVIDUAL_IO;
                // SAFETY: as above.
                check(unsafe { H5Pset_dxpl_mpio_collective_opt(properties.id(), option) })?;
            }
        }
        let memory = Dataspace::try_new([file.selection_size()])?;
        let number = Datatype::from_type::<E>()?;
        Ok(Transfer { memory, file, number, properties, has_romio })
    }

    /// The error behind the return code of a transfer, after which other ranks may have none.
    ///
    /// HDF5 (1.10 to 1.14, `H5FD_mpio_write`) sets MPI's view of the file back after a transfer, and
    /// leaves that out where the transfer failed. It is collective: ROMIO waits for all ranks.
    fn end(&self, dataset: &Dataset, code: herr_t) -> Result<()> {
        let ended = check(code);
        if ended.is_err() && self.has_romio {
            let mut handle = std::ptr::null_mut();
            let file = dataset.file()?;
            // SAFETY: the file is open, and its driver is that of MPI, whose handle is an MPI_File.
            unsafe {
                check(H5Fget_vfd_handle(file.id(), H5P_DEFAULT, &raw mut handle))?;
                show_bytes(handle);
            }
        }
        ended
    }
}

/// Writes a block, which is empty on a rank that has none. `E` must be the dataset's own type, else HDF5 falls back to independent access. Collective.
pub fn write_block<E: H5Type>(
    comm: &Communicator,
    dataset: &Dataset,
    block: &[Range<usize>],
    data: &[E],
) -> Result<()> {
    let transfer = Transfer::new::<E>(comm, dataset, block)?;
    assert_eq!(transfer.file.selection_size(), data.len(), "{block:?} is written whole");
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: all ids are alive; as just checked, `data` holds what the selection names.
    let code = unsafe {
        H5Dwrite(
            dataset.id(),
            transfer.number.id(),
            transfer.memory.id(),
            transfer.file.id(),
            transfer.properties.id(),
            data.as_ptr().cast(),
        )
    };
    transfer.end(dataset, code)
}

/// Reads a block; nothing for an empty one. `E` must be the dataset's own type, as for
/// [`write_block`]. Collective.
pub fn read_block<E: H5Type + Clone + Default>(
    comm: &Communicator,
    dataset: &Dataset,
    block: &[Range<usize>],
) -> Result<Vec<E>> {
    let transfer = Transfer::new::<E>(comm, dataset, block)?;
    let mut data = vec![E::default(); transfer.file.selection_size()];
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: all ids are alive; `data` has room for what the selection names.
    let code = unsafe {
        H5Dread(
            dataset.id(),
            transfer.number.id(),
            transfer.memory.id(),
            transfer.file.id(),
            transfer.properties.id(),
            data.as_mut_ptr().cast(),
        )
    };
    transfer.end(dataset, code)?;
    Ok(data)
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
pub fn explain(dataset: &Dataset, units: &str, long_name: &str) -> Result<()> {
    write_fixed_text(dataset, "units", units)?;
    write_fixed_text(dataset, "long_name", long_name)
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
    explain(&dataset, "L", &format!("{name} coordinate of the grid points"))?;
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
