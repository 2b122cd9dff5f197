//! Chromium and its driver, for tests in a real browser; and fonts, so that screenshots show letters.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Check, Remedy, Requirement};
use crate::child_process::output_of;
use crate::machine::Machine;
use crate::places::on_path;

/// The browser and the driver of the same version.
pub(crate) struct Chromium;

/// The browser: named by `QUERN_CHROMIUM`, or on PATH.
pub(crate) fn chromium() -> Option<PathBuf> {
    named_or_on_path("QUERN_CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])
}

/// Its driver: named by `QUERN_CHROMEDRIVER`, or on PATH.
pub(crate) fn chromedriver() -> Option<PathBuf> {
    named_or_on_path("QUERN_CHROMEDRIVER", &["chromedriver"])
}

fn named_or_on_path(variable: &str, names: &[&str]) -> Option<PathBuf> {
    let named = std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    named.or_else(|| names.iter().find_map(|name| on_path(name)))
}

impl Requirement for Chromium {
    fn name(&self) -> String {
        "chromium".to_owned()
    }

    fn purpose(&self) -> &'static str {
        "tests in a real browser"
    }

    fn check(&self, _machine: &Machine) -> Check {
        let Some(browser) = chromium() else {
            return Check::Missing("no chromium on PATH".to_owned());
        };
        let Some(driver) = chromedriver() else {
            return Check::Missing(format!("{} is there, but no chromedriver on PATH", browser.display()));
        };
        let versions = (version(&browser), version(&driver));
        match versions {
            (Some(browser_version), Some(driver_version)) if major(&browser_version) == major(&driver_version) => {
                Check::Present(format!("{browser_version}, {}", browser.display()))
            }
            (Some(browser_version), Some(driver_version)) => Check::Missing(format!(
                "the browser is {browser_version} and its driver {driver_version}: they must be of one version"
            )),
            (None, _) => Check::Missing(format!("`{} --version` fails", browser.display())),
            (_, None) => Check::Missing(format!("`{} --version` fails", driver.display())),
        }
    }

    fn remedy(&self, machine: &Machine) -> Remedy {
        let elsewhere = "install Chromium (or Chrome) and the chromedriver of the same version, on PATH or named by \
                         QUERN_CHROMIUM and QUERN_CHROMEDRIVER";
        Remedy::packages_or(machine, &["chromium", "chromium-driver"], elsewhere)
    }
}

/// `Chromium 156.0.8078.79 built on Debian` and `ChromeDriver 156.0.8078.79 (...)` have it as their first number.
fn version(program: &Path) -> Option<String> {
    let text = output_of(Command::new(program).arg("--version")).ok()?;
    first_version(&text)
}

fn first_version(text: &str) -> Option<String> {
    let is_version = |word: &&str| word.contains('.') && word.starts_with(|letter: char| letter.is_ascii_digit());
    text.split_whitespace().find(is_version).map(str::to_owned)
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

/// Any font at all: a fresh server has none.
pub(crate) struct Fonts;

impl Requirement for Fonts {
    fn name(&self) -> String {
        "fonts".to_owned()
    }

    fn purpose(&self) -> &'static str {
        "letters in the browser's screenshots"
    }

    fn check(&self, _machine: &Machine) -> Check {
        let folder = Path::new("/usr/share/fonts/truetype");
        match !cfg!(target_os = "linux") || folder.is_dir() || Path::new("/usr/share/fonts/TTF").is_dir() {
            true => Check::Present("some".to_owned()),
            false => Check::Missing(format!("no {}", folder.display())),
        }
    }

    fn remedy(&self, machine: &Machine) -> Remedy {
        Remedy::packages_or(machine, &["fonts-dejavu-core"], "install a TrueType font")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let browser = first_version("Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)\n").unwrap();
        let driver = first_version("ChromeDriver 156.0.8077.1 (70fd4- refs/branch-heads@{#1})\n").unwrap();
        assert_eq!((major(&browser), major(&driver)), ("156", "156"));
        assert_eq!(first_version("no such thing"), None);
    }
}
