//! Which format rows are in, told by those that were looked at.

use super::super::json::{JsonText, Value};
use super::{Format, Guess, Mapping};

/// Rows of no format that are kept to guess what their columns mean.
const MOST_SAMPLES: usize = 20;

/// What rows were found to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detected {
    /// Rows that were looked at.
    pub rows: u64,
    /// Formats that rows are in, with how many, the most frequent first. A row counts once.
    pub formats: Vec<(Format, u64)>,
    /// Some rows that are in no format.
    samples: Vec<JsonText>,
}

impl Detected {
    /// The format of most rows.
    pub fn format(&self) -> Option<Format> {
        self.formats.first().map(|&(format, _)| format)
    }

    /// Which part of the rows is in that format, from 0 to 1.
    pub fn confidence(&self) -> f64 {
        let rows = self.formats.first().map_or(0, |&(_, rows)| rows);
        if self.rows == 0 { 0.0 } else { rows as f64 / self.rows as f64 }
    }

    /// Counts a row of a format.
    pub fn note(&mut self, format: Format) {
        self.rows += 1;
        match self.formats.iter_mut().find(|(known, _)| *known == format) {
            Some((_, rows)) => *rows += 1,
            None => self.formats.push((format, 1)),
        }
        self.formats.sort_by_key(|&(format, rows)| (std::cmp::Reverse(rows), format));
    }

    /// Counts a row, an object in JSON, of no format.
    pub fn note_unknown(&mut self, row: &str) {
        self.rows += 1;
        if self.samples.len() < MOST_SAMPLES
            && let Ok(row) = JsonText::parse(row)
        {
            self.samples.push(row);
        }
    }

    /// What the columns of rows of no format may mean.
    pub fn guess(&self) -> Option<Guess> {
        Mapping::guess(&self.samples)
    }

    /// Why the format was chosen, in a sentence.
    pub fn reason(&self) -> String {
        if self.rows == 0 {
            return "there are no rows".to_owned();
        }
        let mut parts: Vec<String> = self
            .formats
            .iter()
            .map(|(format, rows)| format!("{rows} of {} rows look like {}", self.rows, format.title()))
            .collect();
        let known: u64 = self.formats.iter().map(|(_, rows)| rows).sum();
        if known < self.rows {
            let columns = self.samples.first().map(|row| {
                row.with(|row| row.entries().map(|(name, _)| name.to_owned()).collect::<Vec<_>>().join(", "))
            });
            let columns = columns.unwrap_or_default();
            parts.push(format!("{} like no format known here (columns: {columns})", self.rows - known));
        }
        parts.join("; ")
    }
}

/// The format of one row.
pub fn detect(row: Value<'_>) -> Option<Format> {
    // One look at the row's names tells which formats it can't be of: looking for each format's columns takes longer.
    let marks = row.entries().fold(0, |marks, (name, _)| marks | mark(name));
    Format::ALL.into_iter().find(|format| marks & mark(format.key()) != 0 && format.suits(row))
}

/// A bit that a name shares with few others.
fn mark(name: &str) -> u64 {
    let first = name.bytes().next().unwrap_or_default();
    1 << ((usize::from(first) + 5 * name.len()) % 64)
}
