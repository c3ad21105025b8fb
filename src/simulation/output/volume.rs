//! The outputs of a run: how many there will be, how large, and how long they take.

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

/// The steps of a run, beside which outputs are put.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Transforms of one field in a step.
    pub transforms: f64,
    /// Steps of the run, if they are known.
    pub steps: Option<f64>,
}

/// Returns number, size and time of the outputs, an item for each kind, and one for the time of all.
pub fn report<T: Real>(config: &Config, modes: &Modes, pace: Pace) -> Result<Vec<String>> {
    let mut volumes = vec![history::volume(config, modes)];
    for kind in asked_for::<T>(&config.output, &config.particles) {
        volumes.push(kind.volume(config, modes)?);
    }
    let mut items: Vec<_> = volumes.iter().map(|volume| line(config, volume, pace)).collect();
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
    items.push(time_of_all(config, &volumes, pace));
    Ok(items)
}

/// Number of times that something is written.
fn count(config: &Config, volume: &Volume) -> f64 {
    Schedule::new(volume.every, config.time.end).occasions()
}

fn line(config: &Config, volume: &Volume, pace: Pace) -> String {
    let (count, Volume { name, bytes, transforms, .. }) = (count(config, volume), volume);
    let steps = transforms / pace.transforms;
    let time =
        if steps > 0.0 { format!("; each takes about {steps:.2} steps") } else { String::new() };
    format!("{count:.0} {name} of {}, {} in all{time}", size(*bytes), size(bytes * count))
}

/// The line on the time that all outputs take.
fn time_of_all(config: &Config, volumes: &[Volume], pace: Pace) -> String {
    let transforms = volumes.iter().map(|volume| count(config, volume) * volume.transforms);
    let steps = transforms.sum::<f64>() / pace.transforms;
    let share = pace
        .steps
        .map(|of_run| format!(", {:.1} % of the time of all steps", 100.0 * steps / of_run));
    format!(
        "all of them take about as long as {steps:.0} steps{}, without the writing of files",
        share.unwrap_or_default()
    )
}
