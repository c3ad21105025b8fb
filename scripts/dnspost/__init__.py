"""Reads, analyses, draws and starts runs of dns-solver. `dnspost.open("runs/first")` begins."""

from dnspost.averages import steady, time_mean
from dnspost.checkpoint import Checkpoint
from dnspost.dataset import Normalisation, SnapshotDataset
from dnspost.fields import (
    dissipation,
    divergence,
    gradient,
    q_criterion,
    vorticity,
    vorticity_magnitude,
)
from dnspost.initial import projected, write_initial
from dnspost.interpolation import sample
from dnspost.particles import (
    in_box,
    lagrangian_structure_function,
    mean_square_displacement,
    pair_dispersion,
    radial_distribution,
    velocity_autocorrelation,
)
from dnspost.runs import Run
from dnspost.runs import open_run as open  # noqa: A004  (dnspost.open is the name people know)
from dnspost.solver import SolverError, run, validate, write_config
from dnspost.spectral import derivative, filtered, to_modes, to_points
from dnspost.statistics import (
    conditional_average,
    correlation,
    energy_flux,
    energy_spectrum,
    flow_scales,
    pdf,
    shell_correction,
    structure_functions,
)
from dnspost.sweeps import Sweep, sweep

__all__ = [
    "Checkpoint",
    "Normalisation",
    "Run",
    "SnapshotDataset",
    "SolverError",
    "Sweep",
    "conditional_average",
    "correlation",
    "derivative",
    "dissipation",
    "divergence",
    "energy_flux",
    "energy_spectrum",
    "filtered",
    "flow_scales",
    "gradient",
    "in_box",
    "lagrangian_structure_function",
    "mean_square_displacement",
    "open",
    "pair_dispersion",
    "pdf",
    "projected",
    "q_criterion",
    "radial_distribution",
    "run",
    "sample",
    "shell_correction",
    "steady",
    "structure_functions",
    "sweep",
    "time_mean",
    "to_modes",
    "to_points",
    "validate",
    "velocity_autocorrelation",
    "vorticity",
    "vorticity_magnitude",
    "write_config",
    "write_initial",
]
