//! Files and folders that are whole under their names or not there at all, whenever the machine stops.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::failure::Failure;
use crate::downloads::checksum::Checksum;
use crate::synced_folder::sync_folder;

/// What a whole folder says of its other files.
pub(super) const MANIFEST: &str = "manifest.json";

/// What is behind the name of a folder or file that is not whole yet.
const PART: &str = "part";

/// What is behind the name of a folder that is being removed.
const REMOVED: &str = "removed";

/// What is behind the name of a folder that was found damaged.
const DAMAGED: &str = "damaged";

/// The files of a folder.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Manifest(BTreeMap<String, ManifestFile>);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ManifestFile {
    bytes: u64,
    sha256: String,
}

/// A folder in the making.
pub(super) struct WholeFolder {
    path: PathBuf,
    part: PathBuf,
    manifest: Manifest,
}

impl WholeFolder {
    /// Begins one beside its place.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let part = path.with_added_extension(PART);
        std::fs::create_dir(&part).map_err(|error| Failure::writing(&part, &error))?;
        Ok(Self { path: path.to_owned(), part, manifest: Manifest::default() })
    }

    /// Writes one of its files, down to the disk.
    pub(super) fn write(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let path = self.part.join(name);
        let file = write_synced(&path, content).map_err(|error| Failure::writing(&path, &error))?;
        self.manifest.0.insert(name.to_owned(), file);
        Ok(())
    }

    /// Gives it its name.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Self { path, part, manifest } = &self;
        let finish = || {
            let text = serde_json::to_vec_pretty(manifest)?;
            write_synced(&part.join(MANIFEST), |out| out.write_all(&text))?;
            sync_folder(part)?;
            std::fs::rename(part, path)?;
            path.parent().map_or(Ok(()), sync_folder)
        };
        finish().map_err(|error| Failure::writing(path, &error))
    }
}

impl Drop for WholeFolder {
    fn drop(&mut self) {
        // Once it has its name there is nothing to remove. What can't be removed now the next worker removes.
        let _ = std::fs::remove_dir_all(&self.part);
    }
}

/// Writes a file as a whole.
pub(super) fn write_whole(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let part = path.with_added_extension(PART);
    let write = || {
        write_synced(&part, content)?;
        std::fs::rename(&part, path)?;
        path.parent().map_or(Ok(()), sync_folder)
    };
    write().map_err(|error| {
        // What is left of it takes up the room that is lacking; the next worker removes it too.
        let _ = std::fs::remove_file(&part);
        Failure::writing(path, &error)
    })
}

/// Removes a folder; a half-removed one never has its name.
pub(super) fn remove_folder(path: &Path) -> io::Result<()> {
    let removed = path.with_added_extension(REMOVED);
    std::fs::rename(path, &removed)?;
    std::fs::remove_dir_all(&removed)
}

/// Sets aside a folder that is damaged.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = path.with_added_extension(DAMAGED);
    if aside.exists() {
        std::fs::remove_dir_all(&aside)?;
    }
    std::fs::rename(path, &aside)?;
    Ok(aside)
}

/// Removes what an earlier process left unfinished in a folder.
pub(super) fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == PART || extension == REMOVED) {
            if path.is_dir() { std::fs::remove_dir_all(&path)? } else { std::fs::remove_file(&path)? }
        }
    }
    Ok(())
}

/// Whether a folder is as it was written; what is wrong with it, in words.
pub(super) fn check_folder(folder: &Path) -> Result<(), String> {
    let words = |error: io::Error| error.to_string();
    let manifest = std::fs::read(folder.join(MANIFEST)).map_err(words)?;
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(|error| format!("{MANIFEST}: {error}"))?;
    for (name, expected) in &manifest.0 {
        let path = folder.join(name);
        let bytes = std::fs::metadata(&path).map_err(|error| format!("{name}: {error}"))?.len();
        let sha256 = Checksum::of_file(&path, &|_| {}).map_err(|error| format!("{name}: {error}"))?.to_string();
        if (ManifestFile { bytes, sha256 }) != *expected {
            return Err(format!("{name} is not as it was written"));
        }
    }
    Ok(())
}

/// Writes a file down to the disk, and says what is in it.
fn write_synced(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<ManifestFile> {
    let mut file = Summed { file: BufWriter::new(File::create(path)?), sum: Sha256::new(), bytes: 0 };
    content(&mut file)?;
    let Summed { file, sum, bytes } = file;
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(ManifestFile { bytes, sha256: Checksum::from(sum).to_string() })
}

struct Summed {
    file: BufWriter<File>,
    sum: Sha256,
    bytes: u64,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
