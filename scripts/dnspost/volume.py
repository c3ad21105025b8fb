"""Vortices in three dimensions, drawn off-screen by pyvista (the extra `volume`)."""

import ctypes
from pathlib import Path

import numpy as np
import xarray as xr

from dnspost import fields
from dnspost.grid import AXES, length
from dnspost.runs import Run
from dnspost.style import SEQUENTIAL

_COLOUR_BAR = {
    "title": "vorticity magnitude [1/T]\n",
    "color": "black",
    "title_font_size": 32,
    "label_font_size": 28,
    "width": 0.5,
    "position_x": 0.25,
    "position_y": 0.03,
}


def volume(run: Run, snapshot: xr.Dataset, path: Path, threshold: float = 1.5) -> Path:
    """Write a picture of the surfaces Q = threshold * rms of Q, coloured by the vorticity."""
    try:
        import pyvista as pv
    except ImportError:
        raise RuntimeError("3-D pictures need pyvista: pip install pyvista") from None
    q = fields.q_criterion(snapshot).compute()
    vorticity = fields.vorticity_magnitude(snapshot).compute()
    level = threshold * float(np.sqrt((q**2).mean()))
    image = pv.ImageData(
        dimensions=[n + 1 for n in q.shape[::-1]],
        spacing=[2 * np.pi * length(q, axis) / q.sizes[axis] for axis in AXES],
    )
    image["Q"] = _closed(q)
    image["vorticity"] = _closed(vorticity)
    surface = image.contour([level], scalars="Q")
    if surface.n_points == 0:
        raise ValueError(f"Q is nowhere {threshold:g} times its rms; use a lower threshold")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a display VTK complains, and draws in memory.
    with pv.vtk_verbosity("off"):
        plotter = pv.Plotter(off_screen=True, window_size=[1600, 1800])
        _require_opengl(plotter.render_window)
        plotter.set_background("white")
        plotter.add_mesh(
            surface,
            scalars="vorticity",
            cmap=SEQUENTIAL,
            smooth_shading=True,
            specular=0.3,
            clim=[0, float(vorticity.quantile(0.999))],
            scalar_bar_args=_COLOUR_BAR,
        )
        plotter.add_mesh(image.outline(), color="black", line_width=2)
        title = f"Q = {level:.3g} 1/T^2,  t = {float(snapshot['time']):.3g}"
        plotter.add_text(title, color="black", font_size=14, position=(0.36, 0.94), viewport=True)
        plotter.view_isometric()
        plotter.camera.zoom(0.85)
        plotter.screenshot(path)
        plotter.close()
    return path


def _require_opengl(window: object) -> None:
    """Raise an error where VTK would end the program: it found no OpenGL to draw with.

    What is left to it without a display and without EGL is OSMesa, which it does not look for
    before it draws.
    """
    if type(window).__name__ != "vtkOSOpenGLRenderWindow":
        return
    for library in ("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so"):
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        return
    raise RuntimeError("3-D pictures need OpenGL: install EGL (Debian: apt-get install libegl1)")


def _closed(field: xr.DataArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the values with the first plane repeated at the far side: the box is periodic."""
    values = np.pad(field.transpose("z", "y", "x").values, (0, 1), mode="wrap")
    return values.ravel()
