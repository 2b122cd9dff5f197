//! `quern data inspect`: what files of rows hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use shared::dataset::formats::Format;
use shared::dataset::rows::{Rows, SetAside};

use super::source::open;
use crate::terminal::{print, print_line};

/// Faults that are shown of a file; the others are counted.
const MOST_SHOWN: usize = 10;

/// What was found in a file.
#[derive(Default)]
struct Found {
    rows: u64,
    formats: BTreeMap<Format, u64>,
    kinds: BTreeMap<&'static str, u64>,
    set_aside: u64,
    shown: Vec<SetAside>,
}

/// Prints what is in each file.
pub(super) fn run(files: &[PathBuf], is_json: bool) -> Result<()> {
    for path in files {
        let found = look(path)?;
        if is_json {
            print_line(&to_json(path, &found).to_string())?;
        } else {
            print(&to_text(path, &found))?;
        }
    }
    Ok(())
}

fn look(path: &Path) -> Result<Found> {
    let mut rows = Rows::new(open(path)?, None);
    let mut found = Found::default();
    while let Some(row) = rows.next_row().with_context(|| format!("reading {}", path.display()))? {
        match row.content {
            Ok((format, row)) => {
                found.rows += 1;
                *found.formats.entry(format).or_default() += 1;
                *found.kinds.entry(row.sample.kind()).or_default() += 1;
            }
            Err(aside) => {
                found.set_aside += 1;
                if found.shown.len() < MOST_SHOWN {
                    found.shown.push(aside);
                }
            }
        }
    }
    Ok(found)
}

fn to_text(path: &Path, found: &Found) -> String {
    let mut text = format!("{}: {} rows", path.display(), found.rows);
    if found.set_aside > 0 {
        text.push_str(&format!(", and {} that are none", found.set_aside));
    }
    text.push('\n');
    for (format, rows) in &found.formats {
        text.push_str(&format!("  {rows} in {} ({})\n", format.title(), format.name()));
    }
    for (kind, rows) in &found.kinds {
        text.push_str(&format!("  {rows} of {kind}\n"));
    }
    for aside in &found.shown {
        let column = aside.column.map(|column| format!(", column {column}")).unwrap_or_default();
        text.push_str(&format!("  line {}{column}: {}\n", aside.line, aside.reason));
    }
    let hidden = found.set_aside - found.shown.len() as u64;
    if hidden > 0 {
        text.push_str(&format!("  and {hidden} more; `quern data convert --set-aside FILE` keeps them all\n"));
    }
    text
}

fn to_json(path: &Path, found: &Found) -> Value {
    let formats: BTreeMap<&str, u64> = found.formats.iter().map(|(format, rows)| (format.name(), *rows)).collect();
    let shown = found.shown.iter().map(|it| json!({"line": it.line, "column": it.column, "reason": it.reason}));
    json!({
        "file": path.display().to_string(), "rows": found.rows, "formats": formats, "kinds": found.kinds,
        "set_aside": found.set_aside, "faults": shown.collect::<Vec<_>>(),
    })
}
