//! Running test programs: with nextest if it is there, with cargo's own runner if not.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{ClosingLines, closing_lines};
use crate::cargo::{NATIVE_PACKAGES, Toolchain};
use crate::child_process::{output_of, run_and_keep_lines, run_visibly, shown, succeeds};
use crate::machine::Machine;
use crate::requirements::software_driver;

/// Who runs tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    /// `cargo nextest`, by .config/nextest.toml.
    Nextest,
    /// `cargo test`.
    Cargo,
}

/// Tests ran, and some failed.
#[derive(Debug)]
pub(super) struct FailedTests {
    command: String,
    /// What the runner said last.
    pub(super) closing_lines: ClosingLines,
}

impl std::fmt::Display for FailedTests {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`{}` failed", self.command)
    }
}

impl std::error::Error for FailedTests {}

impl Runner {
    /// nextest where it is installed.
    pub(super) fn find(machine: &Machine) -> Self {
        let mut version = Toolchain::Default.cargo(&machine.places);
        if succeeds(version.args(["nextest", "--version"])) { Self::Nextest } else { Self::Cargo }
    }

    /// A run of native tests; which ones is for the caller to add.
    pub(super) fn command(self, machine: &Machine) -> Command {
        let mut command = Toolchain::Default.cargo(&machine.places);
        match self {
            Self::Nextest => command.args(["nextest", "run", "--no-tests", "pass", "--no-fail-fast"]),
            Self::Cargo => command.args(["test", "--no-fail-fast"]),
        };
        command.args(NATIVE_PACKAGES);
        set_test_environment(&mut command, machine);
        command
    }

    /// The examples in documentation, which only cargo runs.
    pub(super) fn doc_tests(machine: &Machine) -> Command {
        let mut command = Self::Cargo.command(machine);
        command.arg("--doc");
        command
    }

    /// For tests that each need the whole machine.
    pub(super) fn limit_to_one_at_a_time(self, command: &mut Command) {
        match self {
            Self::Nextest => command.args(["--test-threads", "1"]),
            Self::Cargo => command.args(["--", "--test-threads", "1"]),
        };
    }

    /// Runs the tests; returns what the runner said last.
    pub(super) fn run(self, mut command: Command) -> Result<ClosingLines> {
        let (status, lines) = run_and_keep_lines(&mut command)?;
        let closing_lines = closing_lines::of(&lines);
        if !status.success() {
            return Err(FailedTests { command: shown(&command), closing_lines }.into());
        }
        Ok(closing_lines)
    }
}

/// What tests read from the environment; docs/testing.md lists it.
fn set_test_environment(command: &mut Command, machine: &Machine) {
    command.env("QUERN_MODELS_DIR", machine.places.models());
    if let Some(driver) = software_driver() {
        // The first name is for older loaders.
        command.env("VK_ICD_FILENAMES", &driver).env("VK_DRIVER_FILES", &driver);
    }
}

/// Builds the companion as tests of the whole workspace do: nothing is compiled twice.
pub(super) fn build_companion(machine: &Machine) -> Result<()> {
    let mut build = Toolchain::Default.cargo(&machine.places);
    // Naming a test makes cargo choose features as for tests.
    build.arg("build").args(NATIVE_PACKAGES).args(["--bins", "--test", "journeys"]);
    run_visibly(&mut build)
}

/// Names of the workspace's integration tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TestPrograms {
    /// In `engine/tests`.
    pub(super) of_engine: BTreeSet<String>,
    /// In `tests`.
    of_browser: BTreeSet<String>,
    of_others: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl TestPrograms {
    /// Asks cargo.
    pub(super) fn list(machine: &Machine) -> Result<Self> {
        let mut metadata = Toolchain::Default.cargo(&machine.places);
        let text = output_of(metadata.args(["metadata", "--no-deps", "--format-version", "1"]))?;
        Self::sort(serde_json::from_str(&text).context("reading what `cargo metadata` printed")?)
    }

    fn sort(metadata: Metadata) -> Result<Self> {
        let mut sorted = Self::default();
        let mut all = BTreeSet::new();
        for package in metadata.packages {
            let place = match package.name.as_str() {
                "app" => continue,
                "engine" => &mut sorted.of_engine,
                "tests" => &mut sorted.of_browser,
                _ => &mut sorted.of_others,
            };
            for target in package.targets.into_iter().filter(|target| target.kind.iter().any(|kind| kind == "test")) {
                // Tests are chosen by name alone: choosing packages would compile dependencies again.
                ensure!(all.insert(target.name.clone()), "two packages have a test named {}: rename one", target.name);
                place.insert(target.name);
            }
        }
        Ok(sorted)
    }

    /// All but the engine's and the browser's.
    pub(super) fn of_other_packages(&self) -> impl Iterator<Item = &String> {
        self.of_others.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, tests: &[&str]) -> Package {
        let target = |name: &&str| Target { name: (*name).to_owned(), kind: vec!["test".to_owned()] };
        let library = Target { name: name.to_owned(), kind: vec!["lib".to_owned()] };
        Package { name: name.to_owned(), targets: tests.iter().map(target).chain([library]).collect() }
    }

    #[test]
    fn each_test_program_has_one_part() {
        let packages = vec![
            package("engine", &["kernels"]),
            package("server", &["api", "downloads"]),
            package("tests", &["journeys"]),
        ];
        let sorted = TestPrograms::sort(Metadata { packages }).unwrap();
        assert_eq!(sorted.of_engine.into_iter().collect::<Vec<_>>(), ["kernels"]);
        assert_eq!(sorted.of_browser.into_iter().collect::<Vec<_>>(), ["journeys"]);
        assert_eq!(sorted.of_others.into_iter().collect::<Vec<_>>(), ["api", "downloads"]);
    }

    #[test]
    fn two_tests_of_one_name_are_refused() {
        let packages = vec![package("engine", &["golden"]), package("server", &["golden"])];
        let error = TestPrograms::sort(Metadata { packages }).unwrap_err();
        assert!(error.to_string().contains("two packages have a test named golden"));
    }
}
