//! Node.js and npm: wasm-opt runs on it, and the official client is tested with it.

use std::process::Command;

use super::{Check, Remedy, Requirement};
use crate::child_process::output_of;
use crate::machine::Machine;
use crate::pinned_versions::is_at_least;
use crate::places::on_path;

/// Both programs.
pub(crate) struct Node;

impl Requirement for Node {
    fn name(&self) -> String {
        "node".to_owned()
    }

    fn purpose(&self) -> &'static str {
        "runs wasm-opt, and clients in tests"
    }

    fn check(&self, machine: &Machine) -> Check {
        let least = match machine.versions.at_least("node") {
            Ok(least) => least,
            Err(error) => return Check::Missing(format!("{error:#}")),
        };
        let Ok(text) = output_of(Command::new("node").arg("--version")) else {
            return Check::Missing("no node on PATH".to_owned());
        };
        let version = text.trim().trim_start_matches('v');
        if !is_at_least(version, least) {
            return Check::Missing(format!("{version}; {least} or newer is needed"));
        }
        if on_path("npm").is_none() {
            return Check::Missing(format!("node {version} is there, but no npm on PATH"));
        }
        Check::Present(version.to_owned())
    }

    fn remedy(&self, machine: &Machine) -> Remedy {
        Remedy::packages_or(machine, &["nodejs", "npm"], "install Node.js with npm: https://nodejs.org")
    }
}
