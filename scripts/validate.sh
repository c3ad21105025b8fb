#!/usr/bin/env bash
# Runs flows whose results are published and writes a report, validation/validation.md, with the
# differences and figures. `scripts/validate.sh --quick` takes some minutes on one core.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

cd "$repository"
set_up tests
cargo build --locked --release
exec env DNS_SOLVER="${CARGO_TARGET_DIR:-$repository/target}/release/dns-solver" \
    "$virtual_environment/bin/python" scripts/validate.py "$@"
