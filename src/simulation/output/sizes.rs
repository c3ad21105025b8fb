//! The files of a run: how many there will be, and how large.

use std::fmt::Write;

use crate::config::{Config, Output, kept_checkpoints};
use crate::diagnostics::{Gradients, OutputFields, Quantities};
use crate::error::Result;
use crate::format::size;
use crate::modes::Modes;
use crate::real::Precision;

use super::history;
use super::pdfs;
use super::schedule::Schedule;
use super::spectra::AllSpectra;
use super::structure_functions;

/// Bytes of a number in a CSV file, with its comma.
const IN_CSV: f64 = 20.0;

/// Number and size of the files.
pub fn report(config: &Config, modes: &Modes) -> Result<String> {
    let Output { history, spectra, snapshots, modes: spectral, slices, .. } = &config.output;
    let (physics, grid) = (&config.physics, &modes.grid);
    let mut text = String::new();
    let mut add = |name: &str, every: f64, each: f64| {
        let count = Schedule::new(every, config.time.end).occasions();
        let _ =
            write!(text, "{count:.0} {name} of {}, {} in all, ", size(each), size(each * count));
    };
    let quantities = Quantities::new(physics, grid.lengths);
    let columns = history::columns(&quantities, physics).len();
    add("rows of history", history.every, IN_CSV * (columns + 1) as f64);
    let numbers = |header: &crate::io::records::Header| 8.0 * header.numbers() as f64;
    if let Some(spectra) = spectra {
        let header = AllSpectra::new(config, *grid).header(config, *grid)?;
        add("records of spectra", spectra.every, numbers(&header));
    }
    if let Some(gradients) = config.output.gradients {
        let columns = Gradients::new(physics).variables().len() + 2;
        add("rows of gradients", gradients.every, IN_CSV * columns as f64);
    }
    if let Some(densities) = &config.output.pdfs {
        let (header, _) = pdfs::describe(config, densities)?;
        add("records of densities", densities.every, numbers(&header));
    }
    if let Some(structure) = &config.output.structure_functions {
        let (header, _) = structure_functions::describe(config, grid, structure)?;
        add("records of structure functions", structure.every, numbers(&header));
    }
    // Bytes of `names` at so many points.
    let bytes = |names: &[String], points: f64, precision: Precision| {
        let fields = OutputFields::new(names, physics);
        points * (fields.map_or(0, |fields| fields.fields().count()) * precision.bytes()) as f64
    };
    for slice in slices {
        let points = slice.region(grid).shape().iter().product::<usize>() as f64;
        let each = bytes(&slice.fields, points, slice.precision);
        add(&format!("records of slice {}", slice.name), slice.every, each);
    }
    // Complex numbers of all fields of the state.
    let state = 2.0 * (modes.ny() * (grid.cutoff[0] + 1) * modes.rows()) as f64;
    let state = |precision| bytes(&[], state, precision);
    if let Some(spectral) = spectral {
        add("spectral snapshots", spectral.every, state(spectral.precision));
    }
    if let Some(snapshots) = snapshots {
        let points = snapshots.points.unwrap_or(config.grid.points);
        let points = points.iter().map(|&n| n as f64).product();
        let name = if snapshots.compression > 0 { "snapshots at most" } else { "snapshots" };
        add(name, snapshots.every, bytes(&snapshots.fields, points, snapshots.precision));
    } else {
        text.push_str("no snapshots, ");
    }
    // One at the start and one at the end, whatever else.
    let (written, keep) = match config.output.checkpoints {
        None => (2.0, kept_checkpoints()),
        Some(checkpoints) => {
            (Schedule::new(checkpoints.every, config.time.end).occasions(), checkpoints.keep)
        }
    };
    let (kept, each) = (written.min(keep as f64), state(config.precision));
    let _ = write!(
        text,
        "{written:.0} checkpoints of {}, of which the last {kept:.0} stay, {} in all",
        size(each),
        size(each * kept)
    );
    Ok(text)
}
