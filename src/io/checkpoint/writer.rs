//! Writing a checkpoint.

use std::path::Path;

use hdf5::File;
use num_complex::Complex;

use super::checksum;
use super::columns::Columns;
use super::header::{Header, Parts, checksum_of_real, total};
use super::reader::CheckpointReader;
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::io::placed::{self, PlacedFile};
use crate::io::{Temporary, hdf5_file, write_failed};
use crate::parallel::Communicator;
use crate::real::{Real, for_precision};

/// Writes a checkpoint of `state` at `path`. It gets this name only when it is whole, on the disk,
/// and was read back without a difference; after an error nothing is left of it. Its `parts` are
/// taken from rank 0. Collective.
pub fn write<T: Real>(
    comm: &Communicator,
    path: &Path,
    header: &Header,
    state: &SpectralFields<T>,
    parts: &Parts,
) -> Result<()> {
    let columns = Columns::new(comm, state.modes);
    let mut checksums = vec![0_i64; state.count];
    for (field, checksum) in checksums.iter_mut().enumerate() {
        columns.each(state, field, header.precision, |first, numbers| {
            *checksum = checksum.wrapping_add(checksum::of_numbers(first, numbers));
        });
    }
    let checksums = total(comm, checksums);
    let temporary = comm.is_root().then(|| Temporary::new(path));
    let name = Temporary::path_for(path);
    let starts = placed::share_starts(comm, || {
        let created = create_file(&name, header, &checksums, parts);
        created.map_err(|e| hdf5_file::write_failed(path, e))
    })?;
    let failed = |e| write_failed(path, e);
    let mut file = PlacedFile::open(comm, &name);
    let column_bytes = 2 * state.modes.rows() * header.precision.bytes();
    for (field, start) in starts.into_iter().enumerate() {
        columns.gather(state, field, header.precision, |first, bytes| {
            let at = start + (first * column_bytes) as u64;
            // After an error the others must still get rid of theirs.
            let written = file.as_ref().map_or(Ok(()), |file| file.put(at, bytes));
            if let Err(error) = written {
                file = Err(error);
            }
        });
    }
    comm.agree(file.and_then(|file| file.sync()).map_err(failed))?;
    let verified = CheckpointReader::of_written(comm, &name, header).and_then(|file| file.verify());
    verified.map_err(|error| Error::io("write", path, error.message))?;
    comm.agree(temporary.map_or(Ok(()), Temporary::rename))
}

/// Creates a file with everything but the numbers of the fields, and returns where they begin. On
/// rank 0 only.
fn create_file(
    path: &Path,
    header: &Header,
    checksums: &[i64],
    parts: &Parts,
) -> hdf5::Result<Vec<u64>> {
    // The latest format of HDF5's own structures has checksums.
    let file = File::with_options().with_fapl(|access| access.libver_latest()).create(path)?;
    header.write(&file)?;
    let group = file.create_group("fields")?;
    let mut starts = Vec::with_capacity(checksums.len());
    for (name, checksum) in header.fields.iter().zip(checksums) {
        let shape = header.shape();
        let create = for_precision!(header.precision, T => placed::reserve::<Complex<T>>);
        let dataset = create(&group, name, &shape)?;
        starts.push(placed::start_of(&dataset)?);
        hdf5_file::write_number(&dataset, "checksum", *checksum)?;
    }
    drop(group);
    for (group, datasets) in parts.groups().into_iter().filter(|(_, datasets)| !datasets.is_empty())
    {
        let group = file.create_group(group)?;
        for (name, numbers) in datasets {
            let dataset = group.new_dataset::<f64>().shape(numbers.len()).create(name.as_str())?;
            dataset.write_raw(numbers)?;
            hdf5_file::write_number(&dataset, "checksum", checksum_of_real(numbers))?;
        }
    }
    file.close()?;
    Ok(starts)
}
