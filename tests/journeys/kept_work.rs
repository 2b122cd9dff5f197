//! What a person makes is kept: over a reload, beside a second tab, and in a file.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::pages::AppPage;
use tests::stage::{Stage, Start, journey};
use tests::wait::{self, Look, SOON};

#[tokio::test]
async fn two_tabs_and_a_file_lose_nothing() {
    journey("kept_work", Start::Bare, kept_work).await;
}

async fn kept_work(stage: &mut Stage) -> Result<()> {
    let app = stage.open_app().await?;
    let prompts = app.go_to_prompts().await?;
    prompts.new_from_task("summary").await?;
    app.fill("#prompt-name", "first words").await?;
    // Typed, and reloaded before a person could press anything.
    wait_for_saved(&app, "first words").await?;
    app.reload().await?;
    wait_for_name(&app, "first words").await?;

    let driver = &stage.browser.driver;
    let first = driver.window().await?;
    let second = driver.new_tab().await?;
    driver.switch_to_window(second.clone()).await?;
    let app = AppPage::open(&stage.browser, &format!("{}/prompts", stage.companion.url())).await?;
    wait_for_name(&app, "first words").await?;
    // What one tab changes the other shows.
    app.fill("#prompt-name", "from the second tab").await?;
    driver.switch_to_window(first.clone()).await?;
    wait_for_name(&app, "from the second tab").await?;

    // Both change it at once: one is asked, and neither is lost.
    type_name(&app, "mine").await?;
    driver.switch_to_window(second.clone()).await?;
    type_name(&app, "theirs").await?;
    let is_asked = async || app.browser.run::<bool>(HAS_CONFLICT, Vec::new()).await;
    let asked = wait::until("a tab to be asked", SOON, async || {
        for window in [&first, &second] {
            driver.switch_to_window(window.clone()).await?;
            if is_asked().await? {
                return Ok(Look::Found(window.clone()));
            }
        }
        Ok(Look::NotYet(app.body_text().await?))
    })
    .await?;
    let (other, kept) = if asked == first { (&second, "theirs") } else { (&first, "mine") };
    app.click("[data-testid=take-theirs]").await?;
    wait_for_name(&app, kept).await?;
    driver.switch_to_window(other.clone()).await?;
    ensure!(!is_asked().await?, "both tabs are asked");
    wait_for_name(&app, kept).await?;

    // A file from elsewhere comes in once.
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("workspace.json");
    let template = json!({"name": "from a file", "messages": [{"role": "user", "text": "Hello {{ name }}"}]});
    let workspace = json!({"kind": "quern workspace", "format": 1, "logs": [], "documents": [{
        "kind": "prompt", "id": "imported-1", "title": "from a file", "revision": 3, "format": 1,
        "modified_unix_ms": 1.7e12, "body": json!({"template": template}).to_string(),
    }]});
    std::fs::write(&file, workspace.to_string())?;
    app.click("[data-testid=nav-settings]").await?;
    let input = app.browser.driver.find(thirtyfour::By::Css("#import-workspace")).await?;
    let path = file.to_str().context("the file's path is text")?;
    input.send_keys(path).await?;
    app.wait_for_words("import-report", "1 came in").await?;
    input.send_keys(path).await?;
    app.wait_for_words("import-report", "1 were here already").await?;
    std::fs::write(&file, "[]")?;
    input.send_keys(path).await?;
    app.wait_for_words("import-report", "not an exported workspace").await?;
    let page = tests::pages::EvaluatePage { app };
    app.go_to_prompts().await?;
    page.app.choose("#open-prompt", "from a file").await?;
    wait_for_name(&app, "from a file").await
}

const HAS_CONFLICT: &str = "return document.querySelector('[data-testid=save-conflict]') !== null";

async fn wait_for_name(app: &AppPage<'_>, name: &str) -> Result<()> {
    let script = "return document.querySelector('#prompt-name')?.value ?? 'no prompt is open'";
    wait::until(format!("the prompt called {name:?}"), SOON, async || {
        let shown: String = app.browser.run(script, Vec::new()).await?;
        Ok(if shown == name { Look::Found(()) } else { Look::NotYet(shown) })
    })
    .await
}

/// Waits until the list of prompts has that title: it is read from storage.
async fn wait_for_saved(app: &AppPage<'_>, title: &str) -> Result<()> {
    let script = "return [...document.querySelectorAll('#open-prompt option')].map((option) => option.text)";
    wait::until(format!("{title:?} to be kept"), SOON, async || {
        let titles: Vec<String> = app.browser.run(script, Vec::new()).await?;
        Ok(if titles.iter().any(|it| it == title) { Look::Found(()) } else { Look::NotYet(titles.join(", ")) })
    })
    .await
}

/// Types a name at once: two tabs must be quicker than saving.
async fn type_name(app: &AppPage<'_>, name: &str) -> Result<()> {
    let script = "
        const field = document.querySelector('#prompt-name');
        field.value = arguments[0];
        field.dispatchEvent(new Event('input', { bubbles: true }));";
    app.browser.run(script, vec![json!(name)]).await
}
