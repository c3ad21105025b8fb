#!/usr/bin/env bash
# Finds what dns-solver needs, installs what is missing where it may, and names the rest.
#
#   scripts/setup.sh            what a build and a run need
#   scripts/setup.sh --tests    also what scripts/test.sh needs
#
# Other scripts source this file and call `set_up`, which also puts the Rust toolchain on PATH. Python
# packages go into an environment of the scripts' own: one that a user made is never touched.

set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly repository
readonly virtual_environment=$repository/.venv-tests
# The Rust that a machine without one gets: not the newest, whose new lints would fail our checks.
readonly rust_to_install=1.95.0
readonly rustup_installer=https://static.rust-lang.org/rustup/rustup-init.sh

have() { command -v "$1" >/dev/null 2>&1; }

note() { printf 'setup: %s\n' "$*" >&2; }

# --- What is there ---------------------------------------------------------------------------

# The oldest Rust that builds this package, as Cargo.toml states it.
rust_minimum() { sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$repository/Cargo.toml"; }

have_rust() {
    have cargo || return 1
    local version
    version=$(cd "$repository" && rustc --version 2>/dev/null | cut -d' ' -f2) || return 1
    printf '%s\n%s\n' "$(rust_minimum)" "$version" | sort --version-sort --check=quiet
}

have_rust_lints() { cargo clippy --version && cargo fmt --version; } >/dev/null 2>&1

# The header directories of the HDF5 that the build will find: HDF5_DIR, else pkg-config's "hdf5", else
# Debian's without MPI. MPICH's HDF5 beside it makes "hdf5" an empty entry, that of the default MPI.
hdf5_headers() {
    if [[ -n ${HDF5_DIR:-} ]]; then
        echo "$HDF5_DIR/include"
    else
        pkg-config --cflags-only-I hdf5 2>/dev/null | tr ' ' '\n' | sed -n 's/^-I//p'
        pkg-config --variable=includedir hdf5 2>/dev/null
        echo /usr/include/hdf5/serial
    fi
}

have_hdf5() {
    local directory
    for directory in $(hdf5_headers); do
        compgen -G "$directory/H5pubconf*.h" >/dev/null && return 0
    done
    return 1
}

# Beside the MPI that the build uses: Debian and Ubuntu rank MPICH lower (priority 40, Open MPI 50).
have_mpich() { have mpicc.mpich && compgen -G '/usr/lib/*-linux-gnu/hdf5/mpich/include'; }

# The library and, beside it, the headers that the generator of the MPI bindings needs.
have_libclang() {
    [[ -n ${LIBCLANG_PATH:-} ]] || compgen -G '/usr/lib/llvm-*/lib/libclang.so' >/dev/null ||
        { have clang && ldconfig -p 2>/dev/null | grep -q libclang; }
}

have_egl() { ldconfig -p 2>/dev/null | grep -q 'libEGL\.so\.1'; }

# The first Python that is new enough for tests/python/requirements.txt and can make environments.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# What the tests install: their own list, and what dnspost asks for.
readonly python_lists=("$repository/tests/python/requirements.txt" "$repository/scripts/pyproject.toml")

# All of it, and dnspost as an editable install: tests of a copy would not see changes.
have_python_packages() {
    cat "${python_lists[@]}" | cmp -s - "$virtual_environment/installed" &&
        compgen -G "$virtual_environment/lib/python*/site-packages/__editable__*dnspost*" >/dev/null
}

# --- What is missing -------------------------------------------------------------------------

# Fills `missing` (for people) and `packages` (for apt-get) with what `$1` = build|python|tests lacks.
list_missing() {
    missing=() packages=()
    local need=$1
    if [[ $need != build ]] && ! have_python_packages; then
        require "Python 3.11 or newer with the modules venv and ensurepip" python3-venv find_python
    fi
    [[ $need != python ]] || return 0
    require "a C compiler and linker (cc)" build-essential have cc
    require "pkg-config" pkg-config have pkg-config
    require "an MPI launcher (mpirun)" openmpi-bin have mpirun
    require "an MPI compiler (mpicc)" libopenmpi-dev have mpicc
    require "HDF5 with its headers" libhdf5-dev have_hdf5
    require "libclang with its headers (it reads mpi.h)" libclang-dev have_libclang
    have_rust || have rustup || require "curl, to fetch Rust" "curl ca-certificates" have curl
    # What others can do without: a second MPI, under which tests/mpi and a run are tried, too, and
    # what draws pictures in three dimensions without a display.
    if [[ $need == tests ]] && have apt-get && as_root >/dev/null; then
        require "MPICH with its parallel HDF5" "mpich libmpich-dev libhdf5-mpich-dev" have_mpich
        require "OpenGL without a display (EGL)" libegl1 have_egl
    fi
    # The tests of job scripts; only root can start Slurm, and without it they are skipped.
    if [[ $need == tests && $(id -u) == 0 ]]; then
        require "Slurm" "slurm-wlm munge" have sbatch
    fi
}

# require NAME APT_PACKAGES TEST...: notes NAME as missing when TEST fails.
require() {
    local name=$1 package=$2
    shift 2
    "$@" >/dev/null && return
    missing+=("$name")
    # shellcheck disable=SC2206  # one requirement may be several packages
    packages+=($package)
}

# Prints how to run a command as root without a password; fails where there is no way.
as_root() {
    if [[ $(id -u) == 0 ]]; then
        echo env
    elif have sudo && sudo -n true 2>/dev/null; then
        echo sudo
    else
        return 1
    fi
}

report_missing() {
    {
        echo "dns-solver cannot be built here yet. Missing:"
        printf '  - %s\n' "${missing[@]}"
        if have apt-get; then
            echo "Type, or ask an administrator to type:"
            echo "  sudo apt-get install ${packages[*]}"
        else
            echo "The packages that hold them on Debian and Ubuntu: ${packages[*]}"
        fi
        echo "On a cluster, load modules instead: a compiler, MPI, HDF5 and LLVM; set"
        echo "HDF5_DIR and LIBCLANG_PATH to where the last two are. Then start this script again."
    } >&2
}

install_packages() {
    local root
    have apt-get && root=$(as_root) || return 1
    note "installing with apt-get: ${packages[*]}"
    $root apt-get update -qq || note "apt-get update failed; trying with the package lists at hand"
    $root DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "${packages[@]}" >&2
}

# --- Rust and Python -------------------------------------------------------------------------

install_rust() {
    note "Rust $(rust_minimum) or newer is missing; installing $rust_to_install for this user with rustup"
    if have rustup; then
        rustup toolchain install "$rust_to_install" --profile minimal \
            --component clippy,rustfmt >&2 && export RUSTUP_TOOLCHAIN=$rust_to_install
    else
        curl --proto '=https' --tlsv1.2 -sSf "$rustup_installer" |
            sh -s -- -y --default-toolchain "$rust_to_install" --profile minimal \
                --component clippy,rustfmt >&2
    fi && have_rust && return
    {
        echo "Rust $(rust_minimum) or newer is missing and rustup could not install it. Type"
        echo "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
        echo "or read https://rustup.rs; then start this script again."
    } >&2
    return 1
}

install_rust_lints() {
    note "adding clippy and rustfmt"
    have rustup && (cd "$repository" && rustup component add clippy rustfmt >&2) && return
    echo "cargo clippy or cargo fmt is missing: install both for $(rustc --version)." >&2
    return 1
}

install_python_packages() {
    local python
    python=$(find_python)
    note "installing Python packages into $virtual_environment"
    "$python" -m venv --clear "$virtual_environment" &&
        "$virtual_environment/bin/python" -m pip install --quiet --disable-pip-version-check \
            --requirement "$repository/tests/python/requirements.txt" \
            --editable "$repository/scripts[volume]" >&2 &&
        cat "${python_lists[@]}" >"$virtual_environment/installed" && return
    echo "The Python packages in ${python_lists[*]} could not be installed." >&2
    return 1
}

# set_up build|python|tests: returns 0 when everything is there. `build` is what a build and a run
# need, `python` an environment with dnspost, `tests` both and what the checks need besides.
set_up() {
    local need=$1
    PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    list_missing "$need"
    if ((${#missing[@]})); then
        install_packages || { report_missing && return 1; }
            list_missing "$need"
        ((${#missing[@]} == 0)) || { report_missing && return 1; }
    fi
    [[ $need == python ]] || have_rust || install_rust || return 1
    [[ $need != tests ]] || have_rust_lints || install_rust_lints || return 1
    [[ $need == build ]] || have_python_packages || install_python_packages || return 1
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    case ${1:-} in
    "") set_up build ;;
    --tests) set_up tests ;;
    *)
        echo "usage: scripts/setup.sh [--tests]" >&2
        exit 2
        ;;
    esac
    echo "Everything is there."
fi
