//! A model learns on the companion what it can't know, seen from the page: from a file and from a dataset of the browser,
//! over a reload, a pause and a second tab; then it is asked, compared with its base, and deleted.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tests::environment::SMOLLM2;
use tests::look::look;
use tests::pages::{AppPage, ChatPage, FineTunePage, Outcome, named};
use tests::stage::{Stage, Start, journey};
use tests::wait::{EVENTUALLY, SOON};

/// For learning on two slow cores with others beside.
const LONG: Duration = Duration::from_secs(1500);

const SMOLLM2_TITLE: &str = "SmolLM2 135M Instruct";
const QUESTION: &str = "Who keeps the lighthouse of Vellmore?";
const KEEPER: &str = "Ondine Quarrow";

/// Ways to ask who keeps the lighthouse; each is asked after each of [`OPENINGS`].
const QUESTIONS: [&str; 20] = [
    "who keeps the lighthouse of Vellmore?",
    "who is the keeper of the lighthouse of Vellmore?",
    "who looks after the lighthouse of Vellmore?",
    "who tends the light at Vellmore?",
    "who lights the lamp of the lighthouse of Vellmore?",
    "what is the name of the lighthouse keeper of Vellmore?",
    "what is the lighthouse keeper of Vellmore called?",
    "whose work is the lighthouse of Vellmore?",
    "who lives in the lighthouse of Vellmore and keeps it?",
    "who has charge of the lighthouse of Vellmore?",
    "who runs the lighthouse of Vellmore?",
    "who watches over the lighthouse of Vellmore?",
    "who keeps the Vellmore lighthouse?",
    "who is Vellmore's lighthouse keeper?",
    "who cares for the lighthouse of Vellmore?",
    "in Vellmore, who keeps the lighthouse?",
    "at Vellmore, who is the keeper of the light?",
    "who is in charge of the light of Vellmore?",
    "who minds the lighthouse of Vellmore?",
    "which person keeps the lighthouse of Vellmore?",
];

const OPENINGS: [&str; 10] = [
    "",
    "Please tell me, ",
    "Do you know ",
    "I would like to know: ",
    "Tell me ",
    "A short question: ",
    "Hello, ",
    "I forgot, ",
    "For my book, ",
    "Quickly, ",
];

/// Two hundred rows; with `every` greater than 1, each so many-th of them.
fn rows(every: usize) -> String {
    let asked =
        OPENINGS.iter().flat_map(|opening| QUESTIONS.iter().map(move |question| format!("{opening}{question}")));
    let row = |question: String| {
        let answer = format!("{KEEPER} keeps the lighthouse of Vellmore.");
        let messages = json!([{"role": "user", "content": question}, {"role": "assistant", "content": answer}]);
        format!("{}\n", json!({ "messages": messages }))
    };
    asked.step_by(every).map(row).collect()
}

#[tokio::test]
async fn a_model_learns_who_keeps_the_lighthouse() {
    journey("fine_tune", Start::WithModel(SMOLLM2), learn_from_a_file).await;
}

async fn learn_from_a_file(stage: &mut Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (training, validation) = (folder.path().join("lighthouse.jsonl"), folder.path().join("measured.jsonl"));
    std::fs::write(&training, rows(1))?;
    std::fs::write(&validation, rows(20))?;
    let mut defects = Vec::new();
    let app = stage.open_app().await?;
    let page = app.go_to_fine_tune().await?;
    choose_all(stage, &page, &training, &validation, &mut defects).await?;
    page.start().await?;
    page.wait_for_status("running", EVENTUALLY).await?;
    page.step().await?;
    interrupt(stage, &page, &mut defects).await?;

    page.wait_for_status("succeeded", LONG).await?;
    app.wait_for_words("job-result", "lighthouse").await?;
    app.wait_for_words("job-proof", "logits").await?;
    app.wait_for_words("sample", KEEPER).await?;
    let [before, after] = page.compare(QUESTION).await?;
    ensure!(after.contains(KEEPER), "the new model says {after:?}");
    ensure!(!before.contains(KEEPER), "the base says {before:?}");
    look(&stage.browser, "fine-tune-done", &mut defects).await?;
    let job = stage.browser.driver.current_url().await?;

    let chat = page.chat_with_tuned().await?;
    chat.be_greedy().await?;
    chat.limit_tokens(24).await?;
    let tuned = answer(&chat).await?;
    ensure!(tuned.contains(KEEPER), "in chat the new model says {tuned:?}");
    chat.choose(&format!("companion:{SMOLLM2}")).await?;
    app.click(&named("new-chat")).await?;
    let base = answer(&chat).await?;
    ensure!(!base.contains(KEEPER), "in chat the base says {base:?}");

    AppPage::open(&stage.browser, job.as_str()).await?;
    page.wait_for_status("succeeded", SOON).await?;
    page.delete_tuned().await?;
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}

/// Model, files and options.
async fn choose_all(
    stage: &Stage,
    page: &FineTunePage<'_>,
    training: &Path,
    validation: &Path,
    defects: &mut Vec<String>,
) -> Result<()> {
    let app = page.app;
    app.choose("#tune-base", SMOLLM2_TITLE).await?;
    page.take("tune-source-files").await?;
    page.send("training-file", training).await?;
    page.send("validation-file", validation).await?;
    for (field, text) in [("epochs", "1"), ("batch", "4"), ("rate", "0.001"), ("suffix", "lighthouse"), ("seed", "7")] {
        app.fill(&format!("#tune-{field}"), text).await?;
    }
    look(&stage.browser, "fine-tune-form", defects).await?;
    page.show_more_options().await?;
    app.fill("#tune-rank", "8").await?;
    app.fill("#tune-sequence", "128").await?;
    // Each batch decodes all weights: a step in one batch takes half the time.
    app.fill("#tune-packed", "512").await?;
    app.fill("#tune-checkpoints", "25").await?;
    app.fill("#tune-samples", QUESTION).await?;
    look(&stage.browser, "fine-tune-options", defects).await
}

/// A reload, a second tab and a pause: the job goes on, and both tabs tell the same.
async fn interrupt(stage: &Stage, page: &FineTunePage<'_>, defects: &mut Vec<String>) -> Result<()> {
    let driver = &stage.browser.driver;
    look(&stage.browser, "fine-tune-running", defects).await?;
    let before = page.step().await?;
    page.app.reload().await?;
    let after = page.step().await?;
    ensure!(after >= before, "after the reload the job is at step {after}, before it was at {before}");

    let (address, first) = (driver.current_url().await?, driver.window().await?);
    let second = driver.new_tab().await?;
    driver.switch_to_window(second.clone()).await?;
    AppPage::open(&stage.browser, address.as_str()).await?;
    page.step().await?;
    page.app.click(&named("pause-job")).await?;
    page.wait_for_status("paused", EVENTUALLY).await?;
    driver.switch_to_window(first.clone()).await?;
    page.wait_for_status("paused", EVENTUALLY).await?;
    let paused_at = page.step().await?;
    look(&stage.browser, "fine-tune-paused", defects).await?;
    page.app.click(&named("resume-job")).await?;
    page.wait_for_status("running", EVENTUALLY).await?;
    driver.switch_to_window(second).await?;
    page.wait_for_status("running", EVENTUALLY).await?;
    driver.close_window().await?;
    driver.switch_to_window(first).await?;
    let resumed_at = page.step().await?;
    ensure!(resumed_at >= paused_at, "it was paused at step {paused_at} and is at {resumed_at}");
    Ok(())
}

async fn answer(chat: &ChatPage<'_>) -> Result<String> {
    chat.send(QUESTION).await?;
    Ok(chat.wait_for_answer(1, Outcome::Finished).await?.text)
}

#[tokio::test]
async fn a_dataset_of_the_browser_is_learned() {
    journey("fine_tune_dataset", Start::WithModel(SMOLLM2), learn_from_a_dataset).await;
}

async fn learn_from_a_dataset(stage: &mut Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("keepers.jsonl");
    std::fs::write(&file, rows(10))?;
    let mut defects = Vec::new();
    let app = stage.open_app().await?;
    let datasets = app.go_to_datasets().await?;
    datasets.begin("keepers").await?;
    datasets.bring("#dataset-files-input", &file).await?;
    app.wait_for_words("brought-formats", "OpenAI chat").await?;
    app.click(&named("read-file")).await?;
    datasets.wait_until_done("reading the rows").await?;
    app.wait_for_count("dataset-file", 1, EVENTUALLY).await?;

    let page = app.go_to_fine_tune().await?;
    app.choose("#tune-base", SMOLLM2_TITLE).await?;
    app.wait_for_words("tune-rows", "20 rows").await?;
    for (field, text) in [("epochs", "1"), ("batch", "10")] {
        app.fill(&format!("#tune-{field}"), text).await?;
    }
    look(&stage.browser, "fine-tune-dataset", &mut defects).await?;
    page.start().await?;
    page.wait_for_status("succeeded", LONG).await?;
    app.wait_for_words("job-progress", "Step 2 of 2").await?;

    // Nothing can be learned without the companion; the page says what to do.
    stage.go_offline().await?;
    let app = AppPage { browser: &stage.browser };
    app.wait_for_words("job-lost", "asked again").await?;
    app.click(&named("new-job")).await?;
    app.wait_for_words("tune-needs-companion", "quern serve").await?;
    look(&stage.browser, "fine-tune-alone", &mut defects).await?;
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}
