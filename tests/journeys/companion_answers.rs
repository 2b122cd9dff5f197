//! One model, three ways to ask it: this browser, the companion from the page, and `quern generate`. Greedily they
//! say the same.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::environment::SMOLLM2;
use tests::pages::{ChatPage, Outcome};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

const QUESTION: &str = "What is the capital of France?";

/// The question's tokens, as the model's template writes it.
const PROMPT_IDS: &str = "1,9690,198,2683,359,253,5356,5646,11173,3365,3511,308,34519,28,7018,411,407,19712,8182,2,198,1,4093,198,1780,314,260,3575,282,4649,47,2,198,1,520,9531,198";

/// Needs more than one sentence.
const LONGER_QUESTION: &str = "Give me three tips for clear technical writing.";

const MOST_TOKENS: u32 = 48;

#[tokio::test]
async fn browser_companion_and_command_line_say_the_same() {
    journey("companion_answers", Start::WithModel(SMOLLM2), same_answers).await;
}

async fn same_answers(stage: &mut Stage) -> Result<()> {
    let app = stage.open_app().await?;
    let card = app.go_to_models().await?.card(SMOLLM2);
    card.press("download").await?;
    let chat = card.chat(EVENTUALLY).await?;
    chat.be_greedy().await?;
    chat.limit_tokens(MOST_TOKENS).await?;

    let here = answers(&chat, &format!("browser:{SMOLLM2}")).await?;
    let there = answers(&chat, &format!("companion:{SMOLLM2}")).await?;
    ensure!(here == there, "the browser says {here:?}, the companion {there:?}");

    let most_tokens = MOST_TOKENS.to_string();
    let arguments = ["generate", "--model", SMOLLM2, "--prompt-ids", PROMPT_IDS, "--temperature", "0", "--json"];
    let printed = stage.companion.quern(&[&arguments[..], &["--max-tokens", &most_tokens]].concat()).await?;
    let generated: Value = serde_json::from_str(&printed).context("reading what `quern generate --json` printed")?;
    ensure!(generated["text"] == here[0].as_str(), "the browser says {:?}, the command line {generated}", here[0]);
    Ok(())
}

async fn answers(chat: &ChatPage<'_>, who: &str) -> Result<Vec<String>> {
    let mut answers = Vec::new();
    chat.choose(who).await?;
    for question in [QUESTION, LONGER_QUESTION] {
        chat.app.click("[data-testid=new-chat]").await?;
        chat.send(question).await?;
        let answer = chat.wait_for_answer(1, Outcome::Finished).await?;
        let place = if who.starts_with("companion") { "companion" } else { "CPU" };
        ensure!(answer.figures.contains(place), "{who} should have answered: {answer:?}");
        answers.push(chat.last_answer_as_written().await?);
    }
    Ok(answers)
}
