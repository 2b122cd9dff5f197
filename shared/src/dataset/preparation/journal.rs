//! What happened to a preparation, line by line. What a line says is in the other files when it is written; so a crash at
//! any moment loses what came after the last whole line, and nothing else.

use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::super::personal_data::Placeholders;
use super::super::rows::ReadAs;
use super::super::steps::Step;
use super::PreparationFault;
use super::pulse::{Progress, Pulse, Stopped};
use super::storage::StoredFile;
use crate::quantities::grouped;

/// Which lines this code writes. Lines of another number are refused.
const VERSION: u32 = 2;

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// What happened.
    pub(super) event: Event,
    /// How much of each file counts since then.
    pub(super) ends: Ends,
}

/// What happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Event {
    /// The preparation began.
    Begin {
        /// Which lines follow.
        version: u32,
    },
    /// A file is being read.
    Open(Box<SourceFile>),
    /// Rows of the last file were read.
    Read(Progressed),
    /// The last file was read to its end.
    Whole,
    /// A step was done.
    Step(Box<DoneStep>),
    /// Only the first steps count any more.
    Rewind {
        /// How many.
        steps: usize,
    },
    /// Nothing counts any more, the files neither.
    Clear,
}

/// How much of each file counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ends {
    /// Bytes of texts.
    pub(super) texts: u64,
    /// Entries.
    pub(super) entries: u32,
    /// Changes.
    pub(super) changes: u64,
    /// Bytes of what was set aside.
    pub(super) aside: u64,
}

/// A file that rows come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name, or its path as a recipe has it.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its hash (XXH3, 128 bits) as `xxh128sum` prints it. Without it, only the length tells that a file is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xxh128: Option<String>,
    /// What its rows are read as.
    pub read_as: ReadAs,
    /// Of a table: apostrophes that protect cells are taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected_cells: bool,
}

impl SourceFile {
    /// A file by what was read of it.
    pub fn new(name: &str, read: &FileHash, read_as: ReadAs) -> Self {
        Self { name: name.to_owned(), bytes: read.bytes, xxh128: Some(read.to_text()), read_as, protected_cells: false }
    }
}

/// What a file is known by.
#[derive(Clone, Default)]
pub struct FileHash {
    hash: Xxh3,
    bytes: u64,
}

impl FileHash {
    /// Goes on with more of the file.
    pub fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// How much was read.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The hash of what was read (XXH3, 128 bits) as `xxh128sum` prints it.
    pub fn to_text(&self) -> String {
        format!("{:032x}", self.hash.digest128())
    }

    /// Reads a file of so many bytes to its end.
    ///
    /// # Errors
    /// Somebody asked to stop, or, within, the file can't be read.
    pub async fn of(mut file: impl Read, total: u64, pulse: &impl Pulse) -> Result<io::Result<Self>, Stopped> {
        let mut read = Self::default();
        let mut block = vec![0; 1 << 20];
        loop {
            match file.read(&mut block) {
                Ok(0) => return Ok(Ok(read)),
                Ok(length) => read.add(&block[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Err(error)),
            }
            pulse.beat(Progress { stage: "looking at the file", done: read.bytes, total }).await?;
        }
    }
}

/// How far a file was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progressed {
    /// Rows, those that are none included.
    pub records: u32,
    /// Those that are rows.
    pub rows: u32,
}

impl Progressed {
    /// Those that are none.
    pub fn set_aside(self) -> u32 {
        self.records - self.rows
    }
}

/// A step that was done, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoneStep {
    /// The step.
    pub step: Step,
    /// Why rows were dropped, by number.
    pub reasons: Vec<String>,
    /// What it did.
    pub counts: Counts,
    /// What the placeholders stand for that it put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholders: Option<Placeholders>,
    /// Why answers of a model, or parts of them, could not be used, with how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<(String, u64)>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows that it dropped.
    pub dropped: u64,
    /// Rows that are used again.
    pub restored: u64,
    /// Rows with another text.
    pub replaced: u64,
    /// Rows that it made.
    pub added: u64,
    /// Rows that it put into a part.
    pub assigned: u64,
    /// Rows that a person rated.
    pub rated: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dropped, restored, replaced, added, assigned, rated } = *self;
        let parts = [
            (dropped, "dropped"),
            (restored, "taken back"),
            (replaced, "changed"),
            (added, "made"),
            (assigned, "shared out"),
            (rated, "rated"),
        ];
        let words: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{} {word}", grouped(*count)))
            .collect();
        formatter.write_str(if words.is_empty() { "nothing to do" } else { "" })?;
        formatter.write_str(&words.join(", "))
    }
}

/// Reads every whole line; also gives where the next one goes.
pub(super) fn read(file: &impl StoredFile) -> Result<(Vec<Line>, u64), PreparationFault> {
    let length = usize::try_from(file.length()?).map_err(|_| PreparationFault::Damaged("the journal is too long"))?;
    let mut bytes = vec![0; length];
    file.read_exact_at(0, &mut bytes)?;
    let end = memchr::memrchr(b'\n', &bytes).map_or(0, |last| last + 1);
    let mut lines = Vec::new();
    for line in bytes[..end].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Line = serde_json::from_slice(line)
            .map_err(|_| PreparationFault::Damaged("a line of the journal is none of ours"))?;
        if matches!(line.event, Event::Begin { version } if version != VERSION) {
            return Err(PreparationFault::Damaged("it was made by another version of Quern"));
        }
        lines.push(line);
    }
    Ok((lines, end as u64))
}

/// Writes a line; what it says must be safe by now.
pub(super) fn write(file: &impl StoredFile, end: u64, line: &Line) -> Result<u64, PreparationFault> {
    let mut text = serde_json::to_string(line).map_err(std::io::Error::other)?;
    text.push('\n');
    file.truncate(end)?;
    file.write_all_at(end, text.as_bytes())?;
    file.flush()?;
    Ok(end + text.len() as u64)
}

impl Event {
    pub(super) fn begin() -> Self {
        Self::Begin { version: VERSION }
    }
}
