#!/usr/bin/env bash
# Runs the tests of training data with PyTorch, on processors alone. PyPI's PyTorch brings gigabytes of
# CUDA; PyTorch's own index does not, nor does Debian's package (which Ubuntu 24.04 does not have).

set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$repository"

# Debian's PyTorch may want another NumPy than the other tests.
readonly debian_environment=$repository/.venv-pytorch

has_pytorch() { "$1" -c 'import torch' 2>/dev/null; }

install_from_pytorch() {
    note "installing PyTorch from its own index"
    "$virtual_environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --retries 0 torch --index-url https://download.pytorch.org/whl/cpu >&2
}

have_debian_package() {
    note "that has failed; taking the package of Debian"
    packages=(python3-torch python3-venv)
    has_pytorch /usr/bin/python3 || install_packages
}

# Beside the package; here a failure is one of the tests, and no reason to skip them.
make_debian_environment() {
    /usr/bin/python3 -m venv --system-site-packages "$debian_environment"
    "$debian_environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement tests/python/requirements-debian.txt >&2
}

set_up tests
if has_pytorch "$virtual_environment/bin/python" || install_from_pytorch; then
    python=$virtual_environment/bin/python
elif have_debian_package; then
    make_debian_environment
    python=$debian_environment/bin/python
else
    echo "SKIPPED: neither https://download.pytorch.org/whl/cpu nor apt-get has given a PyTorch."
    exit
fi
"$python" -c 'import torch, numpy; print(f"PyTorch {torch.__version__}, NumPy {numpy.__version__}")'
PYTHONPATH=scripts "$python" -m pytest tests/python/test_pytorch.py
