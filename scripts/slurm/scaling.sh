#!/bin/bash
# A scaling study as one Slurm job, submitted from the repository. The job is as large as the
# largest layout; smaller ones leave the rest of it idle. Build first, on the login node:
#
#   scripts/scaling.sh --weak 32 --layouts 1x1 --rounds 1
#   sbatch --nodes=4 --ntasks-per-node=64 scripts/slurm/scaling.sh --points 1024 \
#       --layouts 64x1,128x1,256x1 --output scaling-1024

#SBATCH --job-name=dns-scaling
#SBATCH --time=01:00:00
#SBATCH --exclusive

# shellcheck source=scripts/slurm/site.sh
source "${DNS_SITE:-/dev/null}"
exec scripts/scaling.sh "$@"
