//! What rows come in and go out to: JSON Lines, one JSON list or object, a table, ChatML's text, each perhaps compressed, and Parquet;
//! and documents, which they only come in ([`documents`](super::documents)).
//! Files are read in little memory however long they are, and what can't be read is given with its place, so that nothing is
//! lost.

mod chatml_text;
mod columns;
mod compression;
mod container;
mod counted;
mod damage;
mod file_kind;
mod json_array;
mod json_lines;
mod lines;
mod output;
mod parquet;
mod place;
mod shares;
mod table;
mod utf8_reader;
mod window;

use std::io;

pub use self::columns::Columns;
pub use self::compression::{CompressedWriter, Compression};
pub(super) use self::container::is_binary;
pub use self::container::{Container, UnknownContainer};
pub use self::counted::{Counted, ReadBytes};
pub use self::file_kind::{FileKind, UnknownEnding};
pub(super) use self::json_lines::text as utf8;
pub(super) use self::lines::{Line, Lines};
pub use self::output::{RecordWriter, WriteFault, Written};
pub use self::place::{FaultPlace, Place};
pub use self::shares::{Share, Shares};
pub(super) use self::utf8_reader::Utf8Reader;
pub(super) use self::window::BYTE_ORDER_MARK;

use super::formats::Format;
use super::json::Value;

/// Longest row in bytes. Whoever has longer ones has a file that is not what they think.
pub const MOST_RECORD_BYTES: usize = 16 << 20;

/// How much of a row that is too long is shown.
const SHOWN_BYTES: usize = 1024;

/// One row of a file.
#[derive(Debug)]
pub struct Record<'a> {
    /// Where it begins.
    pub place: Place,
    /// What it is, or why it can't be read.
    pub content: Result<Value<'a>, Broken<'a>>,
}

/// A row that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken<'a> {
    /// Where it breaks.
    pub at: FaultPlace,
    /// Why.
    pub reason: String,
    /// Its bytes as they are; the beginning only, where it is too long.
    pub bytes: &'a [u8],
}

impl<'a> Broken<'a> {
    /// One of which only the beginning is kept: `what` it is, and its length in bytes.
    fn too_long(what: &str, line: u64, length: u64, bytes: &'a [u8]) -> Self {
        let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
        let most = MOST_RECORD_BYTES >> 20;
        let reason = format!("the {what} has {length} bytes; a row may have {most} MiB");
        Self { at: FaultPlace::Line { line, column: None }, reason, bytes: shown }
    }
}

/// The rows of a file, in order. They may be read on another thread.
pub trait Records: Send {
    /// The next one.
    ///
    /// # Errors
    /// The file can't be read on.
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>>;

    /// The format of all rows, where that does not depend on their columns.
    fn format(&self) -> Option<Format> {
        None
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod written_tests;
