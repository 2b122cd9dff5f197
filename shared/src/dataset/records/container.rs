//! Which container a file is, by its name and its first bytes.

use std::io::{self, Read};

use memchr::memchr_iter;

use super::Records;
use super::chatml_text::ChatMlText;
use super::json_array::{self, JsonArray};
use super::json_lines::JsonLines;
use super::table::Table;
use super::utf8_reader::Utf8Reader;
use super::window::BYTE_ORDER_MARK;

/// What rows come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// An object on each line.
    JsonLines,
    /// Objects over however many lines: one list of them; an object that has that list in a member called `data`, `rows`,
    /// `records`, `examples` or `train`, whose other members are no rows; or one object after the other.
    JsonArray,
    /// A table of texts.
    Table {
        /// What is between its cells: a comma, a tab, a semicolon.
        separator: u8,
        /// Whether an apostrophe before what spreadsheets would take for a formula was put there by whoever wrote the table,
        /// and is taken away. No file says so by itself.
        has_protected_cells: bool,
    },
    /// ChatML's text.
    ChatMlText,
}

/// What a file's first bytes say that it is instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownContainer {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// No text at all.
    #[error(
        "the file is {0}, which can't be read here; export its rows as JSON Lines or CSV, or a document as PDF or HTML"
    )]
    Binary(&'static str),
    /// Text without rows.
    #[error(
        "the file begins like none that holds rows: JSON Lines and JSON begin with a bracket, tables (.csv, .tsv) with the \
         names of their columns, ChatML with <|im_start|>; documents are called .md, .txt, .html or .pdf"
    )]
    Text,
}

impl Container {
    /// Finds it, from a file's name and its first bytes (a few KiB are enough).
    ///
    /// # Errors
    /// The file holds no rows.
    pub fn find(file_name: &str, first_bytes: &[u8]) -> Result<Self, UnknownContainer> {
        let kinds: [(&[u8], &'static str); 4] = [
            (b"PAR1", "Parquet"),
            (b"\x1F\x8B", "compressed (gzip)"),
            (b"\x28\xB5\x2F\xFD", "compressed (zstd)"),
            (b"PK\x03\x04", "a ZIP archive or an office document"),
        ];
        if let Some((_, name)) = kinds.iter().find(|(mark, _)| first_bytes.starts_with(mark)) {
            return Err(UnknownContainer::Binary(name));
        }
        let text = first_bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first_bytes).trim_ascii_start();
        if is_binary(text) {
            return Err(UnknownContainer::Binary("no text"));
        }
        let table = |separator| Self::Table { separator, has_protected_cells: false };
        let extension = file_name.rsplit_once('.').map_or(String::new(), |(_, end)| end.to_ascii_lowercase());
        let is_named_lines = matches!(&*extension, "jsonl" | "ndjson");
        match (text, &*extension) {
            ([], _) => Err(UnknownContainer::Empty),
            ([b'{', ..], _) if json_array::goes_over_lines(text) => Ok(Self::JsonArray),
            ([b'{', ..], _) if !is_named_lines && json_array::rows_within(text).is_some() => Ok(Self::JsonArray),
            ([b'{', ..], _) => Ok(Self::JsonLines),
            ([b'[', ..], _) => Ok(Self::JsonArray),
            (text, _) if text.starts_with(b"<|im_start|>") => Ok(Self::ChatMlText),
            (text, "tsv" | "tab") => Ok(table(separator(text, b'\t'))),
            (text, "csv") => Ok(table(separator(text, b','))),
            // A first line that is no row is set aside as any other.
            _ if is_named_lines => Ok(Self::JsonLines),
            _ => Err(UnknownContainer::Text),
        }
    }

    /// Reads the rows.
    ///
    /// # Errors
    /// The file can't be read, or a table's first line names no columns.
    pub fn read<'a>(self, source: impl Read + Send + 'a) -> io::Result<Box<dyn Records + 'a>> {
        let source = Utf8Reader::new(source);
        Ok(match self {
            Self::JsonLines => Box::new(JsonLines::new(source)),
            Self::JsonArray => Box::new(JsonArray::new(source)),
            Self::Table { separator, has_protected_cells } => {
                Box::new(Table::new(source, separator, has_protected_cells)?)
            }
            Self::ChatMlText => Box::new(ChatMlText::new(source)),
        })
    }
}

/// Whether bytes are no text. One damaged row of a text may have a zero in it; in programs' own files, and in UTF-16 without
/// its mark, they are many.
pub(in crate::dataset) fn is_binary(first_bytes: &[u8]) -> bool {
    memchr_iter(0, first_bytes).count() * 8 > first_bytes.len()
}

/// What separates the names of a table's columns: the most frequent of the usual ones, or `usual`.
fn separator(text: &[u8], usual: u8) -> u8 {
    let header = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |separator: u8| header.iter().filter(|byte| **byte == separator).count();
    let found = [b',', b'\t', b';', b'|'].into_iter().max_by_key(|&it| (count(it), it == usual));
    found.filter(|&it| count(it) > 0).unwrap_or(usual)
}
