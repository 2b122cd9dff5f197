//! Which container a file is, by its name and its first bytes.

use std::io::{self, Read};

use super::Records;
use super::chatml_text::ChatMlText;
use super::json_array::JsonArray;
use super::json_lines::JsonLines;
use super::table::Table;
use super::window::BYTE_ORDER_MARK;

/// What rows come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// An object on each line.
    JsonLines,
    /// One list of objects.
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
    /// Text in another encoding.
    #[error("the file is in {0}; save it as UTF-8")]
    Encoding(&'static str),
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
        let encodings: [(&[u8], &'static str); 2] = [(b"\xFF\xFE", "UTF-16"), (b"\xFE\xFF", "UTF-16")];
        let kinds: [(&[u8], &'static str); 4] = [
            (b"PAR1", "Parquet"),
            (b"\x1F\x8B", "compressed (gzip)"),
            (b"\x28\xB5\x2F\xFD", "compressed (zstd)"),
            (b"PK\x03\x04", "a ZIP archive or an office document"),
        ];
        if let Some((_, name)) = encodings.iter().find(|(mark, _)| first_bytes.starts_with(mark)) {
            return Err(UnknownContainer::Encoding(name));
        }
        if let Some((_, name)) = kinds.iter().find(|(mark, _)| first_bytes.starts_with(mark)) {
            return Err(UnknownContainer::Binary(name));
        }
        let text = first_bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first_bytes).trim_ascii_start();
        if text.contains(&0) {
            return Err(UnknownContainer::Binary("no text"));
        }
        let table = |separator| Self::Table { separator, has_protected_cells: false };
        let extension = file_name.rsplit_once('.').map_or(String::new(), |(_, end)| end.to_ascii_lowercase());
        match (text, &*extension) {
            ([], _) => Err(UnknownContainer::Empty),
            ([b'{', ..], _) => Ok(Self::JsonLines),
            ([b'[', ..], _) => Ok(Self::JsonArray),
            (text, _) if text.starts_with(b"<|im_start|>") => Ok(Self::ChatMlText),
            (text, "tsv" | "tab") => Ok(table(separator(text, b'\t'))),
            (text, "csv") => Ok(table(separator(text, b','))),
            _ => Err(UnknownContainer::Text),
        }
    }

    /// Reads the rows.
    ///
    /// # Errors
    /// The file can't be read, or a table's first line names no columns.
    pub fn read<'a>(self, source: impl Read + Send + 'a) -> io::Result<Box<dyn Records + 'a>> {
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

/// What separates the names of a table's columns: the most frequent of the usual ones, or `usual`.
fn separator(text: &[u8], usual: u8) -> u8 {
    let header = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| header.iter().filter(|byte| **byte == separator).count();
    let found = [b',', b'\t', b';', b'|'].into_iter().max_by_key(|&it| (count(it), it == usual));
    found.filter(|&it| count(it) > 0).unwrap_or(usual)
}
