//! A working day without any companion or network: models ranked, a prompt with examples, an evaluation over thirty
//! cases by the model in the tab, a search for a better prompt within a budget. And the same evaluation by `quern eval`.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::environment::SMOLLM2;
use tests::look::look;
use tests::pages::{AppPage, EvaluatePage};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

/// For thirty answers, or a search, on two slow cores with others beside.
const LONG: Duration = Duration::from_secs(540);

/// What people wrote, and whether they are content.
const REVIEWS: [(&str, &str); 30] = [
    ("The soup was hot and the waiter kind.", "positive"),
    ("I waited an hour and the food was cold.", "negative"),
    ("Wonderful music, we danced all night.", "positive"),
    ("The screen broke after two days.", "negative"),
    ("Best holiday of my life.", "positive"),
    ("Never again, what a waste of money.", "negative"),
    ("She explained everything with great patience.", "positive"),
    ("The room smelled of smoke and damp.", "negative"),
    ("Fast delivery and a lovely package.", "positive"),
    ("Nobody answered my calls for a week.", "negative"),
    ("A joy to read from the first page on.", "positive"),
    ("The plot is dull and far too long.", "negative"),
    ("My children love this game.", "positive"),
    ("It crashes every time I open it.", "negative"),
    ("Fresh bread, friendly people, fair prices.", "positive"),
    ("The seats were dirty and torn.", "negative"),
    ("What a beautiful garden!", "positive"),
    ("He was rude to my mother.", "negative"),
    ("The battery lasts for days, great.", "positive"),
    ("The shoes fell apart in the rain.", "negative"),
    ("I laughed until I cried.", "positive"),
    ("Terrible sound and worse acting.", "negative"),
    ("Clean, quiet and close to the sea.", "positive"),
    ("They lost my luggage and did not care.", "negative"),
    ("Excellent coffee.", "positive"),
    ("The meat was raw inside.", "negative"),
    ("This tool saves me hours each week.", "positive"),
    ("A boring talk by a boring man.", "negative"),
    ("We felt welcome at once.", "positive"),
    ("The stairs are broken and dangerous.", "negative"),
];

#[tokio::test]
async fn a_day_at_the_workbench_needs_no_network() {
    journey("workbench", Start::Bare, workbench).await;
}

async fn workbench(stage: &mut Stage) -> Result<()> {
    let mut defects = Vec::new();
    stage.open_app_with_model(SMOLLM2).await?;
    // The command line computes on the CPU too.
    stage.browser.run::<()>(COMPUTE_ON_CPU, Vec::new()).await?;
    stage.go_offline().await?;
    let app = AppPage { browser: &stage.browser };
    app.wait_for_words("companion-status", "No companion").await?;

    rank_models(stage, &app, &mut defects).await?;
    write_prompt(stage, &app, &mut defects).await?;
    let page = evaluate(stage, &app, &mut defects).await?;
    same_by_command_line(stage, &page).await?;
    // What was done is there after a reload.
    let page = reloaded(&app).await?;
    page.show("results").await?;
    page.app.wait_for_count("cell", REVIEWS.len(), EVENTUALLY).await?;
    optimize(stage, &page, &mut defects).await?;
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}

const COMPUTE_ON_CPU: &str = "
    const settings = JSON.parse(localStorage.getItem('quern.settings') ?? '{}');
    localStorage.setItem('quern.settings', JSON.stringify({ ...settings, backend: 'cpu' }));";

/// What suits the work at hand, by what this browser knows by itself.
async fn rank_models(stage: &Stage, app: &AppPage<'_>, defects: &mut Vec<String>) -> Result<()> {
    let find = app.go_to_models().await?.find().await?;
    find.choose("task", "Classification").await?;
    find.require("languages", "en").await?;
    find.require("input-tokens", "200").await?;
    find.require("output-tokens", "8").await?;
    app.click("label[for=privacy-this_device]").await?;
    let here = format!("browser:{SMOLLM2}");
    let ranked = find.wait_for_ranked("models of this browser only", |ranked| {
        ranked.contains(&here) && ranked.iter().all(|name| name.starts_with("browser:"))
    });
    let ranked = ranked.await?;
    let words = find.words_of(&here).await?;
    ensure!(words.contains("Keys and values of 208 tokens"), "{words}");
    println!("ranked without a companion: {}", ranked.join(", "));
    find.open_reasons(&here).await?;
    look(&stage.browser, "offline-ranking", defects).await
}

async fn write_prompt(stage: &Stage, app: &AppPage<'_>, defects: &mut Vec<String>) -> Result<()> {
    let page = app.go_to_prompts().await?;
    page.new_from_task("classification").await?;
    // A broken template says where it is broken.
    page.write_message(1, "Is this content?\n{{ text").await?;
    app.wait_for_words("message-fault", "Line 2").await?;
    look(&stage.browser, "prompt-fault", defects).await?;
    page.write_message(1, "Review: {{ text }}\nSentiment:").await?;
    page.write_message(0, "You label reviews. Answer with one word: positive or negative.").await?;
    app.click("label[for='output-text']").await?;
    page.show("examples").await?;
    page.add_example(&[("text", "A great film.")], "positive").await?;
    page.add_example(&[("text", "The cake was stale.")], "negative").await?;
    page.add_example(&[("text", "Service with a smile.")], "positive").await?;
    page.wait_for_preview("<|im_start|>user\nReview: Service with a smile.\nSentiment:<|im_end|>").await?;
    let ids = page.preview_ids().await?;
    ensure!(ids.first() == Some(&1) && ids.len() > 60, "the preview's tokens are {ids:?}");
    look(&stage.browser, "prompt-examples", defects).await?;
    page.show("try").await?;
    app.click("[data-testid=try-prompt]").await?;
    app.wait_for_count("try-done", 1, EVENTUALLY).await?;
    look(&stage.browser, "prompt-try", defects).await?;
    page.show("versions").await?;
    app.fill("#version-note", "first").await?;
    app.click("[data-testid=keep-version]").await?;
    app.wait_for_words("keep-version", "This text is kept").await?;
    look(&stage.browser, "prompt-versions", defects).await?;
    Ok(())
}

async fn evaluate<'a>(stage: &'a Stage, app: &AppPage<'a>, defects: &mut Vec<String>) -> Result<EvaluatePage<'a>> {
    let page = app.go_to_evaluate().await?;
    page.begin("Reviews").await?;
    page.app.choose("#add-prompt", "classification").await?;
    page.app.choose("#add-model", "SmolLM2 135M Instruct").await?;
    app.fill("#suite-max-tokens-0", "8").await?;
    look(&stage.browser, "evaluate-setup", defects).await?;

    page.show("cases").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("reviews.csv");
    let mut table = "text,label,__expected,__metadata:tag\n".to_owned();
    for (text, label) in REVIEWS {
        let length = if text.len() < 30 { "short" } else { "long" };
        writeln!(table, "\"{text}\",{label},icontains:{label},{length}")?;
    }
    std::fs::write(&file, table)?;
    page.bring_file("#import-cases", &file).await?;
    page.app.wait_for_count("case", REVIEWS.len(), EVENTUALLY).await?;
    look(&stage.browser, "evaluate-cases", defects).await?;

    page.show("results").await?;
    app.click("[data-testid=run-evaluation]").await?;
    page.app.wait_for_count("cell", REVIEWS.len(), LONG).await?;
    page.app.wait_for_count("run-evaluation", 1, EVENTUALLY).await?;
    app.wait_for_words("score-interval", "to").await?;
    look(&stage.browser, "evaluate-results", defects).await?;
    app.click("[data-testid=cell]").await?;
    app.element("[data-testid=cell-answer]").await?;
    look(&stage.browser, "evaluate-cell", defects).await?;
    app.press(thirtyfour::Key::Escape).await?;
    Ok(page)
}

/// The page's scores beside those of `quern eval`, cell by cell.
async fn same_by_command_line(stage: &Stage, page: &EvaluatePage<'_>) -> Result<()> {
    let record = page.kept_document("run", "passed").await?;
    let folder = tempfile::tempdir()?;
    let (suite, output) = (folder.path().join("suite.json"), folder.path().join("run.json"));
    std::fs::write(&suite, record["suite"].to_string())?;
    let text = |path: &std::path::Path| path.to_str().map(str::to_owned).context("the path is text");
    let (suite, output) = (text(&suite)?, text(&output)?);
    let arguments = ["eval", &suite, "--device", "cpu", "--output", &output, "--least-pass-rate", "0"];
    stage.companion.quern(&arguments).await?;
    let there: Value = serde_json::from_str::<Value>(&std::fs::read_to_string(&output)?)?["run"].take();
    let scores = |run: &Value| -> Vec<(u64, Value)> {
        let cells = run["cells"].as_array().into_iter().flatten();
        let mut scores: Vec<_> =
            cells.map(|cell| (cell["case"].as_u64().unwrap_or_default(), cell["verdict"]["score"].clone())).collect();
        scores.sort_by_key(|(case, _)| *case);
        scores
    };
    let (here, there_scores) = (scores(&record["run"]), scores(&there));
    ensure!(here.len() == REVIEWS.len(), "{} cells in the page", here.len());
    ensure!(here == there_scores, "the page scores {here:?}, `quern eval` {there_scores:?}");
    println!("{} cells, the same scores in the page and by `quern eval`", here.len());
    Ok(())
}

async fn reloaded<'a>(app: &AppPage<'a>) -> Result<EvaluatePage<'a>> {
    app.reload().await?;
    app.go_to_evaluate().await
}

async fn optimize(stage: &Stage, page: &EvaluatePage<'_>, defects: &mut Vec<String>) -> Result<()> {
    const MOST_TOKENS: u64 = 100_000;
    let app = page.app;
    page.show("optimize").await?;
    app.fill("#search-tokens", &MOST_TOKENS.to_string()).await?;
    app.click("[data-testid=search-settings] summary").await?;
    // A small search: what takes long here takes long in every test run.
    let settings = [("answer-tokens", "6"), ("rounds", "1"), ("proposals", "1"), ("sets", "1"), ("examples", "1")];
    for (field, value) in settings {
        app.fill(&format!("#search-{field}"), value).await?;
    }
    look(&stage.browser, "optimize-form", defects).await?;
    app.click("[data-testid=start-search]").await?;
    app.element("[data-testid=stop-search]").await?;
    page.app.wait_for_count("candidate", 1, EVENTUALLY).await?;
    look(&stage.browser, "optimize-progress", defects).await?;
    page.app.wait_for_count("search-conclusion", 1, LONG).await?;
    let conclusion = app.text("[data-testid=search-conclusion]").await?.unwrap_or_default();
    ensure!(conclusion.contains("held-out") && conclusion.contains("95 % interval"), "{conclusion}");
    look(&stage.browser, "optimize-outcome", defects).await?;
    let record = page.kept_document("optimization", "classification").await?;
    let spent = record["outcome"]["spent"]["tokens"].as_u64().context("the outcome says what was spent")?;
    ensure!((1..=MOST_TOKENS).contains(&spent), "{spent} tokens of {MOST_TOKENS}");
    println!("{conclusion} {spent} of {MOST_TOKENS} tokens");
    Ok(())
}
