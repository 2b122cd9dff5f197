//! JSON Lines: one object on each line. <https://jsonlines.org>

use std::io::{self, Read, Write};

use super::lines::{Line, Lines};
use super::output::{Output, RecordWriter, WriteFault, Written};
use super::window::Window;
use super::{Broken, FaultPlace, MOST_RECORD_BYTES, Record, Records};
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
    let broken = |column: Option<u64>, reason: String| Broken {
        at: FaultPlace::Line { line: line.number, column },
        reason,
        bytes: line.bytes,
    };
    if let Some(length) = line.too_long {
        let most = MOST_RECORD_BYTES >> 20;
        return Err(broken(None, format!("the line has {length} bytes; a row may have {most} MiB")));
    }
    let text = text(line.bytes).map_err(|(column, reason)| broken(Some(column), reason))?;
    let value = tape.read(text).map_err(|fault| broken(Some(fault.column(text)), fault.to_string()))?;
    match value.kind() {
        Kind::Object => Ok(value),
        found => {
            Err(broken(Some(1), format!("there is {found} where an object should be: {{\"column\": \"value\", ...}}")))
        }
    }
}

/// Bytes as UTF-8, or the character at which they stop being that, and why.
pub(in crate::dataset) fn text(bytes: &[u8]) -> Result<&str, (u64, String)> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (good, bad) = bytes.split_at(error.valid_up_to());
        let column = String::from_utf8_lossy(good).chars().count() as u64 + 1;
        let byte = bad.first().copied().unwrap_or_default();
        (column, format!("byte {byte:#04x} is no UTF-8: the file may be in another encoding, or damaged"))
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
