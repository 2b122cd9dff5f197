//! What is written of a preparation.

use std::collections::HashSet;
use std::io::Write;

use serde::{Deserialize, Serialize};

use super::dataset_info::{self, Contents, DatasetInfo};
use super::formats::Format;
use super::json::JsonText;
use super::preparation::{Part, Pass, Preparation, PreparationFault, Progress, Pulse, RowState, StoredFile};
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
    /// What becomes of cells of a table (`.csv`, `.tsv`) that spreadsheets take for formulas.
    #[serde(default, skip_serializing_if = "Formulas::are_protected")]
    pub formulas: Formulas,
    /// Whether a column `rating` says how good a person finds a row, from 1 to 5.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rating: bool,
}

/// What becomes of cells of a table that spreadsheets take for formulas: those that begin with `=`, `+`, `-` or `@` and are
/// no numbers, such as the items of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Formulas {
    /// An apostrophe goes before them, so that no spreadsheet computes what a stranger wrote. Whoever trains on the table takes
    /// it away: `protected-cells` of a recipe's file, and `--protected-cells` of `quern data convert`, do.
    #[default]
    Protected,
    /// They stay as they are, for tables that no spreadsheet opens.
    AsIs,
}

impl Formulas {
    fn are_protected(&self) -> bool {
        *self == Self::Protected
    }
}

/// Files that are written beside the exported ones, by whoever writes these.
const NAMES_BESIDE: [&str; 5] =
    ["recipe.yaml", RecipeAnswers::USUAL_NAME, "placeholders.json", dataset_info::FILE_NAME, "set-aside.jsonl"];

/// The column of a rating.
const RATING: &str = "rating";

impl Export {
    /// A file as it usually is.
    pub fn new(file: String, format: Format, part: Option<Part>) -> Self {
        Self { file, format, part, formulas: Formulas::default(), rating: false }
    }

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
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// Rows in the file.
    pub written: u64,
    /// Rows that have no place in it.
    pub set_aside: u64,
    /// Cells of a table with an apostrophe before them, so that no spreadsheet takes them for formulas.
    pub protected_cells: u64,
    /// What LLaMA-Factory must know of them.
    pub contents: Contents,
}

/// Small files that belong beside the exported ones.
pub struct FilesBeside {
    /// What placeholders stand for, and LLaMA-Factory's description: names and texts.
    pub files: Vec<(&'static str, String)>,
    /// Files that LLaMA-Factory can't read and that its description leaves out, each with the reason.
    pub not_described: Vec<(String, &'static str)>,
}

/// The small files that belong beside those that were written.
pub fn files_beside<F: StoredFile>(preparation: &Preparation<F>, written: &[(Export, Exported)]) -> FilesBeside {
    let tables: Vec<_> = preparation.steps().filter_map(|done| done.placeholders.as_ref()).collect();
    let placeholders = (!tables.is_empty()).then(|| serde_json::to_string_pretty(&tables).unwrap_or_default() + "\n");
    let mut files: Vec<_> = placeholders.map(|text| ("placeholders.json", text)).into_iter().collect();
    let DatasetInfo { text, left_out: not_described } = DatasetInfo::of(written);
    files.extend(text.map(|text| (dataset_info::FILE_NAME, text)));
    FilesBeside { files, not_described }
}

/// Writes rows, in order, into the kind of file that its name says. Those that have no place in it go to `aside`, in the
/// format of their kind.
///
/// # Errors
/// The storage or one of the files fails, the name says no kind, a part is wanted and the rows are not split, or somebody
/// asked to stop.
pub async fn export<F: StoredFile>(
    preparation: &Preparation<F>,
    export: &Export,
    output: &mut (impl Write + Send),
    aside: &mut impl Write,
    pulse: &impl Pulse,
) -> Result<Exported, PreparationFault> {
    export.check_name()?;
    let kind = FileKind::of_name(&export.file).map_err(|unknown| PreparationFault::Refused(unknown.to_string()))?;
    let kind = if export.formulas.are_protected() { kind.with_protected_cells() } else { kind };
    let rows = preparation.rows();
    if let Some(part) = export.part
        && !rows.is_empty()
        && rows.iter().all(|row| row.part.is_none())
    {
        return Err(PreparationFault::Refused(format!(
            "{} is to hold the rows of the part {}, and no row is in any part; split the rows first, or leave `part` out",
            export.file,
            part.name()
        )));
    }
    let mut lines = Lines { export, rows, pass: preparation.pass(), line: String::new() };
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
                    exported.contents.note_written(export.format, line);
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
    rows: &'a [RowState],
    pass: Pass<'a, F>,
    line: String,
}

impl<F: StoredFile> Lines<'_, F> {
    /// A row's line, or what of it the format has no place for.
    fn read(&mut self, row: u32) -> Result<Result<&str, &'static str>, PreparationFault> {
        let format = self.export.format;
        let rating = self.rows[row as usize].rating.filter(|_| self.export.rating);
        // A text that is in the format already is what the format would write.
        if rating.is_none() && self.pass.entry(row)?.written_as == format {
            return Ok(Ok(self.pass.text(row)?.1));
        }
        let (_, mut content) = self.pass.row(row)?;
        if let Some(rating) = rating {
            if content.columns.iter().any(|(name, _)| name == RATING) {
                return Ok(Err("a rating beside a column of that name"));
            }
            let rating =
                JsonText::parse(&rating.to_string()).map_err(|_| PreparationFault::Damaged("a rating is no number"))?;
            content.columns.push((RATING.to_owned(), rating));
        }
        self.line.clear();
        Ok(format.write(&content, &mut self.line).map(|()| &*self.line))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::dataset::documents::Chunking;
    use crate::dataset::preparation::{Silent, tests::prepared};
    use crate::dataset::rows::{ReadAs, Rows};
    use crate::dataset::steps::{Rate, Step};

    fn fault(names: &[&str]) -> String {
        let export = |name: &&str| Export::new((*name).to_owned(), Format::TrlText, None);
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

    fn exported(lines: &str, step: Option<Step>, export: &Export) -> (String, Exported) {
        let mut preparation = prepared(lines);
        if let Some(step) = step {
            pollster::block_on(preparation.run(step, &Silent)).unwrap();
        }
        let (mut out, mut aside) = (Vec::new(), Vec::new());
        let exported = pollster::block_on(super::export(&preparation, export, &mut out, &mut aside, &Silent)).unwrap();
        (String::from_utf8(out).unwrap(), exported)
    }

    #[test]
    fn formulas_are_protected_unless_the_recipe_says_otherwise() {
        let answers = ["- item", "=1+1", "-5", "plain - item", "'- quoted"];
        let row = |answer: &&str| format!("{{\"instruction\":\"q\",\"input\":\"\",\"output\":\"{answer}\"}}\n");
        let lines: String = answers.iter().map(row).collect();
        let mut export = Export::new("a.csv".to_owned(), Format::Alpaca, None);
        let (protected, told) = exported(&lines, None, &export);
        assert_eq!(told.protected_cells, 3);
        assert!(protected.contains(",'- item\n") && protected.contains(",-5\n") && protected.contains(",''- quoted\n"));
        export.formulas = Formulas::AsIs;
        let (as_is, told) = exported(&lines, None, &export);
        assert_eq!(told.protected_cells, 0);
        assert!(as_is.contains(",- item\n"), "{as_is}");
        // Both come back as they were.
        for (table, is_protected) in [(protected, true), (as_is, false)] {
            let kind = FileKind::of_name("a.csv").unwrap();
            let kind = if is_protected { kind.with_protected_cells() } else { kind };
            let records = kind.read(Cursor::new(table.into_bytes()), "a.csv", Chunking::USUAL).unwrap();
            let mut rows = Rows::new(records, ReadAs::Detect);
            for answer in answers {
                let (_, row) = rows.next_row().unwrap().unwrap().content.unwrap();
                assert_eq!(row.sample.messages().last().unwrap().plain_text(), Some(answer));
            }
        }
    }

    #[test]
    fn ratings_go_along_where_they_are_wanted() {
        let lines = "{\"text\":\"a\"}\n{\"text\":\"b\"}\n";
        let rate = || Some(Step::Rate(Rate { row: "a.jsonl:2".to_owned(), rating: 4.try_into().unwrap() }));
        let mut export = Export::new("a.jsonl".to_owned(), Format::TrlText, None);
        assert_eq!(exported(lines, rate(), &export).0, lines);
        export.rating = true;
        assert_eq!(exported(lines, rate(), &export).0, "{\"text\":\"a\"}\n{\"text\":\"b\",\"rating\":4}\n");
        let (_, told) = exported(&lines.replace("\"b\"", "\"b\",\"rating\":\"good\""), rate(), &export);
        assert_eq!((told.written, told.set_aside), (1, 1));
    }
}
