//! The files of a run: how many there will be, and how large.

use super::history;
use super::kind::Volume;
use super::registry::asked_for;
use super::schedule::Schedule;
use super::spectral_snapshots::bytes_of_modes;
use crate::config::{Config, kept_checkpoints};
use crate::error::Result;
use crate::format::size;
use crate::modes::Modes;
use crate::real::Real;

/// Returns number and size of the files, an item for each kind.
pub fn report<T: Real>(config: &Config, modes: &Modes) -> Result<Vec<String>> {
    let mut items = vec![line(config, &history::volume(config, modes))];
    for kind in asked_for::<T>(&config.output, &config.particles) {
        items.push(line(config, &kind.volume(config, modes)?));
    }
    if config.output.snapshots.is_none() {
        items.push("no snapshots".into());
    }
    // One at the start and one at the end, whatever else.
    let (written, keep) = match config.output.checkpoints {
        None => (2.0, kept_checkpoints()),
        Some(checkpoints) => {
            (Schedule::new(checkpoints.every, config.time.end).occasions(), checkpoints.keep)
        }
    };
    let (kept, each) = (written.min(keep as f64), bytes_of_modes(config, modes, config.precision));
    items.push(format!(
        "{written:.0} checkpoints of {}, of which the last {kept:.0} stay, {} in all",
        size(each),
        size(each * kept)
    ));
    Ok(items)
}

fn line(config: &Config, Volume { name, every, bytes }: &Volume) -> String {
    let count = Schedule::new(*every, config.time.end).occasions();
    format!("{count:.0} {name} of {}, {} in all", size(*bytes), size(bytes * count))
}
