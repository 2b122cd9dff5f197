//! Documents as rows: a document's blocks are packed into chunks, and each chunk is a row of text whose other columns say
//! where it is from. One kind of document per file.

mod chunks;
mod encoding;
mod html;
mod markdown;
mod outline;
mod pdf;
mod records;
mod sentences;
mod text;

use std::fmt;

use memchr::memmem;

pub use self::chunks::{Chunking, ChunkingFault};
pub(super) use self::records::open;
pub(super) use self::sentences::sentences;

use self::outline::HeadingPath;
use super::records::{FaultPlace, Place, is_binary};

/// Most bytes of a document that is held in memory as a whole. What others call a document is smaller.
pub const MOST_DOCUMENT_BYTES: u64 = 64 << 20;

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// Markdown, as `CommonMark` and GitHub have it.
    Markdown,
    /// Plain text: paragraphs with empty lines between them.
    Text,
    /// A page of the web.
    Html,
    /// PDF.
    Pdf,
}

impl DocumentKind {
    /// Finds it, from a file's name and its first bytes; `None` where the file is no document.
    ///
    /// What a `.txt` file holds decides what it is: it may be rows in ChatML or in JSON.
    pub fn find(file_name: &str, first_bytes: &[u8]) -> Option<Self> {
        let ending = file_name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase());
        // As viewers do: some programs write something else before the mark.
        let beginning = &first_bytes[..first_bytes.len().min(1024)];
        let is_marked = memmem::find(beginning, b"%PDF-").is_some_and(|at| at == 0 || ending == "pdf");
        if is_marked {
            return Some(Self::Pdf);
        }
        let text = first_bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first_bytes).trim_ascii_start();
        if text.is_empty() || is_binary(text) || text.starts_with(b"PK\x03\x04") {
            return None;
        }
        match &*ending {
            "md" | "markdown" | "mdown" | "mkd" => Some(Self::Markdown),
            "html" | "htm" | "xhtml" => Some(Self::Html),
            "txt" | "text" => (!holds_rows(text)).then_some(Self::Text),
            _ => begins_as_page(text).then_some(Self::Html),
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Markdown => "Markdown",
            Self::Text => "plain text",
            Self::Html => "HTML",
            Self::Pdf => "PDF",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.title())
    }
}

/// Whether a text begins like rows: ChatML, an object, a list of objects.
fn holds_rows(text: &[u8]) -> bool {
    let after = |mark: &[u8]| text.strip_prefix(mark).map(<[u8]>::trim_ascii_start);
    text.starts_with(b"<|im_start|>")
        || after(b"{").is_some_and(|rest| rest.starts_with(b"\""))
        || after(b"[").is_some_and(|rest| rest.starts_with(b"{"))
}

fn begins_as_page(text: &[u8]) -> bool {
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|mark| text.get(..mark.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(mark)))
}

/// What a reader finds in a document.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// A block of text.
    Block(Block),
    /// What can't be read.
    Broken(BrokenPart),
}

/// A paragraph, a heading, an item of a list, a table, a piece of code.
#[derive(Clone, Debug, PartialEq)]
struct Block {
    text: String,
    kind: BlockKind,
    /// The headings that it stands under.
    headings: HeadingPath,
    place: Place,
    /// Its lines are the document's.
    is_verbatim: bool,
}

/// What a block is, as far as that decides where it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockKind {
    /// Sentences.
    Paragraph,
    /// A heading of that level, from 1.
    Heading(u8),
    /// An item of a list; it follows another without an empty line.
    Item,
    /// Lines that mean something as lines: code, a table.
    Lines,
}

/// What can't be read of a document.
#[derive(Clone, Debug, PartialEq)]
struct BrokenPart {
    at: FaultPlace,
    reason: String,
    bytes: Vec<u8>,
}

#[cfg(test)]
mod tests;
