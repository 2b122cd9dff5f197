//! What a model in the tab makes of documents and rows: questions, scores, duplicates by meaning; classes are balanced, a pair
//! of answers is edited, and the recipe makes the same bytes natively without the model.

use std::path::Path;

use anyhow::{Result, ensure};
use tests::environment::SMOLLM2;
use tests::look::look;
use tests::pages::{AppPage, DatasetsPage, named};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

const MODEL_WORDS: &str = "SmolLM2 135M Instruct";

const NOTES: &str = "# The quern

A quern is a mill for the hand. Two round stones lie on each other. The lower one rests, and the upper one is turned by a handle. Grain goes in by a hole in the middle of the upper stone, is ground between both, and comes out as flour at the edge.

# The water mill

A water mill grinds with the power of a stream. The stream turns a wheel, and the wheel turns the upper stone by an axle and two gears. It grinds as much in an hour as a person with a quern does in a week.
";

#[tokio::test]
async fn models_make_rows_out_of_documents_and_judge_them() {
    journey("dataset_models", Start::Bare, dataset_models).await;
}

async fn dataset_models(stage: &mut Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut reviews = String::new();
    for row in 0..10 {
        let label = if row < 8 { "good" } else { "bad" };
        reviews.push_str(&format!("{{\"prompt\": \"Review {row}\", \"completion\": \"{label}\"}}\n"));
    }
    let pair = "{\"prompt\": \"Is it ground?\", \"chosen\": \"No.\", \"rejected\": \"Yes, all of it.\"}\n";
    let files = [("notes.md", NOTES), ("reviews.jsonl", &reviews), ("pairs.jsonl", pair)];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text)?;
    }

    stage.open_app_with_model(SMOLLM2).await?;
    // All of it happens in the tab.
    stage.go_offline().await?;
    let app = AppPage { browser: &stage.browser };
    let page = app.go_to_datasets().await?;
    page.begin("mills").await?;
    let mut defects = Vec::new();
    for (place, (name, _)) in files.iter().enumerate() {
        read(&app, &page, &folder.path().join(name), place + 1).await?;
    }
    balance(stage, &app, &page, &mut defects).await?;
    edit_pair(stage, &app, &page, &mut defects).await?;
    ask(stage, &app, &page, &mut defects).await?;

    page.show("export").await?;
    app.click(&named("export-rows")).await?;
    app.wait_for_words("exported", "answers.jsonl").await?;
    let lines = page.replayed(&stage.companion, folder.path()).await?;
    println!("{lines} lines are the same natively, answers included");
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}

async fn read(app: &AppPage<'_>, page: &DatasetsPage<'_>, file: &Path, files: usize) -> Result<()> {
    page.bring("#dataset-files-input", file).await?;
    app.wait_for_words("brought-formats", "100 %").await?;
    app.click(&named("read-file")).await?;
    app.wait_for_count("dataset-file", files, EVENTUALLY).await?;
    page.wait_until_done("reading a file").await
}

/// Most rows say the same: as many of both answers stay.
async fn balance(stage: &Stage, app: &AppPage<'_>, page: &DatasetsPage<'_>, defects: &mut Vec<String>) -> Result<()> {
    page.show("quality").await?;
    app.click(&named("count-classes")).await?;
    app.wait_for_words("class-count", "2 classes").await?;
    app.fill("#class-most", "2").await?;
    app.bring_into_sight("class").await?;
    look(&stage.browser, "datasets-classes", defects).await?;
    let kept = page.kept().await?;
    page.run("balance-classes").await?;
    let now = page.kept().await?;
    ensure!(now + 6 == kept, "{now} of {kept} rows");
    Ok(())
}

/// The better answer is the worse one: they are swapped, and one is written anew.
async fn edit_pair(stage: &Stage, app: &AppPage<'_>, page: &DatasetsPage<'_>, defects: &mut Vec<String>) -> Result<()> {
    page.show("rows").await?;
    let open = "const row = [...document.querySelectorAll('[data-testid=row]')].find((row) => row.innerText.includes('pairs.jsonl')); \
                row?.click(); return row !== undefined";
    app.wait_for_script("the pair", open).await?;
    app.element("#pair-chosen").await?;
    app.click(&named("swap-pair")).await?;
    app.fill("#pair-rejected", "It is not.").await?;
    look(&stage.browser, "datasets-pair", defects).await?;
    page.run("save-row").await?;
    app.wait_for_words("rows-table", "Yes, all of it.").await.map(drop)
}

/// A model in the tab makes questions, scores rows, and finds what means the same.
async fn ask(stage: &Stage, app: &AppPage<'_>, page: &DatasetsPage<'_>, defects: &mut Vec<String>) -> Result<()> {
    page.show("more").await?;
    app.choose("#asked-model", MODEL_WORDS).await?;
    app.fill("#made-count", "1").await?;
    app.click("label[for=made-grounded]").await?;
    app.bring_into_sight("ask-model").await?;
    look(&stage.browser, "datasets-more", defects).await?;
    let before = page.kept().await?;
    page.run("ask-model").await?;
    println!("{before} rows before questions were asked, {} behind", page.kept().await?);
    page.show("steps").await?;
    look(&stage.browser, "datasets-asked", defects).await?;

    page.show("quality").await?;
    app.click(&named("score-rows")).await?;
    app.wait_for_count("score", 5, EVENTUALLY).await?;
    app.bring_into_sight("score").await?;
    look(&stage.browser, "datasets-scores", defects).await?;
    app.fill("#score-least", "2").await?;
    page.run("drop-by-score").await?;
    page.show("checks").await?;
    app.choose("#meaning-model", MODEL_WORDS).await?;
    look(&stage.browser, "datasets-meaning", defects).await?;
    page.run("drop-same-meaning").await
}
