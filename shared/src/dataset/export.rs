//! What is written of a preparation.

use std::collections::HashSet;
use std::io::Write;

use serde::{Deserialize, Serialize};

use super::dataset_info::dataset_info;
use super::formats::Format;
use super::preparation::{Part, Pass, Preparation, PreparationFault, Progress, Pulse, StoredFile};
use super::recipe::RecipeAnswers;
use super::records::{Columns, FaultPlace, FileKind, WriteFault};
use super::rows::SetAside;

/// A file that is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Export {
    /// Its name, whose ending says what kind of file it is: `.jsonl`, `.json`, `.csv`, `.tsv`, `.parquet`, `.txt`; also
    /// with `.gz` or `.zst` behind it.
    pub file: String,
    /// The format of its rows.
    pub format: Format,
    /// Which rows; without it all that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// Files that are written beside the exported ones, by whoever writes these.
const NAMES_BESIDE: [&str; 5] =
    ["recipe.yaml", RecipeAnswers::USUAL_NAME, "placeholders.json", "dataset_info.json", "set-aside.jsonl"];

impl Export {
    /// The file beside it that holds the rows which have no place in it.
    pub fn set_aside_name(&self) -> String {
        format!("{}.set-aside.jsonl", self.file)
    }

    /// A name that leads elsewhere would let somebody else's recipe write anywhere. The same names are refused everywhere,
    /// those of Windows' drives too.
    fn check_name(&self) -> Result<(), PreparationFault> {
        let is_plain = !self.file.contains(['/', '\\', ':', '\0']) && !matches!(&*self.file, "" | "." | "..");
        if is_plain {
            return Ok(());
        }
        Err(PreparationFault::Refused(format!(
            "the export {:?} is no plain file name, and files are written into the output folder only; call it for \
             example train.jsonl, and choose the folder with --output",
            self.file
        )))
    }
}

/// Makes sure that exports have plain names, and that none of them is written over another file of theirs.
///
/// # Errors
/// Which name must be another one.
pub fn check_names(exports: &[Export]) -> Result<(), PreparationFault> {
    let mut taken: HashSet<String> = NAMES_BESIDE.iter().map(|name| (*name).to_owned()).collect();
    for export in exports {
        export.check_name()?;
        for name in [export.file.clone(), export.set_aside_name()] {
            // Some file systems make no difference between capitals and small letters.
            if !taken.insert(name.to_lowercase()) {
                let words = format!("two files would be called {name}; give one of the exports another name");
                return Err(PreparationFault::Refused(words));
            }
        }
    }
    Ok(())
}

/// The names of all files that may be written for these exports.
pub fn names_written(exports: &[Export]) -> impl Iterator<Item = String> {
    let own = exports.iter().flat_map(|export| [export.file.clone(), export.set_aside_name()]);
    own.chain(NAMES_BESIDE.iter().skip(2).map(|name| (*name).to_owned()))
}

/// Kept rows that are in none of the files because they are in no part, while only parts are written: a split does not see
/// what is taken back after it. Whoever writes the files must tell of them.
pub fn rows_in_no_part<F: StoredFile>(preparation: &Preparation<F>, exports: &[Export]) -> Vec<u32> {
    if exports.iter().any(|export| export.part.is_none()) {
        return Vec::new();
    }
    let rows = preparation.rows().iter().enumerate();
    rows.filter(|(_, row)| row.is_kept() && row.part.is_none()).map(|(number, _)| number as u32).collect()
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows in the file.
    pub written: u64,
    /// Rows that have no place in it.
    pub set_aside: u64,
    /// Cells of a table with an apostrophe before them, so that no spreadsheet takes them for formulas.
    pub protected_cells: u64,
}

/// Small files that belong beside the exported ones, with their names: what placeholders stand for, and LLaMA-Factory's
/// description.
pub fn files_beside<F: StoredFile>(preparation: &Preparation<F>, exports: &[Export]) -> Vec<(&'static str, String)> {
    let tables: Vec<_> = preparation.steps().filter_map(|done| done.placeholders.as_ref()).collect();
    let placeholders = (!tables.is_empty()).then(|| serde_json::to_string_pretty(&tables).unwrap_or_default() + "\n");
    let mut files: Vec<_> = placeholders.map(|text| ("placeholders.json", text)).into_iter().collect();
    files.extend(dataset_info(exports).map(|text| ("dataset_info.json", text)));
    files
}

/// Writes rows, in order, into the kind of file that its name says. Those that have no place in it go to `aside`, in the
/// format of their kind.
///
/// # Errors
/// The storage or one of the files fails, the name says no kind, or somebody asked to stop.
pub async fn export<F: StoredFile>(
    preparation: &Preparation<F>,
    export: &Export,
    output: &mut (impl Write + Send),
    aside: &mut impl Write,
    pulse: &impl Pulse,
) -> Result<Exported, PreparationFault> {
    export.check_name()?;
    let kind = FileKind::of_name(&export.file).map_err(|unknown| PreparationFault::Refused(unknown.to_string()))?;
    let kind = kind.with_protected_cells();
    let mut lines = Lines { export, pass: preparation.pass(), line: String::new() };
    let rows = preparation.rows();
    let is_meant = |row: &u32| {
        let state = rows[*row as usize];
        state.is_kept() && (export.part.is_none() || state.part == export.part)
    };
    let meant = || (0..rows.len() as u32).filter(is_meant);
    let progress = |stage, row: u32| Progress { stage, done: row.into(), total: rows.len() as u64 };
    let mut columns = Columns::default();
    if kind.needs_columns() {
        for (place, row) in meant().enumerate() {
            pulse.beat_at(place, progress("looking at the columns", row)).await?;
            if let Ok(line) = lines.read(row)? {
                columns.note(line);
            }
        }
    }
    let mut writer = kind.writer(output, columns)?;
    let mut exported = Exported::default();
    for (place, row) in meant().enumerate() {
        pulse.beat_at(place, progress("writing", row)).await?;
        let reason = match lines.read(row)? {
            Err(lacks) => format!("{} has no place for {lacks}", export.format.title()),
            Ok(line) => match writer.write_record(line) {
                Ok(()) => {
                    exported.written += 1;
                    continue;
                }
                Err(WriteFault::Io(error)) => return Err(error.into()),
                Err(lacks) => lacks.to_string(),
            },
        };
        exported.set_aside += 1;
        let (entry, content) = lines.pass.row(row)?;
        let refused = SetAside::of_row(&content, FaultPlace::Row { row: entry.origin.record.into() }, reason);
        aside.write_all(refused.to_json_line(&preparation.name_of(entry.origin)?).as_bytes())?;
    }
    exported.protected_cells = writer.finish()?.protected_cells;
    Ok(exported)
}

/// Rows as the wanted format writes them.
struct Lines<'a, F> {
    export: &'a Export,
    pass: Pass<'a, F>,
    line: String,
}

impl<F: StoredFile> Lines<'_, F> {
    /// A row's line, or what of it the format has no place for.
    fn read(&mut self, row: u32) -> Result<Result<&str, &'static str>, PreparationFault> {
        let format = self.export.format;
        // A text that is in the format already is what the format would write.
        if self.pass.entry(row)?.written_as == format {
            return Ok(Ok(self.pass.text(row)?.1));
        }
        let (_, content) = self.pass.row(row)?;
        self.line.clear();
        Ok(format.write(&content, &mut self.line).map(|()| &*self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(names: &[&str]) -> String {
        let export = |name: &&str| Export { file: (*name).to_owned(), format: Format::TrlText, part: None };
        let exports: Vec<Export> = names.iter().map(export).collect();
        check_names(&exports).err().map(|fault| fault.to_string()).unwrap_or_default()
    }

    #[test]
    fn exports_are_written_into_their_folder_and_over_nothing_of_theirs() {
        assert_eq!(fault(&["train.jsonl", "test.jsonl", "..a.jsonl"]), "");
        for elsewhere in ["../x.jsonl", "/tmp/x.jsonl", "a/b.jsonl", "..\\x.jsonl", "C:x.jsonl", "", ".."] {
            assert!(fault(&[elsewhere]).contains("is no plain file name"), "{elsewhere}");
        }
        for twice in [&["a.jsonl", "A.jsonl"][..], &["dataset_info.json"], &["a.csv", "a.csv.set-aside.jsonl"]] {
            assert!(fault(twice).contains("two files would be called"), "{twice:?}");
        }
    }
}
