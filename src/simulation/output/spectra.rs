//! `spectra.h5`: the spectra of a run, see [`Spectra`], [`LineSpectra`] and [`AxialSpectra`].

use crate::config::{self, Config, Sampling};
use crate::diagnostics::{AxialSpectra, LineSpectra, Spectra};
use crate::error::{Error, Result};
use crate::format::size;
use crate::grid::{AXES, Grid};
use crate::io::records::{Array, Axis, Header};
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::shells::Shells;
use crate::solver::Solver;
use crate::transform::plan::Plan;
use crate::variable::Variable;

use super::kind::OutputContext;
use super::records::{RecordsKind, Statistic};

const DESCRIPTION: &str = "\
Spectra of a direct numerical simulation in a periodic box, over `time` and wavenumbers. Over `k`: \
shell s holds the wavenumbers (s - 1/2) dk <= |k| < (s + 1/2) dk, where dk is the attribute \
`shell_width`; k = s dk. Such a spectrum is the sum over the modes of its shell, divided by dk: its \
sum over all k times dk is the average over the box that history.csv has under the same name. Shells \
beyond k_max are not whole. Fluxes are no densities: at k they are what has left the shells up to k. \
Over `k_x` (or `k_y`, `k_z`), with names that end in `_along_x`: the sum over the modes with this |k_x|, \
divided by the spacing of k_x. Over `k_perp` and `k_par`, with names that end in `_axial`: the sum over \
the modes whose wavenumbers across and along the axis (attributes `axis_x`, `axis_y`, `axis_z`) are \
nearest, divided by dk^2.";

/// Spectra that take more than this, and more than all else, are refused.
const MUCH: f64 = 4e9;

impl RecordsKind for config::Spectra {
    type Statistic = AllSpectra;
    const FILE: &'static str = "spectra";
    const OF: &'static str = "spectra";

    fn sampling(&self) -> Sampling {
        self.sampling()
    }

    fn describe(&self, run: &Config, grid: &Grid) -> Result<(Header, AllSpectra)> {
        let spectra = AllSpectra::new(run, *grid);
        Ok((spectra.header(run, *grid)?, spectra))
    }

    /// The tendency, and sums over the modes.
    fn transforms(&self, run: &Config, modes: &Modes, _: &AllSpectra) -> f64 {
        const SUMS_OF_A_FIELD: f64 = 2.0;
        let tendency = run.physics.build_equation::<f64>(modes).counts();
        tendency.transforms() as f64 + SUMS_OF_A_FIELD * tendency.fields as f64
    }

    /// The sums. Shells and rings are as wide as the smallest wavenumber and reach to
    /// the largest: they are absurdly many where the sides of a box differ by orders of magnitude.
    fn memory<T: Real>(&self, config: &Config, plan: &Plan, others: f64) -> Result<f64> {
        let grid = plan.modes.grid;
        let sums = AllSpectra::new(config, grid).memory(&grid, config.parallel.threads);
        if sums > MUCH.max(others) {
            return Err(Error::input(format!(
                "output.spectra: would take {} of memory per rank, for it has shells as wide as the \
                 smallest wavenumber up to the largest: grid.lengths = {:?} differ by too much; leave \
                 out output.spectra, or choose lengths that are closer",
                size(sums),
                config.grid.lengths
            )));
        }
        Ok(sums)
    }
}

/// The spectra that a run measures.
pub struct AllSpectra {
    shells: Spectra,
    lines: LineSpectra,
    axial: Option<AxialSpectra>,
}

impl AllSpectra {
    /// Those of a run.
    pub fn new(config: &Config, grid: Grid) -> Self {
        let physics = &config.physics;
        AllSpectra {
            shells: Spectra::new(physics, grid.lengths),
            lines: LineSpectra::new(physics, grid.lengths),
            axial: preferred_axis(config).map(|axis| AxialSpectra::new(physics, grid, axis)),
        }
    }

    /// Bytes that a rank sums them in, one kind after the other. Shells and rings are as many as the
    /// largest wavenumber has smallest ones, which follows from the ratio of the lengths.
    pub fn memory(&self, grid: &Grid, threads: usize) -> f64 {
        let lines = self.lines.memory(grid, threads);
        let axial = self.axial.as_ref().map_or(0.0, |axial| axial.memory(threads));
        self.shells.memory(grid, threads).max(lines).max(axial)
    }

    /// Measures them, array after array of the file: the spectrum of kinetic energy first. Collective.
    pub fn measure<T: Real>(&self, solver: &mut Solver<T>, comm: &Communicator) -> Vec<Vec<f64>> {
        let (state, tendency, pool) = solver.state_and_tendency();
        let mut spectra = self.shells.measure(state, tendency, pool, comm);
        spectra.extend(self.lines.measure(state, pool, comm));
        let axial = self.axial.iter().flat_map(|axial| axial.measure(state, pool, comm));
        spectra.extend(axial);
        spectra
    }

    /// The contents of the file beside its numbers.
    pub fn header(&self, config: &Config, grid: Grid) -> Result<Header> {
        let shells = Shells::new(grid);
        let wavenumber = |name: &str, description: &str, k| Axis::new(name, "1/L", description, k);
        let k = (0..shells.count()).map(|shell| shells.wavenumber(shell)).collect();
        let mut axes = vec![wavenumber("k", "wavenumber in the middle of the shell", k)];
        let over = |axes: &[usize], variable: &Variable| Array::new(variable.clone(), axes);
        let shell_arrays = self.shells.variables().iter().map(|variable| over(&[0], variable));
        let mut arrays: Vec<_> = shell_arrays.collect();
        let mut attributes =
            vec![("viscosity", config.physics.viscosity), ("shell_width", shells.width)];
        for (name, k) in ["x", "y", "z"].into_iter().zip(LineSpectra::wavenumbers(&grid)) {
            let description = format!("magnitude of the wavenumber along {name}");
            axes.push(wavenumber(&format!("k_{name}"), &description, k));
        }
        let lines = self.lines.variables().iter().enumerate();
        arrays.extend(lines.map(|(index, variable)| over(&[1 + index % AXES], variable)));
        if let Some(axial) = &self.axial {
            let [perp, par] = axial.wavenumbers();
            axes.push(wavenumber("k_perp", "wavenumber across the axis", perp));
            axes.push(wavenumber("k_par", "wavenumber along the axis", par));
            arrays.extend(axial.variables().iter().map(|variable| over(&[4, 5], variable)));
            attributes.extend(["axis_x", "axis_y", "axis_z"].into_iter().zip(axial.axis()));
        }
        let (description, config) = (DESCRIPTION.into(), config.to_toml()?);
        Ok(Header { description, axes, arrays, attributes, config })
    }
}

/// The direction that the flow has: that of gravity, else of rotation, else of the mean magnetic
/// field.
fn preferred_axis(config: &Config) -> Option<[f64; AXES]> {
    let gravity = config.physics.stratification.map(|stratification| {
        let mut up = [0.0; AXES];
        up[stratification.vertical as usize] = 1.0;
        up
    });
    let others = [config.physics.rotation, config.mean_magnetic_field];
    gravity.into_iter().chain(others).find(|axis| *axis != [0.0; AXES])
}

impl<T: Real> Statistic<T> for AllSpectra {
    fn measure(&self, context: &mut OutputContext<T>) -> Vec<Vec<f64>> {
        let spectra = AllSpectra::measure(self, context.solver, context.run.comm);
        context.energy_spectrum = Some(spectra[0].clone());
        spectra
    }
}
