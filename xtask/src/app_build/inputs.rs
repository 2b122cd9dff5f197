//! What the app is built from, as one hash.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Files and folders in the checkout.
const INPUTS: [&str; 9] =
    ["app", "engine", "shared", "public", "Cargo.toml", "Cargo.lock", "Trunk.toml", "tools.toml", ".cargo/config.toml"];

/// Folders inside of them that the app is not built from.
const NOT_INPUTS: [&str; 4] = ["tests", "benches", "fuzz", "target"];

/// Hashes names and contents of the inputs, and what else the build depends on.
pub(super) fn hash(checkout: &Path, also: &[&str]) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut add = |bytes: &[u8]| {
        // With its length, so that moving a byte from one part to the next changes the hash.
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for text in also {
        add(text.as_bytes());
    }
    for input in INPUTS {
        for path in files(&checkout.join(input))? {
            let name = path.strip_prefix(checkout).unwrap_or(&path).to_string_lossy().into_owned();
            add(name.as_bytes());
            add(&fs::read(&path).with_context(|| format!("reading {}", path.display()))?);
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Hash of a file's contents.
pub(super) fn hash_file(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(hex(&Sha256::digest(bytes)))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All files at or below a path, in a fixed order.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(path, &mut found).with_context(|| format!("listing {}", path.display()))?;
    found.sort();
    Ok(found)
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let is_skipped = entry.file_type()?.is_dir() && NOT_INPUTS.iter().any(|name| entry.file_name() == *name);
        if !is_skipped {
            collect(&entry.path(), found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for input in INPUTS {
            let path = folder.path().join(input);
            if input.contains('.') {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, input).unwrap();
            } else {
                fs::create_dir_all(path.join("tests")).unwrap();
                fs::write(path.join("lib.rs"), input).unwrap();
            }
        }
        folder
    }

    #[test]
    fn the_hash_changes_with_what_the_app_is_built_from_only() {
        let folder = checkout();
        let hash_now = |compiler: &str| hash(folder.path(), &[compiler]).unwrap();
        let before = hash_now("rustc 1");
        assert_eq!(before, hash_now("rustc 1"));
        assert_ne!(before, hash_now("rustc 2"));
        fs::write(folder.path().join("README.md"), "new").unwrap();
        fs::write(folder.path().join("engine/tests/new.rs"), "new").unwrap();
        assert_eq!(before, hash_now("rustc 1"));
        fs::write(folder.path().join("engine/lib.rs"), "new").unwrap();
        assert_ne!(before, hash_now("rustc 1"));
    }
}
