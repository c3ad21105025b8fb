#!/usr/bin/env bash
# Measures strong or weak scaling of a time step. `scripts/scaling.sh --help` says how.
#
# Within a Slurm job the ranks are started by srun, else by mpirun.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# In a job all has been built before, on the login node.
if [[ -z ${SLURM_JOB_ID:-} && ${1:-} != --help ]]; then
    set_up tests
    cargo bench --locked --no-run --bench step --manifest-path "$repository/Cargo.toml"
fi
exec "$virtual_environment/bin/python" "$repository/scripts/scaling.py" "$@"
