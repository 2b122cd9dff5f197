//! A package from npm at its pinned version, in a folder of its own in the cache.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Check, Remedy, Requirement};
use crate::child_process::{output_of, run_quietly};
use crate::machine::Machine;
use crate::places::on_path;

/// What to install.
pub(crate) struct NpmPackage {
    package: &'static str,
    /// What it is for.
    purpose: &'static str,
    /// Of a package that would fetch its program for every kind of machine: the one for this kind.
    program_package: Option<&'static str>,
}

/// Written last: a folder with it is complete.
const COMPLETE: &str = ".complete";

/// node-llama-cpp's program without CUDA and Vulkan, which alone are 600 MB.
const LLAMA_CPP_PROGRAM: Option<&str> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some("@node-llama-cpp/linux-x64")
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    Some("@node-llama-cpp/linux-arm64")
} else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
    Some("@node-llama-cpp/mac-arm64-metal")
} else {
    None
};

impl NpmPackage {
    /// A package of tools.toml.
    pub(crate) const fn new(package: &'static str, purpose: &'static str) -> Self {
        Self { package, purpose, program_package: None }
    }

    /// wasm-opt. Debian's own is old: it exits with 0 and breaks modules that use reference types.
    pub(crate) const fn wasm_opt() -> Self {
        Self::new("binaryen", "wasm-opt: makes the app's WASM small and fast")
    }

    /// OpenAI's client for Node.
    pub(crate) const fn openai() -> Self {
        Self::new("openai", "the official client, for tests of the companion")
    }

    /// llama.cpp for browsers.
    pub(crate) const fn wllama() -> Self {
        Self::new("@wllama/wllama", "what `cargo xtask bench browser` compares with")
    }

    /// llama.cpp natively.
    pub(crate) const fn node_llama_cpp() -> Self {
        let purpose = "what `cargo xtask bench native` compares with";
        Self { package: "node-llama-cpp", purpose, program_package: LLAMA_CPP_PROGRAM }
    }

    /// Its `node_modules`, whether it is there or not.
    pub(crate) fn node_modules(&self, machine: &Machine) -> Result<PathBuf> {
        Ok(self.folder(machine)?.join("node_modules"))
    }

    fn folder(&self, machine: &Machine) -> Result<PathBuf> {
        let version = machine.versions.npm(self.package)?;
        Ok(machine.places.tool(&format!("npm-{}", self.package), version))
    }

    /// A command that runs one of the package's programs.
    pub(crate) fn program(&self, machine: &Machine, name: &str) -> Result<Command> {
        if let Some(path) = self.program_on_path(machine, name) {
            return Ok(Command::new(path));
        }
        let path = self.node_modules(machine)?.join(".bin").join(name);
        Ok(Command::new(path))
    }

    /// wasm-opt may be there already, in exactly the pinned version: it says `wasm-opt version 132 (version_132)`.
    fn program_on_path(&self, machine: &Machine, name: &str) -> Option<PathBuf> {
        let major = machine.versions.npm(self.package).ok()?.split('.').next()?.to_owned();
        let path = on_path(name)?;
        let text = output_of(Command::new(&path).arg("--version")).ok()?;
        text.split_whitespace().any(|word| word == major).then_some(path)
    }
}

impl Requirement for NpmPackage {
    fn name(&self) -> String {
        format!("npm-{}", self.package)
    }

    fn purpose(&self) -> &'static str {
        self.purpose
    }

    fn check(&self, machine: &Machine) -> Check {
        if self.package == "binaryen"
            && let Some(path) = self.program_on_path(machine, "wasm-opt")
        {
            return Check::Present(path.display().to_string());
        }
        match self.folder(machine) {
            Ok(folder) if folder.join(COMPLETE).is_file() => Check::Present(folder.display().to_string()),
            Ok(folder) => Check::Missing(format!("not in {}", folder.display())),
            Err(error) => Check::Missing(format!("{error:#}")),
        }
    }

    fn remedy(&self, machine: &Machine) -> Remedy {
        let version = machine.versions.npm(self.package).unwrap_or("?");
        Remedy::Setup(format!("npm install {}@{version}, into the cache folder", self.package))
    }

    fn install(&self, machine: &Machine) -> Result<()> {
        let version = machine.versions.npm(self.package)?;
        let folder = self.folder(machine)?;
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        // npm would look for a package.json in the folders above.
        std::fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
        let package = format!("{}@{version}", self.package);
        let mut install = Command::new("npm");
        install.current_dir(&folder).args(["install", "--no-audit", "--no-fund", "--save-exact", &package]);
        if let Some(program_package) = self.program_package {
            install.args(["--omit=optional", "--ignore-scripts", &format!("{program_package}@{version}")]);
        }
        run_quietly(&format!("Fetching {package} from npm"), &mut install)?;
        std::fs::write(folder.join(COMPLETE), "")?;
        Ok(())
    }
}
