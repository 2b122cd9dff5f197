//! One JSON list of objects, over however many lines; read object by object, so that the list need not fit in memory.

use std::io::{self, Read, Write};

use super::json_lines::text;
use super::output::{Output, RecordWriter, WriteFault, Written};
use super::window::Window;
use super::{Broken, FaultPlace, MOST_RECORD_BYTES, Record, Records};
use crate::dataset::json::{Kind, Tape};

/// How much of what can't be read is shown.
const SHOWN_BYTES: usize = 1024;

pub(super) struct JsonArray<R> {
    window: Window<R>,
    state: State,
    tape: Tape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    /// In the list, before its first item or behind an item.
    Within {
        is_first: bool,
    },
    After,
}

impl<R: Read> JsonArray<R> {
    pub(super) fn new(source: R) -> Self {
        Self { window: Window::new(source), state: State::Before, tape: Tape::default() }
    }

    /// The length of the item that begins here: to the bracket that closes it, or to the next comma.
    fn item_length(&mut self) -> io::Result<Result<usize, &'static str>> {
        let (mut length, mut depth, mut is_text, mut is_escaped) = (0, 0_usize, false, false);
        loop {
            while let Some(&byte) = self.window.bytes().get(length) {
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' if is_text => is_escaped = true,
                    b'"' => is_text = !is_text,
                    _ if is_text => {}
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth == 0 => return Ok(Ok(length)),
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return Ok(Ok(length + 1));
                        }
                    }
                    b',' if depth == 0 => return Ok(Ok(length)),
                    _ => {}
                }
                length += 1;
            }
            if length > MOST_RECORD_BYTES {
                return Ok(Err(
                    "the item has more than 16 MiB: a quotation mark or bracket may be missing. What follows \
                               can't be read",
                ));
            }
            if !self.window.fill()? {
                return Ok(Err("the list ends in the middle of an item: the file may be half-written"));
            }
        }
    }

    /// Goes to the next item and gives its length; `None` behind the last.
    fn next_item(&mut self) -> io::Result<Option<Result<usize, &'static str>>> {
        if self.state == State::Before {
            if self.window.pass_space()? != Some(b'[') {
                return Ok(Some(Err("there is no list here")));
            }
            self.window.pass(1);
            self.state = State::Within { is_first: true };
        }
        let State::Within { is_first } = self.state else { return Ok(None) };
        match self.window.pass_space()? {
            Some(b']') => {
                self.window.pass(1);
                self.state = State::After;
                let is_more = self.window.pass_space()?.is_some();
                return Ok(is_more.then_some(Err("there is more after the end of the list")));
            }
            Some(b',') if !is_first => {
                self.window.pass(1);
                self.window.pass_space()?;
            }
            None => return Ok(Some(Err("the list has no end: the file may be half-written"))),
            Some(_) if is_first => {}
            Some(_) => return Ok(Some(Err("there is no comma between two items; what follows can't be read"))),
        }
        self.state = State::Within { is_first: false };
        self.item_length().map(Some)
    }
}

impl<R: Read + Send> Records for JsonArray<R> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        let Some(item) = self.next_item()? else { return Ok(None) };
        let (place, line) = (self.window.place(), self.window.line());
        let length = match item {
            Ok(length) => length,
            Err(reason) => {
                self.state = State::After;
                let bytes = self.window.bytes();
                let bytes = &bytes[..bytes.len().min(SHOWN_BYTES)];
                let broken = Broken { at: FaultPlace::beginning_of(place), reason: reason.to_owned(), bytes };
                return Ok(Some(Record { place, content: Err(broken) }));
            }
        };
        let bytes = self.window.pass(length);
        let broken = |line: u64, column: u64, reason: String| Broken {
            at: FaultPlace::Line { line, column: Some(column) },
            reason,
            bytes,
        };
        let content = match text(bytes) {
            Err((column, reason)) => Err(broken(line, column, reason)),
            Ok(text) => match self.tape.read(text) {
                Ok(value) if value.kind() == Kind::Object => Ok(value),
                Ok(value) => Err(broken(line, 1, format!("there is {} where an object should be", value.kind()))),
                Err(fault) => {
                    let before = &text[..fault.byte.min(text.len())];
                    let line = line + before.matches('\n').count() as u64;
                    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
                    Err(broken(line, column, fault.to_string()))
                }
            },
        };
        Ok(Some(Record { place, content }))
    }
}

/// Writes one list, with each object on a line of its own, so that a comparison of two files shows rows.
pub(super) struct JsonArrayWriter<W: Write> {
    out: Output<W>,
    is_empty: bool,
}

impl<W: Write> JsonArrayWriter<W> {
    pub(super) fn new(out: Output<W>) -> Self {
        Self { out, is_empty: true }
    }
}

impl<W: Write> RecordWriter for JsonArrayWriter<W> {
    fn write_record(&mut self, row: &str) -> Result<(), WriteFault> {
        let before: &[u8] = if std::mem::replace(&mut self.is_empty, false) { b"[\n" } else { b",\n" };
        self.out.write_all(before)?;
        Ok(self.out.write_all(row.as_bytes())?)
    }

    fn finish(mut self: Box<Self>) -> io::Result<Written> {
        self.out.write_all(if self.is_empty { b"[]\n" } else { b"\n]\n" })?;
        self.out.finish()?;
        Ok(Written::default())
    }
}
