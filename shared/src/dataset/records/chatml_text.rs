//! ChatML as plain text: conversations one after the other. A new one begins at a system message, and after an empty line.

use std::io::{self, Read, Write};

use memchr::{memchr_iter, memmem};

use super::json_lines::text;
use super::output::{Output, RecordWriter, WriteFault, Written};
use super::window::Window;
use super::{Broken, FaultPlace, MOST_RECORD_BYTES, Record, Records};
use crate::dataset::json::{Tape, Value};

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

    /// The length of the conversation that begins here; more than a row may have, if it is longer than that.
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

impl<R: Read + Send> Records for ChatMlText<R> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        if self.window.pass_space()?.is_none() {
            return Ok(None);
        }
        let (place, line, column) = (self.window.place(), self.window.line(), self.window.column());
        let length = self.conversation_length()?;
        if length > MOST_RECORD_BYTES {
            let mut searched = length - END.len();
            let length = self.window.skip(END.len(), |bytes| {
                let from = std::mem::take(&mut searched);
                Some(from + memmem::find(&bytes[from..], END)? + END.len())
            })?;
            let content = Err(Broken::too_long("conversation", line, length, self.window.shown()));
            return Ok(Some(Record { place, content }));
        }
        let bytes = self.window.pass(length);
        let content = match text(bytes) {
            Ok(text) => Ok(self.tape.table_row(std::iter::once(("text", text)))),
            Err((byte, reason)) => Err(Broken { at: FaultPlace::behind(&bytes[..byte], line, column), reason, bytes }),
        };
        Ok(Some(Record { place, content }))
    }
}

/// Writes conversations with an empty line between them. A row has its conversation in `text`, and nothing else.
pub(super) struct ChatMlTextWriter<W: Write> {
    out: Output<W>,
    tape: Tape,
    is_empty: bool,
}

impl<W: Write> ChatMlTextWriter<W> {
    pub(super) fn new(out: Output<W>) -> Self {
        Self { out, tape: Tape::default(), is_empty: true }
    }
}

impl<W: Write> RecordWriter for ChatMlTextWriter<W> {
    fn write_record(&mut self, row: &str) -> Result<(), WriteFault> {
        let row = self.tape.read(row).map_err(|fault| io::Error::new(io::ErrorKind::InvalidInput, fault))?;
        if let Some((other, _)) = row.entries().find(|(name, value)| *name != "text" && !value.is_null()) {
            return Err(WriteFault::Lacks(format!("the column {other}")));
        }
        let text = row.get("text").and_then(Value::as_text).unwrap_or_default().trim();
        if let Some(lacks) = lacks(text) {
            return Err(WriteFault::Lacks(lacks.to_owned()));
        }
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.write_all(b"\n")?;
        }
        self.out.write_all(text.as_bytes())?;
        Ok(self.out.write_all(b"\n")?)
    }

    fn finish(self: Box<Self>) -> io::Result<Written> {
        self.out.finish()?;
        Ok(Written::default())
    }
}

/// Why a text would not come back as one conversation.
fn lacks(text: &str) -> Option<&'static str> {
    if !text.starts_with("<|im_start|>") || !text.ends_with("<|im_end|>") {
        return Some("a text that is no whole conversation in ChatML");
    }
    let mut rest = text.as_bytes();
    while let Some(end) = memmem::find(rest, END) {
        rest = &rest[end + END.len()..];
        let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if rest[space..].starts_with(SYSTEM) {
            return Some("a system message that is not the first");
        }
        if memchr_iter(b'\n', &rest[..space]).count() > 1 {
            return Some("an empty line between two messages");
        }
    }
    None
}
