//! What a file seems to be, by a look at its first rows, before anything is read.

use std::io;

use serde::{Deserialize, Serialize};

use super::formats::{Detected, Mapping};
use super::records::Records;
use super::rows::{ReadAs, Rows};

/// Rows that are looked at.
const LOOKED_AT: u64 = 1000;

/// Rows that are shown.
const SHOWN: usize = 5;

/// What a file seems to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FilePreview {
    /// The file is a document, which is cut into chunks.
    pub is_document: bool,
    /// Rows that were looked at, those that are none as well.
    pub looked_at: u64,
    /// How sure it is that they are what they seem, from 0 to 1.
    pub confidence: f64,
    /// Why, in a sentence.
    pub reason: String,
    /// What the columns of rows of no format may mean, if that can be guessed.
    pub guess: Option<Mapping>,
    /// Names of the columns, as the file has them.
    pub columns: Vec<String>,
    /// Rows that are none.
    pub set_aside: u64,
    /// Why the first of those are none, with their places.
    pub faults: Vec<String>,
    /// The first rows as they would be kept, as JSON.
    pub rows: Vec<String>,
    /// The first of those as the file has it: a person can say what its columns mean.
    pub first_refused: Option<String>,
}

impl FilePreview {
    /// Looks at the first rows.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn read<'a>(records: Box<dyn Records + 'a>, read_as: ReadAs) -> io::Result<Self> {
        let (mut preview, mut detected) = (Self::default(), Detected::default());
        preview.is_document = records.format().is_some();
        let mut rows = Rows::new(records, read_as).noting_columns();
        while preview.looked_at < LOOKED_AT {
            let Some(read) = rows.next_row()? else { break };
            preview.looked_at += 1;
            match read.content {
                Ok((format, row)) => {
                    if let Some(format) = format {
                        detected.note(format);
                    }
                    if preview.rows.len() < SHOWN {
                        let mut json = String::new();
                        // Rows that are read have a place in the format of their kind.
                        let _ = row.sample.own_format().write(&row, &mut json);
                        preview.rows.push(json);
                    }
                }
                Err(refused) => {
                    preview.set_aside += 1;
                    if refused.is_of_no_format {
                        detected.note_unknown(&refused.text);
                    }
                    if preview.faults.len() < SHOWN {
                        preview.faults.push(format!("{}: {}", refused.at, refused.reason));
                    }
                    preview.first_refused.get_or_insert(refused.text);
                }
            }
        }
        let usable = preview.looked_at - preview.set_aside;
        preview.confidence = if preview.looked_at == 0 { 0.0 } else { usable as f64 / preview.looked_at as f64 };
        preview.reason =
            if detected.rows == 0 { "the columns are those that you name".to_owned() } else { detected.reason() };
        preview.guess = detected.guess().map(|guess| guess.mapping);
        preview.columns = rows.noted_columns();
        Ok(preview)
    }
}
