//! `quern data run`: a recipe, done again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use anyhow::{Context, Result, bail};
use shared::dataset::dataset_info;
use shared::dataset::export::{export, files_beside, names_written, rows_in_no_part};
use shared::dataset::preparation::{FileHash, Opened, Preparation, Silent, SourceFile};
use shared::dataset::recipe::{Recipe, RecipeFile};
use shared::dataset::records::ReadBytes;
use shared::quantities::{counted, grouped};

use super::super::suite_files::read_text;
use super::super::whole_file::{WholeFile, write_whole};
use super::asking::Asking;
use super::disk_file::{DiskFile, temporary_files};
use super::source::{Stamp, must_not_be_written_over, open_ahead};
use crate::arguments::RunArguments;
use crate::config::Config;
use crate::terminal::{Interrupt, StageBar, note};

/// Does what the recipe says.
pub(super) async fn run(config: &Config, arguments: &RunArguments) -> Result<()> {
    let path = &arguments.recipe;
    let text = read_text(path)?;
    let recipe = Recipe::parse(&text).with_context(|| format!("reading {}", path.display()))?;
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let output = arguments.output.clone().unwrap_or_else(|| folder.clone());
    let asking = Asking::new(config, arguments, &recipe, &folder);
    let from = arguments.from.as_ref().unwrap_or(&folder);
    recipe.check_names()?;
    let sources = recipe.files.iter().map(|file| from.join(&file.name));
    let sources = sources.chain([path.clone(), asking.path().to_owned()]);
    must_not_be_written_over(sources, names_written(&recipe.exports).map(|name| output.join(name))).context(
        "the recipe is made with it; choose another folder with --output FOLDER, or other names in `exports`",
    )?;
    make(&recipe, &asking, from, &output).await
}

async fn make(recipe: &Recipe, asking: &Asking<'_>, folder: &Path, output: &Path) -> Result<()> {
    if recipe.exports.is_empty() {
        bail!("the recipe writes nothing: it has no `exports`, as `- file: train.jsonl` with `format: openai-chat`");
    }
    std::fs::create_dir_all(output).with_context(|| format!("making the folder {}", output.display()))?;
    let interrupt = Interrupt::listen();
    let bar = StageBar::new(interrupt.clone());
    let mut files = temporary_files(output)?;
    if let Some(answers) = asking.open_file(&bar).await? {
        files.answers = answers;
    }
    let mut preparation = Preparation::open(files)?;
    if preparation.answers_passed_over() > 0 {
        let lines = counted(preparation.answers_passed_over(), "line", "lines");
        note(&format!("{lines} of the answers' file can't be read as answers, and are passed over"));
    }
    for file in &recipe.files {
        read(&mut preparation, file, folder, &bar).await?;
    }
    for step in &recipe.steps {
        let title = step.title();
        bar.begin(&title);
        asking.ask(&mut preparation, step, &bar, &interrupt).await.with_context(|| title.clone())?;
        let done = preparation.run(step.clone(), &bar).await.with_context(|| title.clone())?;
        bar.end();
        note(&format!("{title}: {}", done.counts));
        for (reason, answers) in &done.unused {
            note(&format!("  {answers} not used: {reason}"));
        }
    }
    let mut written = Vec::with_capacity(recipe.exports.len());
    for wanted in &recipe.exports {
        let (path, aside_path) = (output.join(&wanted.file), output.join(wanted.set_aside_name()));
        bar.begin(&wanted.file);
        let (mut rows, mut aside) = (WholeFile::create(&path)?, WholeFile::create(&aside_path)?);
        let exported = export(&preparation, wanted, &mut rows, &mut aside, &bar).await?;
        rows.finish()?;
        bar.end();
        note(&format!("{}: {}", path.display(), counted(exported.written, "row", "rows")));
        if exported.set_aside > 0 {
            aside.finish()?;
            note(&format!(
                "  {} without a place in it: {}",
                counted(exported.set_aside, "row", "rows"),
                aside_path.display()
            ));
        }
        if exported.protected_cells > 0 {
            note(&format!(
                "  apostrophes before {} that spreadsheets would take for formulas; `formulas: as-is` of an export \
                 leaves them out, and `protected-cells: true` of a file takes them away",
                counted(exported.protected_cells, "cell", "cells")
            ));
        }
        written.push((wanted.clone(), exported));
    }
    let left_out = rows_in_no_part(&preparation, &recipe.exports);
    if let Some(first) = left_out.first() {
        let first = preparation.name_of(preparation.pass().entry(*first)?.origin)?;
        note(&format!(
            "in none of these files: {}, {first} the first, for they are in no part: they were taken back after the split, or \
             made from such; split once more behind that, or export without `part`",
            counted(left_out.len() as u64, "row", "rows")
        ));
    }
    let beside = files_beside(&preparation, &written);
    for (name, text) in beside.files {
        match name {
            dataset_info::FILE_NAME => add_dataset_info(output, &text)?,
            _ => write_whole(&output.join(name), &text)?,
        }
    }
    for (file, reason) in beside.not_described {
        note(&format!("{file} is not in {}: LLaMA-Factory can't read it; {reason}", dataset_info::FILE_NAME));
    }
    if preparation.aside_bytes() > 0 {
        let path = output.join("set-aside.jsonl");
        let mut aside = WholeFile::create(&path)?;
        preparation.read_aside(|bytes| io::Write::write_all(&mut aside, bytes))?;
        aside.finish()?;
        note(&format!("{}: what is no row, with its reasons", path.display()));
    }
    Ok(())
}

/// Adds to what a folder's `dataset_info.json` says of other files.
pub(super) fn add_dataset_info(folder: &Path, text: &str) -> Result<()> {
    let path = folder.join(dataset_info::FILE_NAME);
    let merged = if path.exists() {
        dataset_info::merged(&read_text(&path)?, text).with_context(|| {
            format!("{} is there and describes no files of LLaMA-Factory's; move it away", path.display())
        })?
    } else {
        text.to_owned()
    };
    write_whole(&path, &merged)
}

async fn read(preparation: &mut Preparation<DiskFile>, file: &RecipeFile, folder: &Path, bar: &StageBar) -> Result<()> {
    let path = folder.join(&file.name);
    bar.begin(&file.name);
    let stamp = Stamp::of(&path)?;
    let RecipeFile { name, read_as, protected_cells, .. } = file.clone();
    let mut found = SourceFile { name, bytes: stamp.bytes, xxh128: None, read_as, protected_cells };
    must_be(file, &found)?;
    let hash = file.xxh128.as_ref().map(|_| hash_aside(path.clone(), stamp.bytes));
    let read = ReadBytes::default();
    let rows = Box::new(open_ahead(&path, file.protected_cells, &file.read_as, &read)?);
    preparation.read(Opened { file: found.clone(), rows, read }, bar).await?;
    if let Some(hash) = hash {
        let Ok(hash) = hash.join() else { bail!("the hash of {} could not be computed", path.display()) };
        found.xxh128 = Some(hash.with_context(|| format!("reading {}", path.display()))?);
        must_be(file, &found)?;
    }
    stamp.must_still_hold(&path)?;
    bar.end();
    let progressed = preparation.sources().last().map(|source| source.progressed).unwrap_or_default();
    let aside = if progressed.set_aside() > 0 {
        format!(", {} set aside", grouped(progressed.set_aside().into()))
    } else {
        String::new()
    };
    note(&format!("{}: {}{aside}", file.name, counted(progressed.rows.into(), "row", "rows")));
    Ok(())
}

/// Fails where a file is not the one that the recipe was made with.
fn must_be(wanted: &RecipeFile, found: &SourceFile) -> Result<()> {
    match wanted.differs_from(found) {
        Some(difference) => bail!("{difference}; the same bytes come of the same files only"),
        None => Ok(()),
    }
}

/// Computes a file's hash while its rows are read.
fn hash_aside(path: PathBuf, bytes: u64) -> JoinHandle<io::Result<String>> {
    std::thread::spawn(move || {
        let hash = pollster::block_on(FileHash::of(File::open(path)?, bytes, &Silent));
        // Nobody stops it.
        Ok(hash.map_err(|_| io::ErrorKind::Interrupted)??.to_text())
    })
}
