//! `quern data convert`: rows of any format, written in one, in the kind of file that its name says.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context, Result, bail};
use shared::dataset::dataset_info::DatasetInfo;
use shared::dataset::export::{Export, Exported};
use shared::dataset::formats::Format;
use shared::dataset::personal_data::Placeholders;
use shared::dataset::records::{Columns, FaultPlace, FileKind, WriteFault};
use shared::dataset::row::Row;
use shared::dataset::rows::{ReadAs, ReadRow, SetAside};
use shared::quantities::{counted, grouped};

use super::super::suite_files::read_text;
use super::super::whole_file::WholeFile;
use super::run::add_dataset_info;
use super::source::{self, Stamp, mapping, with_chunks};
use crate::arguments::ConvertArguments;
use crate::terminal::note;

/// Reads every file, and writes its rows.
pub(super) fn run(arguments: &ConvertArguments) -> Result<()> {
    let to = Format::try_from(arguments.to.clone())?;
    let read_as = match &arguments.map {
        Some(written) => ReadAs::Mapping(mapping(written)?),
        None => match &arguments.from {
            None => ReadAs::Detect,
            Some(name) => ReadAs::Format(Format::try_from(name.clone())?),
        },
    };
    let read_as = with_chunks(read_as, &arguments.chunks)?;
    let placeholders = arguments.restore.as_deref().map(read_placeholders).transpose()?.unwrap_or_default();
    let output_name = arguments.output.file_name().unwrap_or_default().to_string_lossy();
    let kind = FileKind::of_name(&output_name)?;
    let kind = if arguments.plain_cells { kind } else { kind.with_protected_cells() };
    let written = [Some(&arguments.output), arguments.set_aside.as_ref()].into_iter().flatten();
    source::must_not_be_written_over(arguments.files.iter().cloned(), written.cloned())
        .context("choose another file with --output or --set-aside")?;
    let mut output = WholeFile::create(&arguments.output)?;
    let mut aside = Aside { file: arguments.set_aside.as_deref(), output: None, reasons: BTreeMap::new() };
    // Tables and Parquet are read twice: both times it must be the same file.
    let stamps = arguments.files.iter().map(|path| Stamp::of(path)).collect::<Result<Vec<_>>>()?;
    let mut line = String::new();
    let mut columns = Columns::default();
    if kind.needs_columns() {
        each_row(arguments, &read_as, |_, row| {
            line.clear();
            if row.content.is_ok_and(|(_, mut row)| {
                restore(&mut row, &placeholders);
                to.write(&row, &mut line).is_ok()
            }) {
                columns.note(&line);
            }
            Ok(())
        })?;
    }
    let mut exported = Exported::default();
    let writing = || format!("writing {}", arguments.output.display());
    let mut writer = kind.writer(&mut output, columns).with_context(writing)?;
    let mut rows = 0_u64;
    each_row(arguments, &read_as, |path, row| {
        line.clear();
        match row.content {
            Err(refused) => aside.add(path, refused),
            Ok((_, mut read)) => {
                restore(&mut read, &placeholders);
                let at = FaultPlace::beginning_of(row.place);
                if let Err(lacks) = to.write(&read, &mut line) {
                    return aside.add(path, SetAside::without_place(&read, at, to, lacks));
                }
                match writer.write_record(&line) {
                    Ok(()) => {
                        rows += 1;
                        exported.contents.note_written(to, &line);
                    }
                    Err(WriteFault::Io(error)) => return Err(error).with_context(writing),
                    Err(lacks) => return aside.add(path, SetAside::of_row(&read, at, lacks.to_string())),
                }
                Ok(())
            }
        }
    })?;
    for (stamp, path) in stamps.iter().zip(&arguments.files) {
        stamp.must_still_hold(path)?;
    }
    let written = writer.finish().with_context(writing)?;
    if rows == 0 {
        aside.finish()?;
        bail!("no row was found that {} can hold; {} was not written", to.title(), arguments.output.display());
    }
    output.finish()?;
    note(&format!("{}: {}", arguments.output.display(), counted(rows, "row", "rows")));
    if written.protected_cells > 0 {
        note(&format!(
            "apostrophes before {} that spreadsheets would take for formulas; --plain-cells leaves them out, and \
             --protected-cells takes them away when the table is read",
            counted(written.protected_cells, "cell", "cells")
        ));
    }
    let export = Export::new(output_name.into_owned(), to, None);
    if let Some(text) = DatasetInfo::of(&[(export, exported)]).text {
        add_dataset_info(arguments.output.parent().unwrap_or(Path::new("")), &text)?;
    }
    aside.finish()
}

/// The tables of all steps that put placeholders in.
fn read_placeholders(path: &Path) -> Result<Vec<Placeholders>> {
    let text = read_text(path)?;
    serde_json::from_str(&text).with_context(|| format!("{} is no table of placeholders", path.display()))
}

/// Puts back what placeholders stand for, those that were put in last first.
fn restore(row: &mut Row, placeholders: &[Placeholders]) {
    for table in placeholders.iter().rev() {
        row.change_texts(&mut |text| Some(table.restore(text)).filter(|restored| restored != text));
    }
}

/// Gives each row of all files to `take`.
fn each_row(
    arguments: &ConvertArguments,
    read_as: &ReadAs,
    mut take: impl FnMut(&Path, ReadRow) -> Result<()>,
) -> Result<()> {
    for path in &arguments.files {
        source::each_row(path, arguments.protected_cells, read_as, |row| {
            take(path, row)?;
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(())
}

/// What is not written, with its reasons.
struct Aside<'a> {
    file: Option<&'a Path>,
    output: Option<WholeFile<'a>>,
    reasons: BTreeMap<String, u64>,
}

impl Aside<'_> {
    fn add(&mut self, path: &Path, refused: SetAside) -> Result<()> {
        if let Some(file) = self.file {
            let output = match &mut self.output {
                Some(output) => output,
                none => none.insert(WholeFile::create(file)?),
            };
            let line = refused.to_json_line(&path.display().to_string());
            output.write_all(line.as_bytes()).with_context(|| format!("writing {}", file.display()))?;
        }
        *self.reasons.entry(refused.reason).or_default() += 1;
        Ok(())
    }

    /// Says what there is.
    fn finish(self) -> Result<()> {
        self.output.map_or(Ok(()), WholeFile::finish)?;
        let count: u64 = self.reasons.values().sum();
        if count > 0 {
            let kept = self.file.map_or_else(
                || "--set-aside FILE keeps what is left out".to_owned(),
                |path| format!("kept in {}", path.display()),
            );
            note(&format!("{} not written; {kept}:", counted(count, "row", "rows")));
            for (reason, rows) in &self.reasons {
                note(&format!("  {}: {reason}", grouped(*rows)));
            }
        }
        Ok(())
    }
}
