//! `structure_functions.h5`, see [`StructureFunctions`].

use crate::config::{self, Config};
use crate::diagnostics::{Over, StructureFunctions};
use crate::error::Result;
use crate::grid::Grid;
use crate::io::records::{Array, Axis, Header};
use crate::modes::Modes;
use crate::multiples::Multiples;
use crate::real::Real;

use super::kind::{Kind, Opening, Output, OutputContext, Volume};
use super::records::{self, RecordsOutput, Statistic};

const DESCRIPTION: &str = "\
Structure functions of a direct numerical simulation: averages over all points of powers of the increment \
u(x + r e) - u(x), over `time`, the axis e (`axis`: 0 is x, 1 is y, 2 is z), the power (`order`) and the \
separation `r`. Those that end in `_longitudinal` are of the component along e, with its sign; those in \
`_longitudinal_absolute` of its magnitude; those in `_transverse` of the magnitudes of the two others; \
those in `_increment` of the magnitude for a scalar; those in `_mixed` are <du_L (ds)^2>.";

impl<T: Real> Kind<T> for config::StructureFunctions {
    fn times(&self) -> Multiples {
        self.sampling().times()
    }

    fn open(&self, opening: Opening) -> Result<Box<dyn Output<T>>> {
        let (name, sampling) = ("structure_functions", self.sampling());
        let (header, structure) = describe(opening.run.config, &opening.run.modes.grid, self)?;
        Ok(Box::new(RecordsOutput::open(opening, name, &header, sampling, structure)?))
    }

    fn volume(&self, config: &Config, modes: &Modes) -> Result<Volume> {
        let (header, _) = describe(config, &modes.grid, self)?;
        Ok(records::volume("structure functions", &header, self.every))
    }

    fn names(&self, config: &Config, grid: Grid) -> Result<Option<(&'static str, Vec<String>)>> {
        let (header, _) = describe(config, &grid, self)?;
        Ok(Some(("structure_functions.h5", records::names(header))))
    }
}

/// What the file says beside its numbers, and what is measured.
fn describe(
    run: &Config,
    grid: &Grid,
    config: &config::StructureFunctions,
) -> Result<(Header, StructureFunctions)> {
    let axes: Vec<_> = config.axes.iter().map(|axis| *axis as usize).collect();
    let separations = config.separations.lengths(grid);
    let header_axes = vec![
        Axis::new(
            "axis",
            "1",
            "0 is x, 1 is y, 2 is z",
            axes.iter().map(|&axis| axis as f64).collect(),
        ),
        Axis::new("order", "1", "power", StructureFunctions::ORDERS.map(|p| p as f64).collect()),
        Axis::new("r", "L", "separation", separations.clone()),
    ];
    let structure = StructureFunctions::new(&run.physics, axes, separations);
    let arrays = structure.arrays().iter().map(|(variable, over)| match over {
        Over::Orders => Array::new(variable.clone(), &[0, 1, 2]),
        Over::Separations => Array::new(variable.clone(), &[0, 2]),
    });
    let header = Header {
        description: DESCRIPTION.into(),
        axes: header_axes,
        arrays: arrays.collect(),
        attributes: Vec::new(),
        config: run.to_toml()?,
    };
    Ok((header, structure))
}

impl<T: Real> Statistic<T> for StructureFunctions {
    fn measure(&self, context: &mut OutputContext<T>) -> Vec<Vec<f64>> {
        let (state, sweep) = context.solver.state_and_sweep();
        StructureFunctions::measure(self, state, sweep, context.run.comm)
    }
}
