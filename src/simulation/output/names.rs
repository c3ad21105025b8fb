//! Names of scalars, which name columns, datasets and fields beside those that there are anyway.

use crate::config::{Config, Pdfs, Separations, StructureFunctions};
use crate::diagnostics::{Gradients, OutputFields, Quantities};
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::io::records::Header;
use crate::physics::Axis;

use super::history;
use super::pdfs;
use super::spectra::AllSpectra;
use super::structure_functions;

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

/// All names of each kind of file.
fn registries(config: &Config, grid: Grid) -> Result<Vec<(&'static str, Vec<String>)>> {
    let physics = &config.physics;
    let fixed = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    let quantities = Quantities::new(physics, grid.lengths);
    let columns = history::columns(&quantities, physics).into_iter().map(|column| column.name);
    let gradients = Gradients::new(physics);
    let moments = gradients.variables().iter().map(|variable| variable.name.clone());
    let datasets = |header: Header| {
        let axes = header.axes.into_iter().map(|axis| axis.variable.name);
        let arrays = header.arrays.into_iter().map(|array| array.variable.name);
        fixed(&["records", "step", "time"]).into_iter().chain(axes).chain(arrays).collect()
    };
    let spectra = AllSpectra::new(config, grid).header(config, grid)?;
    let plain = Pdfs { every: 1.0, samples: 1, bins: 1, span: 1.0, ranges: Default::default() };
    let (densities, _) = pdfs::describe(config, config.output.pdfs.as_ref().unwrap_or(&plain))?;
    let structure = StructureFunctions {
        every: 1.0,
        samples: 1,
        axes: vec![Axis::X],
        separations: Separations::Lengths(vec![1.0]),
    };
    let (structure, _) = structure_functions::describe(config, &grid, &structure)?;
    Ok(vec![
        ("history.csv", fixed(&["step"]).into_iter().chain(columns).collect()),
        ("gradients.csv", fixed(&["step", "time"]).into_iter().chain(moments).collect()),
        ("spectra.h5", datasets(spectra)),
        ("pdfs.h5", datasets(densities)),
        ("structure_functions.h5", datasets(structure)),
        (
            "a snapshot",
            fixed(&["x", "y", "z", "time", "step"])
                .into_iter()
                .chain(OutputFields::all_names(physics))
                .collect(),
        ),
    ])
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
