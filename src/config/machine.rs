//! A machine as the model of a step sees it, read from and written to a TOML file of its own.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::reader::read;
use crate::error::{Error, Result};
use crate::parallel::Communicator;
use crate::problems::Problems;
use crate::real::Precision;

/// A cluster of equal nodes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Machine {
    /// A name: what it is, and where the numbers come from.
    pub name: String,
    /// `[node]`.
    pub node: Node,
    /// `[core]`.
    pub core: Core,
    /// `[network]`; nothing is said of several nodes without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
}

/// `[node]`: what the cores of a node share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Node {
    /// Cores, all of them at work.
    pub cores: usize,
    /// Bytes per second to and from memory, by all cores together.
    pub bandwidth: f64,
}

/// `[core]`: nominal FLOPs per second of one core in everything but memory traffic, while all cores
/// of its node work; see `simulation::work` for what is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Core {
    /// In double precision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub double: Option<f64>,
    /// In single precision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single: Option<f64>,
}

impl Core {
    /// The rate for one type of numbers.
    pub fn rate(&mut self, precision: Precision) -> &mut Option<f64> {
        match precision {
            Precision::Double => &mut self.double,
            Precision::Single => &mut self.single,
        }
    }
}

/// `[network]`: between nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Seconds that a rank spends on a message, whatever its size.
    pub latency: f64,
    /// Bytes per second that a node can send while it receives as many.
    pub injection: f64,
    /// Share of `injection` that is left when all nodes send to all others.
    pub share: f64,
}

impl Machine {
    /// Reads the file at `path` on rank 0, for all. Collective.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) with every problem found.
    pub fn load(communicator: &Communicator, path: &Path) -> Result<Self> {
        let text = communicator.from_root(|| {
            std::fs::read(path).map_err(|cause| {
                Error::input(format!(
                    "cannot read the machine file {}: {cause}; examples are in scripts/machines",
                    path.display()
                ))
            })
        })?;
        let text = String::from_utf8_lossy(&text);
        Machine::parse(&text, &path.display().to_string())
    }

    /// Reads and checks TOML `text`, which messages call `name`.
    fn parse(text: &str, name: &str) -> Result<Self> {
        let table: Table = toml::from_str(text).map_err(|e| {
            Error::input(format!("{name} is not valid TOML\n{}", e.to_string().trim_end()))
        })?;
        let mut problems = Problems::default();
        let machine = read::<Machine>(table, &mut problems);
        let machine = machine.inspect(|machine| machine.check(&mut problems));
        machine
            .filter(|_| problems.is_empty())
            .ok_or_else(|| Error::input(format!("{name}:\n{}", problems.report().trim_end())))
    }

    fn check(&self, problems: &mut Problems) {
        problems.require(self.node.cores > 0, "node.cores", self.node.cores, "1 or more");
        problems.require_positive("node.bandwidth", self.node.bandwidth);
        for (path, rate) in [("core.double", self.core.double), ("core.single", self.core.single)] {
            if let Some(rate) = rate {
                problems.require_positive(path, rate);
            }
        }
        if let Some(network) = self.network {
            problems.require_positive("network.latency", network.latency);
            problems.require_positive("network.injection", network.injection);
            let share = network.share;
            problems.require(
                share > 0.0 && share <= 1.0,
                "network.share",
                share,
                "above 0, at most 1",
            );
        }
    }

    /// The machine as TOML, for [`Self::load`].
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self)
            .map_err(|e| Error::input(format!("cannot write the machine as TOML: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_read_as_it_was_written() {
        let text = "name = \"a cluster\"\n[node]\ncores = 4\nbandwidth = 1e10\n[core]\n\
                    double = 2e9\n[network]\nlatency = 1e-6\ninjection = 1e10\nshare = 0.5\n";
        let machine = Machine::parse(text, "a.toml").unwrap();
        assert_eq!(machine.node, Node { cores: 4, bandwidth: 1e10 });
        assert_eq!(Machine::parse(&machine.to_toml().unwrap(), "b.toml"), Ok(machine));
    }

    #[test]
    fn all_mistakes_are_named() {
        let text = "[node]\ncores = 0\nbandwith = 1.0\n[core]\nsingle = -1.0\n\
                    [network]\nlatency = 1e-6\ninjection = 1e10\nshare = 2\n";
        let message = Machine::parse(text, "a.toml").unwrap_err().message;
        for part in [
            "a.toml:",
            "node.bandwith: unknown key (did you mean `bandwidth`?)",
            "node.cores: is 0, must be 1 or more",
            "core.single: is -1, must be a finite number above 0",
            "network.share: is 2, must be above 0, at most 1",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
