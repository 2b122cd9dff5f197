//! A file larger than a tab may hold in memory is read, deduplicated and written. It takes some ten minutes and 15 GB of
//! disk, so it is run by hand: `-- --ignored large_dataset`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tests::pages::{AppPage, named};
use tests::stage::{Stage, Start, journey};
use tests::wait::{self, EVENTUALLY, Look};

const FILE_BYTES: u64 = 5 << 30;

/// What the tab may use, everything of it: the page, its workers, the browser's own code.
const MOST_MEMORY_BYTES: u64 = 512 << 20;

/// For each thing that is done to the whole file.
const LONG: Duration = Duration::from_secs(1800);

#[tokio::test]
#[ignore = "takes ten minutes and 15 GB of disk"]
async fn five_gigabytes_are_prepared_in_little_memory() {
    journey("large_dataset", Start::Bare, large_dataset).await;
}

async fn large_dataset(stage: &mut Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("large.jsonl");
    let (rows, different) = write_large(&file)?;
    println!("{rows} rows, {different} of them different");
    let app = stage.open_app().await?;
    let page = app.go_to_datasets().await?;
    page.begin("large").await?;
    page.bring("#dataset-files-input", &file).await?;
    app.wait_for_words("brought-formats", "look like").await?;
    println!("before: {} MiB", stage.browser.renderers_memory_bytes()? >> 20);
    let mut peak = 0;

    app.click(&named("read-file")).await?;
    timed(stage, &app, "read", &mut peak).await?;
    app.wait_for_count("dataset-file", 1, EVENTUALLY).await?;
    page.show("checks").await?;
    app.click(&named("drop-same")).await?;
    timed(stage, &app, "exact duplicates", &mut peak).await?;
    let kept = page.kept().await?;
    ensure!(kept == different, "{kept} rows are kept, {different} are different");
    page.show("export").await?;
    app.click(&named("export-rows")).await?;
    timed(stage, &app, "written", &mut peak).await?;
    app.wait_for_words("exported", "recipe.yaml").await?;
    ensure!(peak < MOST_MEMORY_BYTES, "the tab used {} MiB, {} are the most", peak >> 20, MOST_MEMORY_BYTES >> 20);
    Ok(())
}

/// Waits until nothing is being done, and says how long that was; notes the most memory that it took.
async fn timed(stage: &Stage, app: &AppPage<'_>, what: &str, peak: &mut u64) -> Result<()> {
    let began = Instant::now();
    wait::until(what.to_owned(), LONG, async || {
        if let Some(problem) = app.text(&named("dataset-problem")).await? {
            anyhow::bail!("{what}: {problem}");
        }
        *peak = stage.browser.renderers_memory_bytes()?.max(*peak);
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(match app.text(&named("dataset-work")).await? {
            Some(work) => Look::NotYet(work),
            None => Look::Found(()),
        })
    })
    .await?;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{what}: {seconds:.0} s, {:.0} MB/s, at most {} MiB so far",
        FILE_BYTES as f64 / 1e6 / seconds,
        *peak >> 20
    );
    Ok(())
}

/// Conversations of about a kilobyte, every tenth a copy of an earlier one; how many rows, and how many are different.
fn write_large(path: &Path) -> Result<(u64, u64)> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let (mut written, mut rows, mut different) = (0, 0, 0);
    while written < FILE_BYTES {
        let is_copy = rows % 10 == 9;
        let number = if is_copy { rows / 2 / 10 * 10 } else { rows };
        different += u64::from(!is_copy);
        let words: Vec<String> = (0..90).map(|word| format!("w{}", (number * 31 + word * 977) % 99_991)).collect();
        let (question, answer) = (words[..30].join(" "), words[30..].join(" "));
        let line = format!(
            "{{\"messages\": [{{\"role\": \"user\", \"content\": \"{number}: {question}\"}}, {{\"role\": \"assistant\", \
             \"content\": \"{answer}. {answer}\"}}], \"row\": {rows}}}\n"
        );
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
        rows += 1;
    }
    out.flush()?;
    Ok((rows, different))
}
