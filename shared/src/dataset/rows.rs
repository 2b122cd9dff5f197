//! Rows out of a file's records, whatever format each is in; what is no row is set aside with its reason.

use std::io;

use super::formats::{Format, detect};
use super::json::Value;
use super::records::{Place, Records};
use super::row::Row;

/// Reads rows.
pub struct Rows<'a> {
    records: Box<dyn Records + 'a>,
    format: Option<Format>,
}

/// A row, or what is none.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadRow {
    /// Where it begins.
    pub place: Place,
    /// The format that it was in and the row, or why it is none.
    pub content: Result<(Format, Row), SetAside>,
}

/// What is no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The line where it stops being one, from 1.
    pub line: u64,
    /// The character of that line, from 1, where that is known.
    pub column: Option<u64>,
    /// Why.
    pub reason: String,
    /// What is there; what is no UTF-8 in it has become U+FFFD.
    pub text: String,
}

impl<'a> Rows<'a> {
    /// Rows of one format, or each of its own.
    pub fn new(records: Box<dyn Records + 'a>, format: Option<Format>) -> Self {
        Self { records, format }
    }

    /// The next one.
    ///
    /// # Errors
    /// The file can't be read on.
    pub fn next_row(&mut self) -> io::Result<Option<ReadRow>> {
        let Some(record) = self.records.next_record()? else { return Ok(None) };
        let place = record.place;
        let content = match record.content {
            Ok(value) => read(value, self.format).map_err(|reason| SetAside {
                line: place.line,
                column: None,
                reason,
                text: value.to_string(),
            }),
            Err(broken) => Err(SetAside {
                line: broken.line,
                column: broken.column,
                reason: broken.reason,
                text: String::from_utf8_lossy(broken.bytes).into_owned(),
            }),
        };
        Ok(Some(ReadRow { place, content }))
    }
}

fn read(value: Value<'_>, format: Option<Format>) -> Result<(Format, Row), String> {
    let Some(format) = format.or_else(|| detect(value)) else {
        let columns = value.entries().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        return Err(format!("the columns are those of no format known here ({columns}); say what they are"));
    };
    let row = format.read(value).map_err(|fault| fault.to_string())?;
    Ok((format, row))
}

#[cfg(test)]
mod tests {
    use super::super::records::Container;
    use super::*;

    #[test]
    fn rows_of_several_formats_come_out_of_one_file_and_the_others_are_set_aside() {
        let file = "{\"text\": \"a\"}\n{\"messages\": [{\"role\": \"user\"}]}\n{\"q\": \"a\"}\n{\"messages\": 3}\n{\"text\": \"\n";
        let read = |format| {
            let mut rows = Rows::new(Container::JsonLines.read(file.as_bytes()).unwrap(), format);
            let mut found = Vec::new();
            while let Some(row) = rows.next_row().unwrap() {
                found.push(match row.content {
                    Ok((format, _)) => format.name().to_owned(),
                    Err(aside) => format!("{} {:?} {}", aside.line, aside.column, aside.reason),
                });
            }
            found
        };
        assert_eq!(
            read(None),
            [
                "trl-text",
                "openai-chat",
                "3 None the columns are those of no format known here (q); say what they are",
                "4 None the columns are those of no format known here (messages); say what they are",
                "5 Some(11) the line ends in the middle of a text: it may be half-written",
            ]
        );
        assert_eq!(read(Some(Format::TrlText))[1], "2 None text is missing");
    }
}
