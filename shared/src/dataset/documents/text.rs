//! Plain text: what is between empty lines is a paragraph, whose lines stay as they are. It is read piece by piece, so that
//! it may be of any length.

use std::io::{self, Read};

use super::outline::HeadingPath;
use super::{Block, BlockKind, BrokenPart, Part};
use crate::dataset::records::{FaultPlace, Line, Lines, MOST_RECORD_BYTES, utf8};

/// A paragraph that is longer ends with the line: it may be a list of a million names.
const MANY_BYTES: usize = 64 << 10;

/// Reads paragraphs.
pub(super) struct TextParts<R> {
    lines: Lines<R>,
    open: Option<Block>,
    last_line: u64,
    /// What came after the end of a paragraph: what is no text, or why the text can't be read on.
    waiting: Option<io::Result<Part>>,
}

impl<R: Read> TextParts<R> {
    pub(super) fn new(source: R) -> Self {
        Self { lines: Lines::new(source), open: None, last_line: 0, waiting: None }
    }

    fn next_part(&mut self) -> io::Result<Option<Part>> {
        if let Some(part) = self.waiting.take() {
            return part.map(Some);
        }
        loop {
            let line = match self.lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(self.open.take().map(Part::Block)),
                Err(error) => {
                    let Some(block) = self.open.take() else { return Err(error) };
                    self.waiting = Some(Err(error));
                    return Ok(Some(Part::Block(block)));
                }
            };
            let is_after_break = line.number > self.last_line + 1;
            self.last_line = line.number;
            match read(&line) {
                Err(broken) => {
                    return Ok(Some(match self.open.take() {
                        None => Part::Broken(broken),
                        Some(block) => {
                            self.waiting = Some(Ok(Part::Broken(broken)));
                            Part::Block(block)
                        }
                    }));
                }
                Ok(text) => match &mut self.open {
                    Some(block) if !is_after_break && block.text.len() <= MANY_BYTES => {
                        block.text.push('\n');
                        block.text.push_str(text.trim_end());
                    }
                    open => {
                        let block = Block {
                            text: text.trim_end().to_owned(),
                            kind: BlockKind::Paragraph,
                            headings: HeadingPath::default(),
                            place: line.place,
                            is_verbatim: true,
                        };
                        if let Some(block) = open.replace(block) {
                            return Ok(Some(Part::Block(block)));
                        }
                    }
                },
            }
        }
    }
}

impl<R: Read> Iterator for TextParts<R> {
    type Item = io::Result<Part>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_part().transpose()
    }
}

fn read<'a>(line: &Line<'a>) -> Result<&'a str, BrokenPart> {
    let broken = |at, reason| BrokenPart { at, reason, bytes: line.bytes.to_owned() };
    if let Some(length) = line.too_long {
        let most = MOST_RECORD_BYTES >> 20;
        let reason = format!("the line has {length} bytes; a line of a text may have {most} MiB");
        return Err(broken(FaultPlace::Line { line: line.number, column: None }, reason));
    }
    utf8(line.bytes).map_err(|(byte, reason)| broken(FaultPlace::behind(&line.bytes[..byte], line.number, 1), reason))
}
