//! Where things are: the checkout, the caches, the build's folders.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that commands read and write.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The checkout's root.
    pub(crate) checkout: PathBuf,
    /// `~/.cache/quern`, or where this system keeps caches.
    pub(crate) cache: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Places {
    /// Reads the environment.
    pub(crate) fn find() -> Result<Self> {
        // As cargo says it now: a target folder that several checkouts share keeps what was built in another of them.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").context("run it as `cargo xtask`")?;
        let checkout = Path::new(&package).parent().context("xtask lies in the checkout's root")?;
        let cache =
            dirs::cache_dir().context("this user has no home folder: set HOME or XDG_CACHE_HOME")?.join("quern");
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) if !folder.is_empty() => checkout.join(folder),
            // On a build machine checkouts come and go; what was built stays outside of them.
            _ if is_ci() => cache.join("target"),
            _ => checkout.join("target"),
        };
        Ok(Self { checkout: checkout.to_owned(), cache, target })
    }

    /// True if cargo has to be told where its target folder is.
    pub(crate) fn has_own_target(&self) -> bool {
        self.target != self.checkout.join("target")
    }

    /// The built app.
    pub(crate) fn dist(&self) -> PathBuf {
        self.checkout.join("dist")
    }

    /// Downloaded models; the companion's own default.
    pub(crate) fn models(&self) -> PathBuf {
        self.cache.join("models")
    }

    /// The folder of an installed tool, one per version.
    pub(crate) fn tool(&self, name: &str, version: &str) -> PathBuf {
        self.cache.join("tools").join(format!("{}-{version}", name.replace('/', "+")))
    }
}

/// True on a build machine.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// The first program of this name on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let file_name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(&file_name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_of_two_versions_and_scoped_names_have_folders_of_their_own() {
        let places = Places { checkout: "/c".into(), cache: "/k".into(), target: "/t".into() };
        assert_eq!(places.tool("trunk", "0.22.1"), Path::new("/k/tools/trunk-0.22.1"));
        assert_eq!(places.tool("@wllama/wllama", "3.0.0"), Path::new("/k/tools/@wllama+wllama-3.0.0"));
    }

    #[test]
    fn the_checkout_holds_the_workspace() {
        let places = Places::find().unwrap();
        assert!(places.checkout.join("Cargo.lock").is_file(), "{}", places.checkout.display());
    }
}
