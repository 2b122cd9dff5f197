//! A file of rows, opened.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use shared::dataset::documents::Chunking;
use shared::dataset::formats::Mapping;
use shared::dataset::records::{Counted, FaultPlace, FileKind, ReadBytes, Records, Shares};
use shared::dataset::rows::{ReadAs, ReadRow, Rows};

use super::super::suite_files::read_text;
use super::rows_ahead::RowsAhead;
use crate::arguments::ChunkOptions;

/// A place as fields of JSON.
pub(super) fn place_fields(at: FaultPlace) -> Map<String, Value> {
    let fields = match at {
        FaultPlace::Line { line, column } => json!({"line": line, "column": column}),
        FaultPlace::Row { row } => json!({"row": row}),
        FaultPlace::Page { page } => json!({"page": page}),
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

/// What rows are read as, where documents are cut as the options say.
pub(super) fn with_chunks(read_as: ReadAs, options: &ChunkOptions) -> Result<ReadAs> {
    let ChunkOptions { chunk_characters, chunk_overlap_characters } = *options;
    if chunk_characters.is_none() && chunk_overlap_characters.is_none() {
        return Ok(read_as);
    }
    if read_as != ReadAs::Detect {
        bail!(
            "--from and --map say what columns mean, and chunks of documents have columns of their own; leave one out"
        );
    }
    let usual = Chunking::USUAL;
    Ok(ReadAs::Document(Chunking::new(
        chunk_characters.unwrap_or(usual.most_characters()),
        chunk_overlap_characters.unwrap_or(usual.overlap_characters()),
    )?))
}

/// Refuses to write over what rows are made of, before anything is done.
pub(super) fn must_not_be_written_over(
    sources: impl Iterator<Item = PathBuf>,
    written: impl Iterator<Item = PathBuf>,
) -> Result<()> {
    // What is not there is written over by nobody.
    let sources: Vec<PathBuf> = sources.filter_map(|path| path.canonicalize().ok()).collect();
    for path in written {
        if path.canonicalize().is_ok_and(|found| sources.contains(&found)) {
            bail!("{} would be written over while it is read", path.display());
        }
    }
    Ok(())
}

/// What changes with a file: its length, and when it was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(path).with_context(|| format!("opening {}", path.display()))?;
        Ok(Self { bytes: metadata.len(), modified: metadata.modified().ok() })
    }

    /// Fails where the file is another one now: its rows may be of both.
    pub(super) fn must_still_hold(self, path: &Path) -> Result<()> {
        if Self::of(path)? != self {
            bail!("{} was changed while it was read; run it again", path.display());
        }
        Ok(())
    }
}

/// Gives each row of a file to `take`, in order, until that breaks off.
pub(super) fn each_row(
    path: &Path,
    has_protected_cells: bool,
    read_as: &ReadAs,
    mut take: impl FnMut(ReadRow) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let stamp = Stamp::of(path)?;
    let records = open(path, has_protected_cells, read_as.chunking(), &ReadBytes::default())?;
    let mut rows = Rows::new(records, read_as.clone());
    while let Some(row) = rows.next_row().with_context(|| format!("reading {}", path.display()))? {
        if take(row)?.is_break() {
            break;
        }
    }
    stamp.must_still_hold(path)
}

/// Opens a file, and finds what its rows come in; counts what is read of it.
///
/// Of tables with protected cells, the apostrophes that protect them are taken away.
fn open(path: &Path, has_protected_cells: bool, chunking: Chunking, read: &ReadBytes) -> Result<Box<dyn Records>> {
    let (kind, file) = find(path)?;
    let kind = if has_protected_cells { kind.with_protected_cells() } else { kind };
    read_kind(kind, path, Counted::new(file, read), chunking)
}

/// Opens a file to be read by as many threads as can.
pub(super) fn open_ahead(
    path: &Path,
    has_protected_cells: bool,
    read_as: &ReadAs,
    read: &ReadBytes,
) -> Result<RowsAhead> {
    let (kind, file) = find(path)?;
    let kind = if has_protected_cells { kind.with_protected_cells() } else { kind };
    let file = Counted::new(file, read);
    if kind.can_be_shared() {
        return Ok(RowsAhead::of_shares(Shares::new(file), read_as));
    }
    Ok(RowsAhead::of_rows(Rows::new(read_kind(kind, path, file, read_as.chunking())?, read_as.clone())))
}

fn read_kind(kind: FileKind, path: &Path, file: Counted<File>, chunking: Chunking) -> Result<Box<dyn Records>> {
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    kind.read(file, &file_name, chunking).with_context(|| format!("{} can't be used", path.display()))
}

/// Opens a file, and finds what it is.
fn find(path: &Path) -> Result<(FileKind, File)> {
    let name = path.display();
    let mut file = File::open(path).with_context(|| format!("opening {name}"))?;
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let kind = FileKind::look(&file_name, &mut file).with_context(|| format!("reading {name}"))?;
    let kind = kind.with_context(|| format!("{name} can't be used"))?;
    Ok((kind, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_while_it_is_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        let line = "{\"text\":\"a\"}\n";
        std::fs::write(&path, line.repeat(3)).unwrap();
        let mut rows = 0;
        each_row(&path, false, &ReadAs::Detect, |_| {
            rows += 1;
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        assert_eq!(rows, 3);
        let changed = each_row(&path, false, &ReadAs::Detect, |_| {
            std::fs::write(&path, line).unwrap();
            Ok(ControlFlow::Continue(()))
        });
        assert!(changed.unwrap_err().to_string().ends_with("was changed while it was read; run it again"));
    }
}
