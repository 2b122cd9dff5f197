//! What rows come in: JSON Lines, one JSON list, a table, ChatML's text. Each container reads its file from front to back,
//! in little memory however long the file is, and gives what it can't read with its place, so that nothing is lost.

mod chatml_text;
mod container;
mod json_array;
mod json_lines;
mod lines;
mod table;
mod window;

use std::io;

pub use self::container::{Container, UnknownContainer};

use super::json::Value;

/// Longest row in bytes. Whoever has longer ones has a file that is not what they think.
pub const MOST_RECORD_BYTES: usize = 16 << 20;

/// One row of a file.
#[derive(Debug)]
pub struct Record<'a> {
    /// Where it begins.
    pub place: Place,
    /// What it is, or why it can't be read.
    pub content: Result<Value<'a>, Broken<'a>>,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: u64,
    /// The byte, from 0.
    pub byte: u64,
}

/// A row that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken<'a> {
    /// The line where it breaks, from 1.
    pub line: u64,
    /// The character of that line, from 1, where that is known.
    pub column: Option<u64>,
    /// Why.
    pub reason: String,
    /// Its bytes as they are; the beginning only, where it is too long.
    pub bytes: &'a [u8],
}

/// The rows of a file, in order.
pub trait Records {
    /// The next one.
    ///
    /// # Errors
    /// The file can't be read on.
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>>;
}

#[cfg(test)]
mod tests;
