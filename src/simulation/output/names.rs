//! Names of scalars, which name columns, datasets and fields beside those that there are anyway.

use super::history;
use super::registry::asked_for;
use crate::config::{
    Config, Gradients, Invariants, Output, Pdfs, Separations, Snapshots, Spectra,
    StructureFunctions,
};
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::physics::Axis;
use crate::real::Precision;

/// Checks that no two columns of a table, datasets of a file or fields have one name, in any file that a
/// run with this physics can have.
///
/// # Errors
/// Names the key of the first scalar that makes a name a second time, that name, and the file.
pub fn check(config: &Config) -> Result<()> {
    // Few modes have all names, and small arrays.
    let grid = Grid { lengths: config.grid.lengths, ..Grid::two_thirds([4; 3], [1.0; 3]) };
    let mut part = config.clone();
    part.physics.scalars.clear();
    for (index, scalar) in config.physics.scalars.iter().enumerate() {
        part.physics.scalars.push(scalar.clone());
        for (file, names) in registries(&part, grid)? {
            if let Some(twice) = twice(names) {
                return Err(Error::input(format!(
                    "physics.scalars[{index}].name: is \"{}\", with which {file} would have two of \
                     the name `{twice}`; give the scalar another name",
                    scalar.name
                )));
            }
        }
    }
    Ok(())
}

/// A name that is there more than once.
fn twice(mut names: Vec<String>) -> Option<String> {
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone())
}

/// All names of each kind of file, whether the run asks for it or not.
fn registries(config: &Config, grid: Grid) -> Result<Vec<(String, Vec<String>)>> {
    let mut all = vec![("history.csv".into(), history::names(config, grid))];
    for kind in asked_for::<f64>(&everything(&config.output), &[]) {
        all.extend(kind.names(config, grid)?);
    }
    Ok(all)
}

/// `output` with one of every kind that has names of its own.
fn everything(output: &Output) -> Output {
    let (every, samples) = (1.0, 1);
    let pdfs = || Pdfs {
        every,
        samples,
        bins: 1,
        acceleration: true,
        span: 1.0,
        ranges: Default::default(),
    };
    let structure = StructureFunctions {
        every,
        samples,
        axes: vec![Axis::X],
        separations: Separations::Lengths(vec![1.0]),
    };
    Output {
        spectra: Some(Spectra { every, samples }),
        gradients: Some(Gradients { every, acceleration: true }),
        pdfs: Some(output.pdfs.clone().unwrap_or_else(pdfs)),
        invariants: Some(Invariants { every, samples, bins: 1, span: 1.0 }),
        structure_functions: Some(structure),
        snapshots: Some(Snapshots {
            every,
            precision: Precision::Double,
            fields: Vec::new(),
            points: None,
            compression: 0,
        }),
        ..output.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn with(names: &[&str], more: &str) -> Result<()> {
        let scalars: String = names
            .iter()
            .map(|name| format!("[[physics.scalars]]\nname = \"{name}\"\nschmidt = 1.0\n{more}\n"))
            .collect();
        let text = format!(
            "[grid]\npoints = [8, 8, 8]\n[physics]\nequation = \"mhd\"\nviscosity = 0.1\n\
             hyper = {{ coefficient = 1e-3, order = 2 }}\ndrag = {{ coefficient = 0.1, order = 0 }}\n\
             stratification = {{ frequency = 1.0, diffusivity = 0.1 }}\n\
             magnetic = {{ prandtl = 1.0 }}\n{scalars}[initial]\nkind = \"taylor_green\"\n\
             [time]\ndt = 0.1\nend = 1.0\n[output]\ndirectory = \"x\"\n"
        );
        check(&Config::parse(&text, "test", Path::new(""), &[])?)
    }

    /// Every name that some file has anyway, and names that two scalars make together.
    #[test]
    fn names_that_clash_are_refused_with_their_key() {
        let taken = [
            "hyper",
            "drag",
            "potential",
            "dissipation",
            "vorticity",
            "vorticity_magnitude",
            "time",
            "step",
            "records",
            "value",
            "order",
            "logarithm",
            "u_rms",
            "u_mean",
            "u_moments",
            "omega_x",
            "pressure",
            "q_criterion",
            "velocity_gradient",
            "magnetic",
            "current",
            "j_x",
        ];
        let is_refused = |names: [&str; 2]| match with(&names, "") {
            Ok(()) => false,
            Err(error) => {
                let expected = format!("physics.scalars[1].name: is \"{}\", ", names[1]);
                assert!(error.message.contains(&expected), "{names:?}: {error}");
                true
            }
        };
        let accepted: Vec<_> = taken.iter().filter(|name| !is_refused(["dye", name])).collect();
        assert!(accepted.is_empty(), "{accepted:?}");
        let pairs = [["a", "a_gradient_x"], ["a", "a_dissipation"], ["a_rms", "a"]];
        let accepted: Vec<_> = pairs.into_iter().filter(|pair| !is_refused(*pair)).collect();
        assert!(accepted.is_empty(), "{accepted:?}");
        let hyper = "hyper = { coefficient = 1e-3, order = 2 }";
        with(&["dye", "heat", "b_2", "smoke", "salt"], hyper).unwrap();
    }
}
