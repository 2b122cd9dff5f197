//! A GPU interface for kernel tests: the machine's GPU, or Mesa's software driver (lavapipe) where there is none.

use std::path::{Path, PathBuf};

use super::{Check, Remedy, Requirement};
use crate::machine::Machine;

/// Vulkan on Linux; Metal and Direct3D come with their systems.
pub(crate) struct Vulkan;

impl Requirement for Vulkan {
    fn name(&self) -> String {
        "vulkan".to_owned()
    }

    fn purpose(&self) -> &'static str {
        "kernel tests on a GPU, or on Mesa's software one"
    }

    fn check(&self, _machine: &Machine) -> Check {
        if !cfg!(target_os = "linux") {
            return Check::Present("comes with this system".to_owned());
        }
        let drivers = drivers();
        if !has_loader() {
            return Check::Missing("no libvulkan.so.1".to_owned());
        }
        match drivers.first() {
            Some(driver) if has_gpu() => Check::Present(format!("a GPU ({})", driver.display())),
            Some(_) => match software_driver() {
                Some(driver) => Check::Present(format!("no GPU here: {}", driver.display())),
                None => Check::Missing("no GPU, and no software driver (lavapipe)".to_owned()),
            },
            None => Check::Missing("no Vulkan driver".to_owned()),
        }
    }

    fn remedy(&self, machine: &Machine) -> Remedy {
        let elsewhere = "install the Vulkan loader and Mesa's Vulkan drivers (lavapipe is among them)";
        Remedy::packages_or(machine, &["libvulkan1", "mesa-vulkan-drivers"], elsewhere)
    }
}

/// Mesa's software driver, where there is no GPU: what `VK_ICD_FILENAMES` should name.
pub(crate) fn software_driver() -> Option<PathBuf> {
    if has_gpu() {
        return None;
    }
    let is_lavapipe =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lvp_icd"));
    drivers().into_iter().find(is_lavapipe)
}

fn drivers() -> Vec<PathBuf> {
    let folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
    let mut drivers: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    drivers.sort();
    drivers
}

/// True where there is a GPU.
pub(crate) fn has_gpu() -> bool {
    Path::new("/dev/nvidia0").exists() || Path::new("/dev/dri/renderD128").exists()
}

fn has_loader() -> bool {
    let folders = ["/usr/lib", "/usr/lib64", "/lib64", "/usr/local/lib"].map(PathBuf::from);
    let of_debian = PathBuf::from(format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH));
    folders.into_iter().chain([of_debian]).any(|folder| folder.join("libvulkan.so.1").exists())
}
