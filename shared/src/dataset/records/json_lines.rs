//! JSON Lines: one object on each line. <https://jsonlines.org>

use std::io::{self, Read, Write};

use super::lines::{Line, Lines};
use super::output::{Output, RecordWriter, WriteFault, Written};
use super::window::Window;
use super::{Broken, FaultPlace, Record, Records};
use crate::dataset::json::{Kind, Tape, Value};

pub(super) struct JsonLines<R> {
    lines: Lines<R>,
    tape: Tape,
}

impl<R: Read> JsonLines<R> {
    pub(super) fn new(source: R) -> Self {
        Self::of(Window::new(source))
    }

    pub(super) fn of(window: Window<R>) -> Self {
        Self { lines: Lines::of(window), tape: Tape::default() }
    }
}

impl<R: Read + Send> Records for JsonLines<R> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        let Some(line) = self.lines.next_line()? else { return Ok(None) };
        Ok(Some(Record { place: line.place, content: read(&line, &mut self.tape) }))
    }
}

pub(super) fn read<'a>(line: &Line<'a>, tape: &'a mut Tape) -> Result<Value<'a>, Broken<'a>> {
    match line.too_long {
        Some(length) => Err(Broken::too_long("line", line.number, length, line.bytes)),
        None => read_object(line.bytes, line.number, 1, tape),
    }
}

/// An object, from its bytes, which begin in that line, at that character of it.
pub(super) fn read_object<'a>(
    bytes: &'a [u8],
    line: u64,
    column: u64,
    tape: &'a mut Tape,
) -> Result<Value<'a>, Broken<'a>> {
    let broken =
        |byte: usize, reason: String| Broken { at: FaultPlace::behind(&bytes[..byte], line, column), reason, bytes };
    let text = text(bytes).map_err(|(byte, reason)| broken(byte, reason))?;
    let value = tape.read(text).map_err(|fault| broken(fault.byte.min(bytes.len()), fault.to_string()))?;
    match value.kind() {
        Kind::Object => Ok(value),
        found => Err(broken(0, format!("there is {found} where an object should be: {{\"column\": \"value\", ...}}"))),
    }
}

/// Bytes as UTF-8, or the byte at which they stop being that, and why.
pub(in crate::dataset) fn text(bytes: &[u8]) -> Result<&str, (usize, String)> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        (at, format!("byte {byte:#04x} is no UTF-8: the file may be in another encoding, or damaged"))
    })
}

/// Writes JSON Lines.
pub(super) struct JsonLinesWriter<W: Write>(Output<W>);

impl<W: Write> JsonLinesWriter<W> {
    pub(super) fn new(out: Output<W>) -> Self {
        Self(out)
    }
}

impl<W: Write> RecordWriter for JsonLinesWriter<W> {
    fn write_record(&mut self, row: &str) -> Result<(), WriteFault> {
        self.0.write_all(row.as_bytes())?;
        Ok(self.0.write_all(b"\n")?)
    }

    fn finish(self: Box<Self>) -> io::Result<Written> {
        self.0.finish()?;
        Ok(Written::default())
    }
}
