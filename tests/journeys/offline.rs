//! After a first visit the app needs neither companion nor network.

use anyhow::{Result, ensure};
use tests::environment::SMOLLM2;
use tests::pages::Outcome;
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

#[tokio::test]
async fn without_the_companion_the_page_reloads_and_answers() {
    journey("offline", Start::Bare, offline).await;
}

async fn offline(stage: &mut Stage) -> Result<()> {
    let app = stage.open_app_with_model(SMOLLM2).await?;
    app.wait_for_words("companion-status", "Companion connected").await?;
    // Kept means: all files, and a worker that serves them. Both come without being asked for.
    let is_kept: bool = stage
        .browser
        .run_async(
            "await navigator.serviceWorker.ready;
             const names = await caches.keys();
             return names.length === 1 && await caches.match('/precache.json') !== undefined;",
            Vec::new(),
        )
        .await?;
    ensure!(is_kept, "the app's files are not kept");

    stage.companion.stop().await?;
    // The page looks for the companion, and the browser notes each failed look.
    stage.expect_console_error("net::ERR_CONNECTION_REFUSED");
    let app = tests::pages::AppPage { browser: &stage.browser };
    app.reload().await?;
    app.wait_for_words("companion-status", "No companion").await?;
    let chat = app.go_to_models().await?.card(SMOLLM2).chat(EVENTUALLY).await?;
    chat.be_greedy().await?;
    chat.send("What is the capital of France?").await?;
    let answer = chat.wait_for_answer(1, Outcome::Finished).await?;
    ensure!(answer.text.contains("Paris"), "{answer:?}");

    // Every page has an address that works offline.
    for path in tests::pages::SHELL {
        let url = format!("{}{path}", stage.companion.url());
        let app = tests::pages::AppPage::open(&stage.browser, &url).await?;
        ensure!(app.text("h1, .chat-header").await?.is_some(), "{path} shows nothing: {}", app.body_text().await?);
    }
    Ok(())
}
