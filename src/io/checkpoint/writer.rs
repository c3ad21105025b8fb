//! Writing a checkpoint.

use std::path::Path;

use hdf5::dataset::{AllocTime, FillTime};
use hdf5::{Dataset, File, H5Type, OpenMode};
use num_complex::Complex;

use super::{CheckpointReader, FORMAT, Header, batches, checksum, first_column, pack, total};
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
/// and was read back without a difference; after an error nothing is left of it. Collective.
pub fn write<T: Real>(
    comm: &Communicator,
    path: &Path,
    header: &Header,
    state: &SpectralFields<T>,
) -> Result<()> {
    let failed = |e| hdf5_file::write_failed(path, e);
    let mut checksums = vec![0_i64; state.count];
    for (field, checksum) in checksums.iter_mut().enumerate() {
        for bundle in state.bundles.clone() {
            let first = first_column(&state.modes, bundle) * state.modes.rows();
            let part = checksum::of_numbers(first, &pack(state, field, bundle..bundle + 1));
            *checksum = checksum.wrapping_add(part);
        }
    }
    let checksums = total(comm, checksums);
    let temporary = comm.is_root().then(|| Temporary::new(path));
    comm.agree(match &temporary {
        Some(temporary) => create_file(temporary.path(), header, &checksums).map_err(failed),
        None => Ok(()),
    })?;
    let name = Temporary::path_for(path);
    let opened = hdf5_file::open_datasets(comm, &name, OpenMode::ReadWrite, &header.datasets());
    let (datasets, file) = comm.agree(opened.map_err(failed))?;
    for (field, dataset) in datasets.iter().enumerate() {
        for bundles in batches(state.modes, state.bundles.clone(), comm) {
            let first = first_column(&state.modes, bundles.start);
            let numbers = pack(state, field, bundles);
            let written = match header.precision {
                Precision::Single => write_as::<f32>(comm, dataset, first, &numbers),
                Precision::Double => write_as::<f64>(comm, dataset, first, &numbers),
            };
            comm.agree(written.map_err(failed))?;
        }
    }
    let flushed = file.flush();
    drop(datasets);
    comm.agree(flushed.and(file.close()).map_err(failed))?;
    CheckpointReader::open(comm, &name)?.verify::<T>()?;
    comm.agree(temporary.map_or(Ok(()), Temporary::rename))
}

fn write_as<E: Real>(
    comm: &Communicator,
    dataset: &Dataset,
    first: usize,
    numbers: &[Complex<f64>],
) -> hdf5::Result<()>
where
    Complex<E>: H5Type,
{
    // Converted here: in HDF5's hands a conversion would make the access independent.
    let numbers: Vec<Complex<E>> =
        numbers.iter().map(|z| Complex::new(E::from_double(z.re), E::from_double(z.im))).collect();
    let columns = first..first + numbers.len() / dataset.shape()[1];
    hdf5_file::write_block(comm, dataset, &[columns], &numbers)
}

/// Creates a file with everything but the numbers of the fields. On rank 0 only.
fn create_file(path: &Path, header: &Header, checksums: &[i64]) -> hdf5::Result<()> {
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
    file.close()
}
