#!/bin/bash
# One Slurm job that starts a run, or continues it:
#
#   sbatch --nodes=4 --ntasks-per-node=64 --time=06:00:00 scripts/slurm/job.sh CONFIG [OPTIONS]
#
# OPTIONS go to the solver. Options of sbatch go before the script and replace those below.
# DNS_SOLVER names the program if it is not on PATH; DNS_SITE a file such as site.sh here.
# `dnspost submit` sets both, and the number of nodes.

#SBATCH --job-name=dns-solver
#SBATCH --time=01:00:00
#SBATCH --signal=USR1@120

if (($# == 0)); then
    echo "usage: sbatch [SBATCH_OPTIONS] job.sh CONFIG [SOLVER_OPTIONS]" >&2
    exit 2
fi
# shellcheck source=scripts/slurm/site.sh
source "${DNS_SITE:-/dev/null}"
# Since Slurm 22.05 srun does not take this over from the job.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
exec srun "${DNS_SOLVER:-dns-solver}" "$1" --threads "$SRUN_CPUS_PER_TASK" "${@:2}"
