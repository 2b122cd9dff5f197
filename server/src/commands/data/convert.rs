//! `quern data convert`: rows of any format, written in one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;
use shared::dataset::formats::Format;
use shared::dataset::rows::Rows;

use super::super::suite_files::check_folder;
use super::source::open;
use crate::arguments::ConvertArguments;
use crate::terminal::note;

/// Reads every file, and writes its rows.
pub(super) fn run(arguments: &ConvertArguments) -> Result<()> {
    let (from, to) = (arguments.from.as_deref().map(format_named).transpose()?, format_named(&arguments.to)?);
    let mut output = PartFile::create(&arguments.output)?;
    let mut aside = None;
    let (mut written, mut set_aside) = (0_u64, BTreeMap::<String, u64>::new());
    let mut line = String::new();
    for path in &arguments.files {
        let mut rows = Rows::new(open(path)?, from);
        while let Some(row) = rows.next_row().with_context(|| format!("reading {}", path.display()))? {
            let refused = match &row.content {
                Ok((_, row)) => {
                    line.clear();
                    to.write(row, &mut line).err().map(|lacks| {
                        let reason = format!("{} has no place for {lacks}", to.title());
                        // Kept in the format that holds it, so that nothing is lost.
                        let mut kept = String::new();
                        let holder = Format::ALL.into_iter().find(|format| format.lacks(row).is_none());
                        let _ = holder.map(|format| format.write(row, &mut kept));
                        (None, reason, kept)
                    })
                }
                Err(aside) => Some((aside.column, aside.reason.clone(), aside.text.clone())),
            };
            let Some((column, reason, text)) = refused else {
                line.push('\n');
                output.write(&line)?;
                written += 1;
                continue;
            };
            if let Some(file) = &arguments.set_aside {
                let aside = match &mut aside {
                    Some(aside) => aside,
                    none => none.insert(PartFile::create(file)?),
                };
                let place = json!({"file": path, "line": row.place.line, "column": column});
                let mut place = place.as_object().cloned().unwrap_or_default();
                place.extend([("reason".to_owned(), json!(reason)), ("text".to_owned(), json!(text))]);
                aside.write(&format!("{}\n", serde_json::Value::Object(place)))?;
            }
            *set_aside.entry(reason).or_default() += 1;
        }
    }
    output.finish()?;
    let count: u64 = set_aside.values().sum();
    if let Some(aside) = aside {
        aside.finish()?;
    }
    note(&format!("{written} rows are in {}", arguments.output.display()));
    if count > 0 {
        let kept = arguments
            .set_aside
            .as_ref()
            .map_or_else(|| "--set-aside FILE keeps them".to_owned(), |path| format!("they are in {}", path.display()));
        note(&format!("{count} are not; {kept}:"));
        for (reason, rows) in &set_aside {
            note(&format!("  {rows}: {reason}"));
        }
    }
    Ok(())
}

fn format_named(name: &str) -> Result<Format> {
    let Some(format) = Format::from_name(name) else {
        let names = Format::ALL.map(Format::name).join(", ");
        bail!("{name} is no format; the formats are {names}");
    };
    Ok(format)
}

/// A file that has its name once it is whole.
struct PartFile<'a> {
    path: &'a Path,
    part: PathBuf,
    file: BufWriter<File>,
}

impl<'a> PartFile<'a> {
    fn create(path: &'a Path) -> Result<Self> {
        check_folder(path)?;
        let part = PathBuf::from(format!("{}.part", path.display()));
        let file = File::create(&part).with_context(|| format!("writing {}", part.display()))?;
        Ok(Self { path, part, file: BufWriter::new(file) })
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.file.write_all(text.as_bytes()).with_context(|| format!("writing {}", self.part.display()))
    }

    fn finish(mut self) -> Result<()> {
        let writing = || format!("writing {}", self.path.display());
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).with_context(writing)?;
        std::fs::rename(&self.part, self.path).with_context(writing)
    }
}

impl Drop for PartFile<'_> {
    fn drop(&mut self) {
        // Once it has its name there is nothing to remove; where it can't be removed, the next run writes over it.
        let _ = std::fs::remove_file(&self.part);
    }
}
