//! Options, one struct per concern: from the configuration file, then the environment, then flags, the last one wins.
//!
//! Each struct is at once a group of flags (with its `QUERN_*` variables, documented by `--help`) and a table of the
//! TOML file. Everything is optional there; [`Config`] is what comes out, with defaults filled in.

mod inference;
mod limits;
mod listen;
mod storage;

pub use inference::{DeviceChoice, Inference, InferenceOptions};
pub use limits::{Limits, LimitsOptions};
pub use listen::{Listen, ListenOptions};
pub use storage::{Storage, StorageOptions};

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// Every option, as given. The fields are the tables of the configuration file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Where to listen.
    pub listen: ListenOptions,
    /// Where files are.
    pub storage: StorageOptions,
    /// What computes, and with how much.
    pub inference: InferenceOptions,
    /// What a client may ask for.
    pub limits: LimitsOptions,
}

/// Every option, decided. Printed as TOML it is a configuration file that says the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// Where to listen.
    pub listen: Listen,
    /// Where files are.
    pub storage: Storage,
    /// What computes, and with how much.
    pub inference: Inference,
    /// What a client may ask for.
    pub limits: Limits,
}

impl Config {
    /// Fills in what `flags` (and the environment behind them) leave open from the configuration file and defaults.
    ///
    /// # Errors
    /// The file named can't be read, or a configuration file holds something it should not.
    pub fn decide(flags: Options, config_file: Option<&Path>) -> anyhow::Result<Self> {
        let file = read_options(config_file)?;
        Ok(Self {
            listen: flags.listen.decide(file.listen),
            storage: flags.storage.decide(file.storage)?,
            inference: flags.inference.decide(file.inference),
            limits: flags.limits.decide(file.limits),
        })
    }
}

/// Where the configuration file is looked for if none is named.
pub fn default_config_file() -> Option<PathBuf> {
    dirs::config_dir().map(|folder| folder.join("quern").join("config.toml"))
}

fn read_options(named: Option<&Path>) -> anyhow::Result<Options> {
    let Some(path) = named.map(Path::to_owned).or_else(default_config_file) else { return Ok(Options::default()) };
    if !path.exists() {
        if named.is_some() {
            bail!("there is no configuration file at {}. Check --config and QUERN_CONFIG", path.display());
        }
        return Ok(Options::default());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    toml::from_str(&text)
        .with_context(|| format!("{} is not a configuration file of quern; `quern config` prints one", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(flags: Options, file: &str) -> anyhow::Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, file).unwrap();
        Config::decide(flags, Some(&path))
    }

    #[test]
    fn flags_beat_the_file_and_the_file_beats_defaults() {
        let flags = || Options { listen: ListenOptions { port: Some(1), ..Default::default() }, ..Default::default() };
        let config = decide(flags(), "[listen]\nport = 2\nhost = '0.0.0.0'\n[inference]\nthreads = 3").unwrap();
        assert_eq!((config.listen.port, config.listen.host.to_string().as_str()), (1, "0.0.0.0"));
        assert_eq!(config.inference.threads, 3);
        assert_eq!(config.limits, Limits::default());
    }

    #[test]
    fn what_is_printed_can_be_read_back() {
        let config = decide(Options::default(), "[storage]\nmodels_dir = '/m'\n[inference]\ndevice = 'cpu'").unwrap();
        let printed = toml::to_string(&config).unwrap();
        assert_eq!(decide(Options::default(), &printed).unwrap(), config);
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        let error = decide(Options::default(), "[listen]\nprot = 1").unwrap_err();
        assert!(format!("{error:#}").contains("unknown field `prot`"), "{error:#}");
    }

    #[test]
    fn a_named_file_must_exist() {
        assert!(Config::decide(Options::default(), Some(Path::new("/none/config.toml"))).is_err());
    }
}
