//! A document's chunks as records.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::chunks::{Chunk, Chunking, Packer};
use super::encoding::decode;
use super::text::TextParts;
use super::{BrokenPart, DocumentKind, MOST_DOCUMENT_BYTES, Part, html, markdown, pdf};
use crate::dataset::formats::Format;
use crate::dataset::json::{Tape, Value};
use crate::dataset::records::{Broken, FaultPlace, Place, Record, Records, Utf8Reader};

/// Opens a document, and reads it up to its first chunk; what is not plain text is read as a whole.
///
/// # Errors
/// The document can't be read, or there is no text in it.
pub(in crate::dataset) fn open<'a>(
    kind: DocumentKind,
    source: impl Read + Send + 'a,
    file_name: &str,
    chunking: Chunking,
) -> io::Result<Box<dyn Records + 'a>> {
    let parts: Box<dyn Iterator<Item = io::Result<Part>> + Send + 'a> = match kind {
        DocumentKind::Text => Box::new(TextParts::new(Utf8Reader::new(source))),
        DocumentKind::Markdown | DocumentKind::Html => {
            let (text, broken) = decode(&whole(kind, Utf8Reader::new(source))?);
            let read = if kind == DocumentKind::Html { html::read(&text) } else { markdown::read(&text) };
            Box::new(broken.into_iter().map(Part::Broken).chain(read).map(Ok))
        }
        DocumentKind::Pdf => {
            Box::new(pdf::read(whole(kind, source)?).map_err(|reason| bad(kind, &reason))?.into_iter().map(Ok))
        }
    };
    let mut document = Document {
        file_name: file_name.to_owned(),
        parts: Some(parts),
        packer: Packer::new(chunking),
        ready: VecDeque::new(),
        failure: None,
        chunks: 0,
        last: None,
        tape: Tape::default(),
    };
    if document.fill()? { Ok(Box::new(document)) } else { Err(bad(kind, "has no text")) }
}

fn bad(kind: DocumentKind, reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the document ({kind}) {reason}"))
}

fn whole(kind: DocumentKind, source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_DOCUMENT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_DOCUMENT_BYTES {
        let most = MOST_DOCUMENT_BYTES >> 20;
        return Err(bad(
            kind,
            &format!("has more than {most} MiB and must be held in memory; split it, or save it as plain text"),
        ));
    }
    Ok(bytes)
}

/// A document that is open.
struct Document<'a> {
    file_name: String,
    /// What comes next of it; nothing at its end.
    parts: Option<Box<dyn Iterator<Item = io::Result<Part>> + Send + 'a>>,
    packer: Packer,
    ready: VecDeque<Ready>,
    /// Why it can't be read on.
    failure: Option<io::Error>,
    /// Chunks so far.
    chunks: u64,
    last: Option<BrokenPart>,
    tape: Tape,
}

enum Ready {
    Chunk(Chunk),
    Broken(BrokenPart),
}

impl Document<'_> {
    /// Reads until something is ready; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        while self.ready.is_empty() {
            let Some(parts) = &mut self.parts else { return self.failure.take().map_or(Ok(false), Err) };
            match parts.next() {
                Some(Ok(Part::Block(block))) => self.packer.push(block),
                Some(Ok(Part::Broken(broken))) => self.ready.push_back(Ready::Broken(broken)),
                end => {
                    // What was read before it is good.
                    self.failure = end.and_then(Result::err);
                    self.packer.finish();
                    self.parts = None;
                }
            }
            while let Some(chunk) = self.packer.next_chunk() {
                self.ready.push_back(Ready::Chunk(chunk));
            }
        }
        Ok(true)
    }

    fn row(&mut self, chunk: &Chunk) -> Value<'_> {
        self.chunks += 1;
        let mut out = self.tape.build();
        let row = out.open();
        out.text("text");
        out.text(&chunk.text);
        out.text("file");
        out.text(&self.file_name);
        let (name, number) = match chunk.place {
            Place::Line { line, .. } => ("line", line),
            Place::Page { page } => ("page", page),
            Place::Row { row } => ("row", row),
        };
        out.text(name);
        out.number(number);
        out.text("headings");
        let headings = out.open();
        chunk.headings.iter().for_each(|title| out.text(title));
        out.close_list(headings);
        out.text("chunk");
        out.number(self.chunks);
        out.close_object(row);
        out.finish()
    }
}

impl Records for Document<'_> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        if !self.fill()? {
            return Ok(None);
        }
        match self.ready.pop_front() {
            None => Ok(None),
            Some(Ready::Chunk(chunk)) => Ok(Some(Record { place: chunk.place, content: Ok(self.row(&chunk)) })),
            Some(Ready::Broken(broken)) => {
                let BrokenPart { at, reason, bytes } = self.last.insert(broken);
                let broken = Broken { at: *at, reason: reason.clone(), bytes };
                Ok(Some(Record { place: place_of(*at), content: Err(broken) }))
            }
        }
    }

    /// Text, whatever it looks like: a document about ChatML is no conversation.
    fn format(&self) -> Option<Format> {
        Some(Format::TrlText)
    }
}

/// Where a part that is broken begins.
fn place_of(at: FaultPlace) -> Place {
    match at {
        FaultPlace::Line { line, .. } => Place::Line { line, byte: 0 },
        FaultPlace::Row { row } => Place::Row { row },
        FaultPlace::Page { page } => Place::Page { page },
    }
}
