#!/usr/bin/env bash
# Measures strong or weak scaling, or predicts it. `scripts/scaling.sh --help` says how.
#
# Within a Slurm job the ranks are started by srun, else by mpirun.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# A study wants the newest build; a prediction or the help takes a program that is there as it is.
build=yes
if [[ -n ${DNS_SOLVER:-} ]]; then
    build=no
else
    export DNS_SOLVER=${CARGO_TARGET_DIR:-$repository/target}/release/dns-solver
    for word in "$@"; do
        case $word in
        -h | --help) build=no ;;
        --plan) [[ ! -x $DNS_SOLVER ]] || build=no ;;
        esac
    done
fi

# In a job all has been built before, on the login node.
if [[ -z ${SLURM_JOB_ID:-} ]]; then
    set_up python
    if [[ $build == yes ]]; then
        set_up build
        cargo build --release --locked --manifest-path "$repository/Cargo.toml"
    fi
fi
exec "$virtual_environment/bin/python" "$repository/scripts/scaling.py" "$@"
