//! Reads a configuration from a file or a text, and writes it as TOML.

use std::path::Path;

use toml::Table;

use super::schema::Config;
use super::{overrides, reader, schema, tags};
use crate::error::{Error, Result};
use crate::parallel::Communicator;
use crate::problems::Problems;

impl Config {
    /// Reads the file at `path` on rank 0, applies `overrides` (`key=value`, see
    /// `dns-solver --help`), checks everything, and gives every rank the same result. Collective.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) with every problem found.
    pub fn load(communicator: &Communicator, path: &Path, overrides: &[String]) -> Result<Self> {
        let resolved = communicator.from_root(|| {
            let text = std::fs::read_to_string(path).map_err(|cause| {
                Error::input(format!(
                    "cannot read the configuration {}: {cause}; give the path of a TOML file, see \
                     dns-solver --help",
                    path.display()
                ))
            })?;
            let absolute = std::path::absolute(path)
                .map_err(|cause| Error::io("find the directory of", path, cause))?;
            let directory = absolute.parent().unwrap_or(&absolute);
            let config = Config::parse(&text, &path.display().to_string(), directory, overrides)?;
            Ok(config.to_toml()?.into_bytes())
        })?;
        let text = String::from_utf8_lossy(&resolved);
        communicator.agree(Config::parse(&text, "resolved configuration", Path::new(""), &[]))
    }

    /// Reads and checks TOML `text`, with `overrides` applied. `name` is what messages call the
    /// text, `directory` what paths of input files are relative to.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) with every problem found.
    pub fn parse(text: &str, name: &str, directory: &Path, overrides: &[String]) -> Result<Self> {
        let mut table: Table = toml::from_str(text).map_err(|e| {
            Error::input(format!("{name} is not valid TOML\n{}", e.to_string().trim_end()))
        })?;
        let mut problems = Problems::default();
        for text in overrides {
            if let Err(message) = overrides::apply(&mut table, text) {
                problems.add(format!("--set {text}"), message);
            }
        }
        let config = schema::config(table, directory, &mut problems);
        if let (Some(config), true) = (config, problems.is_empty()) {
            return Ok(config);
        }
        for problem in &mut problems.list {
            if let Some(text) =
                overrides.iter().rfind(|o| reader::lies_in(&problem.path, overrides::path(o)))
            {
                problem.message += &format!(" (from --set {text})");
            }
        }
        let count = match problems.list.len() {
            1 => "1 problem".into(),
            n => format!("{n} problems"),
        };
        Err(Error::input(format!("{name} has {count}:\n{}", problems.report().trim_end())))
    }

    /// The configuration as TOML with every default written out. Reading it gives the same
    /// configuration again.
    ///
    /// # Errors
    /// A path is not valid UTF-8, which TOML needs.
    pub fn to_toml(&self) -> Result<String> {
        let mut table = Table::try_from(self)
            .map_err(|e| Error::input(format!("cannot write the configuration as TOML: {e}")))?;
        tags::turn_in(&mut table);
        Ok(table.to_string())
    }
}
