//! Texts of documents as UTF-8.

use memchr::memchr_iter;

use super::BrokenPart;
use crate::dataset::records::{BYTE_ORDER_MARK, FaultPlace, MOST_RECORD_BYTES, Place, utf8};

/// UTF-16, as its byte order mark says.
#[derive(Clone, Copy)]
pub(super) enum Utf16 {
    LittleEndian,
    BigEndian,
}

impl Utf16 {
    /// Finds it by the first bytes.
    pub(super) fn find(first_bytes: &[u8]) -> Option<Self> {
        match first_bytes {
            [0xFF, 0xFE, ..] => Some(Self::LittleEndian),
            [0xFE, 0xFF, ..] => Some(Self::BigEndian),
            _ => None,
        }
    }

    /// Decodes what is behind the mark; half characters become U+FFFD.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        let unit = |pair: &[u8; 2]| match self {
            Self::LittleEndian => u16::from_le_bytes(*pair),
            Self::BigEndian => u16::from_be_bytes(*pair),
        };
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = pairs.iter().skip(1).map(unit);
        let mut text: String = char::decode_utf16(units).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        if !rest.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        text
    }
}

/// A document's text with `\n` between its lines, and the lines that are no UTF-8: those are empty in the text, so that the
/// others keep their numbers.
pub(super) fn decode(bytes: &[u8]) -> (String, Vec<BrokenPart>) {
    if let Some(encoding) = Utf16::find(bytes) {
        return (encoding.decode(bytes).replace("\r\n", "\n"), Vec::new());
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let (mut text, mut broken) = (String::with_capacity(bytes.len()), Vec::new());
    for (line, number) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        match utf8(content) {
            Ok(content) => text.push_str(content),
            Err((byte, reason)) => broken.push(BrokenPart {
                at: FaultPlace::behind(&content[..byte], number, 1),
                reason,
                bytes: content[..content.len().min(MOST_RECORD_BYTES)].to_owned(),
            }),
        }
        if line.ends_with(b"\n") {
            text.push('\n');
        }
    }
    (text, broken)
}

/// Places in a text by the bytes in it, asked for from front to back.
pub(super) struct Places<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
}

impl<'a> Places<'a> {
    /// Of a text that begins at such a line of its document.
    pub(super) fn new(text: &'a str, first_line: u64) -> Self {
        Self { text, byte: 0, line: first_line }
    }

    /// Where a byte is. One before the last that was asked for is taken to be in the same line as that.
    pub(super) fn at(&mut self, byte: usize) -> Place {
        let byte = byte.min(self.text.len());
        if byte > self.byte {
            self.line += memchr_iter(b'\n', &self.text.as_bytes()[self.byte..byte]).count() as u64;
            self.byte = byte;
        }
        Place::Line { line: self.line, byte: byte as u64 }
    }
}
