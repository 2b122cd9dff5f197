//! What a PDF file may take: a few bytes of it can unpack to gigabytes, and be drawn a million times.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read};

use flate2::read::DeflateDecoder;
use hayro_syntax::Filter;
use hayro_syntax::object::{ObjectIdentifier, Stream};
use memchr::memmem;

/// Most bytes that a stream unpacks to. Streams of text and fonts have some MiB.
const MOST_STREAM_BYTES: u64 = 256 << 20;

/// Most bytes that the streams of objects unpack to, all together.
const MOST_OBJECT_BYTES: u64 = 512 << 20;

/// Most operations that are followed in a document.
const MOST_OPERATIONS: u64 = 100_000_000;

/// Most bytes of text that come out of a document: forms can be drawn again and again.
const MOST_TEXT_BYTES: usize = 64 << 20;

/// How far before a stream its kind is looked for.
const DICTIONARY_BYTES: usize = 1024;

/// What is left for a document.
pub(super) struct Limits {
    operations: u64,
    text_bytes: usize,
    /// Streams that were looked at, and whether they may be unpacked.
    streams: HashMap<ObjectIdentifier, bool>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { operations: MOST_OPERATIONS, text_bytes: MOST_TEXT_BYTES, streams: HashMap::new() }
    }
}

impl Limits {
    /// So many more operations, with so much text.
    ///
    /// # Errors
    /// It was too much.
    pub(super) fn take(&mut self, operations: u64, text_bytes: usize) -> Result<(), String> {
        let left = (self.operations.checked_sub(operations), self.text_bytes.checked_sub(text_bytes));
        let (Some(operations), Some(text_bytes)) = left else {
            return Err(format!(
                "up to it the document draws more than {MOST_OPERATIONS} times or has more than {} MiB of text; split it",
                MOST_TEXT_BYTES >> 20
            ));
        };
        (self.operations, self.text_bytes) = (operations, text_bytes);
        Ok(())
    }

    /// Whether a stream may be unpacked.
    pub(super) fn allow(&mut self, stream: &Stream<'_>) -> bool {
        *self.streams.entry(stream.obj_id()).or_insert_with(|| is_bounded(stream))
    }
}

/// Whether it is sure that a stream does not unpack to too much.
fn is_bounded(stream: &Stream<'_>) -> bool {
    let (raw, filters) = (stream.raw_data(), stream.filters());
    let growth = filters.iter().fold(1_u64, |growth, filter| growth.saturating_mul(most_growth(*filter)));
    if (raw.len() as u64).saturating_mul(growth) <= MOST_STREAM_BYTES {
        return true;
    }
    // Longer ones are unpacked to see, where that is possible without keeping anything.
    let is_measurable =
        filters.first() == Some(&Filter::FlateDecode) && filters[1..].iter().all(|it| most_growth(*it) == 1);
    is_measurable && matches!(unpacked_bytes(&raw), Some(bytes) if bytes <= MOST_STREAM_BYTES)
}

/// How many times longer than what is packed its content can be.
fn most_growth(filter: Filter) -> u64 {
    match filter {
        Filter::FlateDecode => 1032,
        // A code of 12 bits for all the entries of its table.
        Filter::LzwDecode => 2560,
        Filter::RunLengthDecode => 64,
        _ => 1,
    }
}

/// How much data unpacks to, or somewhat more than a stream may have; `None` where it is damaged.
fn unpacked_bytes(packed: &[u8]) -> Option<u64> {
    let is_zlib = matches!(packed, [first, second, ..]
        if first & 0x0F == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31));
    let mut decoder = DeflateDecoder::new(if is_zlib { &packed[2..] } else { packed }).take(MOST_STREAM_BYTES + 1);
    let mut counted = CountedSink(0);
    match io::copy(&mut decoder, &mut counted) {
        Ok(_) => Some(counted.0),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Some(counted.0),
        Err(_) => None,
    }
}

struct CountedSink(u64);

impl io::Write for CountedSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks at streams of objects and references, which are unpacked as soon as a file is opened.
///
/// # Errors
/// They are too much.
pub(super) fn check_object_streams(file: &[u8]) -> Result<(), String> {
    let (object_stream, references) = (memmem::Finder::new(b"/ObjStm"), memmem::Finder::new(b"/XRef"));
    let mut bytes = 0;
    for at in memmem::find_iter(file, b"stream") {
        let before = &file[at.saturating_sub(DICTIONARY_BYTES)..at];
        if before.ends_with(b"end") || (object_stream.find(before).is_none() && references.find(before).is_none()) {
            continue;
        }
        let content = &file[at + b"stream".len()..];
        let content = content.strip_prefix(b"\r").unwrap_or(content);
        let content = content.strip_prefix(b"\n").unwrap_or(content);
        bytes += unpacked_bytes(content).unwrap_or(0);
        if bytes > MOST_OBJECT_BYTES {
            return Err(format!("unpacks to more than {} MiB; no document needs as much", MOST_OBJECT_BYTES >> 20));
        }
    }
    Ok(())
}
