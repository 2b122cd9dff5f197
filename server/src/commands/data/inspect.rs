//! `quern data inspect`: what files of rows hold.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use shared::dataset::duplicates::{SampleHash, Seen, Similarity};
use shared::dataset::formats::{Detected, Format};
use shared::dataset::preparation::{Opened, Preparation, SourceFile};
use shared::dataset::records::ReadBytes;
use shared::dataset::rows::{ReadAs, SetAside};
use shared::dataset::steps::{Deduplicate, Step};
use shared::quantities::{counted, grouped};

use super::disk_file::temporary_files;
use super::source::{Stamp, each_row, mapping, open_ahead, place_fields, with_chunks};
use crate::arguments::InspectArguments;
use crate::terminal::{Interrupt, StageBar, note, print, print_line};

/// Faults that are shown of a file; the others are counted.
const MOST_SHOWN: usize = 10;

/// What was found in a file.
#[derive(Default)]
struct Found {
    rows: u64,
    detected: Detected,
    kinds: BTreeMap<&'static str, u64>,
    /// Rows that say the very same as an earlier one.
    duplicates: u64,
    /// Rows that are nearly the same as another, where that was asked for.
    near_duplicates: Option<u64>,
    set_aside: u64,
    shown: Vec<SetAside>,
}

/// Prints what is in each file; one that can't be read does not keep the others from it.
pub(super) async fn run(arguments: &InspectArguments) -> Result<()> {
    let read_as = arguments.map.as_deref().map(mapping).transpose()?.map_or(ReadAs::Detect, ReadAs::Mapping);
    let read_as = with_chunks(read_as, &arguments.chunks)?;
    let near = arguments.near.map(Similarity::try_from).transpose().map_err(anyhow::Error::msg)?;
    let mut unread = 0_u64;
    for path in &arguments.files {
        match (inspect(path, &read_as, near).await, arguments.json) {
            (Ok(found), true) => print_line(&to_json(path, &found).to_string())?,
            (Ok(found), false) => print(&to_text(path, &found))?,
            (Err(error), is_json) => {
                unread += 1;
                let error = format!("{error:#}");
                note(&error);
                if is_json {
                    print_line(&json!({"file": path.display().to_string(), "error": error}).to_string())?;
                }
            }
        }
    }
    if unread > 0 {
        bail!("{} could not be read", counted(unread, "file", "files"));
    }
    Ok(())
}

async fn inspect(path: &Path, read_as: &ReadAs, near: Option<Similarity>) -> Result<Found> {
    let mut found = look(path, read_as)?;
    if let Some(near) = near {
        found.near_duplicates = Some(count_near(path, read_as, near).await?);
    }
    Ok(found)
}

/// Counts the rows that would be dropped because they are as alike as that to one that stays.
async fn count_near(path: &Path, read_as: &ReadAs, near: Similarity) -> Result<u64> {
    let stamp = Stamp::of(path)?;
    let (name, read_as) = (path.display().to_string(), read_as.clone());
    let read = ReadBytes::default();
    let rows = Box::new(open_ahead(path, false, &read_as, &read)?);
    let file = SourceFile { name, bytes: stamp.bytes, xxh128: None, read_as, protected_cells: false };
    let bar = StageBar::new(Interrupt::listen());
    bar.begin(&file.name);
    let mut preparation = Preparation::open(temporary_files(&std::env::temp_dir())?)?;
    preparation.read(Opened { file, rows, read }, &bar).await?;
    stamp.must_still_hold(path)?;
    let step = Step::Deduplicate(Deduplicate { near: Some(near), ..Deduplicate::default() });
    Ok(preparation.counts_of(step, &bar).await?.dropped)
}

fn look(path: &Path, read_as: &ReadAs) -> Result<Found> {
    let mut found = Found::default();
    let (mut samples, mut text) = (Samples::default(), String::new());
    each_row(path, false, read_as, |row| {
        match row.content {
            Ok((format, row)) => {
                found.rows += 1;
                if let Some(format) = format {
                    found.detected.note(format);
                }
                *found.kinds.entry(row.sample.kind()).or_default() += 1;
                text.clear();
                if let Ok(sample_bytes) = row.sample.own_format().write_apart(&row, &mut text) {
                    samples.note(SampleHash::of(&text.as_bytes()[..sample_bytes]));
                }
            }
            Err(aside) => {
                if aside.is_of_no_format {
                    found.detected.note_unknown(&aside.text);
                }
                found.set_aside += 1;
                if found.shown.len() < MOST_SHOWN {
                    found.shown.push(aside);
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    found.duplicates = samples.duplicates();
    Ok(found)
}

/// Samples of rows, of which those that came before are counted. Many are looked up in one go, because each is far away in
/// memory, and the processor then fetches several at a time.
#[derive(Default)]
struct Samples {
    seen: Seen,
    waiting: Vec<SampleHash>,
    duplicates: u64,
}

impl Samples {
    const MOST_WAITING: usize = 1024;

    fn note(&mut self, sample: SampleHash) {
        self.waiting.push(sample);
        if self.waiting.len() == Self::MOST_WAITING {
            self.look_up();
        }
    }

    fn look_up(&mut self) {
        for sample in self.waiting.drain(..) {
            // Which row it was is not told here.
            self.duplicates += u64::from(self.seen.first_like(0, sample).is_some());
        }
    }

    fn duplicates(mut self) -> u64 {
        self.look_up();
        self.duplicates
    }
}

fn to_text(path: &Path, found: &Found) -> String {
    let mut text = format!("{}: {}", path.display(), counted(found.rows, "row", "rows"));
    if found.set_aside > 0 {
        text.push_str(&format!(", and {} set aside", grouped(found.set_aside)));
    }
    text.push('\n');
    if let Some(format) = found.detected.format() {
        let (sure, reason) = (percent(found.detected.confidence()), found.detected.reason());
        text.push_str(&format!("  {} ({sure} sure: {reason})\n", format.title()));
    }
    if let Some(guess) = found.detected.guess() {
        let (sure, reason) = (percent(guess.confidence), &guess.reason);
        text.push_str(&format!("  rows of no format: perhaps --map {} ({sure} sure: {reason})\n", guess.mapping));
    }
    for (format, rows) in &found.detected.formats {
        text.push_str(&format!("  {} in {} ({})\n", grouped(*rows), format.title(), format.name()));
    }
    for (kind, rows) in &found.kinds {
        text.push_str(&format!("  {} of {kind}\n", grouped(*rows)));
    }
    if found.duplicates > 0 {
        text.push_str(&format!("  {} the very same as an earlier one\n", said(found.duplicates)));
    }
    if let Some(near) = found.near_duplicates {
        text.push_str(&format!("  {} nearly the same as another\n", said(near)));
    }
    for aside in &found.shown {
        text.push_str(&format!("  {}: {}\n", aside.at, aside.reason));
    }
    let hidden = found.set_aside - found.shown.len() as u64;
    if hidden > 0 {
        text.push_str(&format!(
            "  and {} more; `quern data convert --set-aside FILE` keeps them all\n",
            grouped(hidden)
        ));
    }
    text
}

/// `1 says`, `2,000 say`.
fn said(rows: u64) -> String {
    format!("{} {}", grouped(rows), if rows == 1 { "says" } else { "say" })
}

fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

fn to_json(path: &Path, found: &Found) -> Value {
    let detected = &found.detected;
    let formats: BTreeMap<&str, u64> = detected.formats.iter().map(|(format, rows)| (format.name(), *rows)).collect();
    let shown = found.shown.iter().map(|it| {
        let mut told = place_fields(it.at);
        told.insert("reason".to_owned(), json!(it.reason));
        Value::Object(told)
    });
    let guess = detected
        .guess()
        .map(|guess| json!({"map": guess.mapping, "confidence": guess.confidence, "reason": guess.reason}));
    json!({
        "file": path.display().to_string(), "rows": found.rows, "formats": formats, "kinds": found.kinds,
        "format": detected.format().map(Format::name), "confidence": detected.confidence(), "reason": detected.reason(),
        "guess": guess, "duplicates": found.duplicates, "near_duplicates": found.near_duplicates,
        "set_aside": found.set_aside, "faults": shown.collect::<Vec<_>>(),
    })
}
