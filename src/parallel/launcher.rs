//! The launcher of this process, as far as the environment tells.

use std::env;

use super::communicator::Communicator;
use super::runtime::Runtime;
use crate::error::{Error, Result};

/// The numbers of ranks that launchers tell: Open MPI; MPICH and its kin, with MVAPICH2; Slurm's `srun`.
/// (`SLURM_NTASKS` is set in a batch script as well, which is one process.)
const SIZES: [&str; 4] =
    ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS"];

/// Set in every process that a launcher has started.
const RANKS: [&str; 5] =
    ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK", "SLURM_PROCID"];

/// Returns whether this process may be one of several.
pub fn is_launched() -> bool {
    RANKS.iter().any(|name| env::var_os(name).is_some())
}

/// Refuses to run where the launcher has started several processes that MPI takes for one rank each:
/// they would all do the same run, in the same directory.
///
/// # Errors
/// A launcher tells of more ranks than there are, and none of as many.
pub fn check(comm: &Communicator) -> Result<()> {
    let told = SIZES.iter().filter_map(|name| Some((*name, env::var(name).ok()?)));
    let told = told.filter_map(|(name, size)| Some((name, size.trim().parse().ok()?)));
    contradiction(told.collect(), comm.size()).map_or(Ok(()), |(name, size)| {
        Err(Error::input(format!(
            "{size} processes were started ({name} = {size}), but for MPI each is the only rank: the \
             launcher is not that of {}, which this program is built with; start it with the mpirun or \
             srun --mpi=.. of that MPI, or build it anew with the MPI of the launcher",
            Runtime::library_version()
        )))
    })
}

/// Finds what was `told` of several ranks where MPI knows of one. A launcher may have been started by
/// another one, such as `mpirun -n 1` in a Slurm job: it is enough that one is right.
fn contradiction(told: Vec<(&str, usize)>, ranks: usize) -> Option<(&str, usize)> {
    if ranks > 1 || told.iter().any(|(_, size)| *size == ranks) {
        return None;
    }
    told.into_iter().find(|(_, size)| *size > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_launcher_of_more_ranks_contradicts() {
        let slurm = ("SLURM_STEP_NUM_TASKS", 3);
        assert_eq!(contradiction(vec![], 1), None);
        assert_eq!(contradiction(vec![("PMI_SIZE", 1)], 1), None);
        assert_eq!(contradiction(vec![("PMI_SIZE", 3)], 3), None);
        assert_eq!(contradiction(vec![("PMI_SIZE", 3)], 1), Some(("PMI_SIZE", 3)));
        assert_eq!(contradiction(vec![slurm, ("OMPI_COMM_WORLD_SIZE", 1)], 1), None);
        assert_eq!(contradiction(vec![slurm], 1), Some(slurm));
    }
}
