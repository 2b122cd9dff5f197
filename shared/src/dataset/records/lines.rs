//! The lines of a file, whatever ends them.

use std::io::{self, Read};
use std::ops::Range;

use memchr::memchr;

use super::{MOST_RECORD_BYTES, Place};

/// How much is read at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// How much of a line that is too long is shown.
const SHOWN_BYTES: usize = 1024;

/// What Windows' programs put before UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads lines.
pub(super) struct Lines<R> {
    source: R,
    /// What was read and not given yet is from `start` to `end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    place: Place,
    is_over: bool,
}

/// One line, without what ends it.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) place: Place,
    pub(super) bytes: &'a [u8],
    /// Its length in bytes, where that is more than a row may have; then only its beginning is here.
    pub(super) too_long: Option<u64>,
}

/// Where a line is in the buffer.
struct Found {
    place: Place,
    range: Range<usize>,
    too_long: Option<u64>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        let place = Place { line: 1, byte: 0 };
        Self { source, buffer: vec![0; CHUNK_BYTES], start: 0, end: 0, place, is_over: false }
    }

    /// The next line that is not blank.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let found = loop {
            let Some(found) = self.find()? else { return Ok(None) };
            if found.too_long.is_some() || !self.buffer[found.range.clone()].trim_ascii().is_empty() {
                break found;
            }
        };
        Ok(Some(Line { place: found.place, bytes: &self.buffer[found.range], too_long: found.too_long }))
    }

    /// Goes to the end of the next line.
    fn find(&mut self) -> io::Result<Option<Found>> {
        let mut searched = 0;
        let end_bytes = loop {
            if let Some(length) = memchr(b'\n', &self.buffer[self.start + searched..self.end]) {
                searched += length;
                break 1;
            }
            searched = self.end - self.start;
            if searched > MOST_RECORD_BYTES {
                return self.skip().map(Some);
            }
            if !self.fill()? {
                break 0;
            }
        };
        if searched + end_bytes == 0 {
            return Ok(None);
        }
        let place = self.place;
        let mut range = self.start..self.start + searched;
        self.start += searched + end_bytes;
        self.place = Place { line: place.line + 1, byte: place.byte + (searched + end_bytes) as u64 };
        if place.byte == 0 && self.buffer[range.clone()].starts_with(BYTE_ORDER_MARK) {
            range.start += BYTE_ORDER_MARK.len();
        }
        if self.buffer[range.clone()].ends_with(b"\r") {
            range.end -= 1;
        }
        Ok(Some(Found { place, range, too_long: None }))
    }

    /// Goes to the end of a line that is too long, without holding more than its beginning.
    fn skip(&mut self) -> io::Result<Found> {
        let place = self.place;
        let kept = self.start;
        let mut length = (self.end - kept) as u64;
        // What comes is read behind the beginning, again and again.
        let from = kept + SHOWN_BYTES;
        loop {
            self.end = from;
            if !self.fill_at_end()? {
                self.start = self.end;
                break;
            }
            if let Some(found) = memchr(b'\n', &self.buffer[from..self.end]) {
                length += found as u64;
                self.start = from + found + 1;
                break;
            }
            length += (self.end - from) as u64;
        }
        let is_ended = self.start > from;
        self.place = Place { line: place.line + 1, byte: place.byte + length + u64::from(is_ended) };
        Ok(Found { place, range: kept..from, too_long: Some(length) })
    }

    /// Makes room behind what is there, and reads more; false at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        if self.end == self.buffer.len() && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        self.fill_at_end()
    }

    fn fill_at_end(&mut self) -> io::Result<bool> {
        while !self.is_over {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    self.is_over = read == 0;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}
