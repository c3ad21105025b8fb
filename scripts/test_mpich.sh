#!/usr/bin/env bash
# Builds with MPICH, runs the tests that communicate, and compares a run with one under the MPI that
# the rest of the tests use: the bits must be the same. It builds all libraries once more, for some
# minutes, so scripts/test.sh leaves it out; the workflow in .github runs it. Debian and Ubuntu can
# have MPICH beside Open MPI, which stays the default:
#
#   apt-get install mpich libmpich-dev libhdf5-mpich-dev
#   scripts/test_mpich.sh [SOLVER]    SOLVER is a program built with the other MPI

set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"
other=${1:-${CARGO_TARGET_DIR:-target}/debug/dns-solver}

shopt -s nullglob
hdf5=(/usr/lib/*-linux-gnu/hdf5/mpich)
if ((${#hdf5[@]} == 0)) || ! command -v mpicc.mpich >/dev/null; then
    echo "MPICH or its parallel HDF5 is missing: install mpich, libmpich-dev and libhdf5-mpich-dev" >&2
    exit 1
fi
# Cargo does not notice a change of MPI, so this one has a directory of its own.
export CARGO_TARGET_DIR=$PWD/target/mpich MPICC=mpicc.mpich HDF5_DIR=${hdf5[0]}
# The tests start `mpirun`. No link: MPICH looks for its other programs where it was started.
mkdir -p "$CARGO_TARGET_DIR/bin"
# shellcheck disable=SC2016  # for the script that is written
printf '#!/bin/sh\nexec mpirun.mpich "$@"\n' >"$CARGO_TARGET_DIR/bin/mpirun"
chmod +x "$CARGO_TARGET_DIR/bin/mpirun"

# Which builds the program, too.
PATH=$CARGO_TARGET_DIR/bin:$PATH cargo test --locked --test mpi
"$CARGO_TARGET_DIR/debug/dns-solver" --version | grep MPICH

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { # NAME COMMAND...: a run of three ranks into the directory NAME
    local name=$1
    shift
    timeout 60 "$@" configs/laptop.toml --quiet --output "$folder/$name" --set time.end=1.0 \
        --set parallel.exchange=all_to_all </dev/null
}
run mpich mpirun.mpich -n 3 "$CARGO_TARGET_DIR/debug/dns-solver"
run other "$other"
cmp "$folder/mpich/history.csv" "$folder/other/history.csv"
echo "A run under MPICH and $("$other" --version | grep MPI): the same to the last bit."
