//! First visit: get a model, talk to it, stop it, ask again, find everything there after a reload.

use anyhow::{Result, ensure};
use tests::environment::SMOLLM2;
use tests::pages::Outcome;
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

const CAPITAL: &str = "What is the capital of France?";

/// Long enough to be stopped on the way.
const LONG: &str = "Write a very long story about a mill by a river.";

#[tokio::test]
async fn a_first_visit_ends_in_a_conversation() {
    journey("first_visit", Start::Bare, first_visit).await;
}

async fn first_visit(stage: &mut Stage) -> Result<()> {
    let app = stage.open_app().await?;
    let models = app.go_to_models().await?;
    ensure!(models.names().await?.contains(&SMOLLM2.to_owned()), "the catalogue has no {SMOLLM2}");
    let card = models.card(SMOLLM2);
    card.press("download").await?;
    let chat = card.chat(EVENTUALLY).await?;

    // A streamed answer.
    chat.be_greedy().await?;
    chat.send(CAPITAL).await?;
    let answer = chat.wait_for_answer(1, Outcome::Finished).await?;
    ensure!(answer.text.contains("Paris"), "{answer:?}");
    for figure in ["tokens/s", "first token", "tokens", "SmolLM2"] {
        ensure!(answer.figures.contains(figure), "no {figure:?} in {:?}", answer.figures);
    }
    app.wait_for_words("memory", "MB").await?;

    // Stopped on the way: what is there stays.
    chat.send(LONG).await?;
    chat.wait_for_first_words(2).await?;
    app.click("[data-testid=stop]").await?;
    let stopped = chat.wait_for_answer(2, Outcome::Stopped).await?;
    ensure!(!stopped.text.is_empty(), "the words that had come are gone");

    // Again: the same question, another answer in its place.
    app.click("[data-testid=answer-again]").await?;
    chat.wait_for_first_words(2).await?;
    app.click("[data-testid=stop]").await?;
    chat.wait_for_answer(2, Outcome::Stopped).await?;

    // Another first question: what followed it is gone.
    chat.edit_first_message("What is the capital of Germany?").await?;
    let edited = chat.wait_for_answer(1, Outcome::Finished).await?;
    ensure!(edited.text.contains("Berlin"), "{edited:?}");
    ensure!(chat.messages().await? == ["What is the capital of Germany?"], "{:?}", chat.messages().await?);

    // After a reload everything is there, and the conversation goes on.
    app.reload().await?;
    let chat = app.chat().await?;
    let restored = chat.wait_for_answer(1, Outcome::Finished).await?;
    ensure!(restored.text == edited.text, "{restored:?} instead of {edited:?}");
    chat.send("And of Spain?").await?;
    chat.wait_for_answer(2, Outcome::Finished).await?;
    Ok(())
}
