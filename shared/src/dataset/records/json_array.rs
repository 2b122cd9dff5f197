//! One JSON list of objects, over however many lines; read object by object, so that the list need not fit in memory.

use std::io::{self, Read};

use super::json_lines::text;
use super::window::Window;
use super::{Broken, MOST_RECORD_BYTES, Record, Records};
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

impl<R: Read> Records for JsonArray<R> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        let Some(item) = self.next_item()? else { return Ok(None) };
        let place = self.window.place();
        let length = match item {
            Ok(length) => length,
            Err(reason) => {
                self.state = State::After;
                let bytes = self.window.bytes();
                let bytes = &bytes[..bytes.len().min(SHOWN_BYTES)];
                let broken = Broken { line: place.line, column: None, reason: reason.to_owned(), bytes };
                return Ok(Some(Record { place, content: Err(broken) }));
            }
        };
        let bytes = self.window.pass(length);
        let broken = |at: u64, column: u64, reason: String| Broken { line: at, column: Some(column), reason, bytes };
        let content = match text(bytes) {
            Err((column, reason)) => Err(broken(place.line, column, reason)),
            Ok(text) => match self.tape.read(text) {
                Ok(value) if value.kind() == Kind::Object => Ok(value),
                Ok(value) => Err(broken(place.line, 1, format!("there is {} where an object should be", value.kind()))),
                Err(fault) => {
                    let before = &text[..fault.byte.min(text.len())];
                    let line = place.line + before.matches('\n').count() as u64;
                    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
                    Err(broken(line, column, fault.to_string()))
                }
            },
        };
        Ok(Some(Record { place, content }))
    }
}
