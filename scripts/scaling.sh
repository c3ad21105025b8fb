#!/usr/bin/env bash
# Measures strong or weak scaling, or predicts it. `scripts/scaling.sh --help` says how.
#
# Within a Slurm job the ranks are started by srun, else by mpirun.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# In a job all has been built before, on the login node.
if [[ -z ${SLURM_JOB_ID:-} && ${1:-} != --help ]]; then
    set_up tests
    cargo build --release --locked --manifest-path "$repository/Cargo.toml"
fi
export DNS_SOLVER=${DNS_SOLVER:-${CARGO_TARGET_DIR:-$repository/target}/release/dns-solver}
exec "$virtual_environment/bin/python" "$repository/scripts/scaling.py" "$@"
