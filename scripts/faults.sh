#!/usr/bin/env bash
# Kills small runs hundreds of times, continues them, compares every bit, and watches a long run.
# Prints the table of docs/restarting.md. `scripts/faults.sh KILLS` sets the number of kills per
# line of the table (30 if not given); half as many for several ranks.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

kills=${1:-30}
if (($# > 1)) || [[ ! $kills =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: scripts/faults.sh [KILLS]" >&2
    exit 2
fi

cd "$repository"
set_up build
export DNS_SOLVER_KILLS=$kills
exec cargo test --locked --test program -- --ignored --nocapture --test-threads=1 \
    faults::killed_hundreds_of_times soak::
