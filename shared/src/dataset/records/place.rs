//! Places in files of rows: texts have lines, files of columns have rows only.

use std::fmt;

use memchr::{memchr_iter, memrchr};

/// Where a row begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a text.
    Line {
        /// The line, from 1.
        line: u64,
        /// The byte, from 0, of the text as UTF-8.
        byte: u64,
    },
    /// In a file of columns.
    Row {
        /// The row, from 1.
        row: u64,
    },
    /// In a document of pages.
    Page {
        /// The page, from 1.
        page: u64,
    },
}

/// Where a row stops being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultPlace {
    /// In a text.
    Line {
        /// The line, from 1.
        line: u64,
        /// The character of that line, from 1, where that is known.
        column: Option<u64>,
    },
    /// In a file of columns.
    Row {
        /// The row, from 1.
        row: u64,
    },
    /// In a document of pages.
    Page {
        /// The page, from 1.
        page: u64,
    },
}

impl FaultPlace {
    /// Behind such bytes of a text, which begin in that line, from 1, at that character of it, from 1.
    pub(in crate::dataset) fn behind(before: &[u8], line: u64, column: u64) -> Self {
        let lines = memchr_iter(b'\n', before).count() as u64;
        Self::Line { line: line + lines, column: Some(column_behind(before, column)) }
    }

    /// A whole row is at fault.
    pub fn beginning_of(place: Place) -> Self {
        match place {
            Place::Line { line, .. } => Self::Line { line, column: None },
            Place::Row { row } => Self::Row { row },
            Place::Page { page } => Self::Page { page },
        }
    }

    /// The place with its file's name before it, as editors and compilers write it.
    pub fn in_file(self, file: &str) -> String {
        match self {
            Self::Line { line, column: Some(column) } => format!("{file}:{line}:{column}"),
            Self::Line { line, column: None } => format!("{file}:{line}"),
            other => format!("{file}, {other}"),
        }
    }
}

/// The character behind such bytes, from 1, in its line; the bytes begin at `column` of theirs.
pub(super) fn column_behind(before: &[u8], column: u64) -> u64 {
    let (last_line, column) = match memrchr(b'\n', before) {
        Some(end) => (&before[end + 1..], 1),
        None => (before, column),
    };
    // All bytes of UTF-8 but those that go on with a character.
    column + last_line.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u64
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        FaultPlace::beginning_of(*self).fmt(formatter)
    }
}

impl fmt::Display for FaultPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, column: None } => write!(formatter, "line {line}"),
            Self::Line { line, column: Some(column) } => write!(formatter, "line {line}, column {column}"),
            Self::Row { row } => write!(formatter, "row {row}"),
            Self::Page { page } => write!(formatter, "page {page}"),
        }
    }
}
