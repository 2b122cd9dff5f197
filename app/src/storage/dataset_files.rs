//! Datasets in the browser's storage: a folder for each, and files that people bring.

use std::io::{self, Read, Seek, SeekFrom};

use engine::source::ReadAt;
use send_wrapper::SendWrapper;
use shared::dataset::preparation::{Files, StoredFile};

use super::blob_source::BlobSource;
use super::opfs::{Directory, SyncFile};

/// The folder of all datasets.
const DATASETS: &str = "datasets";

/// Where exported files wait for the person to save them.
pub const EXPORTS: &str = "exports";

/// A dataset's folder, made where it is missing.
///
/// # Errors
/// What the browser says.
pub async fn folder(id: &str) -> Result<Directory, String> {
    Directory::root().await?.make_directory(DATASETS).await?.make_directory(id).await
}

/// Removes a dataset's folder.
///
/// # Errors
/// What the browser says, for example while another tab uses it.
pub async fn remove(id: &str) -> Result<(), String> {
    match Directory::root().await?.find_directory(DATASETS).await {
        Some(datasets) => datasets.remove(id).await,
        None => Ok(()),
    }
}

/// Opens a dataset's files; nobody else may have them open.
///
/// # Errors
/// What the browser says.
pub async fn open(folder: &Directory) -> Result<Files<SyncFile>, String> {
    let [journal, texts, entries, changes, aside, scratch, answers] = Files::<SyncFile>::NAMES;
    // The journal is opened first: who has it has the others.
    Ok(Files {
        journal: folder.open_to_write(journal).await?,
        texts: folder.open_to_write(texts).await?,
        entries: folder.open_to_write(entries).await?,
        changes: folder.open_to_write(changes).await?,
        aside: folder.open_to_write(aside).await?,
        scratch: folder.open_to_write(scratch).await?,
        answers: folder.open_to_write(answers).await?,
    })
}

impl StoredFile for SyncFile {
    fn length(&self) -> io::Result<u64> {
        self.len_bytes().map_err(io::Error::other)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_at(offset, buffer)
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_at(offset, bytes).map_err(io::Error::other)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        SyncFile::truncate(self, length).map_err(io::Error::other)
    }

    fn flush(&self) -> io::Result<()> {
        SyncFile::flush(self).map_err(io::Error::other)
    }
}

/// Writes a file of the browser's storage from its beginning.
pub struct SyncFileWriter {
    // A worker has one thread; who writes columns asks for more.
    file: SendWrapper<SyncFile>,
    end_bytes: u64,
}

impl SyncFileWriter {
    /// Begins with an empty file.
    ///
    /// # Errors
    /// What the browser says.
    pub fn new(file: SyncFile) -> Result<Self, String> {
        SyncFile::truncate(&file, 0)?;
        Ok(Self { file: SendWrapper::new(file), end_bytes: 0 })
    }

    /// How much was written.
    pub fn bytes(&self) -> u64 {
        self.end_bytes
    }
}

impl io::Write for SyncFileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_at(self.end_bytes, bytes).map_err(io::Error::other)?;
        self.end_bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        SyncFile::flush(&self.file).map_err(io::Error::other)
    }
}

/// How much of a blob is read at a time: small reads of one are slow.
const BLOCK_BYTES: usize = 4 << 20;

/// A person's file, read from any place; works in a worker only, which has one thread.
pub struct BlobReader {
    source: SendWrapper<BlobSource>,
    position: u64,
    block: Vec<u8>,
    block_offset: u64,
}

impl BlobReader {
    /// Reads from its beginning.
    ///
    /// # Errors
    /// Outside a worker.
    pub fn new(blob: web_sys::Blob) -> Result<Self, String> {
        let source = SendWrapper::new(BlobSource::new(blob)?);
        Ok(Self { source, position: 0, block: Vec::new(), block_offset: 0 })
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.source.size_bytes();
        let block_end = self.block_offset + self.block.len() as u64;
        if self.position < self.block_offset || self.position >= block_end {
            let length = size.saturating_sub(self.position).min(BLOCK_BYTES as u64) as usize;
            self.block.resize(length, 0);
            self.block_offset = self.position;
            if let Err(error) = self.source.read_exact_at(self.position, &mut self.block) {
                self.block.clear();
                return Err(error);
            }
        }
        let from = (self.position - self.block_offset) as usize;
        let read = buffer.len().min(self.block.len() - from);
        buffer[..read].copy_from_slice(&self.block[from..from + read]);
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        let size = self.source.size_bytes();
        let position = match place {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
