//! The files that a preparation keeps its work in: natively on disk, in a tab in the browser's own storage (OPFS).

use std::cell::RefCell;
use std::io;

/// One file, read and written at any place. Whoever implements it has the only handle.
pub trait StoredFile {
    /// Its length in bytes.
    ///
    /// # Errors
    /// The storage fails.
    fn length(&self) -> io::Result<u64>;

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// The storage fails, or the file ends before.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes `bytes` from `offset` on, beyond the end as well.
    ///
    /// # Errors
    /// The storage fails or is full; part of the bytes may be there then.
    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts it to `length` bytes.
    ///
    /// # Errors
    /// The storage fails.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Returns once everything written is safe.
    ///
    /// # Errors
    /// The storage fails.
    fn flush(&self) -> io::Result<()>;
}

/// The files of one preparation. All but the journal and the answers mean nothing without it.
#[derive(Debug, Default)]
pub struct Files<F> {
    /// What happened, a line each: the only file that is never cut.
    pub journal: F,
    /// The rows' texts, one after the other.
    pub texts: F,
    /// Where each text is and what it is of.
    pub entries: F,
    /// What each step did to which row.
    pub changes: F,
    /// What could not be read as a row, as JSON Lines.
    pub aside: F,
    /// What a step needs while it runs, and nothing else.
    pub scratch: F,
    /// What models answered, as JSON Lines. The journal says nothing of it and needs not: an answer is found by its
    /// request, whatever was done or taken back since, and one that is half-written is asked for again.
    pub answers: F,
}

impl<F> Files<F> {
    /// Their names, in a folder of the preparation.
    pub const NAMES: [&str; 7] = ["journal", "texts", "entries", "changes", "aside", "scratch", "answers"];

    /// From files in the order of [`Self::NAMES`].
    pub fn from_array([journal, texts, entries, changes, aside, scratch, answers]: [F; 7]) -> Self {
        Self { journal, texts, entries, changes, aside, scratch, answers }
    }
}

/// A file in memory, for little work and for tests.
#[derive(Debug, Default)]
pub struct MemoryFile(RefCell<Vec<u8>>);

impl StoredFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.borrow().len() as u64)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = self.0.borrow();
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let found = start.checked_add(buffer.len()).and_then(|end| bytes.get(start..end));
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut kept = self.0.borrow_mut();
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let end = start + bytes.len();
        if kept.len() < end {
            kept.resize(end, 0);
        }
        kept[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.borrow_mut().truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// How much is written at a time.
const BLOCK_BYTES: usize = 1 << 20;

/// Writes behind a file's end, block by block. What is not [flushed](Self::flush) is not there yet.
#[derive(Debug)]
pub(super) struct Appender<'a, F> {
    file: &'a F,
    block: Vec<u8>,
    /// Where the block begins.
    offset: u64,
}

impl<'a, F: StoredFile> Appender<'a, F> {
    pub(super) fn new(file: &'a F, offset: u64) -> Self {
        Self { file, block: Vec::new(), offset }
    }

    /// Where the next bytes go.
    pub(super) fn end(&self) -> u64 {
        self.offset + self.block.len() as u64
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.block.extend_from_slice(bytes);
        if self.block.len() >= BLOCK_BYTES { self.flush() } else { Ok(()) }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(self.offset, &self.block)?;
        self.offset += self.block.len() as u64;
        self.block.clear();
        Ok(())
    }
}

/// A part of a file that moves along with its reader. Reading forwards takes large blocks; jumping takes little.
#[derive(Debug)]
pub(super) struct Window<'a, F> {
    file: &'a F,
    /// The file's length as far as it is read.
    length: u64,
    block: Vec<u8>,
    offset: u64,
}

/// How much is read where the reader jumped.
const JUMP_BYTES: usize = 4 << 10;

impl<'a, F: StoredFile> Window<'a, F> {
    pub(super) fn new(file: &'a F, length: u64) -> Self {
        Self { file, length, block: Vec::new(), offset: 0 }
    }

    /// The bytes there.
    pub(super) fn at(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let end = offset + length as u64;
        let block_end = self.offset + self.block.len() as u64;
        if offset < self.offset || end > block_end {
            let goes_on = offset >= self.offset && offset <= block_end;
            let wanted = length.max(if goes_on { BLOCK_BYTES } else { JUMP_BYTES }) as u64;
            let there = wanted.min(self.length.saturating_sub(offset)).max(length as u64);
            self.block.resize(usize::try_from(there).map_err(|_| io::ErrorKind::OutOfMemory)?, 0);
            self.offset = offset;
            if let Err(error) = self.file.read_exact_at(offset, &mut self.block) {
                self.block.clear();
                return Err(error);
            }
        }
        let start = usize::try_from(offset - self.offset).map_err(|_| io::ErrorKind::OutOfMemory)?;
        Ok(&self.block[start..start + length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_read_in_any_order() {
        let file = MemoryFile::default();
        let mut appender = Appender::new(&file, 0);
        for number in 0..400_000_u64 {
            appender.append(&number.to_le_bytes()).unwrap();
        }
        assert_eq!(appender.end(), 3_200_000);
        appender.flush().unwrap();
        let mut window = Window::new(&file, file.length().unwrap());
        for number in [0, 1, 2, 300_000, 7, 399_999, 131_071, 131_072, 131_073, 399_998] {
            assert_eq!(window.at(number * 8, 8).unwrap(), number.to_le_bytes());
        }
        assert_eq!(window.at(3_199_996, 8).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(window.at(3_199_992, 8).unwrap(), 399_999_u64.to_le_bytes());
    }
}
