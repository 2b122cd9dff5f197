//! The versions in tools.toml, and wasm-bindgen's in Cargo.lock.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// Name to version, per registry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PinnedVersions {
    cargo: BTreeMap<String, String>,
    npm: BTreeMap<String, String>,
    pypi: BTreeMap<String, String>,
    at_least: BTreeMap<String, String>,
    #[serde(skip)]
    wasm_bindgen: String,
}

impl PinnedVersions {
    /// Reads both files.
    pub(crate) fn read(checkout: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = checkout.join(name);
            std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
        };
        let mut versions: Self = toml::from_str(&read("tools.toml")?).context("reading tools.toml")?;
        versions.wasm_bindgen = locked_version(&read("Cargo.lock")?, "wasm-bindgen")?;
        Ok(versions)
    }

    /// Of a tool from crates.io.
    pub(crate) fn cargo(&self, name: &str) -> Result<&str> {
        if name == "wasm-bindgen-cli" {
            return Ok(&self.wasm_bindgen);
        }
        find(&self.cargo, "cargo", name)
    }

    /// Of an npm package.
    pub(crate) fn npm(&self, name: &str) -> Result<&str> {
        find(&self.npm, "npm", name)
    }

    /// Of a Python package.
    pub(crate) fn pypi(&self, name: &str) -> Result<&str> {
        find(&self.pypi, "pypi", name)
    }

    /// The oldest version that will do of something that the system brings.
    pub(crate) fn at_least(&self, name: &str) -> Result<&str> {
        find(&self.at_least, "at_least", name)
    }
}

fn find<'a>(table: &'a BTreeMap<String, String>, table_name: &str, name: &str) -> Result<&'a str> {
    table.get(name).map(String::as_str).with_context(|| format!("tools.toml has no {name} in [{table_name}]"))
}

/// The version of a crate that Cargo.lock names once.
fn locked_version(lock: &str, name: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let lock: Lock = toml::from_str(lock).context("reading Cargo.lock")?;
    let package = lock.package.into_iter().find(|package| package.name == name);
    package.map(|package| package.version).with_context(|| format!("Cargo.lock has no {name}"))
}

/// Compares dotted versions number by number: 18 < 20.1 < 20.10.
pub(crate) fn is_at_least(version: &str, least: &str) -> bool {
    let numbers =
        |text: &str| -> Vec<u64> { text.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect() };
    numbers(version) >= numbers(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_checkout_pins_what_xtask_installs() {
        let places = crate::places::Places::find().unwrap();
        let versions = PinnedVersions::read(&places.checkout).unwrap();
        assert!(is_at_least(versions.cargo("trunk").unwrap(), "0.22"));
        assert!(is_at_least(versions.cargo("wasm-bindgen-cli").unwrap(), "0.2"));
        assert!(versions.npm("left-pad").unwrap_err().to_string().contains("no left-pad in [npm]"));
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(is_at_least("20.10.0", "20.9"));
        assert!(is_at_least("18", "18"));
        assert!(!is_at_least("1.95.0", "1.96"));
        assert!(!is_at_least("nonsense", "18"));
    }
}
