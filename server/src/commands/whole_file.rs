//! A file that is whole or not there at all: it is written beside its place, and gets its name at the end.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// How much is written at a time: files of rows are long.
const BLOCK_BYTES: usize = 1 << 20;

/// A file that has its name once it is whole.
pub(super) struct WholeFile<'a> {
    path: &'a Path,
    part: PathBuf,
    file: BufWriter<File>,
}

impl<'a> WholeFile<'a> {
    /// Begins a file, beside what may be there.
    pub(super) fn create(path: &'a Path) -> Result<Self> {
        check_folder(path)?;
        let part = PathBuf::from(format!("{}.part", path.display()));
        let file = File::create(&part).with_context(|| format!("writing {}", part.display()))?;
        Ok(Self { path, part, file: BufWriter::with_capacity(BLOCK_BYTES, file) })
    }

    /// Gives it its name.
    pub(super) fn finish(mut self) -> Result<()> {
        let writing = || format!("writing {}", self.path.display());
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).with_context(writing)?;
        std::fs::rename(&self.part, self.path).with_context(writing)
    }
}

impl Write for WholeFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile<'_> {
    fn drop(&mut self) {
        // Once it has its name there is nothing to remove; where it can't be removed, the next run writes over it.
        let _ = std::fs::remove_file(&self.part);
    }
}

/// Writes a text as a whole file.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(text.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
    file.finish()
}

/// Checks, before any work is done, that there is a folder for a file that is to be written.
pub(super) fn check_folder(file: &Path) -> Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            bail!("{} can't be written: there is no folder {}", file.display(), folder.display())
        }
        _ => Ok(()),
    }
}
