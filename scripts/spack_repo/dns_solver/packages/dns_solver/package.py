"""How Spack builds dns-solver: from the branch main of the clone in which this file is."""

from pathlib import Path

from spack.package import EnvironmentModifications, depends_on, version
from spack_repo.builtin.build_systems.cargo import CargoPackage


class DnsSolver(CargoPackage):
    """Direct numerical simulation of turbulence in a periodic box, with MPI."""

    git = f"file://{Path(__file__).resolve().parents[5]}"

    version("main", branch="main")

    depends_on("c", type="build")  # the linker
    depends_on("rust@1.89:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("llvm+clang", type="build")  # its libclang reads mpi.h
    depends_on("mpi")
    depends_on("hdf5@1.10.3:+hl")

    build_args = ("--locked",)
    check_args = ("--locked",)

    def setup_build_environment(self, env: EnvironmentModifications) -> None:
        """Name MPI, HDF5 and libclang to the build scripts of the crates that use them."""
        env.set("MPICC", self.spec["mpi"].mpicc)
        env.set("HDF5_DIR", self.spec["hdf5"].prefix)
        env.set("LIBCLANG_PATH", self.spec["llvm"].prefix.lib)
