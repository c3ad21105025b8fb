//! Writing a checkpoint.

use std::ops::Range;
use std::path::Path;

use hdf5::dataset::{AllocTime, FillTime};
use hdf5::{Dataset, File, H5Type, OpenMode};
use num_complex::Complex;

use super::columns::Columns;
use super::{
    ACCUMULATED, Accumulated, CheckpointReader, FORMAT, Header, batches, checksum,
    checksum_of_real, total,
};
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::io::{Temporary, hdf5_file};
use crate::parallel::Communicator;
use crate::real::{Precision, Real};

const DESCRIPTION: &str = "\
State of a direct numerical simulation, from which dns-solver continues. Each dataset of /fields \
holds the Fourier coefficients u_hat(k) of one field, u(x) = sum u_hat(k) exp(i k.x), as \
[column][nz] with column = iy * (cutoff[0] + 1) + nx; iy and the second index count the mode \
numbers 0, 1, .. K, -K, .. -1; modes with nx < 0 follow from u_hat(-k) = conj u_hat(k).";

/// Writes a checkpoint of `state` at `path`. It gets this name only when it is whole, on the disk,
/// and was read back without a difference; after an error nothing is left of it. What is
/// `accumulated` is taken from rank 0. Collective.
pub fn write<T: Real>(
    comm: &Communicator,
    path: &Path,
    header: &Header,
    state: &SpectralFields<T>,
    accumulated: &Accumulated,
) -> Result<()> {
    let failed = |e| hdf5_file::write_failed(path, e);
    let columns = Columns::new(comm, state.modes);
    let mut checksums = vec![0_i64; state.count];
    for (field, checksum) in checksums.iter_mut().enumerate() {
        columns.each(state, field, header.precision, |first, numbers| {
            *checksum = checksum.wrapping_add(checksum::of_numbers(first, numbers));
        });
    }
    let checksums = total(comm, checksums);
    let temporary = comm.is_root().then(|| Temporary::new(path));
    comm.agree(match &temporary {
        Some(temporary) => {
            create_file(temporary.path(), header, &checksums, accumulated).map_err(failed)
        }
        None => Ok(()),
    })?;
    let name = Temporary::path_for(path);
    let opened = hdf5_file::open_datasets(comm, &name, OpenMode::ReadWrite, &header.datasets());
    let (datasets, file) = comm.agree(opened.map_err(failed))?;
    for (field, dataset) in datasets.iter().enumerate() {
        let numbers = columns.gather(state, field);
        let [count, rows] = header.shape();
        for batch in batches(count, rows, comm) {
            let here = batch.start - columns.share.start..batch.end - columns.share.start;
            let numbers = &numbers[here.start * rows..here.end * rows];
            let written = match header.precision {
                Precision::Single => write_as::<T, f32>(comm, dataset, batch, numbers),
                Precision::Double => write_as::<T, f64>(comm, dataset, batch, numbers),
            };
            comm.agree(written.map_err(failed))?;
        }
    }
    let flushed = file.flush();
    drop(datasets);
    comm.agree(flushed.and(file.close()).map_err(failed))?;
    CheckpointReader::open(comm, &name)?.verify()?;
    comm.agree(temporary.map_or(Ok(()), Temporary::rename))
}

fn write_as<T: Real, E: Real>(
    comm: &Communicator,
    dataset: &Dataset,
    columns: Range<usize>,
    numbers: &[Complex<T>],
) -> hdf5::Result<()>
where
    Complex<E>: H5Type,
{
    // Converted here: in HDF5's hands a conversion would make the access independent.
    let convert = |x: T| E::from_double(x.double());
    let numbers: Vec<Complex<E>> =
        numbers.iter().map(|z| Complex::new(convert(z.re), convert(z.im))).collect();
    hdf5_file::write_block(comm, dataset, &[columns], &numbers)
}

/// Creates a file with everything but the numbers of the fields. On rank 0 only.
fn create_file(
    path: &Path,
    header: &Header,
    checksums: &[i64],
    accumulated: &Accumulated,
) -> hdf5::Result<()> {
    // The latest format of HDF5's own structures has checksums.
    let file = File::with_options().with_fapl(|access| access.libver_latest()).create(path)?;
    hdf5_file::write_number(&file, "checkpoint_format", FORMAT)?;
    hdf5_file::write_fixed_text(&file, "description", DESCRIPTION)?;
    hdf5_file::write_number(&file, "time", header.time)?;
    hdf5_file::write_number(&file, "step", header.step as i64)?;
    hdf5_file::write_numbers(&file, "points", &header.points.map(|n| n as i64))?;
    hdf5_file::write_numbers(&file, "lengths", &header.lengths)?;
    hdf5_file::write_numbers(&file, "cutoff", &header.cutoff.map(|n| n as i64))?;
    hdf5_file::write_fixed_text(&file, "field_names", &header.fields.join(" "))?;
    hdf5_file::write_fixed_text(&file, "code_version", &header.code_version)?;
    hdf5_file::write_fixed_text(&file, "config", &header.config)?;
    hdf5_file::write_fixed_text(&file, "run_state", &header.run_state)?;
    let checksum = header.checksum().map_err(|e| e.to_string())?;
    hdf5_file::write_number(&file, "checksum", checksum)?;
    let group = file.create_group("fields")?;
    for (name, checksum) in header.fields.iter().zip(checksums) {
        let dataset = match header.precision {
            Precision::Single => group.new_dataset::<Complex<f32>>(),
            Precision::Double => group.new_dataset::<Complex<f64>>(),
        }
        // All ranks write at once, so the space must be there, and every number is written.
        .alloc_time(Some(AllocTime::Early))
        .fill_time(FillTime::Never)
        .shape(header.shape())
        .create(name.as_str())?;
        hdf5_file::write_number(&dataset, "checksum", *checksum)?;
    }
    drop(group);
    if !accumulated.is_empty() {
        let group = file.create_group(ACCUMULATED)?;
        for (name, numbers) in accumulated {
            let dataset = group.new_dataset::<f64>().shape(numbers.len()).create(name.as_str())?;
            dataset.write_raw(numbers)?;
            hdf5_file::write_number(&dataset, "checksum", checksum_of_real(numbers))?;
        }
    }
    file.close()
}
