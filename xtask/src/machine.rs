//! The machine that commands run on: its system, and how to become root on it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::child_process::{output_of, run_quietly, run_visibly, shown, succeeds};
use crate::pinned_versions::PinnedVersions;
use crate::places::{Places, on_path};
use crate::terminal::{is_interactive, note};

/// What set-up needs to know.
#[derive(Debug)]
pub(crate) struct Machine {
    /// Where things are.
    pub(crate) places: Places,
    /// What to install.
    pub(crate) versions: PinnedVersions,
    /// Debian, or a system made from it that has its package manager.
    pub(crate) has_debian_packages: bool,
    is_root: bool,
}

impl Machine {
    /// Looks around.
    pub(crate) fn find() -> Result<Self> {
        let places = Places::find()?;
        let versions = PinnedVersions::read(&places.checkout)?;
        let has_debian_packages = Path::new("/etc/debian_version").is_file() && on_path("apt-get").is_some();
        let is_root = output_of(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0");
        Ok(Self { places, versions, has_debian_packages, is_root })
    }

    /// "", or "sudo ": what a person types before a command that needs root.
    pub(crate) fn root_prefix(&self) -> &'static str {
        if self.is_root { "" } else { "sudo " }
    }

    /// Runs a command as root, after saying so. Without a way to become root it names the command instead.
    pub(crate) fn run_as_root(&self, why: &str, command: &mut Command) -> Result<()> {
        note(&format!("This step needs root: {why}\n    {}{}", self.root_prefix(), shown(command)));
        if self.is_root {
            return run_quietly(why, command);
        }
        let can_become_root =
            on_path("sudo").is_some() && (is_interactive() || succeeds(Command::new("sudo").args(["-n", "true"])));
        if !can_become_root {
            bail!("not root, and sudo is not available here: run the command above as root, then this one again");
        }
        let mut as_root = Command::new("sudo");
        let variables = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        for (name, value) in variables {
            let mut assignment = name;
            assignment.push("=");
            assignment.push(value);
            as_root.arg(assignment);
        }
        as_root.arg(command.get_program()).args(command.get_args());
        run_visibly(&mut as_root)
    }

    /// Installs Debian packages, after saying that it needs root.
    pub(crate) fn install_debian_packages(&self, packages: &[&str]) -> Result<()> {
        // Package lists are absent in fresh images and stale on old ones; a failed refresh shows in the next step.
        let mut update = Command::new("apt-get");
        update.arg("update");
        if let Err(error) = self.run_as_root("refreshing the list of Debian packages", &mut update) {
            note(&format!("{error:#}"));
        }
        let why = format!("installing Debian packages: {}", packages.join(", "));
        let mut install = Command::new("apt-get");
        install.env("DEBIAN_FRONTEND", "noninteractive");
        install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
        self.run_as_root(&why, &mut install).context("Debian packages could not be installed")
    }

    /// The command that installs Debian packages, for people.
    pub(crate) fn debian_command(&self, packages: &[&str]) -> String {
        format!("{}apt-get install --no-install-recommends {}", self.root_prefix(), packages.join(" "))
    }
}
