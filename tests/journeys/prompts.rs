//! Prompts and chains of them without companion or network: what is wrong is said where it is, answers vote, versions
//! compare, examples are chosen, and a chain's answers feed its next steps.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::environment::SMOLLM2;
use tests::look::look;
use tests::pages::{AppPage, PromptsPage};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

#[tokio::test]
async fn prompts_and_chains_need_no_network() {
    journey("prompts", Start::Bare, prompts).await;
}

async fn prompts(stage: &mut Stage) -> Result<()> {
    let mut defects = Vec::new();
    stage.open_app_with_model(SMOLLM2).await?;
    stage.browser.run::<()>(COMPUTE_ON_CPU, Vec::new()).await?;
    stage.go_offline().await?;
    let app = AppPage { browser: &stage.browser };
    app.wait_for_words("companion-status", "No companion").await?;

    let page = app.go_to_prompts().await?;
    page.new_from_task("classification").await?;
    write(&page).await?;
    look(&stage.browser, "prompts-write", &mut defects).await?;
    choose_examples(&page).await?;
    look(&stage.browser, "prompts-examples", &mut defects).await?;
    vote(&page).await?;
    look(&stage.browser, "prompts-vote", &mut defects).await?;
    compare_versions(&page).await?;
    look(&stage.browser, "prompts-versions", &mut defects).await?;
    run_chain(stage, &page, &mut defects).await?;
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}

/// The time that loading takes on a software GPU says nothing here.
const COMPUTE_ON_CPU: &str = "
    const settings = JSON.parse(localStorage.getItem('quern.settings') ?? '{}');
    localStorage.setItem('quern.settings', JSON.stringify({ ...settings, backend: 'cpu' }));";

/// Faults are said beside the text, and one click leads there.
async fn write(page: &PromptsPage<'_>) -> Result<()> {
    let app = &page.app;
    page.write_message(1, "Is this good?\nText: {{ text").await?;
    app.wait_for_words("message-fault", "Line 2, column").await?;
    app.click("[data-testid=message-fault] button").await?;
    let place: Value = app.browser.run(CARET, Vec::new()).await?;
    ensure!(place["id"] == "message-text-1" && place["line"] == 2, "the caret is at {place}");
    page.write_message(1, "Is this {{ tone }}?\nText: {{ text }}").await?;
    app.click("[data-testid=declare-tone]").await?;
    app.wait_for_words("preview-fault", "tone").await?;
    app.fill("#value-tone", "good").await?;
    page.wait_for_preview("<|im_start|>user\nIs this good?\nText: The soup was hot").await?;
    // Lists take a line for each item, or JSON, and say what they don't take.
    app.fill("#value-labels", "[1, 2").await?;
    app.wait_for_words("preview-fault", "labels takes a list").await?;
    app.fill("#value-labels", "yes\nno").await?;
    page.write_message(1, "Is this {{ tone }}? Labels: {{ labels | join(' or ') }}.\nText: {{ text }}").await?;
    page.wait_for_preview("Labels: yes or no.").await?;
    let ids = page.preview_ids().await?;
    let marks: Vec<String> = app.browser.run(MARKS, Vec::new()).await?;
    ensure!(marks.iter().any(|mark| mark == "<|im_start|>") && ids.len() > 40, "{marks:?} among {ids:?}");
    app.click("label[for='output-text']").await?;
    Ok(())
}

/// Which field has the caret, and in which of its lines.
const CARET: &str = "
    const field = document.activeElement;
    return { id: field.id, line: field.value.slice(0, field.selectionStart).split('\\n').length }";

/// The special tokens in sight.
const MARKS: &str = "return [...document.querySelectorAll('.token.is-special')].map((token) => token.textContent)";

/// All examples stay in the pool, and those like the question are shown.
async fn choose_examples(page: &PromptsPage<'_>) -> Result<()> {
    let app = &page.app;
    page.show("examples").await?;
    page.add_example(&[("text", "The soup was cold."), ("tone", "good")], "no").await?;
    page.add_example(&[("text", "A lovely film."), ("tone", "good")], "yes").await?;
    page.add_example(&[("text", "The waiter was rude."), ("tone", "good")], "no").await?;
    page.wait_for_preview("Text: A lovely film.<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>").await?;
    app.click("[data-testid=pool-examples]").await?;
    app.wait_for_words("example-pool", "3 to choose from").await?;
    app.fill("#example-count", "2").await?;
    app.click("[data-testid=choose-now]").await?;
    app.wait_for_count("example", 2, EVENTUALLY).await?;
    app.wait_for_words("example-pool", "3 to choose from").await.map(drop)
}

/// Answers go on behind other pages, and vote.
async fn vote(page: &PromptsPage<'_>) -> Result<()> {
    let app = &page.app;
    page.show("try").await?;
    app.fill("#try-samples", "3").await?;
    app.fill("#try-max-tokens", "6").await?;
    app.browser.run::<()>(SET_SLIDER, vec![json!("#try-temperature"), json!("0.7")]).await?;
    app.click("[data-testid=try-prompt]").await?;
    app.element("[data-testid=stop-trying]").await?;
    app.go_to_models().await?;
    app.go_to_prompts().await?;
    app.wait_for_count("try-done", 1, EVENTUALLY).await?;
    let agreement = app.wait_for_words("vote-agreement", "% agree").await?;
    let states: Vec<String> = app.browser.run(OUTCOMES, vec![json!("try-answer")]).await?;
    ensure!(states == ["finished", "finished", "finished"], "{states:?}, {agreement}");
    Ok(())
}

/// Moves a slider as a hand would.
const SET_SLIDER: &str = "
    const slider = document.querySelector(arguments[0]);
    slider.value = arguments[1];
    slider.dispatchEvent(new Event('input', { bubbles: true }));";

/// How everything of a name stands.
const OUTCOMES: &str = "
    return [...document.querySelectorAll(`[data-testid=${arguments[0]}]`)].map((part) => part.dataset.outcome)";

async fn compare_versions(page: &PromptsPage<'_>) -> Result<()> {
    let app = &page.app;
    page.show("versions").await?;
    app.fill("#version-note", "first").await?;
    app.click("[data-testid=keep-version]").await?;
    app.wait_for_words("keep-version", "This text is kept").await?;
    page.show("write").await?;
    page.write_message(0, "You sort texts. Answer with one word.").await?;
    page.show("versions").await?;
    let changed = app.wait_for_words("diff", "+ ").await?;
    ensure!(changed.contains("- ") && changed.contains("You sort texts."), "{changed}");
    app.fill("#version-note", "one word").await?;
    app.click("[data-testid=keep-version]").await?;
    app.wait_for_count("version", 2, EVENTUALLY).await?;
    // The older one stands below.
    app.click("[data-testid=version]:last-child [data-testid=restore-version]").await?;
    page.show("write").await?;
    let text: String = app.browser.run("return document.querySelector('#message-text-0').value", Vec::new()).await?;
    ensure!(text.starts_with("You classify texts."), "after going back the text is {text:?}");
    page.show("versions").await
}

async fn run_chain(stage: &Stage, page: &PromptsPage<'_>, defects: &mut Vec<String>) -> Result<()> {
    let app = &page.app;
    page.show_chains().await?;
    app.click("[data-testid=new-chain]").await?;
    app.fill("#chain-name", "Titles").await?;
    app.fill("#input-value-0", "The mill stands by the river. It has ground flour for three hundred years.").await?;
    // A circle is named before anything is asked.
    app.choose("#step-0-text-source", "title").await?;
    let fault = app.wait_for_words("chain-faults", "wait for each other").await?;
    ensure!(fault.contains("summary") && fault.contains("title"), "{fault}");
    look(&stage.browser, "chain-fault", defects).await?;
    app.choose("#step-0-text-source", "text").await?;
    for step in [0, 1] {
        app.click(&format!("[data-testid=step]:nth-child({}) summary", step + 1)).await?;
        app.fill(&format!("#step-max-tokens-{step}"), "12").await?;
    }
    // What takes a step's answer still does when the step gets another name.
    app.fill("#step-name-0", "gist").await?;
    app.click("[data-testid=run-chain]").await?;
    app.wait_for_count("step-answer", 2, EVENTUALLY).await?;
    app.wait_for_words("run-chain", "Run again").await?;
    let (answers, questions) = (page.texts("step-answer").await?, page.texts("step-question").await?);
    ensure!(questions[1].contains(answers[0].trim()), "the second step was asked {:?} after {answers:?}", questions[1]);
    look(&stage.browser, "chain-run", defects).await?;

    // What was answered is there after a reload, and a step is asked again without those before it.
    app.reload().await?;
    page.show_chains().await?;
    app.wait_for_count("step-answer", 2, EVENTUALLY).await?;
    ensure!(page.texts("step-answer").await? == answers, "a reload changed the answers");
    app.click("[data-testid=step-result]:last-child [data-testid=ask-step-again]").await?;
    app.wait_for_words("run-chain", "Run again").await?;
    app.wait_for_count("step-answer", 2, EVENTUALLY).await?;
    ensure!(page.texts("step-answer").await? == answers, "asked again, greedy answers are the same");
    Ok(())
}
