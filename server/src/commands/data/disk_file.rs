//! A preparation's files on disk. They are gone when the command ends, for the recipe makes everything again; only the
//! answers of models stay.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use shared::dataset::preparation::{Files, StoredFile};

/// A file, mostly one without a name.
pub(super) struct DiskFile {
    file: RefCell<File>,
    is_kept: bool,
}

impl DiskFile {
    /// A file that nobody finds after a crash.
    pub(super) fn new(file: File) -> Self {
        Self { file: RefCell::new(file), is_kept: false }
    }

    /// A file that has a name.
    pub(super) fn kept(file: File) -> Self {
        Self { file: RefCell::new(file), is_kept: true }
    }
}

/// The files of a preparation, none of which has a name.
pub(super) fn temporary_files(folder: &Path) -> Result<Files<DiskFile>> {
    let file = || tempfile::tempfile_in(folder).map(DiskFile::new);
    let files = (0..Files::<DiskFile>::NAMES.len()).map(|_| file()).collect::<io::Result<Vec<_>>>();
    let files = files.with_context(|| format!("keeping the work under way in {}", folder.display()))?;
    let Ok(files) = files.try_into() else { bail!("a preparation has another number of files") };
    Ok(Files::from_array(files))
}

impl StoredFile for DiskFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.file.borrow().metadata()?.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.borrow().set_len(length)
    }

    fn flush(&self) -> io::Result<()> {
        if self.is_kept { self.file.borrow().sync_data() } else { Ok(()) }
    }
}
