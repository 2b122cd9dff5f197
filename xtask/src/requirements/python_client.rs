//! OpenAI's client for Python at its pinned version, in a virtual environment in the cache.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Check, Remedy, Requirement};
use crate::child_process::{output_of, run_quietly, succeeds};
use crate::machine::Machine;
use crate::pinned_versions::is_at_least;

/// The client, and the Python that runs it.
pub(crate) struct PythonClient;

const PACKAGE: &str = "openai";

/// Written last: a folder with it is complete.
const COMPLETE: &str = ".complete";

impl PythonClient {
    /// The Python that can import the client, whether it is there or not.
    pub(crate) fn python(machine: &Machine) -> Result<PathBuf> {
        let program = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
        Ok(Self::folder(machine)?.join(program))
    }

    fn folder(machine: &Machine) -> Result<PathBuf> {
        Ok(machine.places.tool(&format!("pypi-{PACKAGE}"), machine.versions.pypi(PACKAGE)?))
    }

    /// What keeps this machine's Python from making a virtual environment.
    fn obstacle(machine: &Machine) -> Option<String> {
        let Ok(text) = output_of(Command::new("python3").arg("--version")) else {
            return Some("no python3 on PATH".to_owned());
        };
        let version = text.split_whitespace().nth(1).unwrap_or_default();
        let least = machine.versions.at_least("python").unwrap_or_default();
        if !is_at_least(version, least) {
            return Some(format!("python3 is {version}; {least} or newer is needed"));
        }
        // Debian ships the module without the part that makes pip: that is python3-venv.
        let has_venv = succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]));
        (!has_venv).then(|| "python3 has no venv module".to_owned())
    }
}

impl Requirement for PythonClient {
    fn name(&self) -> String {
        format!("pypi-{PACKAGE}")
    }

    fn purpose(&self) -> &'static str {
        "the official client, for tests of the companion"
    }

    fn check(&self, machine: &Machine) -> Check {
        match Self::folder(machine) {
            // The environment refers to the system's Python, which may be gone since.
            Ok(folder) if folder.join(COMPLETE).is_file() && Self::python(machine).is_ok_and(|path| path.exists()) => {
                Check::Present(folder.display().to_string())
            }
            Ok(folder) => Check::Missing(format!("not in {}", folder.display())),
            Err(error) => Check::Missing(format!("{error:#}")),
        }
    }

    fn remedy(&self, machine: &Machine) -> Remedy {
        if let Some(obstacle) = Self::obstacle(machine)
            && !machine.has_debian_packages
        {
            return Remedy::ByHand(format!("{obstacle}: see https://www.python.org/downloads/"));
        }
        let version = machine.versions.pypi(PACKAGE).unwrap_or("?");
        Remedy::Setup(format!("pip install {PACKAGE}=={version}, into the cache folder"))
    }

    fn install(&self, machine: &Machine) -> Result<()> {
        if Self::obstacle(machine).is_some() {
            machine.install_debian_packages(&["python3", "python3-venv"])?;
        }
        let folder = Self::folder(machine)?;
        let version = machine.versions.pypi(PACKAGE)?;
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&folder);
        run_quietly("Making a virtual environment for Python", &mut make)?;
        let package = format!("{PACKAGE}=={version}");
        let mut install = Command::new(Self::python(machine)?);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &package]);
        run_quietly(&format!("Fetching {package} from PyPI"), &mut install)?;
        std::fs::write(folder.join(COMPLETE), "").with_context(|| format!("writing to {}", folder.display()))
    }
}
