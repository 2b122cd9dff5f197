//! Answers in the tab that are held to a JSON Schema: all of them are what it asks for, as in
//! `engine/tests/constraint.rs`.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tests::environment::{SMOLLM2, checkout};
use tests::pages::AppPage;
use tests::stage::{Stage, Start, journey};

/// Far more than any answer here needs.
const MOST_TOKENS: u32 = 600;

#[tokio::test]
async fn answers_in_the_tab_are_what_their_schemas_ask_for() {
    journey("structured_output", Start::WithModel(SMOLLM2), async |stage| check(stage, 1).await).await;
}

#[tokio::test]
#[ignore = "takes minutes: 200 answers"]
async fn two_hundred_answers_in_the_tab_are_what_their_schemas_ask_for() {
    journey("structured_output_200", Start::WithModel(SMOLLM2), async |stage| check(stage, 10).await).await;
}

#[derive(Deserialize)]
struct Answer {
    text: String,
    finish_reason: String,
}

/// Draws an answer to so many prompts for every schema, the prompt's number being the seed.
async fn check(stage: &mut Stage, most_prompts: usize) -> Result<()> {
    let folder = checkout()?.join("tests/structured_output");
    let prompts: Vec<String> = serde_json::from_slice(&std::fs::read(folder.join("prompts.json"))?)?;
    AppPage::open(&stage.browser, &format!("{}/?bench", stage.companion.url())).await?;
    let mut valid = 0;
    for file in std::fs::read_dir(folder.join("schemas"))? {
        let path = file?.path();
        let schema: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        let validator = jsonschema::options().should_validate_formats(true).build(&schema)?;
        for (seed, prompt) in prompts.iter().take(most_prompts).enumerate() {
            let request = json!({
                "prompt": {"chat": [{"role": "user", "content": prompt}]},
                "sampling": {"temperature": 1.0, "seed": seed},
                "limits": {"max_tokens": MOST_TOKENS, "stop": [], "ignore_end_of_sequence": false},
                "constraint": {"json_schema": schema},
            });
            let options = json!({"model": SMOLLM2, "backend": "cpu", "context_tokens": 1024, "request": request});
            let body = "return JSON.parse(await window.quern_answer(arguments[0]))";
            let answer: Answer = stage.browser.run_async(body, vec![json!(options.to_string())]).await?;
            let told = format!("{}, {prompt:?}: {}", path.display(), answer.text);
            ensure!(answer.finish_reason == "stop", "cut: {told}");
            let value: Value = serde_json::from_str(&answer.text).with_context(|| told.clone())?;
            ensure!(validator.is_valid(&value), "not what its schema asks for: {told}");
            valid += 1;
        }
    }
    println!("{valid} of {} answers in the tab are what their schemas ask for", 20 * most_prompts.min(prompts.len()));
    ensure!(valid == 20 * most_prompts, "{valid} answers came");
    Ok(())
}
