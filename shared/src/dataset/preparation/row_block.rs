//! Rows as they are kept, some at a time. Making them needs no files: natively, another thread does it.

use std::io;

use super::super::duplicates::SampleHash;
use super::super::formats::Format;
use super::super::records::FaultPlace;
use super::super::row::Row;
use super::super::rows::{Rows, SetAside};

/// Rows that are handed over together, at most.
const MOST_RECORDS: u32 = 256;

/// A block is not filled further beyond so many bytes.
const ENOUGH_BYTES: usize = 1 << 20;

/// Some rows as they are kept, and what is none.
#[derive(Debug, Default)]
pub struct RowBlock {
    /// The rows' texts, one after the other.
    pub(super) texts: String,
    pub(super) rows: Vec<ReadText>,
    pub(super) set_aside: Vec<SetAside>,
    /// Rows, those that are none as well.
    pub(super) records: u32,
}

/// A row of a file whose text is in a block.
#[derive(Debug)]
pub(super) struct ReadText {
    /// Its number among the block's records, from 1.
    pub(super) record: u32,
    pub(super) read_as: Option<Format>,
    pub(super) text: KeptText,
}

/// A row's text, wherever it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeptText {
    pub(super) length: u32,
    /// How much of it, from its beginning, is what is learned.
    pub(super) sample_length: u32,
    pub(super) sample_hash: SampleHash,
    pub(super) written_as: Format,
}

impl KeptText {
    /// Writes a row's text behind what is there.
    ///
    /// # Errors
    /// The format of its kind has no place for something of it: for what.
    pub(super) fn write(row: &Row, texts: &mut String) -> Result<Self, String> {
        let (written_as, start) = (row.sample.own_format(), texts.len());
        let sample_bytes = written_as
            .write_apart(row, texts)
            .map_err(|lacks| format!("{} has no place for {lacks}", written_as.title()))?;
        let text = &texts.as_bytes()[start..];
        // A row that was read is at most some times 16 MiB long here.
        let (length, sample_length) = (text.len() as u32, sample_bytes as u32);
        Ok(Self { length, sample_length, sample_hash: SampleHash::of(&text[..sample_bytes]), written_as })
    }
}

/// The rows of a file, block by block, wherever they are read.
pub trait RowBlocks {
    /// The next ones; `None` at the file's end.
    ///
    /// # Errors
    /// The file can't be read on.
    fn next_block(&mut self) -> io::Result<Option<RowBlock>>;

    /// Passes rows from the file's beginning, those that are none as well.
    ///
    /// # Errors
    /// The file can't be read on, or ends before.
    fn skip(&mut self, records: u32) -> io::Result<()>;
}

impl RowBlock {
    /// All rows.
    ///
    /// # Errors
    /// They can't be read on.
    pub fn of_all(rows: &mut Rows<'_>) -> io::Result<Self> {
        Self::read(rows, u32::MAX, usize::MAX)
    }

    fn read(rows: &mut Rows<'_>, most_records: u32, enough_bytes: usize) -> io::Result<Self> {
        let mut block = Self::default();
        while block.records < most_records && block.texts.len() < enough_bytes {
            let Some(read) = rows.next_row()? else { break };
            block.records += 1;
            match read.content {
                Ok((read_as, row)) => match KeptText::write(&row, &mut block.texts) {
                    Ok(text) => block.rows.push(ReadText { record: block.records, read_as, text }),
                    Err(reason) => {
                        let at = FaultPlace::beginning_of(read.place);
                        block.set_aside.push(SetAside::of_row(&row, at, reason));
                    }
                },
                Err(refused) => block.set_aside.push(refused),
            }
        }
        Ok(block)
    }
}

impl RowBlocks for Rows<'_> {
    fn next_block(&mut self) -> io::Result<Option<RowBlock>> {
        let block = RowBlock::read(self, MOST_RECORDS, ENOUGH_BYTES)?;
        Ok((block.records > 0).then_some(block))
    }

    fn skip(&mut self, records: u32) -> io::Result<()> {
        Self::skip(self, records)
    }
}
