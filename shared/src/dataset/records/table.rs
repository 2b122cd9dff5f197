//! Tables of texts (RFC 4180): the first line names the columns, and cells in quotation marks may hold anything. Read by
//! hand, because a row that is no row must be told with its line and kept as it is.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use memchr::{memchr, memchr2};

use super::columns::Columns;
use super::json_lines::text;
use super::output::{Output, RecordWriter, WriteFault, Written};
use super::window::Window;
use super::{Broken, FaultPlace, MOST_RECORD_BYTES, Record, Records};
use crate::dataset::json::{Kind, Tape, Value};

pub(super) struct Table<R> {
    window: Window<R>,
    shape: Shape,
    tape: Tape,
}

/// How a table is written.
struct Shape {
    separator: u8,
    columns: Vec<String>,
    /// Whether an apostrophe before what spreadsheets would take for a formula is none of the cell's own.
    has_protected_cells: bool,
}

/// How far a row goes.
struct Extent {
    /// To the end of its last cell.
    length: usize,
    /// What ends it, in bytes: nothing at the end of the file.
    end_bytes: usize,
    fault: Option<Fault>,
}

/// Why a row is none, by its extent alone.
enum Fault {
    /// A cell's quotation mark has no other, so that all the rest of the file would be in that cell; the row is one line.
    Open,
    /// It is longer than a row may be; the extent is what was looked at.
    TooLong,
}

impl<R: Read> Table<R> {
    /// Reads the names of the columns.
    ///
    /// # Errors
    /// The file can't be read, or its first line names no columns.
    pub(super) fn new(source: R, separator: u8, has_protected_cells: bool) -> io::Result<Self> {
        let shape = Shape { separator, columns: Vec::new(), has_protected_cells };
        let mut table = Self { window: Window::new(source), shape, tape: Tape::default() };
        let bad = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
        if table.window.pass_space()?.is_none() {
            return Err(bad("the file is empty: a table begins with the names of its columns".to_owned()));
        }
        let line = table.window.line();
        let extent = table.extent()?;
        if let Some(Fault::TooLong) = extent.fault {
            let length = table.skip(&extent)?;
            let reason = Broken::too_long("line", line, length, &[]).reason;
            return Err(bad(format!("line {line}: {reason}, and this one should name the columns")));
        }
        let header = table.window.pass(extent.length);
        let header = text(header)
            .map_err(|(byte, reason)| bad(format!("{}: {reason}", FaultPlace::behind(&header[..byte], line, 1))))?;
        let mut columns: Vec<String> = Vec::new();
        for (number, name) in (1..).zip(cells(header, separator)) {
            let name = match name {
                Some(name) => table.shape.own(&name).trim().to_owned(),
                // Spreadsheets write empty columns behind the others.
                None => format!("column {number}"),
            };
            if columns.contains(&name) {
                return Err(bad(format!("line {line}: the column {name:?} comes twice; rename one")));
            }
            columns.push(name);
        }
        table.window.pass(extent.end_bytes);
        table.shape.columns = columns;
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
                    b'\n' => return Ok(Extent { length, end_bytes: 1, fault: None }),
                    b'\r' => {
                        if self.window.bytes().len() == length + 1 {
                            self.window.fill()?;
                        }
                        let is_pair = self.window.bytes().get(length + 1) == Some(&b'\n');
                        return Ok(Extent { length, end_bytes: 1 + usize::from(is_pair), fault: None });
                    }
                    _ => {}
                }
                // A quotation mark that ends a quoted part may be the first of two, which go on with it.
                is_cell_start = !is_quoted && (byte == self.shape.separator || byte == b'"');
                length += 1;
            }
            let is_too_long = length > MOST_RECORD_BYTES;
            if is_too_long || !self.window.fill()? {
                let (length, fault) = match first_break {
                    // The mark that is missing may be in the first line: the next are read by themselves.
                    Some(first_break) if is_quoted => (first_break, Some(Fault::Open)),
                    _ if is_too_long => (length, Some(Fault::TooLong)),
                    _ => (length, is_quoted.then_some(Fault::Open)),
                };
                return Ok(Extent { length, end_bytes: 0, fault });
            }
        }
    }

    /// Goes to the end of the line in which a row became too long; gives the row's length.
    fn skip(&mut self, extent: &Extent) -> io::Result<u64> {
        let mut searched = extent.length;
        self.window.skip(0, |bytes| {
            let from = std::mem::take(&mut searched);
            memchr2(b'\n', b'\r', &bytes[from..]).map(|at| from + at)
        })
    }
}

impl<R: Read + Send> Records for Table<R> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        // Blank lines are no rows.
        if self.window.pass_breaks()?.is_none() {
            return Ok(None);
        }
        let (place, line, column) = (self.window.place(), self.window.line(), self.window.column());
        let extent = self.extent()?;
        if let Some(Fault::TooLong) = extent.fault {
            let length = self.skip(&extent)?;
            let content = Err(Broken::too_long("row", line, length, self.window.shown()));
            return Ok(Some(Record { place, content }));
        }
        let bytes = &self.window.pass(extent.length + extent.end_bytes)[..extent.length];
        let content = match extent.fault {
            None if extent.length > MOST_RECORD_BYTES => {
                Err(Broken::too_long("row", line, extent.length as u64, bytes))
            }
            None => read(bytes, line, column, &self.shape, &mut self.tape),
            Some(_) => {
                let reason = "a cell begins with a quotation mark, and no other ends it before the file does, or within the \
                              16 MiB that a row may have: add it, or remove the first";
                Err(Broken { at: FaultPlace::beginning_of(place), reason: reason.to_owned(), bytes })
            }
        };
        Ok(Some(Record { place, content }))
    }
}

/// Cells with nothing in them are missing values, and two quotation marks with nothing between them an empty text.
fn read<'a>(
    bytes: &'a [u8],
    line: u64,
    column: u64,
    shape: &Shape,
    tape: &'a mut Tape,
) -> Result<Value<'a>, Broken<'a>> {
    let broken = |at: FaultPlace, reason: String| Broken { at, reason, bytes };
    let row = text(bytes).map_err(|(byte, reason)| broken(FaultPlace::behind(&bytes[..byte], line, column), reason))?;
    if let Some(at) = memchr(0, bytes) {
        let reason = "there is a character U+0000, which is no text: the file may be damaged";
        return Err(broken(FaultPlace::behind(&bytes[..at], line, column), reason.to_owned()));
    }
    let cells: Vec<Option<Cow<'_, str>>> = cells(row, shape.separator).collect();
    if cells.len() != shape.columns.len() {
        let reason = format!(
            "the row has {} cells and the table {} columns: a cell that has the separator or a quotation mark in it may \
             need quotation marks around it",
            cells.len(),
            shape.columns.len()
        );
        return Err(broken(FaultPlace::Line { line, column: None }, reason));
    }
    let filled = shape.columns.iter().zip(&cells).filter_map(|(name, cell)| Some((&**name, shape.own(cell.as_ref()?))));
    Ok(tape.table_row(filled))
}

impl Shape {
    /// What is a cell's own of it.
    fn own<'a>(&self, cell: &'a str) -> &'a str {
        cell.strip_prefix('\'').filter(|_| self.has_protected_cells && is_formula(cell)).unwrap_or(cell)
    }
}

/// The cells of a row, without those that hold nothing, not even quotation marks.
fn cells(row: &str, separator: u8) -> impl Iterator<Item = Option<Cow<'_, str>>> {
    let mut rest = Some(row);
    std::iter::from_fn(move || {
        let row = rest?;
        let (cell, after) = match row.strip_prefix('"') {
            Some(quoted) => {
                let (cell, after) = quoted_cell(quoted, separator);
                rest = after;
                return Some(Some(cell));
            }
            None => match memchr(separator, row.as_bytes()) {
                Some(at) => (Cow::Borrowed(&row[..at]), Some(&row[at + 1..])),
                None => (Cow::Borrowed(row), None),
            },
        };
        rest = after;
        Some(Some(cell).filter(|cell| !cell.is_empty()))
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

/// Writes a table: texts as they are, other values as JSON, and nothing where a value is missing.
pub(super) struct TableWriter<W: Write> {
    out: Output<W>,
    separator: u8,
    columns: Columns,
    /// Whether what spreadsheets would take for formulas gets an apostrophe.
    protects_cells: bool,
    protected_cells: u64,
    tape: Tape,
    line: String,
}

impl<W: Write> TableWriter<W> {
    /// Writes the names of the columns.
    pub(super) fn new(out: Output<W>, separator: u8, columns: Columns, protects_cells: bool) -> io::Result<Self> {
        let (tape, line) = (Tape::default(), String::new());
        let mut table = Self { out, separator, columns, protects_cells, protected_cells: 0, tape, line };
        let names: Vec<String> = table.columns.names().map(str::to_owned).collect();
        for (at, name) in names.iter().enumerate() {
            table.add_cell(at, Some(name));
        }
        table.end_line()?;
        Ok(table)
    }

    fn add_cell(&mut self, at: usize, cell: Option<&str>) {
        if at > 0 {
            self.line.push(char::from(self.separator));
        }
        let Some(cell) = cell else { return };
        let is_protected = self.protects_cells && is_formula(cell);
        self.protected_cells += u64::from(is_protected);
        let mark = if is_protected { "'" } else { "" };
        // What other readers would cut off is quoted too, and an empty text, which is none that is missing.
        let is_plain = !cell.bytes().any(|byte| byte == self.separator || matches!(byte, b'"' | b'\n' | b'\r'));
        let (quote, cell) = if is_plain && !cell.is_empty() && cell.trim().len() == cell.len() {
            ("", Cow::Borrowed(cell))
        } else {
            ("\"", Cow::Owned(cell.replace('"', "\"\"")))
        };
        for part in [quote, mark, &cell, quote] {
            self.line.push_str(part);
        }
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

impl<W: Write> RecordWriter for TableWriter<W> {
    fn write_record(&mut self, row: &str) -> Result<(), WriteFault> {
        let mut tape = std::mem::take(&mut self.tape);
        let row = tape.read(row).map_err(|fault| io::Error::new(io::ErrorKind::InvalidInput, fault))?;
        if let Some(unknown) = self.columns.unknown(row) {
            return Err(WriteFault::Lacks(format!("the column {unknown}, which its header does not name")));
        }
        let cells: Vec<Option<Cow<'_, str>>> = self
            .columns
            .names()
            .map(|name| match row.get(name).map(|value| (value, value.as_text())) {
                None => None,
                Some((_, Some(text))) => Some(Cow::Borrowed(text)),
                Some((value, None)) => Some(Cow::Owned(value.to_string())),
            })
            .collect();
        if cells.iter().flatten().any(|cell| cell.contains('\0')) {
            return Err(WriteFault::Lacks(
                "a character U+0000, by which readers of tables know damaged files".to_owned(),
            ));
        }
        if let [None] = &cells[..] {
            return Err(WriteFault::Lacks("a row without anything, which would be a blank line".to_owned()));
        }
        for (at, cell) in cells.iter().enumerate() {
            self.add_cell(at, cell.as_deref());
        }
        drop(cells);
        self.tape = tape;
        Ok(self.end_line()?)
    }

    fn finish(self: Box<Self>) -> io::Result<Written> {
        self.out.finish()?;
        Ok(Written { protected_cells: self.protected_cells })
    }
}

/// Whether spreadsheets would compute a cell, or whether it would be taken for one that is protected from that. A number is
/// none, so that negative ones stay numbers. <https://owasp.org/www-community/attacks/CSV_Injection>
fn is_formula(cell: &str) -> bool {
    let begins = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let is_number =
        || Tape::default().read(cell.strip_prefix('+').unwrap_or(cell)).is_ok_and(|it| it.kind() == Kind::Number);
    begins(cell.trim_start_matches('\'')) && !is_number()
}
