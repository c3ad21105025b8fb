//! `pdfs.h5`: the probability densities of a run, see [`Pdfs`].

use crate::config::{self, Config, Sampling};
use crate::diagnostics::{Bins, Measured, Normalization, Pdfs};
use crate::error::Result;
use crate::grid::Grid;
use crate::io::records::{Array, Axis, Header};
use crate::modes::Modes;
use crate::real::Real;
use crate::transform::plan::Plan;
use crate::variable::Variable;

use super::kind::{FlowAtPoints, OutputContext};
use super::records::{RecordsKind, Statistic};

const DESCRIPTION: &str = "\
Probability densities of a direct numerical simulation, over `time` and a variable t. Over `value`: t is \
(q - <q>) / rms(q), with <q> and rms(q) as `<name>_mean` and `<name>_rms`. Over `logarithm`: t is ln(q / \
<q>). Over `<name>_value`: t is q itself. A density is the number of grid points with t in a bin, \
divided by the number of all points and the width of the bin: its sum times the width is 1, less what \
lies outside of all bins. `<name>_moments` over `order` are <t>, <t^2>, <t^3>, <t^4>, of all points.";

impl RecordsKind for config::Pdfs {
    type Statistic = Pdfs;
    const FILE: &'static str = "pdfs";
    const OF: &'static str = "densities";

    fn sampling(&self) -> Sampling {
        self.sampling()
    }

    fn describe(&self, run: &Config, _: &Grid) -> Result<(Header, Pdfs)> {
        let bins = Bins { low: -self.span, high: self.span, count: self.bins };
        let ranges = |name: &str| self.ranges.get(name).copied();
        let pdfs = Pdfs::new(&run.physics, self.acceleration, bins, ranges);
        Ok((header(&pdfs, bins, run.to_toml()?), pdfs))
    }

    fn transforms(&self, _: &Config, _: &Modes, pdfs: &Pdfs) -> f64 {
        pdfs.transforms()
    }

    /// The dissipation at every point, and what acceleration needs.
    fn memory<T: Real>(&self, run: &Config, plan: &Plan, _: f64) -> Result<f64> {
        let (_, pdfs) = self.describe(run, &plan.modes.grid)?;
        let momentum = pdfs.momentum().map_or(0.0, |part| part.bytes::<T>(plan));
        Ok(pdfs.bytes(plan) + momentum)
    }
}

fn header(pdfs: &Pdfs, bins: Bins, config: String) -> Header {
    let mut axes = vec![
        Axis::new("value", "1", "(q - <q>) / rms(q), in the middle of the bin", bins.centres()),
        Axis::new("logarithm", "1", "ln(q / <q>), in the middle of the bin", bins.centres()),
        Axis::new("order", "1", "power", vec![1.0, 2.0, 3.0, 4.0]),
    ];
    let mut arrays = Vec::new();
    for density in pdfs.densities() {
        let Variable { name, unit, description } = &density.variable;
        let (over, inverse) = match density.normalization {
            Normalization::Standard => (0, "1".into()),
            Normalization::Logarithm => (1, "1".into()),
            Normalization::Plain => {
                let middle = format!("{name}, in the middle of the bin");
                let coordinates = density.bins.centres();
                axes.push(Axis::new(&format!("{name}_value"), unit, &middle, coordinates));
                (axes.len() - 1, format!("1/({unit})"))
            }
        };
        let mut add = |name: String, unit: &str, description: String, axes: &[usize]| {
            arrays.push(Array::new(Variable::new(name, unit, description), axes));
        };
        add(name.clone(), &inverse, format!("probability density of {description}"), &[over]);
        add(format!("{name}_moments"), "1", format!("moments of {name}"), &[2]);
        add(format!("{name}_mean"), unit, format!("mean of {name}"), &[]);
        add(format!("{name}_rms"), unit, format!("rms of {name}"), &[]);
    }
    Header { description: DESCRIPTION.into(), axes, arrays, attributes: Vec::new(), config }
}

impl<T: Real> Statistic<T> for Pdfs {
    fn measure(&self, context: &mut OutputContext<T>) -> Vec<Vec<f64>> {
        let comm = context.run.comm;
        let FlowAtPoints { state, momentum, sweep } = context.look(self.momentum());
        let measured = Pdfs::measure(self, state, momentum, sweep, comm);
        let arrays = |Measured { density, moments, mean, rms }| {
            [density, moments.into(), vec![mean], vec![rms]]
        };
        measured.into_iter().flat_map(arrays).collect()
    }
}
