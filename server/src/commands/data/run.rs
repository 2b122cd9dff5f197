//! `quern data run`: a recipe, done again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use shared::dataset::export::{export, files_beside};
use shared::dataset::preparation::{FileHash, Files, Opened, Preparation, SourceFile};
use shared::dataset::recipe::{Recipe, RecipeFile};
use shared::dataset::records::ReadBytes;

use super::super::suite_files::read_text;
use super::super::whole_file::{WholeFile, write_whole};
use super::disk_file::DiskFile;
use super::source::open;
use crate::arguments::RunArguments;
use crate::terminal::{StageBar, note};

/// Does what the recipe says.
pub(super) fn run(arguments: &RunArguments) -> Result<()> {
    let path = &arguments.recipe;
    let text = read_text(path)?;
    let recipe = Recipe::parse(&text).with_context(|| format!("reading {}", path.display()))?;
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let output = arguments.output.clone().unwrap_or_else(|| folder.clone());
    pollster::block_on(make(&recipe, arguments.from.as_ref().unwrap_or(&folder), &output))
}

async fn make(recipe: &Recipe, folder: &Path, output: &Path) -> Result<()> {
    if recipe.exports.is_empty() {
        bail!("the recipe writes nothing: it has no `exports`, as `- file: train.jsonl` with `format: openai-chat`");
    }
    std::fs::create_dir_all(output).with_context(|| format!("making the folder {}", output.display()))?;
    let file = || tempfile::tempfile_in(output).map(DiskFile::new);
    let files = (0..Files::<DiskFile>::NAMES.len()).map(|_| file()).collect::<io::Result<Vec<_>>>();
    let files = files.with_context(|| format!("keeping the work under way in {}", output.display()))?;
    let Ok(files) = <[DiskFile; 6]>::try_from(files) else { bail!("a preparation has six files") };
    let mut preparation = Preparation::open(Files::from_array(files))?;
    let bar = StageBar::new();
    for file in &recipe.files {
        read(&mut preparation, file, folder, &bar).await?;
    }
    for step in &recipe.steps {
        let title = step.title();
        bar.begin(&title);
        let done = preparation.run(step.clone(), &bar).await.with_context(|| title.clone())?;
        bar.end();
        note(&format!("{title}: {}", done.counts));
    }
    for wanted in &recipe.exports {
        let (path, aside_path) = (output.join(&wanted.file), output.join(format!("{}.set-aside.jsonl", wanted.file)));
        bar.begin(&wanted.file);
        let (mut rows, mut aside) = (WholeFile::create(&path)?, WholeFile::create(&aside_path)?);
        let exported = export(&preparation, wanted, &mut rows, &mut aside, &bar).await?;
        rows.finish()?;
        bar.end();
        note(&format!("{}: {} rows", path.display(), exported.written));
        if exported.set_aside > 0 {
            aside.finish()?;
            note(&format!("  {} have no place in it and are in {}", exported.set_aside, aside_path.display()));
        }
    }
    for (name, text) in files_beside(&preparation, &recipe.exports) {
        write_whole(&output.join(name), &text)?;
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

async fn read(preparation: &mut Preparation<DiskFile>, file: &RecipeFile, folder: &Path, bar: &StageBar) -> Result<()> {
    let path = folder.join(&file.name);
    bar.begin(&file.name);
    let before = stamp(&path)?;
    let reading = || format!("reading {}", path.display());
    let opened = File::open(&path).with_context(reading)?;
    // Nothing stops it but the end of the command.
    let Ok(hash) = FileHash::of(opened, before.0, bar).await else { bail!("stopped") };
    let hash = hash.with_context(reading)?;
    let found = SourceFile::new(&file.name, &hash, file.read_as.clone());
    if let Some(difference) = file.differs_from(&found) {
        bail!("{difference}; the same bytes come of the same files only");
    }
    let read = ReadBytes::default();
    let records = open(&path, false, file.read_as.chunking(), &read)?;
    preparation.read(Opened { file: found, records, read }, bar).await?;
    if stamp(&path)? != before {
        bail!("{} was changed while it was read; run it again", path.display());
    }
    bar.end();
    let progressed = preparation.sources().last().map(|source| source.progressed).unwrap_or_default();
    let aside =
        if progressed.set_aside() > 0 { format!(", {} that are none", progressed.set_aside()) } else { String::new() };
    note(&format!("{}: {} rows{aside}", file.name, progressed.rows));
    Ok(())
}

/// What changes with a file.
fn stamp(path: &Path) -> Result<(u64, Option<std::time::SystemTime>)> {
    let metadata = std::fs::metadata(path).with_context(|| format!("looking at {}", path.display()))?;
    Ok((metadata.len(), metadata.modified().ok()))
}
