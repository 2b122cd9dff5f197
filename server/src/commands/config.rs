//! `quern config`: the options in force, as a configuration file.

use anyhow::{Context, Result};

use crate::config::{Config, default_config_file};
use crate::terminal::print;

/// Prints the options.
pub(super) fn run(config: &Config) -> Result<()> {
    let toml = toml::to_string(config).context("the options have no TOML form")?;
    let place = default_config_file().map(|path| format!("# Read from {} if it is there.\n", path.display()));
    print(&format!("{}{toml}", place.unwrap_or_default()))?;
    Ok(())
}
