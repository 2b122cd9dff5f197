//! Rows out of a file's records, whatever format each is in; what is no row is set aside with its reason.

use std::io;

use serde::{Deserialize, Serialize};

use super::documents::Chunking;
use super::formats::{Format, Mapping, RowFault, detect};
use super::json::{Value, write_text};
use super::records::{FaultPlace, Place, Records};
use super::row::Row;

/// Reads rows.
pub struct Rows<'a> {
    records: Box<dyn Records + 'a>,
    read_as: ReadAs,
    /// Names of the columns that were read, while somebody wants to know them.
    columns: Option<Vec<String>>,
}

/// How it is found what columns mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadAs {
    /// By the columns of each row; documents are cut as is usual.
    #[default]
    Detect,
    /// Likewise, but documents are cut like this.
    Document(Chunking),
    /// All rows are of one format.
    Format(Format),
    /// A person said it.
    Mapping(Mapping),
}

impl ReadAs {
    /// How documents are cut.
    pub fn chunking(&self) -> Chunking {
        match self {
            Self::Document(chunking) => *chunking,
            Self::Detect | Self::Format(_) | Self::Mapping(_) => Chunking::USUAL,
        }
    }
}

/// A row, or what is none.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadRow {
    /// Where it begins.
    pub place: Place,
    /// The format that it was in (none where a person said what columns mean) and the row, or why it is none.
    pub content: Result<(Option<Format>, Row), SetAside>,
}

/// What is no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Where it stops being one.
    pub at: FaultPlace,
    /// Why.
    pub reason: String,
    /// Its columns are those of no format: a person can say what they mean.
    pub is_of_no_format: bool,
    /// What is there; what is no UTF-8 in it has become U+FFFD.
    pub text: String,
}

impl SetAside {
    /// A row that was read, and that a format has no place for. It is kept in the format that has.
    pub fn without_place(row: &Row, at: FaultPlace, format: Format, lacks: &str) -> Self {
        Self::of_row(row, at, format!("{} has no place for {lacks}", format.title()))
    }

    /// A row that was read and can't be used. It is kept in the format of its kind.
    pub fn of_row(row: &Row, at: FaultPlace, reason: String) -> Self {
        let mut text = String::new();
        // Rows that are read have a place in that format.
        let _ = row.sample.own_format().write(row, &mut text);
        Self { at, reason, is_of_no_format: false, text }
    }

    /// As a line of the file in which it is kept.
    pub fn to_json_line(&self, file: &str) -> String {
        let mut line = String::from("{\"file\":");
        write_text(&mut line, file);
        let place = match self.at {
            FaultPlace::Line { line, column: Some(column) } => format!("\"line\":{line},\"column\":{column}"),
            FaultPlace::Line { line, column: None } => format!("\"line\":{line}"),
            FaultPlace::Row { row } => format!("\"row\":{row}"),
            FaultPlace::Page { page } => format!("\"page\":{page}"),
        };
        line.push_str(&format!(",{place},\"reason\":"));
        write_text(&mut line, &self.reason);
        line.push_str(",\"text\":");
        write_text(&mut line, &self.text);
        line.push_str("}\n");
        line
    }
}

impl<'a> Rows<'a> {
    /// Rows of a file.
    pub fn new(records: Box<dyn Records + 'a>, read_as: ReadAs) -> Self {
        let read_as = match (read_as, records.format()) {
            (ReadAs::Detect | ReadAs::Document(_), Some(format)) => ReadAs::Format(format),
            (ReadAs::Document(_), None) => ReadAs::Detect,
            (other, _) => other,
        };
        Self { records, read_as, columns: None }
    }

    /// The same, and the names of all columns are noted.
    #[must_use]
    pub fn noting_columns(self) -> Self {
        Self { columns: Some(Vec::new()), ..self }
    }

    /// Names of columns that were noted, as the file has them, in the order in which they came first.
    pub fn noted_columns(self) -> Vec<String> {
        self.columns.unwrap_or_default()
    }

    /// Passes rows, those that are none as well.
    ///
    /// # Errors
    /// The file can't be read on, or ends before.
    pub fn skip(&mut self, count: u32) -> io::Result<()> {
        for _ in 0..count {
            self.records.next_record()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        Ok(())
    }

    /// The next one.
    ///
    /// # Errors
    /// The file can't be read on.
    pub fn next_row(&mut self) -> io::Result<Option<ReadRow>> {
        let Some(record) = self.records.next_record()? else { return Ok(None) };
        let place = record.place;
        if let (Some(columns), Ok(row)) = (&mut self.columns, &record.content) {
            for (name, _) in row.entries() {
                if !columns.iter().any(|known| known == name) {
                    columns.push(name.to_owned());
                }
            }
        }
        let content = match record.content {
            Ok(value) => read(value, &self.read_as).map_err(|fault| SetAside {
                at: FaultPlace::beginning_of(place),
                is_of_no_format: fault == Fault::NoFormat,
                reason: match fault {
                    Fault::NoFormat => {
                        let columns = value.entries().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
                        format!("the columns are those of no format known here ({columns}); say what they are")
                    }
                    Fault::InRow(fault) => fault.to_string(),
                    Fault::Lacks(words) => words,
                },
                text: value.to_string(),
            }),
            Err(broken) => Err(SetAside {
                at: broken.at,
                reason: broken.reason,
                is_of_no_format: false,
                text: String::from_utf8_lossy(broken.bytes).into_owned(),
            }),
        };
        Ok(Some(ReadRow { place, content }))
    }
}

#[derive(PartialEq)]
enum Fault {
    NoFormat,
    InRow(RowFault),
    Lacks(String),
}

fn read(value: Value<'_>, read_as: &ReadAs) -> Result<(Option<Format>, Row), Fault> {
    let (format, row) = match read_as {
        ReadAs::Mapping(mapping) => (None, mapping.read(value)),
        ReadAs::Format(format) => (Some(*format), format.read(value)),
        ReadAs::Detect | ReadAs::Document(_) => {
            let format = detect(value).ok_or(Fault::NoFormat)?;
            (Some(format), format.read(value))
        }
    };
    let row = row.map_err(Fault::InRow)?;
    match row.sample.own_format().lacks(&row) {
        None => Ok((format, row)),
        Some(lacks) => Err(Fault::Lacks(format!("it is {}, which goes with no {lacks}", row.sample.kind()))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::records::Container;
    use super::*;

    #[test]
    fn rows_of_several_formats_come_out_of_one_file_and_the_others_are_set_aside() {
        let file = "{\"text\": \"a\"}\n{\"messages\": [{\"role\": \"user\"}]}\n{\"q\": \"a\"}\n{\"messages\": 3}\n{\"text\": \"\n";
        let read = |read_as| {
            let mut rows = Rows::new(Container::JsonLines.read(file.as_bytes()).unwrap(), read_as);
            let mut found = Vec::new();
            while let Some(row) = rows.next_row().unwrap() {
                found.push(match row.content {
                    Ok((format, _)) => format.unwrap().name().to_owned(),
                    Err(aside) => format!("{}: {}", aside.at, aside.reason),
                });
            }
            found
        };
        assert_eq!(
            read(ReadAs::Detect),
            [
                "trl-text",
                "openai-chat",
                "line 3: the columns are those of no format known here (q); say what they are",
                "line 4: the columns are those of no format known here (messages); say what they are",
                "line 5, column 11: the line ends in the middle of a text: it may be half-written",
            ]
        );
        assert_eq!(read(ReadAs::Format(Format::TrlText))[1], "line 2: text is missing");
    }
}
