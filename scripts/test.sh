#!/usr/bin/env bash
# Runs every check of the project, quickest first, and stops at the first that fails.

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

if (($#)); then
    echo "usage: scripts/test.sh (no arguments; one check alone is a cargo or pytest command)" >&2
    exit 2
fi

# stage TITLE COMMAND...: runs COMMAND under a heading and tells its time.
stage() {
    local title=$1 start=$SECONDS
    shift
    printf '\n=== %s\n' "$title"
    if "$@"; then
        printf '=== %s: passed, %d s\n' "$title" $((SECONDS - start))
    else
        printf '=== %s: FAILED, %d s\n    %s\n' "$title" $((SECONDS - start)) "$*" >&2
        exit 1
    fi
}

cd "$repository"
bin=$virtual_environment/bin
python=(tests/python scripts/dnspost scripts/validation scripts/*.py benches docs)
recipe=scripts/spack_repo # whose types are those of Spack
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

stage "set-up" set_up tests
stage "shell scripts" "$bin/shellcheck" --external-sources scripts/*.sh scripts/slurm/*.sh .ci/run
stage "format of Rust" cargo fmt --check
stage "format of Python" "$bin/ruff" format --check "${python[@]}" $recipe
stage "lints of Python" "$bin/ruff" check "${python[@]}" $recipe
stage "types of Python" "$bin/mypy" --config-file tests/python/pyproject.toml "${python[@]}"
stage "lints of Rust" cargo clippy --locked --all-targets -- -D warnings
stage "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
stage "tests in Rust" cargo test --locked
if have_mpich >/dev/null; then
    # Beside the tests in Python, which mostly wait for Slurm. An error shows when it is built again.
    setsid nice -n 19 scripts/test_mpich.sh --build &>/dev/null &
    trap 'kill -- -$! 2>/dev/null || true' EXIT
fi
# The program that the tests in Rust have just built; a release build would take minutes more.
export DNS_SOLVER=${CARGO_TARGET_DIR:-$repository/target}/debug/dns-solver
stage "tests in Python" "$bin/python" -m pytest tests/python --ignore tests/python/test_pytorch.py
stage "tests with PyTorch" scripts/test_pytorch.sh
if have_mpich >/dev/null; then
    wait
    stage "tests with MPICH" scripts/test_mpich.sh
else
    printf '\n=== tests with MPICH: skipped, for it is not installed\n'
fi

printf '\nAll checks passed in %d s.\n' "$SECONDS"
