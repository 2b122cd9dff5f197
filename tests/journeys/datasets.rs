//! A messy file becomes training data: read, mapped, checked, repaired, deduplicated, shared out, written; and the recipe
//! makes the same bytes natively.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tests::environment::SMOLLM2;
use tests::look::look;
use tests::messy_dataset::{MESSY_ROWS, write_messy};
use tests::pages::{AppPage, DatasetsPage, named};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

#[tokio::test]
async fn a_messy_file_becomes_training_data() {
    journey("datasets", Start::Bare, datasets).await;
}

async fn datasets(stage: &mut Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (messy, questions) = (folder.path().join("messy.jsonl"), folder.path().join("questions.csv"));
    let mut out = BufWriter::new(File::create(&messy)?);
    write_messy(&mut out)?;
    out.flush()?;
    std::fs::write(
        &questions,
        "question,reply,source\nWhat is a quern?,A mill for the hand.,book\nAnd a mill?,It grinds.,book\n",
    )?;

    stage.open_app_with_model(SMOLLM2).await?;
    // Nothing of what follows needs the companion.
    stage.go_offline().await?;
    let app = AppPage { browser: &stage.browser };
    let page = app.go_to_datasets().await?;
    let mut defects = Vec::new();
    look(&stage.browser, "datasets-empty", &mut defects).await?;
    page.begin("kitchen").await?;

    let day = Instant::now();
    read_both(stage, &app, &page, &messy, &questions, &mut defects).await?;
    check_and_mend(stage, &app, &page, &mut defects).await?;
    look_at_rows(stage, &app, &page, &mut defects).await?;

    page.show("learned").await?;
    app.choose("#mask-model", SMOLLM2).await?;
    app.wait_for_words("mask", "<|im_start|>user").await?;
    let learned = "return [...document.querySelectorAll('[data-testid=mask] .is-learned')].map((token) => token.innerText).join('')";
    let learned: String = stage.browser.run(learned, Vec::new()).await?;
    ensure!(learned == "By hand.<|im_end|>", "{learned:?}");
    let began = Instant::now();
    app.click(&named("count-learned")).await?;
    app.wait_for_count("learned-totals", 1, EVENTUALLY).await?;
    let totals = app.wait_for_words("learned-totals", "are learned").await?;
    println!("{totals} Counting took {:.0} s", began.elapsed().as_secs_f64());
    app.bring_into_sight("mask").await?;
    look(&stage.browser, "datasets-learned", &mut defects).await?;

    page.show("export").await?;
    page.run("split-rows").await?;
    app.wait_for_words("parts", "train").await?;
    app.click(&named("export-rows")).await?;
    app.wait_for_count("exported-file", 7, EVENTUALLY).await?;
    println!("the whole of it took {:.0} s", day.elapsed().as_secs_f64());
    look(&stage.browser, "datasets-export", &mut defects).await?;
    page.show("steps").await?;
    look(&stage.browser, "datasets-steps", &mut defects).await?;
    let rows = page.replayed(&stage.companion, folder.path()).await?;
    ensure!(rows > MESSY_ROWS / 2, "{rows} rows");
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}

/// Reads both files; the page is reloaded while the first is being read.
async fn read_both(
    stage: &Stage,
    app: &AppPage<'_>,
    page: &DatasetsPage<'_>,
    messy: &Path,
    questions: &Path,
    defects: &mut Vec<String>,
) -> Result<()> {
    page.bring("#dataset-files-input", messy).await?;
    let words = app.wait_for_words("brought-formats", "look like").await?;
    for format in ["OpenAI chat", "Alpaca", "ShareGPT"] {
        ensure!(words.contains(format), "{format}: {words}");
    }
    look(&stage.browser, "datasets-brought", defects).await?;
    app.click(&named("read-file")).await?;
    app.wait_for_words("dataset-work", "reading").await?;
    app.reload().await?;
    app.wait_for_script(
        "what was read",
        "return document.querySelector('[data-testid=unfinished-file], [data-testid=dataset-file]') !== null",
    )
    .await?;
    if app.text(&named("unfinished-file")).await?.is_some() {
        look(&stage.browser, "datasets-unfinished", defects).await?;
        page.bring("#go-on-file", messy).await?;
    }
    page.wait_until_done("reading the first file").await?;
    app.wait_for_count("dataset-file", 1, EVENTUALLY).await?;
    let words = app.wait_for_words("dataset-file", "set aside").await?;
    ensure!(words.contains("messy.jsonl"), "{words}");

    page.bring("#dataset-files-input", questions).await?;
    app.wait_for_words("brought-formats", "no format").await?;
    app.choose("#read-as", "Columns that I name").await?;
    // The names of its columns tell what they mean: a person looks, and may choose others.
    app.choose("#map-prompt", "question").await?;
    app.choose("#map-answer", "reply").await?;
    app.wait_for_words("brought-row", "A mill for the hand.").await?;
    app.click(&named("read-file")).await?;
    app.wait_for_count("dataset-file", 2, EVENTUALLY).await?;
    look(&stage.browser, "datasets-files", defects).await
}

async fn check_and_mend(
    stage: &Stage,
    app: &AppPage<'_>,
    page: &DatasetsPage<'_>,
    defects: &mut Vec<String>,
) -> Result<()> {
    page.show("checks").await?;
    app.click(&named("look-at-all")).await?;
    page.wait_until_done("looking at all rows").await?;
    app.wait_for_words("survey-rows", "rows looked at").await?;
    app.wait_for_words("check-personal-data", "e-mail").await?;
    look(&stage.browser, "datasets-checks", defects).await?;
    page.run("repair-roles-out-of-order").await?;
    for action in ["repair-encoding-damage", "repair-personal-data", "drop-empty-answer"] {
        app.click(&named("look-at-all")).await?;
        page.wait_until_done("looking again").await?;
        page.run(action).await?;
    }
    page.run("drop-same").await?;
    app.click(&named("drop-near")).await?;
    hold_a_moment(app).await?;
    page.wait_until_done("dropping what is nearly the same").await?;
    app.click(&named("look-at-all")).await?;
    page.wait_until_done("looking at the end").await?;
    for check in ["empty-answer", "personal-data", "encoding-damage", "roles-out-of-order"] {
        app.wait_for_words(&format!("check-{check}"), "nothing found").await?;
    }
    page.show("quality").await?;
    app.element(&named("histogram")).await?;
    look(&stage.browser, "datasets-quality", defects).await
}

/// Lets the work under way wait, sees that it does, and lets it go on.
async fn hold_a_moment(app: &AppPage<'_>) -> Result<()> {
    app.wait_for_words("dataset-work", "%").await?;
    app.click(&named("hold-dataset-work")).await?;
    let words = app.wait_for_words("dataset-work", "waiting").await?;
    // What was on its way when it was told to wait has come by then.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let held = app.text(&named("dataset-work")).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let later = app.text(&named("dataset-work")).await?;
    ensure!(held == later && held.is_some(), "it went on: {words:?}, {held:?}, {later:?}");
    app.click(&named("hold-dataset-work")).await
}

/// The table goes to its end and back; a row is edited by hand.
async fn look_at_rows(
    stage: &Stage,
    app: &AppPage<'_>,
    page: &DatasetsPage<'_>,
    defects: &mut Vec<String>,
) -> Result<()> {
    page.show("rows").await?;
    app.wait_for_words("found-rows", "rows").await?;
    app.wait_for_words("row", "messy.jsonl:1").await?;
    look(&stage.browser, "datasets-rows", defects).await?;
    let at_end = "const table = document.querySelector('[data-testid=rows-table]'); table.scrollTop = table.scrollHeight; \
                  return [...document.querySelectorAll('[data-testid=row]')].at(-1).innerText.includes('questions.csv:2')";
    app.wait_for_script("the last row", at_end).await?;
    let at_start = "const table = document.querySelector('[data-testid=rows-table]'); table.scrollTop = 0; \
                    return document.querySelector('[data-testid=row]').innerText.includes('messy.jsonl:1')";
    app.wait_for_script("the first row", at_start).await?;
    app.click(&named("row")).await?;
    app.element("#row-json").await?;
    look(&stage.browser, "datasets-row", defects).await?;
    app.fill(
        "#row-json",
        r#"{"messages":[{"role":"user","content":"By hand?"},{"role":"assistant","content":"By hand."}]}"#,
    )
    .await?;
    page.run("save-row").await?;
    app.wait_for_words("row", "By hand.").await.map(drop)
}
