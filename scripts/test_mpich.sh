#!/usr/bin/env bash
# Builds with MPICH, runs the tests that communicate, and compares a run with one under the MPI that
# the rest of the tests use: the bits must be the same. scripts/test.sh calls it; on Debian and
# Ubuntu scripts/setup.sh installs MPICH beside Open MPI, which stays the default.
#
#   scripts/test_mpich.sh [SOLVER]    SOLVER is a program built with the other MPI

set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"
other=${1:-${CARGO_TARGET_DIR:-target}/debug/dns-solver}

shopt -s nullglob
hdf5=(/usr/lib/*-linux-gnu/hdf5/mpich)
if ((${#hdf5[@]} == 0)) || ! command -v mpicc.mpich >/dev/null; then
    echo "MPICH and its parallel HDF5 are not installed (mpich, libmpich-dev and libhdf5-mpich-dev of"
    echo "Debian and Ubuntu): nothing is tested."
    exit 0
fi
# Cargo does not notice a change of MPI, so this one has a directory of its own.
export CARGO_TARGET_DIR=$PWD/target/mpich MPICC=mpicc.mpich HDF5_DIR=${hdf5[0]}
# The tests start `mpirun`.
mkdir -p "$CARGO_TARGET_DIR/bin"
ln -sf "$(command -v mpirun.mpich)" "$CARGO_TARGET_DIR/bin/mpirun"

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
