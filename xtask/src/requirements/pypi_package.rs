//! Packages from PyPI at their pinned versions, each in a virtual environment of its own in the cache.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Check, Remedy, Requirement};
use crate::child_process::{output_of, run_quietly, succeeds};
use crate::machine::Machine;
use crate::pinned_versions::is_at_least;

/// A package, perhaps with others beside it, and the Python that runs it.
pub(crate) struct PypiPackage {
    /// What the environment is called by.
    package: &'static str,
    /// What else is in it.
    others: &'static [&'static str],
    purpose: &'static str,
}

/// Written last: a folder with it is complete.
const COMPLETE: &str = ".complete";

impl PypiPackage {
    /// OpenAI's client.
    pub(crate) fn openai() -> Self {
        Self { package: "openai", others: &[], purpose: "the official client, for tests of the companion" }
    }

    /// NVIDIA's compiler for kernels; it needs no GPU.
    pub(crate) fn cuda_compiler() -> Self {
        let purpose = "the compiler of CUDA kernels, for tests that they compile";
        Self { package: "nvidia-cuda-nvrtc", others: &[], purpose }
    }

    /// What preparing data is measured against.
    pub(crate) fn data_peers() -> Self {
        // datatrove takes these for granted; it can't use the newest xxhash.
        let others = &["datatrove[processing]", "orjson", "spacy", "xxhash"];
        Self { package: "datasets", others, purpose: "what `cargo xtask bench data` measures against" }
    }

    /// The Python that can import the package, whether it is there or not.
    pub(crate) fn python(&self, machine: &Machine) -> Result<PathBuf> {
        let program = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
        Ok(self.folder(machine)?.join(program))
    }

    fn folder(&self, machine: &Machine) -> Result<PathBuf> {
        Ok(machine.places.tool(&format!("pypi-{}", self.package), machine.versions.pypi(self.package)?))
    }

    /// What pip installs, with versions.
    fn pinned(&self, machine: &Machine) -> Result<Vec<String>> {
        let all = std::iter::once(&self.package).chain(self.others);
        // Versions are listed without what else is asked of a package.
        let name = |package: &'static str| package.split('[').next().unwrap_or(package);
        all.map(|package| Ok(format!("{package}=={}", machine.versions.pypi(name(package))?))).collect()
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

impl Requirement for PypiPackage {
    fn name(&self) -> String {
        format!("pypi-{}", self.package)
    }

    fn purpose(&self) -> &'static str {
        self.purpose
    }

    fn check(&self, machine: &Machine) -> Check {
        match self.folder(machine) {
            // The environment refers to the system's Python, which may be gone since.
            Ok(folder) if folder.join(COMPLETE).is_file() && self.python(machine).is_ok_and(|path| path.exists()) => {
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
        let packages = self.pinned(machine).unwrap_or_default().join(" ");
        Remedy::Setup(format!("pip install {packages}, into the cache folder"))
    }

    fn install(&self, machine: &Machine) -> Result<()> {
        if Self::obstacle(machine).is_some() {
            machine.install_debian_packages(&["python3", "python3-venv"])?;
        }
        let folder = self.folder(machine)?;
        let packages = self.pinned(machine)?;
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&folder);
        run_quietly("Making a virtual environment for Python", &mut make)?;
        let mut install = Command::new(self.python(machine)?);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(&packages);
        run_quietly(&format!("Fetching {} from PyPI", packages.join(" ")), &mut install)?;
        std::fs::write(folder.join(COMPLETE), "").with_context(|| format!("writing to {}", folder.display()))
    }
}
