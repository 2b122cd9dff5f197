//! The list of files that the service worker keeps, so that the app starts without a network.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::inputs::{files, hash_file, hex};

/// Read by `public/service_worker.js`.
const LIST_FILE: &str = "precache.json";

/// The browser fetches this one on its own terms: kept, it could never be replaced.
const SERVICE_WORKER: &str = "/service_worker.js";

#[derive(Debug, Serialize)]
struct List {
    /// Hash of all files: another one, another version.
    version: String,
    /// Paths in the app's address space.
    files: Vec<String>,
}

/// Writes the list for a folder with a built app.
pub(super) fn write_list(folder: &Path) -> Result<()> {
    let list = list(folder)?;
    let path = folder.join(LIST_FILE);
    std::fs::write(&path, serde_json::to_string_pretty(&list)?).with_context(|| format!("writing {}", path.display()))
}

fn list(folder: &Path) -> Result<List> {
    let mut hasher = Sha256::new();
    let mut paths = Vec::new();
    for file in files(folder)? {
        let relative = file.strip_prefix(folder)?;
        let path: String = relative.iter().map(|part| format!("/{}", part.to_string_lossy())).collect();
        // Its own changes must reach the list too, though it is not on it.
        hasher.update(format!("{path} {}\n", hash_file(&file)?));
        if path != SERVICE_WORKER {
            paths.push(path);
        }
    }
    let mut version = hex(&hasher.finalize());
    version.truncate(16);
    Ok(List { version, files: paths })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_what_starts_the_app_and_its_version_follows_the_contents() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("fonts")).unwrap();
        for name in ["index.html", "app-0123456789abcdef.js", "service_worker.js", "fonts/sans.woff2"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let first = list(folder.path()).unwrap();
        assert_eq!(first.files, ["/app-0123456789abcdef.js", "/fonts/sans.woff2", "/index.html"]);
        assert_eq!(first.version, list(folder.path()).unwrap().version);
        std::fs::write(folder.path().join("index.html"), "changed").unwrap();
        assert_ne!(first.version, list(folder.path()).unwrap().version);
    }
}
