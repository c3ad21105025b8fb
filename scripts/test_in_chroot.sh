#!/usr/bin/env bash
# Runs the tests, or another command, on another release of Debian or Ubuntu: in a directory of its
# own with nothing installed but what scripts/setup.sh asks for. By hand, and as root:
#
#   scripts/test_in_chroot.sh trixie                     scripts/test.sh on Debian 13
#   scripts/test_in_chroot.sh bookworm                   on Debian 12: nothing is there by luck
#   scripts/test_in_chroot.sh trixie cargo test --test mpi
#
# The packages come from the mirror of this machine, or from MIRROR; the Rust toolchain is that of this
# machine. All of it lies below TMPDIR (default /var/tmp), and is removed at the end; with CHROOT=DIR
# it is in DIR and stays, and is used again.

set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

release=${1:?usage: scripts/test_in_chroot.sh RELEASE [COMMAND...]}
shift
(($#)) || set -- scripts/test.sh
if [[ $(id -u) != 0 ]] || ! command -v debootstrap >/dev/null; then
    echo "test_in_chroot.sh needs root and debootstrap (apt-get install debootstrap)" >&2
    exit 2
fi

# The first mirror that apt uses here: a line `deb URL ...`, or `URIs: URL`.
apt_mirror() {
    grep -rhoE '^(deb|URIs:) .*' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
        grep -oE 'https?://[^ ]+/(debian|ubuntu)(/| |$)' | sed -n 1p
}
mirror=${MIRROR:-$(apt_mirror || true)}
mirror=${mirror%% *}

# What is mounted below is seen by this script alone, and gone when it ends.
if [[ -z ${CHROOT_MOUNTS:-} ]]; then
    export CHROOT_MOUNTS=own
    root=${CHROOT:-$(mktemp -d "${TMPDIR:-/var/tmp}/dns-solver-$release.XXXXXX")}
    status=0
    CHROOT=$root unshare --mount --propagation private "$0" "$release" "$@" || status=$?
    [[ -n ${CHROOT:-} ]] || rm -rf "$root"
    exit "$status"
fi
root=$CHROOT

[[ -e $root/etc/debian_version ]] || debootstrap --variant=minbase "$release" "$root" "$mirror"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# Its own root is to be the root of a mount, which tests that make namespaces want.
mount --bind "$root" "$root"
bind() { # FROM TO
    mkdir -p "$root$2"
    mount --rbind "$1" "$root$2"
}
for path in /proc /sys /dev; do bind "$path" "$path"; done
# In memory, as on Debian 13: killed launchers of Open MPI 5 leave files there which fail a later one that
# has the same process number, and a disk that others use keeps ranks waiting for longer than tests do.
mount -t tmpfs tmpfs "$root/tmp"
cargo=${CARGO_HOME:-$HOME/.cargo} rustup=${RUSTUP_HOME:-$HOME/.rustup}
bind "$cargo" /root/.cargo
bind "$rustup" /root/.rustup

# Whom this machine trusts: it may reach the registries of packages through a proxy of its site.
authorities=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
trust=()
if [[ -f $authorities ]]; then
    # Debian 12 has no such directory before openssl is installed.
    mkdir -p "$root/etc/ssl"
    cp "$authorities" "$root/etc/ssl/machine.crt"
    trust=({SSL_CERT_FILE,PIP_CERT,CURL_CA_BUNDLE}"=/etc/ssl/machine.crt")
fi

# A clone without what was built here, which the other release could not use.
mkdir -p "$root/root/dns-solver"
# In a chroot that is used again, files that are no longer in the repository would be built, too.
find "$root/root/dns-solver" -mindepth 1 -maxdepth 1 ! -name target ! -name '.venv*' -exec rm -rf {} +
git -C "$repository" ls-files -z --cached --others --exclude-standard |
    (cd "$repository" && tar --create --null --files-from=- --ignore-failed-read) |
    tar --extract --directory "$root/root/dns-solver"

inside() {
    chroot "$root" env -i HOME=/root USER=root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
        PATH=/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "${trust[@]}" ${CARGO_BUILD_JOBS:+CARGO_BUILD_JOBS="$CARGO_BUILD_JOBS"} "$@"
}
inside bash -c 'cd /root/dns-solver && scripts/setup.sh'
inside bash -c 'cd /root/dns-solver && exec "$@"' bash "$@"
