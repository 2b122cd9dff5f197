//! What a person does with single rows and single tools of a dataset: looks at what was set aside, says what checks look
//! for, searches, rates, drops and takes back, filters, makes noisy copies, shares out, and begins anew.

use std::fmt::Write;

use anyhow::{Result, ensure};
use serde_json::json;
use tests::environment::SMOLLM2;
use tests::look::look;
use tests::pages::{AppPage, DatasetsPage, named};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

/// Rows that are like no other, beside those that the journey is about.
const PLAIN_ROWS: u64 = 60;

#[tokio::test]
async fn single_rows_and_tools() {
    journey("dataset_tools", Start::Bare, dataset_tools).await;
}

async fn dataset_tools(stage: &mut Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("tools.jsonl");
    std::fs::write(&file, rows())?;
    stage.open_app_with_model(SMOLLM2).await?;
    stage.go_offline().await?;
    let app = AppPage { browser: &stage.browser };
    let page = app.go_to_datasets().await?;
    let mut defects = Vec::new();
    page.begin("tools").await?;
    page.bring("#dataset-files-input", &file).await?;
    app.click(&named("read-file")).await?;
    app.wait_for_count("dataset-file", 1, EVENTUALLY).await?;
    app.click(&named("show-set-aside")).await?;
    app.wait_for_words("set-aside", "tools.jsonl:2:").await?;
    look(&stage.browser, "datasets-set-aside", &mut defects).await?;

    look_for_what_is_asked(stage, &app, &page, &mut defects).await?;
    change_single_rows(&app, &page).await?;
    drop_by_likeness_and_measure(&app, &page).await?;
    leave_out_what_is_too_long(stage, &app, &page, &mut defects).await?;
    share_out_and_write(stage, &app, &page, folder.path(), &mut defects).await?;

    // Everything is taken back at once, once it is asked; then the files go too.
    page.show("steps").await?;
    app.click(&named("take-back")).await?;
    look(&stage.browser, "datasets-take-back", &mut defects).await?;
    app.click(&named("confirm-take-back")).await?;
    app.wait_for_words("dataset-steps", "(0)").await?;
    ensure!(page.kept().await? == PLAIN_ROWS + 7, "{} rows are kept", page.kept().await?);
    page.show("files").await?;
    app.click(&named("begin-anew")).await?;
    app.click(&named("confirm-begin-anew")).await?;
    app.wait_for_count("dataset-file", 0, EVENTUALLY).await?;
    ensure!(page.kept().await? == 0, "rows are left");
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}

/// A row that is none; one with a number to call, one with an address; two with words that somebody does not want; two
/// that say nearly the same; one that is long; and others.
fn rows() -> String {
    let row = |question: &str, answer: &str| {
        let messages = [json!({"role": "user", "content": question}), json!({"role": "assistant", "content": answer})];
        format!("{}\n", json!({ "messages": messages }))
    };
    let mut text = row("Whom do I call?", "Call +49 30 901820 during the day.");
    text.push_str("{\"messages\":[{\"role\":\"user\",\n");
    text.push_str(&row("Where do I write to?", "Write to jane@example.com please."));
    text.push_str(&row("Who was that?", "A Blatherskite, if you ask me."));
    text.push_str(&row("And his friend?", "No end of a blatherskite too."));
    let same = "The stone on top is turned by hand, and the corn that lies between both stones becomes flour";
    text.push_str(&row("How does a quern work?", same));
    text.push_str(&row("How does a quern work?", &format!("{same} at last.")));
    text.push_str(&row("Tell me a long story.", &"and then they went on ".repeat(100)));
    for number in 0..PLAIN_ROWS {
        let words: Vec<String> = (1..8).map(|word| format!("w{}", number * 7919 * word % 10_007)).collect();
        let _ = write!(text, "{}", row(&format!("Number {number}?"), &words.join(" ")));
    }
    text
}

async fn look_for_what_is_asked(
    stage: &Stage,
    app: &AppPage<'_>,
    page: &DatasetsPage<'_>,
    defects: &mut Vec<String>,
) -> Result<()> {
    page.show("checks").await?;
    app.click("[data-testid=looked-for] summary").await?;
    app.click("label[for=look-for-email]").await?;
    app.fill("#harsh-words", "blatherskite").await?;
    app.click(&named("look-at-all")).await?;
    page.wait_until_done("looking at all rows").await?;
    app.wait_for_words("check-harsh-words", "2 rows").await?;
    let words = app.wait_for_words("check-personal-data", "1 rows").await?;
    ensure!(!words.contains("an e-mail"), "addresses were not asked for: {words}");
    look(&stage.browser, "datasets-looked-for", defects).await?;
    app.click(&named("show-harsh-words")).await?;
    app.wait_for_words("found-rows", "2 rows").await?;
    app.click(&named("clear-condition")).await?;
    app.wait_for_words("found-rows", &format!("{} rows", PLAIN_ROWS + 7)).await.map(drop)
}

async fn change_single_rows(app: &AppPage<'_>, page: &DatasetsPage<'_>) -> Result<()> {
    let kept = page.kept().await?;
    app.fill("#row-search", "BLATHERSKITE, if").await?;
    app.click(&named("search-rows")).await?;
    app.wait_for_words("found-rows", "One row").await?;
    app.click(&named("row")).await?;
    page.run("drop-row").await?;
    ensure!(page.kept().await? == kept - 1, "the row is dropped");
    app.click("label[for=row-status-dropped]").await?;
    app.wait_for_words("row", "tools.jsonl:4").await?;
    app.click(&named("row")).await?;
    app.wait_for_words("why-dropped", "dropped by hand").await?;
    page.run("keep-row").await?;
    ensure!(page.kept().await? == kept, "the row is back");
    app.click("label[for=row-status-kept]").await?;
    app.wait_for_words("row", "tools.jsonl:4").await?;
    app.click(&named("row")).await?;
    app.click("label[for=row-rating-4]").await?;
    app.wait_for_words("row", "4").await?;
    app.wait_for_words("dataset-steps", "(3)").await?;
    app.fill("#row-search", " ").await?;
    app.click(&named("search-rows")).await.map(drop)
}

async fn drop_by_likeness_and_measure(app: &AppPage<'_>, page: &DatasetsPage<'_>) -> Result<()> {
    let kept = page.kept().await?;
    page.show("checks").await?;
    app.click("label[for=near-keep-longest]").await?;
    page.run("drop-near").await?;
    ensure!(page.kept().await? == kept - 1, "one of the two that are alike stays");
    page.show("steps").await?;
    // The last of them: what the first one dropped is back.
    click_last(app, "show-dropped").await?;
    // The longer one stays.
    app.wait_for_words("row", "tools.jsonl:6").await?;

    page.show("quality").await?;
    app.click(&named("measure-all")).await?;
    page.wait_until_done("measuring").await?;
    app.fill("#filter-least", "6").await?;
    page.run("filter-rows").await?;
    let words = app.text(&named("dataset-rows")).await?.unwrap_or_default();
    // "Write to jane@example.com please." and "A Blatherskite, if you ask me." are told by their words.
    ensure!(page.kept().await? < kept - 1, "short answers are dropped: {words}");
    page.show("steps").await?;
    click_last(app, "take-back").await?;
    app.wait_for_words("dataset-steps", "(4)").await?;
    ensure!(page.kept().await? == kept - 1, "they are back");
    Ok(())
}

/// Clicks the last one of that name.
async fn click_last(app: &AppPage<'_>, testid: &str) -> Result<()> {
    let script =
        format!("return [...document.querySelectorAll('[data-testid={testid}]')].at(-1)?.click() === undefined");
    app.wait_for_script(&format!("the last {testid}"), &script).await
}

async fn leave_out_what_is_too_long(
    stage: &Stage,
    app: &AppPage<'_>,
    page: &DatasetsPage<'_>,
    defects: &mut Vec<String>,
) -> Result<()> {
    let kept = page.kept().await?;
    page.show("learned").await?;
    app.choose("#mask-model", SMOLLM2).await?;
    app.fill("#mask-context", "200").await?;
    app.click(&named("count-learned")).await?;
    app.wait_for_words("learned-problems", "1: rows that are longer").await?;
    look(&stage.browser, "datasets-too-long", defects).await?;
    app.click(&named("show-too-long")).await?;
    app.wait_for_words("found-rows", "One row").await?;
    app.wait_for_words("row", "tools.jsonl:8").await?;
    page.show("learned").await?;
    page.run("drop-too-long").await?;
    ensure!(page.kept().await? == kept - 1, "the long one is dropped");
    Ok(())
}

async fn share_out_and_write(
    stage: &Stage,
    app: &AppPage<'_>,
    page: &DatasetsPage<'_>,
    folder: &std::path::Path,
    defects: &mut Vec<String>,
) -> Result<()> {
    page.show("export").await?;
    page.run("split-rows").await?;
    app.wait_for_words("parts", "train").await?;
    // Copies of rows that have a part already.
    page.show("more").await?;
    app.fill("#noise-rows", "50").await?;
    page.run("make-noise").await?;
    let kept = page.kept().await?;
    ensure!(kept > PLAIN_ROWS + 7, "copies are made: {kept}");
    look(&stage.browser, "datasets-more", defects).await?;
    page.show("checks").await?;
    page.run("drop-leaks").await?;
    ensure!(page.kept().await? == kept, "copies are on their rows' side");

    page.show("export").await?;
    app.choose("#export-format", "Alpaca").await?;
    app.choose("#export-kind", "CSV").await?;
    app.click(&named("export-rows")).await?;
    page.wait_until_done("writing").await?;
    look(&stage.browser, "datasets-written", defects).await?;
    // A line of head in each of three files, and every row that is kept.
    let lines = page.replayed(&stage.companion, folder).await? as u64;
    ensure!(lines >= kept + 3, "{lines} lines for {kept} rows");
    Ok(())
}
