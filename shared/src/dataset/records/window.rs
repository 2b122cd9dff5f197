//! A part of a file that moves along it, with its place.

use std::io::{self, Read};

use memchr::memchr_iter;

use super::Place;
use super::damage::Damage;

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
    byte: u64,
    is_over: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(source: R) -> Self {
        Self::new_at(source, 1, 0)
    }

    /// Of a file from that line and byte on.
    pub(super) fn new_at(source: R, line: u64, byte: u64) -> Self {
        Self { source, buffer: Vec::new(), at: 0, end: 0, line, byte, is_over: false }
    }

    /// Where it begins.
    pub(super) fn place(&self) -> Place {
        Place::Line { line: self.line, byte: self.byte }
    }

    /// The line in which it begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
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

    /// Reads more behind what is there; false at the end of the file. Passes a byte order mark at the beginning.
    pub(super) fn fill(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        self.buffer.copy_within(self.at..self.end, 0);
        (self.at, self.end) = (0, self.end - self.at);
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
        let is_beginning = self.byte == 0 && !self.is_over;
        if is_beginning && self.end < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(self.bytes()) {
            return self.fill();
        }
        if is_beginning && self.bytes().starts_with(BYTE_ORDER_MARK) {
            self.pass(BYTE_ORDER_MARK.len());
        }
        Ok(!self.is_over)
    }

    /// Goes past bytes, and gives them.
    pub(super) fn pass(&mut self, length: usize) -> &[u8] {
        let lines = memchr_iter(b'\n', &self.buffer[self.at..self.at + length]).count();
        self.pass_counted(length, lines as u64)
    }

    /// The same, where it is known how many line ends are among them.
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
