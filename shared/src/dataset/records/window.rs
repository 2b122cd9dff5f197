//! A part of a file that moves along it, with its place.

use std::io::{self, Read};

use memchr::{memchr_iter, memchr2};

use super::damage::Damage;
use super::place::column_behind;
use super::{Place, SHOWN_BYTES};

/// How much is read at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// What Windows' programs put before UTF-8.
pub(in crate::dataset) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What of a file was read and not passed yet.
pub(super) struct Window<R> {
    source: R,
    /// What is there, between `at` and `end`; the rest is room.
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    line: u64,
    /// The character of its line at which it begins, from 1.
    column: u64,
    byte: u64,
    line_ends: LineEnds,
    is_over: bool,
    /// The beginning of a row that was too long.
    shown: Vec<u8>,
}

/// What ends the lines of a file, as its first line has it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    /// There was none yet.
    Unknown,
    /// `\n`, perhaps with `\r` before it.
    Usual,
    /// `\r` alone, as some old programs write.
    Returns,
}

impl<R: Read> Window<R> {
    pub(super) fn new(source: R) -> Self {
        Self { line_ends: LineEnds::Unknown, ..Self::new_at(source, 1, 0) }
    }

    /// Of what another window has given of a file, from that line and byte on.
    pub(super) fn new_at(source: R, line: u64, byte: u64) -> Self {
        let (line_ends, is_over) = (LineEnds::Usual, false);
        Self { source, buffer: Vec::new(), at: 0, end: 0, line, column: 1, byte, line_ends, is_over, shown: Vec::new() }
    }

    /// Where it begins.
    pub(super) fn place(&self) -> Place {
        Place::Line { line: self.line, byte: self.byte }
    }

    /// The line in which it begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The character of that line at which it begins, from 1.
    pub(super) fn column(&self) -> u64 {
        self.column
    }

    /// The byte at which it begins, from 0.
    pub(super) fn byte(&self) -> u64 {
        self.byte
    }

    /// What is there.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.at..self.end]
    }

    /// Whether nothing comes behind what is there.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Reads more behind what is there; false at the end of the file. Passes a byte order mark at the beginning. In a file
    /// whose lines end with `\r` alone, `\n` is in its place, so that whoever looks for lines looks for `\n` only.
    pub(super) fn fill(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        self.buffer.copy_within(self.at..self.end, 0);
        (self.at, self.end) = (0, self.end - self.at);
        let there = self.end;
        self.read()?;
        // What follows a `\r` says whether it ends a line by itself.
        while self.line_ends != LineEnds::Usual && self.bytes().ends_with(b"\r") && !self.is_over {
            self.read()?;
        }
        self.unify_line_ends(there);
        if self.byte == 0
            && !self.is_over
            && self.end < BYTE_ORDER_MARK.len()
            && BYTE_ORDER_MARK.starts_with(self.bytes())
        {
            self.fill()?;
        }
        if self.byte == 0 && self.bytes().starts_with(BYTE_ORDER_MARK) {
            self.pass_counted(BYTE_ORDER_MARK.len(), 0);
        }
        Ok(self.end > there)
    }

    /// Reads once behind what is there.
    fn read(&mut self) -> io::Result<()> {
        if self.buffer.len() < self.end + CHUNK_BYTES {
            self.buffer.resize(self.end + CHUNK_BYTES, 0);
        }
        let read = loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let read = read.map_err(|error| Damage::locate(error, self.place(), self.bytes()))?;
        self.end += read;
        self.is_over = read == 0;
        Ok(())
    }

    fn unify_line_ends(&mut self, from: usize) {
        let read = &mut self.buffer[from..self.end];
        let is_return = |read: &[u8], at: usize| read[at] == b'\r' && read.get(at + 1) != Some(&b'\n');
        if self.line_ends == LineEnds::Unknown
            && let Some(at) = memchr2(b'\n', b'\r', read)
        {
            self.line_ends = if is_return(read, at) { LineEnds::Returns } else { LineEnds::Usual };
        }
        if self.line_ends == LineEnds::Returns {
            for at in 0..read.len() {
                if is_return(read, at) {
                    read[at] = b'\n';
                }
            }
        }
    }

    /// Goes past bytes, and gives them.
    pub(super) fn pass(&mut self, length: usize) -> &[u8] {
        let passed = &self.buffer[self.at..self.at + length];
        let lines = memchr_iter(b'\n', passed).count();
        self.column = column_behind(passed, self.column);
        self.pass_counted(length, lines as u64)
    }

    /// Goes past a row that is too long, without holding more of it than a piece; gives its length. Its beginning is
    /// [`shown`](Self::shown). `end` is given each piece, and finds how much of it belongs to the row where the row ends in
    /// it. Pieces overlap by so many bytes, that `end` finds what is longer than one.
    pub(super) fn skip(
        &mut self,
        overlap_bytes: usize,
        mut end: impl FnMut(&[u8]) -> Option<usize>,
    ) -> io::Result<u64> {
        self.shown = self.bytes()[..self.bytes().len().min(SHOWN_BYTES)].to_owned();
        let mut length = 0;
        loop {
            let (there, found) = (self.bytes().len(), end(self.bytes()));
            let passed = match found {
                Some(last) => last,
                None if self.is_over => there,
                None => there.saturating_sub(overlap_bytes),
            };
            self.pass(passed);
            length += passed as u64;
            if found.is_some() || self.is_over {
                return Ok(length);
            }
            self.fill()?;
        }
    }

    /// The beginning of a row that was too long.
    pub(super) fn shown(&self) -> &[u8] {
        &self.shown
    }

    /// The same as [`pass`](Self::pass), where it is known how many line ends are among them, and that a line begins behind
    /// them.
    pub(super) fn pass_counted(&mut self, length: usize, lines: u64) -> &[u8] {
        let passed = &self.buffer[self.at..self.at + length];
        self.line += lines;
        self.byte += length as u64;
        self.at += length;
        passed
    }

    /// Goes past line breaks; the byte behind them, or `None` at the end of the file.
    pub(super) fn pass_breaks(&mut self) -> io::Result<Option<u8>> {
        self.pass_all(|byte| matches!(byte, b'\n' | b'\r'))
    }

    /// Goes past spaces and line breaks; the byte behind them, or `None` at the end of the file.
    pub(super) fn pass_space(&mut self) -> io::Result<Option<u8>> {
        self.pass_all(|byte| byte.is_ascii_whitespace())
    }

    fn pass_all(&mut self, is_passed: impl Fn(u8) -> bool) -> io::Result<Option<u8>> {
        loop {
            let passed = self.bytes().iter().take_while(|byte| is_passed(**byte)).count();
            self.pass(passed);
            if let Some(&byte) = self.bytes().first() {
                return Ok(Some(byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }
}
