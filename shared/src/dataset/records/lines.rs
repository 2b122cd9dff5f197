//! The lines of a file, whatever ends them.

use std::io::{self, Read};

use memchr::memchr;

use super::window::Window;
use super::{MOST_RECORD_BYTES, Place};

/// Reads lines.
pub(in crate::dataset) struct Lines<R> {
    window: Window<R>,
}

/// One line, without what ends it.
#[derive(Debug)]
pub(in crate::dataset) struct Line<'a> {
    pub(in crate::dataset) place: Place,
    /// From 1.
    pub(in crate::dataset) number: u64,
    pub(in crate::dataset) bytes: &'a [u8],
    /// Its length in bytes, where that is more than a row may have; then only its beginning is here.
    pub(in crate::dataset) too_long: Option<u64>,
}

impl<R: Read> Lines<R> {
    pub(in crate::dataset) fn new(source: R) -> Self {
        Self::of(Window::new(source))
    }

    pub(super) fn of(window: Window<R>) -> Self {
        Self { window }
    }

    /// What is behind the lines that were given.
    pub(super) fn window(&mut self) -> &mut Window<R> {
        &mut self.window
    }

    /// The next line that is not blank.
    pub(in crate::dataset) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            let Some((length, end_bytes)) = self.extent()? else { return Ok(None) };
            let (place, number) = (self.window.place(), self.window.line());
            if length > MOST_RECORD_BYTES {
                let too_long = Some(self.window.skip(0, |bytes| memchr(b'\n', bytes))?);
                return Ok(Some(Line { place, number, bytes: self.window.shown(), too_long }));
            }
            if self.window.bytes()[..length].trim_ascii().is_empty() {
                self.window.pass(length + end_bytes);
                continue;
            }
            let bytes = &self.window.pass_counted(length + end_bytes, end_bytes as u64)[..length];
            return Ok(Some(Line { place, number, bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes), too_long: None }));
        }
    }

    /// The bytes of the line that begins here, and those of what ends it. Of a line that is too long, those that are there.
    fn extent(&mut self) -> io::Result<Option<(usize, usize)>> {
        let mut searched = 0;
        loop {
            if let Some(length) = memchr(b'\n', &self.window.bytes()[searched..]) {
                return Ok(Some((searched + length, 1)));
            }
            searched = self.window.bytes().len();
            if searched > MOST_RECORD_BYTES || !self.window.fill()? {
                return Ok((searched > 0).then_some((searched, 0)));
            }
        }
    }
}
