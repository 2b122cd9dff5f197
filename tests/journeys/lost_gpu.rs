//! The GPU goes away in the middle of an answer: a sentence says so, and the tab goes on.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::environment::SMOLLM2;
use tests::pages::Outcome;
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

#[tokio::test]
async fn a_lost_gpu_is_explained_and_the_tab_goes_on() {
    journey("lost_gpu", Start::WithModel(SMOLLM2), lost_gpu).await;
}

async fn lost_gpu(stage: &mut Stage) -> Result<()> {
    stage.expect_console_error("GPU");
    let app = stage.open_app().await?;
    let card = app.go_to_models().await?.card(SMOLLM2);
    card.press("download").await?;
    let chat = card.chat(EVENTUALLY).await?;
    chat.compute_on("gpu").await?;
    chat.be_greedy().await?;
    chat.send("Tell me a long story about a mill by a river.").await?;
    chat.wait_for_first_words(1).await?;
    // The process that owns the GPU dies, as it does when a driver crashes.
    stage.browser.driver.cdp().send_raw("Browser.crashGpuProcess", json!({})).await?;
    chat.wait_for_answer(1, Outcome::Failed).await?;
    let shown = app.body_text().await?;
    ensure!(shown.to_lowercase().contains("the gpu device was lost"), "the page says {shown}");

    chat.compute_on("cpu").await?;
    chat.send("What is the capital of France?").await?;
    let answer = chat.wait_for_answer(2, Outcome::Finished).await?;
    ensure!(!answer.text.is_empty(), "{answer:?}");
    Ok(())
}
