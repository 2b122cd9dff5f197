//! Every page, at the width of a laptop and of a phone, light and dark: pictures to look at in `tests/screenshots/`,
//! and what a machine can see by itself (`defects.js`).

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browser::PHONE;
use tests::environment::SMOLLM2;
use tests::look::{look, look_once};
use tests::pages::{AppPage, SHELL};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;

#[tokio::test]
async fn pages_look_right_at_every_width_and_in_both_themes() {
    journey("appearance", Start::WithModel(SMOLLM2), pages).await;
}

async fn pages(stage: &mut Stage) -> Result<()> {
    let mut defects = Vec::new();
    let app = stage.open_app().await?;
    app.wait_for_words("companion-status", "Companion connected").await?;

    // Before there is a model.
    for (path, name) in [("/models", "models-first-visit"), ("/chat", "chat-first-visit")] {
        open(stage, path).await?;
        look(&stage.browser, name, &mut defects).await?;
    }

    // With one.
    let card = app.go_to_models().await?.card(SMOLLM2);
    card.press("download").await?;
    card.wait_for("use-model", EVENTUALLY).await?;
    remember_conversation(stage).await?;
    for path in SHELL {
        open(stage, path).await?;
        look(&stage.browser, path.trim_start_matches('/'), &mut defects).await?;
    }
    open(stage, "/no-such-page").await?;
    look(&stage.browser, "not-found", &mut defects).await?;

    // What opens above a page.
    for (path, button, name) in [("/chat", "history", "chat-history"), ("/models", "delete", "models-delete")] {
        let app = open(stage, path).await?;
        app.click(&format!("[data-testid={button}]")).await?;
        app.element("dialog[open]").await?;
        look(&stage.browser, name, &mut defects).await?;
    }
    // At phone width only.
    for (path, button, name) in [("/chat", "chat-settings", "chat-settings"), ("/models", "nav-more", "more")] {
        stage.browser.resize(PHONE).await?;
        let app = open(stage, path).await?;
        app.click(&format!("[data-testid={button}]")).await?;
        app.element("dialog[open]").await?;
        for is_dark in [false, true] {
            look_once(&stage.browser, name, PHONE, is_dark, &mut defects).await?;
        }
    }
    ensure!(defects.is_empty(), "{}", defects.join("\n"));
    Ok(())
}

async fn open<'a>(stage: &'a Stage, path: &str) -> Result<AppPage<'a>> {
    AppPage::open(&stage.browser, &format!("{}{path}", stage.companion.url())).await
}

/// Puts a conversation with all kinds of Markdown where the app keeps its own.
async fn remember_conversation(stage: &Stage) -> Result<()> {
    let usage = json!({
        "prompt_tokens": 45, "completion_tokens": 212, "cached_prompt_tokens": 0, "prefill_seconds": 0.41,
        "decode_seconds": 9.8,
    });
    let finished = json!({"finished": {"reason": "stop", "figures": {
        "answered_by": "SmolLM2 135M Instruct · CPU", "usage": usage, "first_token_seconds": 0.43, "seed": 7,
    }}});
    let turn = |speaker: &str, text: &str, outcome: serde_json::Value| json!({"speaker": speaker, "text": text, "outcome": outcome});
    let conversation = json!({"system_prompt": "", "turns": [
        turn("user", "How do I read a file in Rust, and what can go wrong?", json!("stopped")),
        turn("assistant", include_str!("answer.md"), finished),
        turn("user", "And without the standard library?\nA short answer, please.", json!("stopped")),
        turn("assistant", "Without `std` there are no files: the", json!("stopped")),
        turn("user", "Go on.", json!("stopped")),
        turn("assistant", "", json!({"failed": {"message": "The engine stopped unexpectedly (out of memory). If it \
            happens again, choose a smaller model, a shorter context, or another place to compute."}})),
    ]});
    let entries = json!([
        {"id": "c", "title": "How do I read a file in Rust, and what can go wrong?", "changed_unix_ms": 1.8e12},
        {"id": "d", "title": "A very long title that does not fit into the drawer of a phone…", "changed_unix_ms": 1.7e12},
    ]);
    let script = "localStorage.setItem('quern.conversation.c', arguments[0]);
        localStorage.setItem('quern.conversations', arguments[1]);
        localStorage.setItem('quern.conversation', '\"c\"');";
    stage.browser.run::<()>(script, vec![json!(conversation.to_string()), json!(entries.to_string())]).await
}
