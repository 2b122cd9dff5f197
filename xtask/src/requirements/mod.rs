//! What `run` and `test` need on a machine, one thing per file: how to see that it is there, and how to get it.

mod chromium;
mod compiler;
mod crate_tool;
mod debian_wasm_std;
mod lints;
mod nightly;
mod node;
mod npm_package;
mod pypi_package;
mod vulkan;
mod wasm_target;

use anyhow::Result;

pub(crate) use chromium::{chromedriver, chromium};
pub(crate) use crate_tool::CrateTool;
pub(crate) use lints::lint_toolchain;
pub(crate) use npm_package::NpmPackage;
pub(crate) use pypi_package::PypiPackage;
pub(crate) use vulkan::{has_gpu, software_driver};
pub(crate) use wasm_target::wasm_toolchain;

use crate::machine::Machine;

/// One thing that must be there.
pub(crate) trait Requirement {
    /// What `cargo xtask setup` calls it.
    fn name(&self) -> String;
    /// What it is for.
    fn purpose(&self) -> &'static str;
    /// Is it there?
    fn check(&self, machine: &Machine) -> Check;
    /// How to get it here.
    fn remedy(&self, machine: &Machine) -> Remedy;
    /// Gets it, where the remedy is [`Remedy::Setup`].
    fn install(&self, _machine: &Machine) -> Result<()> {
        anyhow::bail!("{} can't be installed by xtask", self.name())
    }
}

/// Whether something is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// It is, with its version or place.
    Present(String),
    /// It is not, and what was found instead.
    Missing(String),
}

/// How to get something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// By Debian packages, as root.
    DebianPackages(Vec<&'static str>),
    /// By `cargo xtask setup NAME`; what that does.
    Setup(String),
    /// By a person; what to do.
    ByHand(String),
}

impl Remedy {
    /// Debian packages where there are any, words elsewhere.
    fn packages_or(machine: &Machine, packages: &[&'static str], elsewhere: &str) -> Self {
        if machine.has_debian_packages {
            Self::DebianPackages(packages.to_vec())
        } else {
            Self::ByHand(elsewhere.to_owned())
        }
    }
}

/// For building and running.
pub(crate) fn for_running() -> Vec<Box<dyn Requirement>> {
    vec![
        Box::new(compiler::Compiler),
        Box::new(compiler::NativeLinker),
        Box::new(wasm_target::WasmTarget),
        Box::new(CrateTool::trunk()),
        Box::new(CrateTool::wasm_bindgen()),
        Box::new(node::Node),
        Box::new(NpmPackage::wasm_opt()),
    ]
}

/// For formatting and lints.
pub(crate) fn for_lints() -> Vec<Box<dyn Requirement>> {
    vec![Box::new(lints::Lints)]
}

/// For unit tests.
pub(crate) fn for_unit_tests() -> Vec<Box<dyn Requirement>> {
    // PyPI has it for other systems too, but not for all that tests run on.
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        vec![Box::new(PypiPackage::cuda_compiler())]
    } else {
        Vec::new()
    }
}

/// For tests on a GPU's interface.
pub(crate) fn for_kernels() -> Vec<Box<dyn Requirement>> {
    vec![Box::new(vulkan::Vulkan)]
}

/// For tests in a browser.
pub(crate) fn for_browser() -> Vec<Box<dyn Requirement>> {
    vec![
        Box::new(chromium::Chromium),
        Box::new(chromium::Fonts),
        Box::new(PypiPackage::openai()),
        Box::new(NpmPackage::openai()),
    ]
}

/// For measuring the app in a browser.
pub(crate) fn for_browser_benchmark() -> Vec<Box<dyn Requirement>> {
    let own: [Box<dyn Requirement>; 2] = [Box::new(chromium::Chromium), Box::new(NpmPackage::wllama())];
    for_running().into_iter().chain(own).collect()
}

/// For measuring natively.
pub(crate) fn for_native_benchmark() -> Vec<Box<dyn Requirement>> {
    vec![
        Box::new(compiler::Compiler),
        Box::new(compiler::NativeLinker),
        Box::new(node::Node),
        Box::new(NpmPackage::node_llama_cpp()),
    ]
}

/// For fuzzing.
pub(crate) fn for_fuzzing() -> Vec<Box<dyn Requirement>> {
    vec![
        Box::new(compiler::Compiler),
        Box::new(compiler::NativeLinker),
        Box::new(nightly::Nightly),
        Box::new(CrateTool::cargo_fuzz()),
    ]
}

pub(crate) fn for_data_benchmark() -> Vec<Box<dyn Requirement>> {
    vec![Box::new(compiler::Compiler), Box::new(compiler::NativeLinker), Box::new(PypiPackage::data_peers())]
}

/// Everything that running and testing need; what benchmarks and fuzzing need is fetched by their first run.
pub(crate) fn all() -> Vec<Box<dyn Requirement>> {
    for_running()
        .into_iter()
        .chain(for_lints())
        .chain(for_unit_tests())
        .chain(for_kernels())
        .chain(for_browser())
        .collect()
}
