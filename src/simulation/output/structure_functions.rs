//! `structure_functions.h5`, see [`StructureFunctions`].

use crate::config::{self, Config, Sampling};
use crate::diagnostics::{Over, StructureFunctions};
use crate::error::Result;
use crate::grid::Grid;
use crate::io::records::{Array, Axis, Header};
use crate::modes::Modes;
use crate::real::Real;

use super::kind::OutputContext;
use super::records::{RecordsKind, Statistic};

const DESCRIPTION: &str = "\
Structure functions of a direct numerical simulation: averages over all points of powers of the increment \
u(x + r e) - u(x), over `time`, the axis e (`axis`: 0 is x, 1 is y, 2 is z), the power (`order`) and the \
separation `r`. Those that end in `_longitudinal` are of the component along e, with its sign; those in \
`_longitudinal_absolute` of its magnitude; those in `_transverse` of the magnitudes of the two others; \
those in `_increment` of the magnitude for a scalar; those in `_mixed` are <du_L (ds)^2>.";

impl RecordsKind for config::StructureFunctions {
    type Statistic = StructureFunctions;
    const FILE: &'static str = "structure_functions";
    const OF: &'static str = "structure functions";

    fn sampling(&self) -> Sampling {
        self.sampling()
    }

    fn describe(&self, run: &Config, grid: &Grid) -> Result<(Header, StructureFunctions)> {
        let axes: Vec<_> = self.axes.iter().map(|axis| *axis as usize).collect();
        let numbers = axes.iter().map(|&axis| axis as f64).collect();
        let powers = StructureFunctions::ORDERS.map(|p| p as f64).collect();
        let separations = self.separations.lengths(grid);
        let header_axes = vec![
            Axis::new("axis", "1", "0 is x, 1 is y, 2 is z", numbers),
            Axis::new("order", "1", "power", powers),
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

    fn transforms(&self, _: &Config, _: &Modes, structure: &StructureFunctions) -> f64 {
        structure.transforms()
    }
}

impl<T: Real> Statistic<T> for StructureFunctions {
    fn measure(&self, context: &mut OutputContext<T>) -> Vec<Vec<f64>> {
        let (state, sweep) = context.solver.state_and_sweep();
        StructureFunctions::measure(self, state, sweep, context.run.comm)
    }
}
