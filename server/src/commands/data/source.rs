//! A file of rows, opened.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use shared::dataset::formats::Mapping;
use shared::dataset::records::{Counted, FaultPlace, FileKind, ReadBytes, Records, Shares};
use shared::dataset::rows::{ReadAs, Rows};

use super::super::suite_files::read_text;
use super::rows_ahead::RowsAhead;

/// Bytes that tell what a file is.
const FIRST_BYTES: u64 = 64 << 10;

/// A place as fields of JSON.
pub(super) fn place_fields(at: FaultPlace) -> Map<String, Value> {
    let fields = match at {
        FaultPlace::Line { line, column } => json!({"line": line, "column": column}),
        FaultPlace::Row { row } => json!({"row": row}),
    };
    fields.as_object().cloned().unwrap_or_default()
}

/// What columns mean, from a file (YAML or JSON) or as it is typed.
pub(super) fn mapping(written: &str) -> Result<Mapping> {
    let is_file = [".yaml", ".yml", ".json"].iter().any(|ending| written.ends_with(ending));
    if is_file && !written.contains('=') {
        let text = read_text(Path::new(written))?;
        return serde_saphyr::from_str(&text).with_context(|| format!("{written} does not say what columns mean"));
    }
    written.parse().with_context(|| format!("{written} does not say what columns mean"))
}

/// Opens a file, and finds what its rows come in; counts what is read of it.
///
/// Of tables with protected cells, the apostrophes that protect them are taken away.
pub(super) fn open(path: &Path, has_protected_cells: bool, read: &ReadBytes) -> Result<Box<dyn Records>> {
    let (kind, file) = find(path)?;
    let kind = if has_protected_cells { kind.with_protected_cells() } else { kind };
    kind.read(Counted::new(file, read)).with_context(|| format!("{} can't be used", path.display()))
}

/// Opens a file to be read by as many threads as can.
pub(super) fn open_ahead(path: &Path, read_as: &ReadAs, read: &ReadBytes) -> Result<RowsAhead> {
    let (kind, file) = find(path)?;
    let file = Counted::new(file, read);
    if kind.can_be_shared() {
        return Ok(RowsAhead::of_shares(Shares::new(file), read_as));
    }
    let records = kind.read(file).with_context(|| format!("{} can't be used", path.display()))?;
    Ok(RowsAhead::of_rows(Rows::new(records, read_as.clone())))
}

/// Opens a file, and finds what it is.
fn find(path: &Path) -> Result<(FileKind, File)> {
    let name = path.display();
    let mut file = File::open(path).with_context(|| format!("opening {name}"))?;
    let mut first = Vec::new();
    file.by_ref().take(FIRST_BYTES).read_to_end(&mut first).with_context(|| format!("reading {name}"))?;
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let kind = FileKind::find(&file_name, &first).with_context(|| format!("{name} can't be used"))?;
    file.seek(SeekFrom::Start(0)).with_context(|| format!("reading {name} from its beginning"))?;
    Ok((kind, file))
}
