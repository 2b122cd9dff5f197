//! Finding the right model: requirements in, a ranked list with reasons out, prices imported, costs compared; the speed
//! of a model that has answered is a measured one.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browser::{DESKTOP, PHONE};
use tests::environment::SMOLLM2;
use tests::look::look_once;
use tests::pages::{AppPage, FindPage, Outcome};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

#[tokio::test]
async fn requirements_become_a_ranked_list_with_reasons_prices_and_costs() {
    journey("find_a_model", Start::WithModel(SMOLLM2), find_a_model).await;
}

async fn find_a_model(stage: &mut Stage) -> Result<()> {
    let app = stage.open_app().await?;
    app.wait_for_words("companion-status", "Companion connected").await?;
    let find = app.go_to_models().await?.find().await?;
    let (here, there) = (format!("browser:{SMOLLM2}"), format!("companion:{SMOLLM2}"));

    // Before it has run, its speed is estimated.
    find.wait_for_ranked("both places", |ranked| ranked.contains(&here) && ranked.contains(&there)).await?;
    let words = find.words_of(&here).await?;
    ensure!(words.contains("estimated from the model's size and the device's memory bandwidth"), "{words}");
    ensure!(words.contains("Keys and values of 700 tokens"), "{words}");

    // While typing: what misses a requirement moves to those ruled out, with its reason.
    find.choose("task", "Conversation").await?;
    find.require("languages", "de").await?;
    find.wait_for_ranked("no model that knows English only", |ranked| !ranked.contains(&here)).await?;
    app.wait_for_words(&format!("excluded-{here}"), "was not trained on de, only on en").await?;
    find.require("languages", "en").await?;
    find.wait_for_ranked("it to come back", |ranked| ranked.contains(&here)).await?;
    find.require("input-tokens", "many").await?;
    app.wait_for_words("workload", "Write a number from 0 up").await?;
    find.require("input-tokens", "100,000").await?;
    app.wait_for_words(&format!("excluded-{here}"), "has a context of 8192 tokens, and 100200 are required").await?;
    find.require("input-tokens", "1000").await?;
    find.wait_for_ranked("it to come back", |ranked| ranked.contains(&here)).await?;

    import_prices(&app, &find).await?;

    // Everything is there after a reload.
    app.reload().await?;
    let prompt_tokens = "return document.querySelector('[data-testid=input-tokens]')?.value === '1000'";
    app.wait_for_script("the form as it was", prompt_tokens).await?;
    app.wait_for_words("price-findings", "2 models with a price").await?;

    // Privacy rules the providers out.
    app.click("label[for=privacy-this_device]").await?;
    find.wait_for_ranked("this device only", |ranked| !ranked.iter().any(|name| name.contains("openai"))).await?;
    app.wait_for_words("ruled-out", "sends texts to openai, and they must stay on this device").await?;
    app.click("label[for=privacy-anywhere]").await?;

    // Once it has answered here, its speed is measured.
    app.click("[data-testid=models-yours]").await?;
    let card = app.go_to_models().await?.card(SMOLLM2);
    card.press("download").await?;
    let chat = card.chat(EVENTUALLY).await?;
    chat.be_greedy().await?;
    chat.send("What is the capital of France?").await?;
    chat.wait_for_answer(1, Outcome::Finished).await?;
    let find = app.go_to_models().await?.find().await?;
    let words = find.words_of(&here).await?;
    ensure!(words.contains("measured on"), "{words}");

    find.open_reasons(&here).await?;
    find.open("hardware").await?;
    let mut defects = Vec::new();
    for size in [DESKTOP, PHONE] {
        for is_dark in [false, true] {
            look_once(&stage.browser, "find-a-model", size, is_dark, &mut defects).await?;
        }
    }
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}

/// Imports a small table with a dear, a cheap and an impossible price.
async fn import_prices(app: &AppPage<'_>, find: &FindPage<'_>) -> Result<()> {
    let entry = |input: f64, output: f64| {
        json!({
            "max_input_tokens": 128_000, "input_cost_per_token": input, "output_cost_per_token": output,
            "litellm_provider": "openai", "mode": "chat", "supports_response_schema": true,
        })
    };
    let table = json!({
        "cheap-model": entry(1.5e-7, 6e-7),
        "dear-model": entry(1e-5, 3e-5),
        "per-thousand": entry(0.0032, 0.0097),
        "an-embedding": {"mode": "embedding"},
    });
    let folder = tempfile::tempdir()?;
    let wrong = folder.path().join("notes.json");
    std::fs::write(&wrong, "[1, 2]")?;
    find.import_prices(&wrong).await?;
    app.wait_for_words("price-problem", "no object from model names to prices").await?;

    let file = folder.path().join("model_prices_and_context_window.json");
    std::fs::write(&file, table.to_string())?;
    find.import_prices(&file).await?;
    let findings = app.wait_for_words("price-findings", "2 models with a price").await?;
    ensure!(
        findings.contains("1 without one that can be trusted; 1 price refused. Left out: 1 entry that writes no text."),
        "{findings}"
    );
    find.open("refused-prices").await?;
    app.wait_for_words("refused-prices", "per-thousand: 3200 USD per million input tokens is outside").await?;
    app.wait_for_words("prices", "price list LiteLLM, 20").await?;

    let cheap = "companion:openai/cheap-model";
    find.wait_for_ranked("the providers' models", |ranked| ranked.iter().any(|name| name == cheap)).await?;
    let words = find.words_of(cheap).await?;
    // 1000 tokens at 0.15 and 200 at 0.60 a million, a thousand times.
    ensure!(words.contains("0.27 USD per month"), "{words}");
    let costs = app.wait_for_words("costs", "cheap-model").await?;
    ensure!(costs.contains("your own GPU") && costs.contains("0.00027 USD"), "{costs}");
    app.wait_for_words("break-evens", "your own GPU").await?;

    // A budget rules out what is dearer.
    find.require("budget", "5").await?;
    app.wait_for_words("excluded-companion:openai/dear-model", "and the budget is 5.00 USD").await?;
    Ok(())
}
