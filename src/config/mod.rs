//! The configuration of a run: what the TOML file says, checked, with every default filled in.
//!
//! Rank 0 reads the file, applies the overrides, and sends the result to everyone as TOML. Each
//! section has a file with its keys, their defaults and their checks:
//!
//! | file | what it has |
//! |---|---|
//! | `schema` | [`Config`], all sections, and the checks of what they say together |
//! | `grid`, `time`, `output`, `parallel` | these sections; [`Initial`](crate::initial::Initial), [`Forcing`](crate::forcing::Forcing) and [`Physics`](crate::physics::Physics) are with what they configure |
//! | `physics` | how `[physics]` is read |
//! | `load` | reading a file, writing TOML |
//! | `reader`, `tags` | TOML to typed values, with every mistake noted and not only the first |
//! | `overrides` | `--set key=value` |
//! | `machine` | the file that describes a machine, for estimates |

mod grid;
mod load;
mod machine;
mod output;
mod overrides;
mod parallel;
mod physics;
mod reader;
mod schema;
mod tags;
mod time;

pub use crate::grid::Dealias;
pub use grid::Grid;
pub use machine::{Core, Machine, Network, Node};
pub use output::{
    Checkpoints, Extent, Gradients, History, Invariants, Output, Pdfs, Sampling, SeparationKind,
    Separations, Slice, Snapshots, Spectra, SpectralSnapshots, StructureFunctions,
    kept_checkpoints,
};
pub use parallel::{Exchange, Parallel, Tune};
pub use schema::Config;
pub use time::{Step, Time};

/// One section on its own, for the tests of what it describes.
#[cfg(test)]
pub(crate) fn section<D: serde::de::DeserializeOwned>(
    name: &str,
    text: &str,
) -> crate::error::Result<D> {
    let content: toml::Table = toml::from_str(text).unwrap();
    let table = toml::Table::from_iter([(name.to_string(), content.into())]);
    let mut problems = crate::problems::Problems::default();
    let sections = reader::read::<std::collections::HashMap<String, D>>(table, &mut problems);
    let section = sections.and_then(|mut sections| sections.remove(name));
    section
        .filter(|_| problems.is_empty())
        .ok_or_else(|| crate::error::Error::input(problems.report()))
}

#[cfg(test)]
mod manual;
#[cfg(test)]
mod tests;
