//! Whether a file's lines are rows, and which are not.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use shared::dataset::formats::Format;
use shared::dataset::records::{Container, FaultPlace, Place};

/// How many lines that are no rows are named.
const MOST_NAMED: usize = 10;

/// What was found in a file of JSON Lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    /// Lines that are rows.
    pub(crate) count: u64,
    /// The first lines that are not, and why.
    pub(crate) faults: Vec<(u64, String)>,
    /// How many more there are.
    pub(crate) more_faults: u64,
}

impl Rows {
    /// Reads a file to its end. With a format every line must be a row of it, without one every line must be an object.
    pub(crate) fn read(path: &Path, format: Option<Format>) -> io::Result<Self> {
        let mut rows = Self::default();
        let mut records = Container::JsonLines.read(File::open(path)?)?;
        while let Some(record) = records.next_record()? {
            match record.content {
                Err(broken) => {
                    let line = match broken.at {
                        FaultPlace::Line { line, .. } => line,
                        _ => line_of(record.place),
                    };
                    rows.note(line, broken.reason);
                }
                Ok(row) => match format.map(|format| (format, format.suits(row))) {
                    Some((format, false)) => {
                        rows.note(line_of(record.place), format!("it is no row of the format {}", format.title()));
                    }
                    Some((format, true)) => match format.read(row) {
                        Ok(_) => rows.count += 1,
                        Err(fault) => rows.note(line_of(record.place), fault.to_string()),
                    },
                    None => rows.count += 1,
                },
            }
        }
        Ok(rows)
    }

    /// What is wrong, where something is.
    pub(crate) fn fault(&self) -> Option<String> {
        if !self.faults.is_empty() {
            return Some(self.to_string());
        }
        (self.count == 0).then(|| "the file has no rows; one JSON object on each line was expected".to_owned())
    }

    fn note(&mut self, line: u64, reason: String) {
        if self.faults.len() < MOST_NAMED {
            self.faults.push((line, reason));
        } else {
            self.more_faults += 1;
        }
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (line, reason)) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}line {line}: {reason}")?;
        }
        match self.more_faults {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more"),
        }
    }
}

fn line_of(place: Place) -> u64 {
    match place {
        Place::Line { line, .. } => line,
        Place::Row { row } => row,
        Place::Page { page } => page,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, format: Option<Format>) -> Rows {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, text).unwrap();
        Rows::read(&path, format).unwrap()
    }

    const CHAT: &str = r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#;

    #[test]
    fn lines_that_are_no_rows_are_named() {
        let text = format!("{CHAT}\n{{\n[1]\n{{\"messages\": 3}}\n{{\"messages\": [{{\"content\": 1}}]}}\n{CHAT}");
        let rows = read(&text, Some(Format::OpenAiChat));
        let lines: Vec<u64> = rows.faults.iter().map(|(line, _)| *line).collect();
        assert_eq!((rows.count, lines), (2, vec![2, 3, 4, 5]));
        assert!(rows.fault().unwrap().starts_with("line 2: "), "{rows}");
        assert_eq!(read(&text, None).faults.len(), 2);
        assert_eq!(read(CHAT, Some(Format::OpenAiChat)).fault(), None);
        assert_eq!(read(CHAT, Some(Format::OpenAiPreference)).faults.len(), 1);
    }

    #[test]
    fn the_first_ten_are_named_and_the_others_counted() {
        let rows = read(&"{}\n".repeat(13), Some(Format::OpenAiChat));
        assert_eq!((rows.faults.len(), rows.more_faults), (10, 3));
        assert!(rows.to_string().ends_with("; and 3 more"), "{rows}");
    }

    #[test]
    fn a_file_without_rows_is_none() {
        assert!(read("", None).fault().unwrap().contains("no rows"));
        assert!(read("\n\n", None).fault().is_some());
    }
}
