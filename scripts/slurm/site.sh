# What the job scripts do on this cluster before they start the solver. Copy, edit, and give it to
# `dnspost submit --site FILE`, or name it in DNS_SITE.
# shellcheck shell=bash

# The modules that the program was built with:
#module load gcc openmpi hdf5/parallel

# How srun and MPI find each other: pmix for Open MPI, pmi2 or cray_shasta for MPICH and its kin.
# `srun --mpi=list` shows what there is.
#export SLURM_MPI_TYPE=pmix
