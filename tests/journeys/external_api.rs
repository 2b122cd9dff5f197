//! An external API: added with its key, asked in Chat, priced in Prompts, measured in Evaluate, removed again.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browser::{DESKTOP, PHONE};
use tests::fake_provider::{ANSWER, FakeProvider, MODELS};
use tests::look::look_once;
use tests::pages::{AppPage, Outcome};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

const KEY: &str = "sk-known-to-the-companion-only";
const MODEL: &str = "companion:far/far-large";
const MODEL_WORDS: &str = "far-large · far";

#[tokio::test]
async fn an_external_api_is_added_asked_priced_and_removed() {
    journey("external_api", Start::Bare, external_api).await;
}

async fn external_api(stage: &mut Stage) -> Result<()> {
    let provider = FakeProvider::start(KEY).await?;
    // The browser notes answers that are no success; the first key is a wrong one.
    stage.expect_console_error("/api/providers/far/models");
    let app = stage.open_app().await?;
    let mut defects = Vec::new();

    add(stage, &app, &provider, &mut defects).await?;

    let chat = app.go_to_chat().await?;
    chat.choose(MODEL).await?;
    app.wait_for_words("destination", "on the companion's machine").await?;
    look_at_all_sizes(stage, "external-api-chat", &mut defects).await?;
    chat.send("What is two and two?").await?;
    let answer = chat.wait_for_answer(1, Outcome::Finished).await?;
    ensure!(answer.text == ANSWER && answer.figures.contains(MODEL_WORDS), "{answer:?}");
    ensure!(!answer.figures.contains("companion"), "it does not run on the companion: {answer:?}");
    let asked = provider.questions();
    ensure!(asked.len() == 1 && asked[0]["model"] == "far-large", "what it was asked: {asked:?}");
    ensure!(asked[0]["messages"][0]["content"] == "What is two and two?", "{asked:?}");

    preview(stage, &app, &mut defects).await?;
    ensure!(provider.questions().len() == 1, "a preview asks nobody");

    evaluate(&app).await?;
    ensure!(provider.questions().len() == 2, "one case is one question");

    let settings = app.go_to_settings().await?;
    settings.remove_provider("far").await?;
    let is_gone = "return document.querySelector('[data-testid=provider-far]') === null";
    app.wait_for_script("the external API to go", is_gone).await?;
    app.go_to_chat().await?;
    let is_out_of_reach = "return document.querySelector('#runs-on optgroup')?.label === 'Not available now'";
    app.wait_for_script("its model to be out of reach", is_out_of_reach).await?;
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}

/// Adds it in Settings, first with a wrong key.
async fn add(stage: &Stage, app: &AppPage<'_>, provider: &FakeProvider, defects: &mut Vec<String>) -> Result<()> {
    let settings = app.go_to_settings().await?;
    settings.begin_provider("far", &provider.base_url, "sk-wrong").await?;
    app.wait_for_words("provider-problem", "Incorrect API key").await?;
    app.fill("#provider-key", KEY).await?;
    app.click("[data-testid=ask-provider-models]").await?;
    settings.tick_model(MODELS[0]).await?;
    let forgotten = "return document.querySelector('#provider-key').value === ''";
    app.wait_for_script("the page to forget the key", forgotten).await?;
    look_at_all_sizes(stage, "external-api-dialog", defects).await?;
    app.click("[data-testid=save-provider]").await?;
    // Asking kept it before, with no model offered: its words change once more.
    let words = app.wait_for_words("provider-far", "Offered: far-large").await?;
    ensure!(words.contains("key kept on the companion") && !words.contains("far-small"), "{words}");
    let in_sight =
        "document.querySelector('[data-testid=provider-far]').scrollIntoView({block: 'center'}); return true";
    app.wait_for_script("the external API in sight", in_sight).await?;
    look_at_all_sizes(stage, "external-api-card", defects).await?;
    let is_kept = "return (document.documentElement.outerHTML + JSON.stringify(localStorage)).includes(arguments[0])";
    ensure!(!stage.browser.run::<bool>(is_kept, vec![json!(KEY)]).await?, "the page keeps the key");
    Ok(())
}

/// What a prompt costs there: unknown at first, then by an imported price.
async fn preview(stage: &Stage, app: &AppPage<'_>, defects: &mut Vec<String>) -> Result<()> {
    let prompts = app.go_to_prompts().await?;
    prompts.new_from_task("classification").await?;
    app.choose("#preview-model", MODEL_WORDS).await?;
    app.wait_for_words("preview-count", "at most").await?;
    app.wait_for_words("preview-cost", "No price known").await?;

    let table = json!({"far/far-large": {
        "input_cost_per_token": 1e-5, "output_cost_per_token": 2e-5, "litellm_provider": "far", "mode": "chat",
    }});
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("prices.json");
    std::fs::write(&file, table.to_string())?;
    let find = app.go_to_models().await?.find().await?;
    find.import_prices(&file).await?;
    app.wait_for_words("price-findings", "1 model with a price").await?;
    let is_usable = |ranked: &[String]| ranked.iter().any(|name| name == MODEL);
    find.wait_for_ranked("the offered model", is_usable).await?;
    let words = find.words_of(MODEL).await?;
    ensure!(words.contains("usable now") && words.contains("Chat with it"), "{words}");

    app.go_to_prompts().await?;
    let cost = app.wait_for_words("preview-cost", "USD per 1,000 requests").await?;
    ensure!(cost.starts_with("At most") && cost.contains("far/far-large") && cost.contains("LiteLLM"), "{cost}");
    look_at_all_sizes(stage, "external-api-preview", defects).await
}

/// One case, asked there; its cell says what the answer cost.
async fn evaluate(app: &AppPage<'_>) -> Result<()> {
    let page = app.go_to_evaluate().await?;
    page.begin("far away").await?;
    app.choose("#add-prompt", "classification").await?;
    app.choose("#add-model", MODEL_WORDS).await?;
    app.wait_for_words("suite-model", "on the companion's machine").await?;
    page.show("cases").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("cases.csv");
    std::fs::write(&file, "text,__expected\nIt is broken.,icontains:four\n")?;
    page.bring_file("#import-cases", &file).await?;
    page.app.wait_for_count("case", 1, EVENTUALLY).await?;
    page.show("results").await?;
    app.click("[data-testid=run-evaluation]").await?;
    // 1000 tokens at 10 and 500 at 20 a million.
    let cell = app.wait_for_words("cell", "passed").await?;
    ensure!(cell.contains("0.020 USD"), "{cell}");
    Ok(())
}

async fn look_at_all_sizes(stage: &Stage, name: &str, defects: &mut Vec<String>) -> Result<()> {
    for size in [PHONE, DESKTOP] {
        for is_dark in [false, true] {
            look_once(&stage.browser, name, size, is_dark, defects).await?;
        }
    }
    Ok(())
}
