//! JSON objects over however many lines: one list of them, an object that has the list in a member such as `data`, or one
//! object after the other. They are read object by object, so that the list need not fit in memory.

use std::io::{self, Read, Write};

use memchr::{memchr, memchr2};

use super::json_lines::read_object;
use super::output::{Output, RecordWriter, WriteFault, Written};
use super::window::Window;
use super::{Broken, FaultPlace, MOST_RECORD_BYTES, Record, Records, SHOWN_BYTES};
use crate::dataset::json::Tape;

pub(super) struct JsonArray<R> {
    window: Window<R>,
    state: State,
    tape: Tape,
}

/// Members of an object that hold the rows, where the object is the whole file and what is beside them is about the file.
const MEMBERS_OF_ROWS: [&[u8]; 5] = [b"data", b"rows", b"records", b"examples", b"train"];

/// How far into a file such a member is looked for.
const FIRST_BYTES: usize = 64 << 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    /// In the list, before its first item or behind an item.
    Within {
        is_first: bool,
        list: List,
    },
    After,
}

/// What the items are in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    /// Brackets.
    Brackets,
    /// Brackets, in an object.
    Member,
    /// Nothing.
    Bare,
}

/// Whether an object goes on behind its first line, as far as that is known. It ends where an object can go on: else it is a
/// row of JSON Lines that was cut off.
pub(super) fn goes_over_lines(object: &[u8]) -> bool {
    let mut scan = ItemScan::default();
    memchr2(b'\n', b'\r', object).is_some_and(|end| {
        let line = object[..end].trim_ascii_end();
        scan.end(line).is_none() && !scan.is_text && matches!(line.last(), Some(b'{' | b'[' | b','))
    })
}

/// Where the list of rows begins that an object has as a member: behind its bracket.
pub(super) fn rows_within(object: &[u8]) -> Option<usize> {
    let mut rest = object.strip_prefix(b"{")?;
    loop {
        let member = rest.trim_ascii_start().strip_prefix(b"\"")?;
        let (name, value) = member.split_at(memchr(b'"', member)?);
        let value = value[1..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        if let Some(list) = value.strip_prefix(b"[")
            && MEMBERS_OF_ROWS.contains(&name)
            && matches!(list.trim_ascii_start(), [b'{' | b']', ..])
        {
            return Some(object.len() - list.len());
        }
        rest = value[ItemScan::default().end(value)?..].trim_ascii_start().strip_prefix(b",")?;
    }
}

impl<R: Read> JsonArray<R> {
    pub(super) fn new(source: R) -> Self {
        Self { window: Window::new(source), state: State::Before, tape: Tape::default() }
    }

    /// The item that begins here.
    fn item(&mut self) -> io::Result<Result<Item, &'static str>> {
        let (mut scan, mut scanned) = (ItemScan::default(), 0);
        loop {
            if let Some(length) = scan.end(&self.window.bytes()[scanned..]) {
                return Ok(Ok(Item::Whole(scanned + length)));
            }
            scanned = self.window.bytes().len();
            if scanned > MOST_RECORD_BYTES {
                return Ok(Ok(Item::TooLong(scan, scanned)));
            }
            if !self.window.fill()? {
                return Ok(Err("the list ends in the middle of an item: the file may be half-written"));
            }
        }
    }

    /// Goes to the first item.
    fn open(&mut self) -> io::Result<Option<List>> {
        let first = self.window.pass_space()?;
        if first == Some(b'[') {
            self.window.pass(1);
            return Ok(Some(List::Brackets));
        }
        while self.window.bytes().len() < FIRST_BYTES && self.window.fill()? {}
        let bytes = self.window.bytes();
        if let Some(length) = rows_within(&bytes[..bytes.len().min(FIRST_BYTES)]) {
            self.window.pass(length);
            return Ok(Some(List::Member));
        }
        Ok((first == Some(b'{')).then_some(List::Bare))
    }

    /// Goes to the next item; `None` behind the last.
    fn next_item(&mut self) -> io::Result<Option<Result<Item, &'static str>>> {
        if self.state == State::Before {
            let Some(list) = self.open()? else { return Ok(Some(Err("there is no list here"))) };
            self.state = State::Within { is_first: true, list };
        }
        let State::Within { is_first, list } = self.state else { return Ok(None) };
        match self.window.pass_space()? {
            None if list == List::Bare => return Ok(None),
            Some(b'{') if list == List::Bare => {}
            Some(b']') if list != List::Bare => {
                self.window.pass(1);
                self.state = State::After;
                if list == List::Member {
                    let mut scan = ItemScan { depth: 1, ..ItemScan::default() };
                    self.window.skip(0, |bytes| scan.end(bytes))?;
                }
                let is_more = self.window.pass_space()?.is_some();
                return Ok(is_more.then_some(Err("there is more after the end of the list")));
            }
            Some(b',') if !is_first => {
                self.window.pass(1);
                self.window.pass_space()?;
            }
            None => return Ok(Some(Err("the list has no end: the file may be half-written"))),
            Some(_) if is_first => {}
            Some(_) if list == List::Bare => {
                return Ok(Some(Err("there is something else than an object; what follows can't be read")));
            }
            Some(_) => return Ok(Some(Err("there is no comma between two items; what follows can't be read"))),
        }
        self.state = State::Within { is_first: false, list };
        self.item().map(Some)
    }
}

/// An item of the list.
enum Item {
    /// Its length in bytes.
    Whole(usize),
    /// It is longer than a row may be; so many of its bytes were looked at.
    TooLong(ItemScan, usize),
}

/// Looks for the end of an item: the bracket that closes it, or the next comma.
#[derive(Default)]
struct ItemScan {
    depth: usize,
    is_text: bool,
    is_escaped: bool,
}

impl ItemScan {
    /// Looks on; how many of the bytes belong to the item, if it ends among them.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_text => self.is_escaped = true,
                b'"' => self.is_text = !self.is_text,
                _ if self.is_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth == 0 => return Some(at),
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                b',' if self.depth == 0 => return Some(at),
                _ => {}
            }
        }
        None
    }
}

impl<R: Read + Send> Records for JsonArray<R> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        let Some(item) = self.next_item()? else { return Ok(None) };
        let (place, line, column) = (self.window.place(), self.window.line(), self.window.column());
        let length = match item {
            Ok(Item::Whole(length)) => length,
            Ok(Item::TooLong(mut scan, mut scanned)) => {
                let length = self.window.skip(0, |bytes| {
                    let from = std::mem::take(&mut scanned);
                    Some(from + scan.end(&bytes[from..])?)
                })?;
                let broken = Broken::too_long("item", line, length, self.window.shown());
                return Ok(Some(Record { place, content: Err(broken) }));
            }
            Err(reason) => {
                self.state = State::After;
                let bytes = self.window.bytes();
                let bytes = &bytes[..bytes.len().min(SHOWN_BYTES)];
                let broken = Broken { at: FaultPlace::behind(&[], line, column), reason: reason.to_owned(), bytes };
                return Ok(Some(Record { place, content: Err(broken) }));
            }
        };
        let bytes = self.window.pass(length);
        let content = if length > MOST_RECORD_BYTES {
            Err(Broken::too_long("item", line, length as u64, bytes))
        } else {
            read_object(bytes, line, column, &mut self.tape)
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
