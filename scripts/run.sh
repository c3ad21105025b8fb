#!/usr/bin/env bash
# Builds dns-solver and runs it on one machine. `scripts/run.sh --help` says how.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

usage() {
    cat <<'END'
Build dns-solver and run it on this machine.

usage: scripts/run.sh CONFIG [-n RANKS] [-t THREADS] [-- SOLVER_ARGUMENTS...]

  CONFIG       a TOML file, such as configs/taylor_green.toml
  -n RANKS     MPI ranks (default 1: the program runs without mpirun)
  -t THREADS   threads in each rank (default 1)
  --           what follows goes to the solver as it is

examples:
  scripts/run.sh configs/laptop.toml                    a first run: seconds on one core
  scripts/run.sh configs/taylor_green.toml -n 4         four ranks
  scripts/run.sh configs/taylor_green.toml -- --dry-run memory and output of a run, not the run
  scripts/run.sh configs/forced_isotropic.toml -n 2 -- --set time.end=5.0 --output runs/short

The first call installs what is missing (see scripts/setup.sh) and compiles for some minutes.
On a cluster, build once and start the program from your job script:
  mpirun target/release/dns-solver CONFIG
END
}

refuse() {
    printf 'run.sh: %s\nTry: scripts/run.sh --help\n' "$1" >&2
    exit 2
}

config="" ranks=1 threads=1
while (($#)); do
    case $1 in
    -h | --help) usage && exit 0 ;;
    -n) ranks=${2:-} && shift ;;
    -t) threads=${2:-} && shift ;;
    --) shift && break ;;
    -*) refuse "unknown option $1; options of the solver go behind --" ;;
    *)
        [[ -z $config ]] || refuse "more than one CONFIG: $config and $1"
        config=$1
        ;;
    esac
    shift || refuse "the last option lacks its number"
done
[[ -n $config ]] || refuse "CONFIG is missing"
[[ -f $config ]] || refuse "there is no file $config"
[[ $ranks =~ ^[1-9][0-9]*$ ]] || refuse "-n is '$ranks', must be a whole number, 1 or more"
[[ $threads =~ ^[1-9][0-9]*$ ]] || refuse "-t is '$threads', must be a whole number, 1 or more"

# The cores Open MPI counts: physical ones, and of these at most those this process may use.
core_count() {
    local allowed physical
    allowed=$(nproc)
    physical=$(lscpu --parse=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l)
    echo $((physical > 0 && physical < allowed ? physical : allowed))
}

# Prints the options mpirun needs here. MPICH needs none; a batch job brings its own slots.
launcher_options() {
    mpirun --version | grep -q "Open MPI" || return 0
    # The solver says itself what went wrong. Open MPI 5 has no such option.
    mpirun --version | grep -q "Open MPI) [0-4]\." && echo --quiet
    [[ $(id -u) != 0 ]] || echo --allow-run-as-root
    if [[ -z ${SLURM_JOB_ID:-}${PBS_JOBID:-}${LSB_JOBID:-} ]] && ((ranks > $(core_count))); then
        echo --oversubscribe --bind-to none
    elif ((threads > 1)); then
        echo --bind-to none # the default would keep all threads of a rank on one core
    fi
}

set_up build
cargo build --release --locked --manifest-path "$repository/Cargo.toml"
solver=("${CARGO_TARGET_DIR:-$repository/target}/release/dns-solver" "$config")
((threads == 1)) || solver+=(--threads "$threads")

if ((ranks == 1)); then
    exec "${solver[@]}" "$@"
else
    read -ra options <<<"$(launcher_options | tr '\n' ' ')"
    exec mpirun -n "$ranks" "${options[@]}" "${solver[@]}" "$@"
fi
