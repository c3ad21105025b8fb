#!/usr/bin/env bash
# Builds with MPICH, runs the tests that communicate, and compares a run with one under the MPI that
# the rest of the tests use: the bits must be the same. scripts/test.sh runs it where MPICH is
# installed, as Debian and Ubuntu can have it beside Open MPI, which stays the default:
#
#   apt-get install mpich libmpich-dev libhdf5-mpich-dev
#   scripts/test_mpich.sh [SOLVER]    SOLVER is a program built with the other MPI
#   scripts/test_mpich.sh --build     builds only

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
# Cargo does not notice a change of MPI, so this one has a directory of its own. All libraries are
# built once more, with little optimisation: that takes 280 seconds of one core instead of 480.
export CARGO_TARGET_DIR=$PWD/target/mpich MPICC=mpicc.mpich HDF5_DIR=${hdf5[0]} CARGO_INCREMENTAL=0
tests=(
    cargo test --locked --test mpi --config profile.test.debug=0 --config profile.test.opt-level=1
    --config 'profile.test.package."*".opt-level=0'
)
"${tests[@]}" --no-run # which builds the program, too
if [[ ${1:-} == --build ]]; then
    exit
fi

# Where MPICH waits (in UCX), it does not give way to ranks that share its core, and all of them wait
# for their time slices: the tests would take minutes. So here it is made to.
mkdir -p "$CARGO_TARGET_DIR/bin"
cc -shared -fPIC -O -o "$CARGO_TARGET_DIR/bin/give_way.so" -x c - -ldl <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
unsigned ucp_worker_progress(void *worker) {
    static unsigned (*progress)(void *);
    if (!progress) progress = dlsym(RTLD_NEXT, "ucp_worker_progress");
    unsigned events = progress(worker);
    if (!events) sched_yield();
    return events;
}
END
mpirun=(mpirun.mpich -genv LD_PRELOAD "$CARGO_TARGET_DIR/bin/give_way.so")
# The tests start `mpirun`. No link: MPICH looks for its other programs where it was started.
printf '#!/bin/sh\nexec %s "$@"\n' "${mpirun[*]}" >"$CARGO_TARGET_DIR/bin/mpirun"
chmod +x "$CARGO_TARGET_DIR/bin/mpirun"
MPI_TEST_RANKS="1 2 3 5" PATH=$CARGO_TARGET_DIR/bin:$PATH "${tests[@]}"
"$CARGO_TARGET_DIR/debug/dns-solver" --version | grep MPICH

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { # NAME COMMAND...: a run of three ranks into the directory NAME
    local name=$1
    shift
    timeout 60 "$@" configs/laptop.toml --quiet --output "$folder/$name" --set time.end=1.0 \
        --set parallel.exchange=all_to_all </dev/null
}
run mpich "${mpirun[@]}" -n 3 "$CARGO_TARGET_DIR/debug/dns-solver"
run other "$other"
cmp "$folder/mpich/history.csv" "$folder/other/history.csv"
echo "A run under MPICH and $("$other" --version | grep MPI): the same to the last bit."
