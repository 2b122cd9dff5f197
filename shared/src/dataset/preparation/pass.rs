//! Reading the rows of a preparation as they are now.

use std::io;

use super::super::json::Tape;
use super::super::row::Row;
use super::entry::Entry;
use super::storage::{StoredFile, Window};
use super::{Preparation, PreparationFault};

/// Reads rows by number: quickest forwards.
pub struct Pass<'a, F> {
    preparation: &'a Preparation<F>,
    entries: Window<'a, F>,
    texts: Window<'a, F>,
    tape: Tape,
}

impl<'a, F: StoredFile> Pass<'a, F> {
    pub(super) fn new(preparation: &'a Preparation<F>) -> Self {
        let files = &preparation.files;
        // A step that is under way reads what it wrote, too.
        let length = |file: &F| file.length().unwrap_or(0);
        Self {
            preparation,
            entries: Window::new(&files.entries, length(&files.entries)),
            texts: Window::new(&files.texts, length(&files.texts)),
            tape: Tape::default(),
        }
    }

    /// What a row's text is of.
    ///
    /// # Errors
    /// The storage fails, or there is no such row.
    pub fn entry(&mut self, row: u32) -> Result<Entry, PreparationFault> {
        let state = self.preparation.rows.get(row as usize).ok_or(PreparationFault::Damaged("there is no such row"))?;
        self.entry_numbered(state.entry)
    }

    fn entry_numbered(&mut self, entry: u32) -> Result<Entry, PreparationFault> {
        let bytes = self.entries.at(u64::from(entry) * Entry::BYTES as u64, Entry::BYTES)?;
        Entry::from_bytes(bytes).ok_or(PreparationFault::Damaged("an entry is none of ours"))
    }

    /// A row's text, as one JSON object.
    ///
    /// # Errors
    /// The storage fails.
    pub fn text(&mut self, row: u32) -> Result<(Entry, &str), PreparationFault> {
        let entry = self.entry(row)?;
        let bytes = self.texts.at(entry.offset, entry.length as usize)?;
        let text = std::str::from_utf8(bytes).map_err(|_| PreparationFault::Damaged("a text is no UTF-8"))?;
        Ok((entry, text))
    }

    /// A row.
    ///
    /// # Errors
    /// The storage fails.
    pub fn row(&mut self, row: u32) -> Result<(Entry, Row), PreparationFault> {
        let entry = self.entry(row)?;
        self.row_of(entry)
    }

    /// The row as its file had it, before any step.
    ///
    /// # Errors
    /// The storage fails.
    pub fn original(&mut self, row: u32) -> Result<Row, PreparationFault> {
        // Rows that were read have the entries of their own numbers; those that were made keep their first one's.
        let entry = if row < self.preparation.rows_read() { self.entry_numbered(row)? } else { self.entry(row)? };
        Ok(self.row_of(entry)?.1)
    }

    fn row_of(&mut self, entry: Entry) -> Result<(Entry, Row), PreparationFault> {
        let bytes = self.texts.at(entry.offset, entry.length as usize)?;
        let text = std::str::from_utf8(bytes).map_err(|_| PreparationFault::Damaged("a text is no UTF-8"))?;
        let value = self.tape.read(text).map_err(|_| PreparationFault::Damaged("a text is no JSON"))?;
        let row = entry.written_as.read(value).map_err(|_| PreparationFault::Damaged("a text is no row"))?;
        Ok((entry, row))
    }
}

impl From<io::Error> for PreparationFault {
    fn from(error: io::Error) -> Self {
        Self::Storage(error)
    }
}
