//! Tables of texts (RFC 4180): the first line names the columns, and cells in quotation marks may hold anything. Read by
//! hand, because a row that is no row must be told with its line and kept as it is.

use std::borrow::Cow;
use std::io::{self, Read};

use memchr::memchr;

use super::json_lines::text;
use super::window::Window;
use super::{Broken, MOST_RECORD_BYTES, Place, Record, Records};
use crate::dataset::json::{Tape, Value};

pub(super) struct Table<R> {
    window: Window<R>,
    separator: u8,
    columns: Vec<String>,
    tape: Tape,
}

/// How far a row goes.
struct Extent {
    /// To the end of its last cell.
    length: usize,
    /// What ends it, in bytes: nothing at the end of the file.
    end_bytes: usize,
    /// A cell's quotation mark has no other, so that all the rest of the file would be in that cell; the row is one line.
    is_open: bool,
}

impl<R: Read> Table<R> {
    /// Reads the names of the columns.
    ///
    /// # Errors
    /// The file can't be read, or its first line names no columns.
    pub(super) fn new(source: R, separator: u8) -> io::Result<Self> {
        let mut table = Self { window: Window::new(source), separator, columns: Vec::new(), tape: Tape::default() };
        let bad = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
        if table.window.pass_space()?.is_none() {
            return Err(bad("the file is empty: a table begins with the names of its columns".to_owned()));
        }
        let line = table.window.place().line;
        let extent = table.extent()?;
        let header = table.window.pass(extent.length);
        let header = text(header).map_err(|(column, reason)| bad(format!("line {line}, column {column}: {reason}")))?;
        let mut columns: Vec<String> = Vec::new();
        for name in cells(header, separator) {
            let name = name.trim().to_owned();
            if columns.contains(&name) {
                return Err(bad(format!("line {line}: the column {name:?} comes twice; rename one")));
            }
            columns.push(name);
        }
        table.window.pass(extent.end_bytes);
        table.columns = columns;
        Ok(table)
    }

    /// How far the row that begins here goes.
    fn extent(&mut self) -> io::Result<Extent> {
        let (mut length, mut is_quoted, mut is_cell_start, mut first_break) = (0, false, true, None);
        loop {
            while let Some(&byte) = self.window.bytes().get(length) {
                match byte {
                    b'"' if is_quoted || is_cell_start => is_quoted = !is_quoted,
                    b'\n' | b'\r' if is_quoted => first_break = first_break.or(Some(length)),
                    b'\n' => return Ok(Extent { length, end_bytes: 1, is_open: false }),
                    b'\r' => {
                        if self.window.bytes().len() == length + 1 {
                            self.window.fill()?;
                        }
                        let is_pair = self.window.bytes().get(length + 1) == Some(&b'\n');
                        return Ok(Extent { length, end_bytes: 1 + usize::from(is_pair), is_open: false });
                    }
                    _ => {}
                }
                // A quotation mark that ends a quoted part may be the first of two, which go on with it.
                is_cell_start = !is_quoted && (byte == self.separator || byte == b'"');
                length += 1;
            }
            let is_too_long = length > MOST_RECORD_BYTES;
            if is_too_long || !self.window.fill()? {
                let is_open = is_quoted || is_too_long;
                let length = if is_open { first_break.unwrap_or(length) } else { length };
                return Ok(Extent { length, end_bytes: 0, is_open });
            }
        }
    }
}

impl<R: Read> Records for Table<R> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        // Blank lines are no rows.
        if self.window.pass_breaks()?.is_none() {
            return Ok(None);
        }
        let place = self.window.place();
        let extent = self.extent()?;
        let bytes = &self.window.pass(extent.length + extent.end_bytes)[..extent.length];
        let content = read(bytes, extent.is_open, place, &self.columns, self.separator, &mut self.tape);
        Ok(Some(Record { place, content }))
    }
}

/// Empty cells are missing values: a table has no other way to say so.
fn read<'a>(
    bytes: &'a [u8],
    is_open: bool,
    place: Place,
    columns: &[String],
    separator: u8,
    tape: &'a mut Tape,
) -> Result<Value<'a>, Broken<'a>> {
    let broken = |column: Option<u64>, reason: String| Broken { line: place.line, column, reason, bytes };
    if is_open {
        let reason = "a cell begins with a quotation mark, and no other ends it before the file does, or for 16 MiB";
        return Err(broken(None, reason.to_owned()));
    }
    let row = text(bytes).map_err(|(column, reason)| broken(Some(column), reason))?;
    let cells: Vec<Cow<'_, str>> = cells(row, separator).collect();
    if cells.len() != columns.len() {
        let reason = format!(
            "the row has {} cells and the table {} columns: a cell that has the separator or a quotation mark in it may \
             need quotation marks around it",
            cells.len(),
            columns.len()
        );
        return Err(broken(None, reason));
    }
    let filled = columns.iter().zip(&cells).filter(|(_, cell)| !cell.is_empty());
    Ok(tape.table_row(filled.map(|(name, cell)| (&**name, &**cell))))
}

/// The cells of a row.
fn cells(row: &str, separator: u8) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = Some(row);
    std::iter::from_fn(move || {
        let row = rest?;
        let (cell, after) = match row.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted, separator),
            None => match memchr(separator, row.as_bytes()) {
                Some(at) => (Cow::Borrowed(&row[..at]), Some(&row[at + 1..])),
                None => (Cow::Borrowed(row), None),
            },
        };
        rest = after;
        Some(cell)
    })
}

/// A cell from behind its first quotation mark, and what follows its separator. Two quotation marks stand for one; what is
/// between the last of them and the separator belongs to the cell, as other readers have it.
fn quoted_cell(quoted: &str, separator: u8) -> (Cow<'_, str>, Option<&str>) {
    let mut cell = String::new();
    let mut rest = quoted;
    loop {
        let Some(at) = memchr(b'"', rest.as_bytes()) else {
            cell.push_str(rest);
            return (Cow::Owned(cell), None);
        };
        let (part, after) = (&rest[..at], &rest[at + 1..]);
        cell.push_str(part);
        if let Some(more) = after.strip_prefix('"') {
            cell.push('"');
            rest = more;
            continue;
        }
        return match memchr(separator, after.as_bytes()) {
            Some(end) => {
                cell.push_str(&after[..end]);
                (Cow::Owned(cell), Some(&after[end + 1..]))
            }
            None => {
                cell.push_str(after);
                (Cow::Owned(cell), None)
            }
        };
    }
}
