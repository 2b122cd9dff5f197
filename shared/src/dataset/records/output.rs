//! Files of rows that are written: rows go in one by one, and the end of the file comes with `finish`.

use std::io::{self, Write};

use super::compression::{CompressedWriter, Compression};

/// Writes rows to a file.
pub trait RecordWriter {
    /// Writes a row, which is a JSON object in text, as a format writes it.
    ///
    /// # Errors
    /// The file can't hold the row, and holds the others; or it can't be written to.
    fn write_record(&mut self, row: &str) -> Result<(), WriteFault>;

    /// Writes what ends the file.
    ///
    /// # Errors
    /// It can't be written to.
    fn finish(self: Box<Self>) -> io::Result<Written>;
}

/// Why a row is not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    /// What of it such a file can't hold.
    #[error("such a file has no place for {0}")]
    Lacks(String),
    /// The file can't be written to.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What a person should know about a file that was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Cells of a table with an apostrophe before them, so that no spreadsheet takes them for formulas.
    pub protected_cells: u64,
}

/// Where a container's bytes go.
pub(super) enum Output<W: Write> {
    Plain(W),
    Compressed(CompressedWriter<W>),
}

impl<W: Write> Output<W> {
    pub(super) fn new(out: W, compression: Option<Compression>) -> Self {
        match compression {
            None => Self::Plain(out),
            Some(compression) => Self::Compressed(compression.writer(out)),
        }
    }

    /// Writes what is left.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Compressed(out) => out.finish()?.flush(),
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Compressed(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Compressed(out) => out.flush(),
        }
    }
}
