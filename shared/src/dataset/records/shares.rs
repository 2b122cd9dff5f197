//! A file cut into shares of whole lines, which can be read beside one another.

use std::io::{self, Read};

use memchr::memrchr;

use super::json_lines::{JsonLines, read};
use super::lines::{Line, Lines};
use super::window::Window;
use super::{MOST_RECORD_BYTES, Place, Record, Records, Utf8Reader};
use crate::dataset::json::Tape;

/// How much of a file a share is, where its lines are shorter than that.
const SHARE_BYTES: usize = 256 << 10;

/// Cuts JSON Lines into shares.
pub struct Shares {
    lines: Lines<Box<dyn Read + Send>>,
}

/// Some whole lines of a file, or one that is too long for a row.
#[derive(Debug)]
pub struct Share {
    /// Of a line that is too long, the beginning.
    bytes: Vec<u8>,
    line: u64,
    byte: u64,
    /// The length of a line that is too long, in bytes.
    too_long: Option<u64>,
}

impl Shares {
    /// Cuts JSON Lines.
    pub fn new(source: impl Read + Send + 'static) -> Self {
        Self { lines: Lines::new(Box::new(Utf8Reader::new(source))) }
    }

    /// The next share; `None` at the file's end.
    ///
    /// # Errors
    /// The file can't be read on.
    pub fn next_share(&mut self) -> io::Result<Option<Share>> {
        let window = self.lines.window();
        let mut searched = 0;
        let length = loop {
            let there = window.bytes().len();
            if there >= SHARE_BYTES {
                if let Some(last) = memrchr(b'\n', &window.bytes()[searched..]) {
                    break searched + last + 1;
                }
                searched = there;
            }
            if there > MOST_RECORD_BYTES {
                return self.long_line();
            }
            if !window.fill()? {
                break window.bytes().len();
            }
        };
        let (line, byte) = (window.line(), window.byte());
        let bytes = window.pass(length).to_owned();
        Ok((length > 0).then_some(Share { bytes, line, byte, too_long: None }))
    }

    fn long_line(&mut self) -> io::Result<Option<Share>> {
        let window = self.lines.window();
        let (line, byte) = (window.line(), window.byte());
        let found = self.lines.next_line()?;
        Ok(found.map(|found| Share { bytes: found.bytes.to_owned(), line, byte, too_long: found.too_long }))
    }
}

impl Share {
    /// Its rows.
    pub fn records(&self) -> Box<dyn Records + '_> {
        match self.too_long {
            None => Box::new(JsonLines::of(Window::new_at(&*self.bytes, self.line, self.byte))),
            Some(_) => Box::new(LongLine { share: self, tape: Tape::default(), is_given: false }),
        }
    }
}

/// One line, which is no row because it is too long.
struct LongLine<'a> {
    share: &'a Share,
    tape: Tape,
    is_given: bool,
}

impl Records for LongLine<'_> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        if std::mem::replace(&mut self.is_given, true) {
            return Ok(None);
        }
        let Share { bytes, line, byte, too_long } = self.share;
        let place = Place::Line { line: *line, byte: *byte };
        let line = Line { place, number: *line, bytes, too_long: *too_long };
        Ok(Some(Record { place, content: read(&line, &mut self.tape) }))
    }
}
