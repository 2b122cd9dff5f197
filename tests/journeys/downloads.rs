//! A download that is paused, survives a reload, goes on where it stopped, and is deleted.

use anyhow::{Result, ensure};
use tests::environment::SMOLLM2;
use tests::gate::Gate;
use tests::pages::AppPage;
use tests::stage::{Stage, Start, journey};
use tests::wait::{EVENTUALLY, SOON};

const HOLD_AFTER_BYTES: u64 = 40_000_000 + OTHER_BYTES;
const FILE_BYTES: u64 = 98_362_432;
/// The app itself and everything else that goes through the gate.
const OTHER_BYTES: u64 = 24_000_000;

#[tokio::test]
async fn a_paused_download_goes_on_where_it_stopped() {
    journey("downloads", Start::WithModel(SMOLLM2), pause_resume_delete).await;
}

async fn pause_resume_delete(stage: &mut Stage) -> Result<()> {
    let gate = Gate::start(stage.companion.port, HOLD_AFTER_BYTES).await?;
    let app = AppPage::open(&stage.browser, &gate.url()).await?;
    let card = app.go_to_models().await?.card(SMOLLM2);
    app.wait_for_words("companion-status", "Companion connected").await?;
    card.press("download").await?;
    // The gate holds it back here: progress is in sight, and there is time to press Pause.
    card.wait_for_words("progress", |text| text.contains("Saving in this browser") && text.contains(" of 98.4 MB"))
        .await?;
    card.wait_for_words("what comes before the gate", |text| megabytes(text).is_some_and(|done| done >= 38.0)).await?;
    card.press("pause").await?;
    let paused = card.wait_for_words("a pause", |text| text.contains("Paused")).await?;
    let done = megabytes(&paused);
    ensure!(done.is_some_and(|done| (38.0..66.0).contains(&done)), "{paused}");

    app.reload().await?;
    let card = app.go_to_models().await?.card(SMOLLM2);
    let still_paused = card.wait_for_words("the pause after a reload", |text| text.contains("Paused")).await?;
    ensure!(megabytes(&still_paused) == done, "{still_paused} instead of {paused}");

    gate.open();
    card.press("resume").await?;
    card.wait_for("use-model", EVENTUALLY).await?;
    let sent_bytes = gate.sent_bytes();
    ensure!(sent_bytes < FILE_BYTES + OTHER_BYTES, "{sent_bytes} bytes came: the download began anew");

    card.press("delete").await?;
    app.click("[data-testid=confirm-delete]").await?;
    card.wait_for("download", SOON).await?;
    app.reload().await?;
    let card = app.go_to_models().await?.card(SMOLLM2);
    card.wait_for("download", SOON).await?;
    ensure!(!card.has("use-model").await?, "a deleted model is back: {}", card.text().await?);
    Ok(())
}

/// The first number before "of 98.4 MB".
fn megabytes(text: &str) -> Option<f64> {
    let before = text.split(" MB of 98.4 MB").next().filter(|before| before.len() < text.len())?;
    before.rsplit([' ', '\n', '\u{a0}']).next()?.parse().ok()
}
