//! `cargo xtask setup`: installs what is missing. `run` and `test` do it too, each for what it needs.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::machine::Machine;
use crate::requirements::{self, Check, Remedy, Requirement};
use crate::terminal::{headline, note};

/// `cargo xtask setup`.
#[derive(clap::Args)]
pub(crate) struct SetupArguments {
    /// Only these, as `cargo xtask doctor` names them [default: all]
    names: Vec<String>,
}

/// Installs what is asked for.
pub(crate) fn run(arguments: &SetupArguments) -> Result<ExitCode> {
    let machine = Machine::find()?;
    let mut wanted = requirements::all();
    let known: Vec<String> = wanted.iter().map(|requirement| requirement.name()).collect();
    if let Some(unknown) = arguments.names.iter().find(|name| !known.contains(name)) {
        bail!("{unknown} is not a thing that setup knows; it knows {}", known.join(", "));
    }
    if !arguments.names.is_empty() {
        wanted.retain(|requirement| arguments.names.contains(&requirement.name()));
    }
    install_missing(&machine, &wanted)?;
    note("Everything is there.");
    Ok(ExitCode::SUCCESS)
}

/// Checks each, installs what is missing, and checks again.
pub(crate) fn install_missing(machine: &Machine, wanted: &[Box<dyn Requirement>]) -> Result<()> {
    let missing = missing(machine, wanted);
    if missing.is_empty() {
        return Ok(());
    }
    headline("Setting up");
    for (requirement, found) in &missing {
        note(&format!("{} is missing ({found})", requirement.name()));
    }
    install_packages(machine, &missing)?;
    let mut by_hand = Vec::new();
    for (requirement, _) in &missing {
        // An earlier step may have brought it.
        if matches!(requirement.check(machine), Check::Present(_)) {
            continue;
        }
        match requirement.remedy(machine) {
            Remedy::Setup(what) => {
                headline(&format!("{}: {what}", requirement.name()));
                requirement.install(machine)?;
            }
            Remedy::ByHand(what) => by_hand.push(format!("{}: {what}", requirement.name())),
            Remedy::DebianPackages(_) => {}
        }
    }
    if !by_hand.is_empty() {
        bail!("xtask can't install these on this machine:\n    {}", by_hand.join("\n    "));
    }
    let Some((requirement, found)) = self::missing(machine, wanted).into_iter().next() else {
        return Ok(());
    };
    bail!("{} is still missing after set-up ({found}); `cargo xtask doctor` says more", requirement.name())
}

/// All Debian packages in one go: root is asked for once.
fn install_packages(machine: &Machine, missing: &[(&dyn Requirement, String)]) -> Result<()> {
    let mut packages = Vec::new();
    for (requirement, _) in missing {
        if let Remedy::DebianPackages(of_requirement) = requirement.remedy(machine) {
            packages.extend(of_requirement);
        }
    }
    if packages.is_empty() {
        return Ok(());
    }
    machine.install_debian_packages(&packages)
}

fn missing<'a>(machine: &Machine, wanted: &'a [Box<dyn Requirement>]) -> Vec<(&'a dyn Requirement, String)> {
    let found = wanted.iter().filter_map(|requirement| match requirement.check(machine) {
        Check::Present(_) => None,
        Check::Missing(found) => Some((requirement.as_ref(), found)),
    });
    found.collect()
}
