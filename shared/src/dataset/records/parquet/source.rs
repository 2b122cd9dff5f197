//! A file as the `parquet` crate reads it: pieces of any place.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// Longest header of a page: with the least and the greatest of long texts in it they have some 16 KiB.
const HEADER_BYTES: usize = 64 << 10;

/// A file that can be read at any place.
pub(super) struct Source<R> {
    file: Mutex<R>,
    size_bytes: u64,
    /// Why the file could not be read; the crate's own errors no longer say so.
    failure: Mutex<Option<io::Error>>,
}

impl<R: Read + Seek + Send> Source<R> {
    pub(super) fn new(mut file: R) -> io::Result<Self> {
        let size_bytes = file.seek(SeekFrom::End(0))?;
        Ok(Self { file: Mutex::new(file), size_bytes, failure: Mutex::new(None) })
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Bytes from a place on, as many as there are.
    pub(super) fn read_at(&self, start: u64, most: usize) -> io::Result<Vec<u8>> {
        let there = usize::try_from(self.size_bytes.saturating_sub(start)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; most.min(there)];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Why the file itself could not be read, if that is what went wrong last.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn read(&self, start: u64, most: usize) -> Result<Vec<u8>> {
        self.read_at(start, most).map_err(|error| {
            let told = ParquetError::General(error.to_string());
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            told
        })
    }
}

impl<R: Read + Seek + Send> Length for Source<R> {
    fn len(&self) -> u64 {
        self.size_bytes
    }
}

impl<R: Read + Seek + Send + 'static> ChunkReader for Source<R> {
    type T = io::Cursor<Vec<u8>>;

    /// What is read so are headers of pages. They are short; one that is not is cut, and refused.
    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(io::Cursor::new(self.read(start, HEADER_BYTES)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.read(start, length)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!(
                "{length} bytes should be at {start}, and the file ends at {}",
                self.size_bytes
            )));
        }
        Ok(bytes.into())
    }
}
