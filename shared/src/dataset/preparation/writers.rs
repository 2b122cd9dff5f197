//! Writing rows, and what steps do to them, behind what is there.

use super::change::{Change, Effect};
use super::entry::{Entry, Origin};
use super::journal::{Counts, DoneStep, Ends};
use super::row_block::{KeptText, RowBlock};
use super::state::RowState;
use super::storage::{Appender, Files, StoredFile};
use super::{Computed, Preparation, PreparationFault};
use crate::dataset::personal_data::Placeholders;
use crate::dataset::row::Row;
use crate::dataset::steps::Step;

/// Writes rows' texts and entries.
pub(super) struct RowWriter<'a, F> {
    files: &'a Files<F>,
    texts: Appender<'a, F>,
    entries: Appender<'a, F>,
    entry_count: u32,
    text: String,
}

impl<'a, F: StoredFile> RowWriter<'a, F> {
    pub(super) fn new(files: &'a Files<F>, ends: Ends) -> Self {
        Self {
            files,
            texts: Appender::new(&files.texts, ends.texts),
            entries: Appender::new(&files.entries, u64::from(ends.entries) * Entry::BYTES as u64),
            entry_count: ends.entries,
            text: String::new(),
        }
    }

    /// Writes a row; gives its entry.
    pub(super) fn append(&mut self, row: &Row, origin: Origin) -> Result<u32, PreparationFault> {
        self.text.clear();
        let text = KeptText::write(row, &mut self.text).map_err(PreparationFault::Refused)?;
        let offset = self.texts.end();
        self.texts.append(self.text.as_bytes())?;
        self.append_entry(offset, text, origin)
    }

    /// Writes the rows of a block that begins behind so many records of a file.
    pub(super) fn append_block(&mut self, block: &RowBlock, file: u16, records: u32) -> Result<(), PreparationFault> {
        let mut offset = self.texts.end();
        self.texts.append(block.texts.as_bytes())?;
        for row in &block.rows {
            let origin = Origin { file, record: records + row.record, descendant: 0, read_as: row.read_as };
            self.append_entry(offset, row.text, origin)?;
            offset += u64::from(row.text.length);
        }
        Ok(())
    }

    fn append_entry(&mut self, offset: u64, text: KeptText, origin: Origin) -> Result<u32, PreparationFault> {
        let KeptText { length, sample_length, sample_hash, written_as } = text;
        let entry = Entry { offset, length, sample_length, sample_hash, written_as, origin };
        self.entries.append(&entry.to_bytes())?;
        let number = self.entry_count;
        self.entry_count = number.checked_add(1).filter(|count| *count < u32::MAX).ok_or_else(|| {
            PreparationFault::Refused("there are four thousand million rows; prepare them in parts".to_owned())
        })?;
        Ok(number)
    }

    /// Returns once it is safe: bytes of texts, and entries.
    pub(super) fn finish(mut self) -> Result<(u64, u32), PreparationFault> {
        self.texts.flush()?;
        self.entries.flush()?;
        self.files.texts.flush()?;
        self.files.entries.flush()?;
        Ok((self.texts.end(), self.entry_count))
    }
}

/// Writes what a step does. Nothing of it counts until it is [done](Preparation::commit).
pub(in crate::dataset) struct StepWriter<'a, F> {
    files: &'a Files<F>,
    rows: RowWriter<'a, F>,
    changes: Appender<'a, F>,
    before: Ends,
    known: &'a [RowState],
    row_count: u32,
    reasons: Vec<String>,
    counts: Counts,
    placeholders: Option<Placeholders>,
    unused: Vec<(String, u64)>,
}

/// Reasons that a step can have for its drops.
const MOST_REASONS: usize = 256;

impl<'a, F: StoredFile> StepWriter<'a, F> {
    pub(super) fn new(preparation: &'a Preparation<F>) -> Self {
        let Preparation { files, ends, rows, .. } = preparation;
        Self {
            files,
            rows: RowWriter::new(files, *ends),
            changes: Appender::new(&files.changes, ends.changes * Change::BYTES as u64),
            before: *ends,
            known: rows,
            row_count: rows.len() as u32,
            reasons: Vec::new(),
            counts: Counts::default(),
            placeholders: None,
            unused: Vec::new(),
        }
    }

    /// A row is not used any more. Reasons are few: figures of a row don't belong in them.
    pub(in crate::dataset) fn drop(
        &mut self,
        row: u32,
        reason: &str,
        like: Option<u32>,
    ) -> Result<(), PreparationFault> {
        let known = self.reasons.iter().position(|other| other == reason);
        let reason = known.unwrap_or_else(|| {
            if self.reasons.len() < MOST_REASONS {
                self.reasons.push(reason.to_owned());
            }
            self.reasons.len() - 1
        });
        self.counts.dropped += 1;
        self.write(row, Effect::Drop { reason: reason as u8, like })
    }

    /// A row is used again.
    pub(in crate::dataset) fn keep(&mut self, row: u32) -> Result<(), PreparationFault> {
        self.counts.restored += 1;
        self.write(row, Effect::Keep)
    }

    /// A row has another text.
    pub(in crate::dataset) fn replace(&mut self, row: u32, origin: Origin, by: &Row) -> Result<(), PreparationFault> {
        let entry = self.rows.append(by, origin)?;
        self.counts.replaced += 1;
        self.write(row, Effect::Replace { entry })
    }

    /// A row is made from another, and goes to the same part: what is learned must not be known from what is held out.
    pub(in crate::dataset) fn add(&mut self, parent: u32, origin: Origin, made: &Row) -> Result<(), PreparationFault> {
        let entry = self.rows.append(made, origin)?;
        let row = self.row_count;
        self.row_count += 1;
        self.counts.added += 1;
        self.write(row, Effect::Add { entry })?;
        match self.known.get(parent as usize).and_then(|parent| parent.part) {
            Some(part) => self.write(row, Effect::Assign(part)),
            None => Ok(()),
        }
    }

    /// A row goes to a part, or is rated.
    pub(in crate::dataset) fn mark(&mut self, row: u32, effect: Effect) -> Result<(), PreparationFault> {
        match effect {
            Effect::Assign(_) => self.counts.assigned += 1,
            Effect::Rate(_) => self.counts.rated += 1,
            _ => {}
        }
        self.write(row, effect)
    }

    /// What the placeholders in rows stand for.
    pub(in crate::dataset) fn note_placeholders(&mut self, placeholders: Placeholders) {
        self.placeholders = Some(placeholders);
    }

    /// A row is decided by the answer of that number.
    pub(in crate::dataset) fn note_used(&mut self, row: u32, answer: u32) -> Result<(), PreparationFault> {
        self.write(row, Effect::Use { answer })
    }

    /// An answer, or a part of one, can't be used. Reasons are few.
    pub(in crate::dataset) fn note_unused(&mut self, reason: &str) {
        match self.unused.iter_mut().find(|(other, _)| other == reason) {
            Some((_, count)) => *count += 1,
            None => self.unused.push((reason.to_owned(), 1)),
        }
    }

    fn write(&mut self, row: u32, effect: Effect) -> Result<(), PreparationFault> {
        Ok(self.changes.append(&Change { row, effect }.to_bytes())?)
    }

    pub(super) fn finish(mut self, step: Step) -> Result<Computed, PreparationFault> {
        let (texts, entries) = self.rows.finish()?;
        self.changes.flush()?;
        self.files.changes.flush()?;
        let changes = self.changes.end() / Change::BYTES as u64;
        let ends = Ends { texts, entries, changes, ..self.before };
        let Self { reasons, counts, placeholders, unused, .. } = self;
        let done = DoneStep { step, reasons, counts, placeholders, unused };
        Ok(Computed { done, before: self.before, ends })
    }
}
