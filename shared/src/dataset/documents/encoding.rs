//! Texts of documents as UTF-8.

use memchr::memchr_iter;

use super::BrokenPart;
use crate::dataset::records::{BYTE_ORDER_MARK, FaultPlace, MOST_RECORD_BYTES, Place, utf8};

/// A document's text with `\n` between its lines, and the lines that are no UTF-8: those are empty in the text, so that the
/// others keep their numbers.
pub(super) fn decode(bytes: &[u8]) -> (String, Vec<BrokenPart>) {
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
