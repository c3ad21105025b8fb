#!/usr/bin/env bash
# Runs flows whose results are published and writes a report with figures, validation/validation.md.
# By the count of steps it takes less than 10 minutes on two quiet cores, with --quick one, with
# --long hours; --help tells the options. DNS_SOLVER, when set, is the program that is used; otherwise
# it is built.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

cd "$repository"
set_up python
if [[ -z ${DNS_SOLVER:-} ]]; then
    set_up build
    cargo build --locked --release
    export DNS_SOLVER=${CARGO_TARGET_DIR:-$repository/target}/release/dns-solver
fi
exec "$virtual_environment/bin/python" scripts/validate.py "$@"
