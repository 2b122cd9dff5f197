//! What a file of rows is: a text, perhaps compressed, columns, or a document; told by its name and its first bytes.

use std::io::{self, Read, Seek, Write};

use super::chatml_text::ChatMlTextWriter;
use super::compression::Compression;
use super::damage::WholeRows;
use super::json_array::JsonArrayWriter;
use super::json_lines::JsonLinesWriter;
use super::output::{Output, RecordWriter};
use super::parquet::{Parquet, ParquetWriter};
use super::table::TableWriter;
use super::{Columns, Container, Records, UnknownContainer, Utf8Reader};
use crate::dataset::documents::{self, Chunking, DocumentKind};

/// What a file of rows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A text, which is read from front to back.
    Text {
        /// What its rows come in.
        container: Container,
        /// How it is compressed, if it is.
        compression: Option<Compression>,
    },
    /// Apache Parquet, which is read at many places.
    Parquet,
    /// A document, whose chunks are rows. Only read.
    Document {
        /// What it is written in.
        kind: DocumentKind,
        /// How it is compressed, if it is.
        compression: Option<Compression>,
    },
}

/// A file name that does not say what the file should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} has an ending that no file of rows has here; use .jsonl, .json, .csv, .tsv, .txt (ChatML) or .parquet, and all but the \
     last also with .gz or .zst"
)]
pub struct UnknownEnding(String);

/// Bytes that tell what a file is.
const FIRST_BYTES: u64 = 64 << 10;

impl FileKind {
    /// Finds it, from a file's name and its first bytes (64 KiB are enough).
    ///
    /// # Errors
    /// The file holds no rows.
    pub fn find(file_name: &str, first_bytes: &[u8]) -> Result<Self, UnknownContainer> {
        if first_bytes.starts_with(b"PAR1") {
            return Ok(Self::Parquet);
        }
        let Some(compression) = Compression::find(first_bytes) else {
            return Self::find_within(file_name, first_bytes, None);
        };
        let (name_within, _) = Compression::of_name(file_name);
        Self::find_within(name_within, &compression.first_bytes_within(first_bytes), Some(compression))
    }

    fn find_within(
        file_name: &str,
        first_bytes: &[u8],
        compression: Option<Compression>,
    ) -> Result<Self, UnknownContainer> {
        let mut text = Vec::new();
        // A slice can be read.
        let _ = Utf8Reader::new(first_bytes).read_to_end(&mut text);
        let first_bytes = &*text;
        if let Some(kind) = DocumentKind::find(file_name, first_bytes) {
            return Ok(Self::Document { kind, compression });
        }
        let container = Container::find(file_name, first_bytes)?;
        Ok(Self::Text { container, compression })
    }

    /// Finds it, from a file's name and its beginning, to which the file is set back.
    ///
    /// # Errors
    /// The file can't be read, or, within, it holds no rows.
    pub fn look(file_name: &str, file: &mut (impl Read + Seek)) -> io::Result<Result<Self, UnknownContainer>> {
        let mut first = Vec::new();
        file.by_ref().take(FIRST_BYTES).read_to_end(&mut first)?;
        file.rewind()?;
        Ok(Self::find(file_name, &first))
    }

    /// What a file should be, by its name alone: `rows.csv.gz`.
    ///
    /// # Errors
    /// The name has no ending that is known here.
    pub fn of_name(file_name: &str) -> Result<Self, UnknownEnding> {
        let (name, compression) = Compression::of_name(file_name);
        let ending = name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase());
        let container = match &*ending {
            "jsonl" | "ndjson" => Container::JsonLines,
            "json" => Container::JsonArray,
            "csv" => Container::Table { separator: b',', has_protected_cells: false },
            "tsv" | "tab" => Container::Table { separator: b'\t', has_protected_cells: false },
            "txt" | "chatml" => Container::ChatMlText,
            "parquet" if compression.is_none() => return Ok(Self::Parquet),
            _ => return Err(UnknownEnding(file_name.to_owned())),
        };
        Ok(Self::Text { container, compression })
    }

    /// The same; in a table, apostrophes before what spreadsheets would take for formulas were put there to protect from that,
    /// as [`FileKind::writer`] does, and are taken away.
    #[must_use]
    pub fn with_protected_cells(self) -> Self {
        match self {
            Self::Text { container: Container::Table { separator, .. }, compression } => {
                Self::Text { container: Container::Table { separator, has_protected_cells: true }, compression }
            }
            other => other,
        }
    }

    /// Whether all rows must be looked at before the first is written: [`Columns`].
    pub fn needs_columns(self) -> bool {
        matches!(self, Self::Parquet | Self::Text { container: Container::Table { .. }, .. })
    }

    /// Begins a file. What spreadsheets would take for formulas gets an apostrophe in tables with protected cells.
    ///
    /// # Errors
    /// It can't be written to.
    pub fn writer<'a>(self, out: impl Write + Send + 'a, columns: Columns) -> io::Result<Box<dyn RecordWriter + 'a>> {
        let (container, compression) = match self {
            Self::Parquet => return Ok(Box::new(ParquetWriter::new(out, columns)?)),
            Self::Text { container, compression } => (container, compression),
            Self::Document { kind, .. } => {
                let words = format!("rows are read from documents ({kind}) and not written to them");
                return Err(io::Error::new(io::ErrorKind::Unsupported, words));
            }
        };
        let out = Output::new(out, compression);
        Ok(match container {
            Container::JsonLines => Box::new(JsonLinesWriter::new(out)),
            Container::JsonArray => Box::new(JsonArrayWriter::new(out)),
            Container::Table { separator, has_protected_cells } => {
                Box::new(TableWriter::new(out, separator, columns, has_protected_cells)?)
            }
            Container::ChatMlText => Box::new(ChatMlTextWriter::new(out)),
        })
    }

    /// Whether it can be cut into [`Shares`](super::Shares), which are read beside one another.
    pub fn can_be_shared(self) -> bool {
        matches!(self, Self::Text { container: Container::JsonLines, compression: None })
    }

    /// Reads the rows. Those of documents have the file's name, and are cut as it is said.
    ///
    /// # Errors
    /// The file can't be read, its columns can't be told, or there is no text in the document.
    pub fn read(
        self,
        file: impl Read + Seek + Send + 'static,
        file_name: &str,
        chunking: Chunking,
    ) -> io::Result<Box<dyn Records>> {
        match self {
            Self::Text { container, compression: None } => container.read(file),
            Self::Text { container, compression: Some(compression) } => {
                Ok(Box::new(WholeRows::new(container.read(compression.reader(file))?)))
            }
            Self::Parquet => Ok(Box::new(Parquet::new(file)?)),
            Self::Document { kind, compression: None } => documents::open(kind, file, file_name, chunking),
            Self::Document { kind, compression: Some(compression) } => {
                let records = documents::open(kind, compression.reader(file), file_name, chunking)?;
                Ok(Box::new(WholeRows::new(records)))
            }
        }
    }
}
