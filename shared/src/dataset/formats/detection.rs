//! Which format rows are in, by a look at some of them.

use super::super::json::Value;
use super::Format;

/// What rows were found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detected {
    /// Rows that were looked at.
    pub rows: u64,
    /// Formats that rows suit, with how many, the most frequent first. A row counts once.
    pub formats: Vec<(Format, u64)>,
    /// The columns of a row that suits no format, if there is one: a person can say what they are.
    pub unknown_columns: Option<Vec<String>>,
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

    /// Counts a row.
    pub fn note(&mut self, row: Value<'_>) {
        self.rows += 1;
        let Some(format) = detect(row) else {
            self.unknown_columns.get_or_insert_with(|| row.entries().map(|(name, _)| name.to_owned()).collect());
            return;
        };
        match self.formats.iter_mut().find(|(known, _)| *known == format) {
            Some((_, rows)) => *rows += 1,
            None => self.formats.push((format, 1)),
        }
        self.formats.sort_by_key(|&(format, rows)| (std::cmp::Reverse(rows), format));
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
            let columns = self.unknown_columns.as_deref().unwrap_or_default().join(", ");
            parts.push(format!("{} like no format known here (columns: {columns})", self.rows - known));
        }
        parts.join("; ")
    }
}

/// The format of one row.
pub fn detect(row: Value<'_>) -> Option<Format> {
    Format::ALL.into_iter().find(|format| format.suits(row))
}
