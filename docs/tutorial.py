"""From a configuration to figures in ten minutes, on a laptop.

Run it (`python docs/tutorial.py`), or open it as a notebook: VS Code and Jupyter (with jupytext)
take the lines `# %%` as borders of cells. It writes into the directory `tutorial`. Needs the built
solver (scripts/run.sh builds it) and `pip install -e './scripts[volume]'`.
"""

# %% A configuration is a dictionary, the same as the TOML file. The solver itself checks it.
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import dnspost
from dnspost.cli import main
from dnspost.style import label, save, style

folder = Path("tutorial")
folder.mkdir(exist_ok=True)

config = {
    "grid": {"points": [54, 54, 54]},  # k_max eta is 1.59 or more: well resolved
    "physics": {"viscosity": 1e-2},  # Re = 100
    "initial": {"kind": "taylor_green"},
    "time": {"dt": 0.1, "end": 8.0},
    "output": {
        "directory": str(folder / "re100"),
        "history": {"every": 0.2},
        "snapshots": {"every": 1.0, "precision": "double"},
    },
}
print(dnspost.validate(config))

# %% Run it. The same line, executed again, continues what was stopped, or returns at once.
run = dnspost.run(config)
print(run)

# %% The history is a table of pandas. Brachet et al. 1983 read a peak of 0.0130 near t = 5.
history = run.history
peak = history.loc[history["dissipation"].idxmax()]
print(f"dissipation peaks at t = {peak['time']:.1f} with {peak['dissipation']:.4f}")

# %% Snapshots are a lazy xarray, (time, z, y, x): nothing is read before it is needed.
snapshots = run.snapshots
print(snapshots)
print("largest u at each time:", abs(snapshots["u"]).max(["z", "y", "x"]).values.round(3))

# %% What the velocity implies: derivatives are spectral, statistics use the solver's shells.
at_peak = snapshots.sel(time=5.0)
vorticity = dnspost.vorticity_magnitude(at_peak)
print(
    f"enstrophy {float((vorticity**2).mean() / 2):.6f}, history says "
    f"{history['enstrophy'].loc[int(at_peak['step'])]:.6f}"
)
spectrum = dnspost.energy_spectrum(at_peak)
print(f"energy in the spectrum {float(spectrum.sum()):.6f}")
print(dnspost.flow_scales(at_peak))

# %% Any point, any time: the Fourier series itself, or polynomials as the JHTDB has them.
line = np.column_stack([np.linspace(0, 2 * np.pi, 50), np.full(50, 1.0), np.full(50, 0.5)])
exact = run.sample(line, 5.0)
quick = run.sample(line, 5.0, method="lag6")
print(f"lag6 errs by {float(abs(quick['u'] - exact['u']).max()):.1e}")

# %% A checkpoint holds the modes themselves: fields on any grid, exact.
fine = run.checkpoints[-1].fields((64, 64, 64))
energy = sum(float((fine[name] ** 2).mean()) for name in "uvw") / 2
print(f"energy {energy:.6f}, history says {history['kinetic_energy'].iloc[-1]:.6f}")

# %% A start of your own: make it in NumPy; what is not solenoidal is refused.
x = 2 * np.pi * np.arange(32) / 32
z, y, x = np.meshgrid(x, x, x, indexing="ij")
tubes = [np.sin(y) + 0.1 * np.sin(2 * z), np.sin(z), np.sin(x)]
start = dnspost.write_initial(folder / "tubes.h5", tubes)
own = dnspost.run(
    config
    | {
        "grid": {"points": [32, 32, 32]},
        "initial": start,
        "time": {"cfl": 0.8, "end": 2.0},
        "output": {"directory": str(folder / "tubes"), "snapshots": {"every": 1.0}},
    }
)
print(own)

# %% A sweep: all combinations of some values, resumed by the same lines (on Slurm: dnspost submit).
sweep = dnspost.sweep(
    folder / "sweep",
    config | {"grid": {"points": [32, 32, 32]}, "output": {"history": {"every": 0.2}}},
    {"physics.viscosity": [0.02, 0.04]},
)
runs = sweep.run()
print(sweep.table)

# %% Your own figure, in the look of the others.
with style():
    figure = Figure(figsize=(3.4, 2.6))
    axes = figure.subplots()
    for case in [run, *runs.values()]:
        axes.plot(
            case.history["time"], case.history["dissipation"], label=rf"$\nu$ = {case.viscosity:g}"
        )
    axes.set_xlabel(label("$t$", "T"))
    axes.set_ylabel(label(r"$\varepsilon$", "L^2/T^3"))
    axes.legend()
    print(save(figure, folder / "dissipation"))

# %% The usual figures, and a page that says whether the run is to be believed.
# In a shell: dnspost spectra tutorial/re100
for command in ["history", "spectra", "slices", "report"]:
    main([command, str(run.directory)])
