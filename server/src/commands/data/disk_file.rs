//! A preparation's files on disk. They are gone when the command ends: the recipe makes everything again.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use shared::dataset::preparation::StoredFile;

/// A file without a name.
pub(super) struct DiskFile(RefCell<File>);

impl DiskFile {
    pub(super) fn new(file: File) -> Self {
        Self(RefCell::new(file))
    }
}

impl StoredFile for DiskFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.borrow().metadata()?.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut file = self.0.borrow_mut();
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.0.borrow_mut();
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.borrow().set_len(length)
    }

    fn flush(&self) -> io::Result<()> {
        // Nobody finds the file after a crash.
        Ok(())
    }
}
