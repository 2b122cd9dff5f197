//! Places in files of rows: texts have lines, files of columns have rows only.

use std::fmt;

/// Where a row begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a text.
    Line {
        /// The line, from 1.
        line: u64,
        /// The byte, from 0.
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
    /// A whole row is at fault.
    pub fn beginning_of(place: Place) -> Self {
        match place {
            Place::Line { line, .. } => Self::Line { line, column: None },
            Place::Row { row } => Self::Row { row },
            Place::Page { page } => Self::Page { page },
        }
    }
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
