#!/bin/bash
# A Slurm job that continues itself until the end of the run:
#
#   sbatch --nodes=4 --ntasks-per-node=64 --time=06:00:00 scripts/slurm/continue.sh CONFIG [OPTIONS]
#   sbatch --array=0-9 --ntasks=64 scripts/slurm/continue.sh SWEEP [OPTIONS]
#
# The second form runs the cases of a sweep (`dnspost.sweep`), each as a job of its own. Options as
# for job.sh. The solver stops before the end of the job, by itself or at the signal, and the job
# goes back into the queue under its own number. It stays out of it when the run is complete, when
# the configuration is wrong, and when the solver has failed twice without a new checkpoint in
# between. `scancel JOB` ends it all; a file `stop` in the run directory ends this part only.

#SBATCH --job-name=dns-solver
#SBATCH --time=01:00:00
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append

if (($# == 0)); then
    echo "usage: sbatch [SBATCH_OPTIONS] continue.sh CONFIG|SWEEP [SOLVER_OPTIONS]" >&2
    exit 2
fi
readonly stopped_early=75 wrong_input=2

say() { echo "continue.sh: $*"; }

again() {
    say "$1; job $SLURM_JOB_ID goes back into the queue"
    scontrol requeue "$SLURM_JOB_ID" # which also ends this script
    exit
}

# shellcheck source=scripts/slurm/site.sh
source "${DNS_SITE:-/dev/null}"
# Since Slurm 22.05 srun does not take this over from the job.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}

config=$1
if [[ -d $config ]]; then
    cases=("$config"/[0-9]*.toml)
    config=${cases[SLURM_ARRAY_TASK_ID]}
fi
command=("${DNS_SOLVER:-dns-solver}" "$config" --threads "$SRUN_CPUS_PER_TASK" "${@:2}")

# Checks the configuration, too.
resolved=$(srun --nodes=1 --ntasks=1 "${command[@]}" --dry-run) || exit
run=$(sed -n '/^\[output\]$/,/^\[/ s/^directory = "\(.*\)"$/\1/p' <<<"$resolved")
# Outside of the run directory, which the solver must find as it left it.
readonly failure=$run.failed

srun "${command[@]}" --stopped-code "$stopped_early"
code=$?
newest=$(find "$run/checkpoints" -name '*.h5' | sort | tail -n 1)
case $code in
0)
    rm -f "$failure"
    say "the run in $run is complete"
    ;;
"$stopped_early")
    rm -f "$failure"
    again "stopped early with $newest"
    ;;
"$wrong_input") ;;
*)
    if [[ -f $failure && $(<"$failure") == "$newest" ]]; then
        say "failed a second time after ${newest:-the start}, with exit code $code; giving up"
        rm -f "$failure"
    else
        echo "$newest" >"$failure"
        again "failed after ${newest:-the start} with exit code $code"
    fi
    ;;
esac
exit "$code"
