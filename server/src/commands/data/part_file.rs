//! A file that has its name once it is whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::super::suite_files::check_folder;

/// A file that has its name once it is whole.
pub(super) struct PartFile<'a> {
    path: &'a Path,
    part: PathBuf,
    file: BufWriter<File>,
}

impl<'a> PartFile<'a> {
    pub(super) fn create(path: &'a Path) -> Result<Self> {
        check_folder(path)?;
        let part = PathBuf::from(format!("{}.part", path.display()));
        let file = File::create(&part).with_context(|| format!("writing {}", part.display()))?;
        Ok(Self { path, part, file: BufWriter::new(file) })
    }

    pub(super) fn finish(mut self) -> Result<()> {
        let writing = || format!("writing {}", self.path.display());
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).with_context(writing)?;
        std::fs::rename(&self.part, self.path).with_context(writing)
    }
}

impl Write for PartFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PartFile<'_> {
    fn drop(&mut self) {
        // Once it has its name there is nothing to remove; where it can't be removed, the next run writes over it.
        let _ = std::fs::remove_file(&self.part);
    }
}
