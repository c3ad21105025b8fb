"""The set-up, and the recipe for Spack, read with a stand-in: Spack cannot be had here."""

import os
import runpy
import subprocess
import sys
import tomllib
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from running import REPOSITORY

RECIPE = REPOSITORY / "scripts/spack_repo/dns_solver/packages/dns_solver/package.py"


def test_the_recipe_builds_this_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the Rust that Cargo.toml asks for, and with the MPI and HDF5 that Spack has chosen."""
    asked: list[str] = []
    stand_ins: dict[str, dict[str, Any]] = {
        "spack.package": {
            "EnvironmentModifications": object,
            "depends_on": lambda spec, **_: asked.append(spec),
            "version": lambda name, **_: asked.append(name),
        },
        "spack_repo.builtin.build_systems.cargo": {"CargoPackage": object},
    }
    for name, members in stand_ins.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    package = runpy.run_path(str(RECIPE))["DnsSolver"]
    assert package.git == REPOSITORY.as_uri()
    manifest = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())
    assert f"rust@{manifest['package']['rust-version']}:" in asked
    recipe = package()
    recipe.spec = {
        "mpi": SimpleNamespace(mpicc="/mpi/bin/mpicc"),
        "hdf5": SimpleNamespace(prefix="/hdf5"),
        "llvm": SimpleNamespace(prefix=SimpleNamespace(lib="/llvm/lib")),
    }
    environment: dict[str, str] = {}
    recipe.setup_build_environment(SimpleNamespace(set=environment.__setitem__))
    expected = {"MPICC": "/mpi/bin/mpicc", "HDF5_DIR": "/hdf5", "LIBCLANG_PATH": "/llvm/lib"}
    assert environment == expected


@pytest.mark.parametrize("root", ["", "/opt/hdf5"])
def test_the_set_up_looks_for_hdf5_where_the_build_does(root: str) -> None:
    """Also where pkg-config knows none, as beside Debian's HDF5 for MPICH alone."""
    look = "source scripts/setup.sh; pkg-config() { return 1; }; echo $(hdf5_headers)"
    environment = {"PATH": os.environ["PATH"], "HOME": "/", "HDF5_DIR": root}
    found = subprocess.run(
        ["bash", "-c", look], env=environment, cwd=REPOSITORY, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == [f"{root}/include" if root else "/usr/include/hdf5/serial"]
