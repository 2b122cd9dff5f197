//! ChatML as plain text: conversations one after the other. A new one begins at a system message, and after an empty line.

use std::io::{self, Read};

use memchr::{memchr_iter, memmem};

use super::json_lines::text;
use super::window::Window;
use super::{Broken, MOST_RECORD_BYTES, Record, Records};
use crate::dataset::json::Tape;

const END: &[u8] = b"<|im_end|>";
const SYSTEM: &[u8] = b"<|im_start|>system";

pub(super) struct ChatMlText<R> {
    window: Window<R>,
    tape: Tape,
}

impl<R: Read> ChatMlText<R> {
    pub(super) fn new(source: R) -> Self {
        Self { window: Window::new(source), tape: Tape::default() }
    }

    /// The length of the conversation that begins here.
    fn conversation_length(&mut self) -> io::Result<usize> {
        let mut searched = 0;
        loop {
            let rest = self.window.bytes();
            let Some(found) = memmem::find(&rest[searched..], END) else {
                let length = rest.len();
                if length > MOST_RECORD_BYTES || !self.window.fill()? {
                    return Ok(length);
                }
                continue;
            };
            let end = searched + found + END.len();
            let after = &rest[end..];
            // What follows decides whether the conversation goes on: enough of it must be there.
            let space = after.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if after.len() < space + SYSTEM.len() && !self.window.is_over() {
                self.window.fill()?;
                continue;
            }
            let breaks = memchr_iter(b'\n', &after[..space]).count();
            if breaks > 1 || after[space..].starts_with(SYSTEM) || space == after.len() {
                return Ok(end);
            }
            searched = end;
        }
    }
}

impl<R: Read> Records for ChatMlText<R> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        if self.window.pass_space()?.is_none() {
            return Ok(None);
        }
        let place = self.window.place();
        let length = self.conversation_length()?;
        let bytes = self.window.pass(length);
        let content = match text(bytes) {
            Ok(text) => Ok(self.tape.table_row(std::iter::once(("text", text)))),
            Err((_, reason)) => Err(Broken { line: place.line, column: None, reason, bytes }),
        };
        Ok(Some(Record { place, content }))
    }
}
