//! What reading a file brought up besides its content.

use std::fmt;

/// Where in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, as the main one names it; empty for the main one.
    pub file: String,
    /// Its line, from 1; 0 where it isn't known.
    pub line: u64,
    /// The character in the line, from 1; 0 for the whole line.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.file.is_empty() {
            parts.push(self.file.clone());
        }
        if self.line > 0 {
            parts.push(format!("line {}", self.line));
        }
        if self.column > 0 {
            parts.push(format!("column {}", self.column));
        }
        formatter.write_str(&parts.join(", "))
    }
}

/// Something in a file that a person should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where it is.
    pub place: Place,
    /// What it is and what to do, in a sentence.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.to_string();
        if place.is_empty() {
            formatter.write_str(&self.message)
        } else {
            write!(formatter, "{place}: {}", self.message)
        }
    }
}

/// What a file holds, and what in it is not done as it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported<T> {
    /// The content.
    pub value: T,
    /// What was left out or changed on the way.
    pub warnings: Vec<Finding>,
}

/// Why a file can't be used; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Refused(pub Vec<Finding>);

impl Refused {
    /// One reason.
    pub(super) fn at(place: Place, message: impl Into<String>) -> Self {
        Self(vec![Finding { place, message: message.into() }])
    }
}

/// Gathers findings, so that a person sees all of them at once.
#[derive(Default)]
pub(super) struct Findings {
    warnings: Vec<Finding>,
    refusals: Vec<Finding>,
}

impl Findings {
    /// Something that is left out or changed.
    pub(super) fn warn(&mut self, place: &Place, message: impl Into<String>) {
        let finding = Finding { place: place.clone(), message: message.into() };
        if !self.warnings.contains(&finding) {
            self.warnings.push(finding);
        }
    }

    /// Something that can't be done.
    pub(super) fn refuse(&mut self, place: &Place, message: impl Into<String>) {
        let finding = Finding { place: place.clone(), message: message.into() };
        if !self.refusals.contains(&finding) {
            self.refusals.push(finding);
        }
    }

    /// All of another file's reasons.
    pub(super) fn refuse_all(&mut self, refused: Refused) {
        self.refusals.extend(refused.0);
    }

    /// The value, where nothing was refused.
    pub(super) fn finish<T>(self, value: T) -> Result<Imported<T>, Refused> {
        if self.refusals.is_empty() {
            Ok(Imported { value, warnings: self.warnings })
        } else {
            Err(Refused(self.refusals))
        }
    }
}
