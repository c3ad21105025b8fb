//! `invariants.h5`: the velocity gradient as a tensor, see [`Invariants`].

use crate::config::{self, Config, Sampling};
use crate::diagnostics::{Densities, Invariants, MeasuredInvariants};
use crate::error::Result;
use crate::grid::Grid;
use crate::io::records::{Array, Axis, Header};
use crate::modes::Modes;
use crate::real::Real;
use crate::transform::plan::Plan;
use crate::variable::Variable;

use super::kind::OutputContext;
use super::records::{RecordsKind, Statistic};

const DESCRIPTION: &str = "\
Statistics of the velocity gradient A_ij = du_i/dx_j of a direct numerical simulation, over `time`: s is its \
symmetric part, omega the vorticity, S = <s_ij s_ij>^(1/2) the unit of s, and S^2, S^3 those of Q, R and the \
productions. A density is the number of grid points in a bin, divided by the number of all points and the \
width of the bin; coordinates are the middles of bins. `joint_q_r` is over `q` and `r`. `eigenvalue` counts \
the eigenvalues of s, the largest first.";

impl RecordsKind for config::Invariants {
    type Statistic = Invariants;
    const FILE: &'static str = "invariants";
    const OF: &'static str = "invariants";

    fn sampling(&self) -> Sampling {
        self.sampling()
    }

    fn describe(&self, run: &Config, _: &Grid) -> Result<(Header, Invariants)> {
        let densities = Densities::new(self.bins, self.span);
        Ok((header(&densities, run.to_toml()?), Invariants::new(densities)))
    }

    fn transforms(&self, run: &Config, _: &Modes, invariants: &Invariants) -> f64 {
        invariants.transforms(run.physics.fields().len())
    }

    /// The gradients of two components at every point.
    fn memory<T: Real>(&self, run: &Config, plan: &Plan, _: f64) -> Result<f64> {
        let (_, invariants) = self.describe(run, &plan.modes.grid)?;
        Ok(invariants.bytes(plan))
    }
}

fn header(densities: &Densities, config: String) -> Header {
    let axis = |name: &str, words: &str, coordinates| Axis::new(name, "1", words, coordinates);
    let Densities { wide, cosine, magnitude } = densities;
    let axes = vec![
        axis("q", "Q / S^2, Q = -A_ij A_ji / 2", wide.centres()),
        axis("r", "R / S^3, R = -A_ij A_jk A_ki / 3", wide.centres()),
        axis("value", "in units of S, or S^3 for productions", wide.centres()),
        axis("cosine", "from -1 to 1", cosine.centres()),
        axis("magnitude", "|cos|", magnitude.centres()),
        axis("eigenvalue", "1 is the largest", vec![1.0, 2.0, 3.0]),
    ];
    let array = |name: &str, unit: &str, words: &str, axes: &[usize]| {
        Array::new(Variable::new(name, unit, words), axes)
    };
    let arrays = vec![
        array("joint_q_r", "1", "joint density of Q and R", &[0, 1]),
        array("enstrophy_production", "1", "density of omega_i s_ij omega_j", &[2]),
        array("strain_production", "1", "density of -s_ij s_jk s_ki", &[2]),
        array("eigenvalues", "1", "densities of the eigenvalues of s", &[5, 2]),
        array(
            "alignment",
            "1",
            "densities of |cos| of the angles between vorticity and the axes of s",
            &[5, 4],
        ),
        array("shape", "1", "density of s*, the shape of the strain: 1 is a disc, -1 a rod", &[3]),
        array("helicity", "1", "density of cos of the angle between u and omega", &[3]),
        array("mean_enstrophy_production", "1/T^3", "<omega_i s_ij omega_j>", &[]),
        array("mean_strain_production", "1/T^3", "-<s_ij s_jk s_ki>", &[]),
        array("mean_square_strain", "1/T^2", "<s_ij s_ij>", &[]),
        array("mean_eigenvalues", "1/T", "means of the eigenvalues of s", &[5]),
    ];
    Header { description: DESCRIPTION.into(), axes, arrays, attributes: Vec::new(), config }
}

impl<T: Real> Statistic<T> for Invariants {
    fn measure(&self, context: &mut OutputContext<T>) -> Vec<Vec<f64>> {
        let (state, sweep) = context.solver.state_and_sweep();
        let measured = Invariants::measure(self, state, sweep, context.run.comm);
        let MeasuredInvariants { joint, productions, eigenvalues, alignment, cosines, .. } =
            measured;
        let [of_enstrophy, of_strain] = productions;
        let [shape, helicity] = cosines;
        let mut arrays =
            vec![joint, of_enstrophy, of_strain, eigenvalues, alignment, shape, helicity];
        arrays.extend(measured.averages.map(|average| vec![average]));
        arrays.push(measured.mean_eigenvalues.into());
        arrays
    }
}
