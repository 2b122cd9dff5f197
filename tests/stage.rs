//! One journey: a companion and a browser of its own, and a report of what the page showed where it fails.

use std::panic::AssertUnwindSafe;

use anyhow::{Context, Result, anyhow};
use futures::FutureExt;

use crate::browser::Browser;
use crate::companion::Companion;
use crate::console;
use crate::pages::AppPage;
use crate::wait::EVENTUALLY;

/// What a journey happens on.
pub struct Stage {
    /// The companion; it serves the app.
    pub companion: Companion,
    /// The browser.
    pub browser: Browser,
    /// Parts of error messages that the console may hold, because the journey provokes them.
    pub expected_console_errors: Vec<String>,
}

impl Stage {
    /// The app, from the companion.
    ///
    /// # Errors
    /// It did not start.
    pub async fn open_app(&self) -> Result<AppPage<'_>> {
        AppPage::open(&self.browser, &self.companion.url()).await
    }

    /// The app, from the companion, with this model of the catalogue in the browser's storage.
    ///
    /// # Errors
    /// It did not start, or the model did not come in time.
    pub async fn open_app_with_model(&self, model: &str) -> Result<AppPage<'_>> {
        let app = self.open_app().await?;
        let card = app.go_to_models().await?.card(model);
        card.press("download").await?;
        card.wait_for("use-model", EVENTUALLY).await?;
        Ok(app)
    }

    /// Stops the companion once the page can be opened without it, which the console may say, and opens the page again.
    ///
    /// # Errors
    /// The browser refused, or the companion did not end.
    pub async fn go_offline(&mut self) -> Result<()> {
        self.browser.run_async::<bool>("await navigator.serviceWorker.ready; return true", Vec::new()).await?;
        self.companion.stop().await?;
        self.expect_console_error("net::ERR_CONNECTION_REFUSED");
        AppPage { browser: &self.browser }.reload().await
    }

    /// Says that the console may hold errors with `part` in them.
    pub fn expect_console_error(&mut self, part: impl Into<String>) {
        self.expected_console_errors.push(part.into());
    }
}

/// Who has the model at the start.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Nobody: the companion fetches it when asked to.
    Bare,
    /// The companion has this one in memory.
    WithModel(&'a str),
}

/// Runs one journey. Fails where its steps fail and where the console has errors afterwards.
///
/// # Panics
/// With what went wrong and what the page showed then.
pub async fn journey(name: &str, start: Start<'_>, steps: impl AsyncFnOnce(&mut Stage) -> Result<()>) {
    if let Err(error) = try_journey(name, start, steps).await {
        panic!("{name}: {error:#}");
    }
}

async fn try_journey(name: &str, start: Start<'_>, steps: impl AsyncFnOnce(&mut Stage) -> Result<()>) -> Result<()> {
    let model = match start {
        Start::Bare => None,
        Start::WithModel(model) => Some(model),
    };
    let mut stage = Stage {
        companion: Companion::start(model).await?,
        browser: Browser::start().await?,
        expected_console_errors: Vec::new(),
    };
    let result = AssertUnwindSafe(steps(&mut stage)).catch_unwind().await;
    let result = result.unwrap_or_else(|panic| Err(anyhow!("{}", words_of(panic.as_ref()))));
    let result = match result {
        Ok(()) => console::check(&stage.browser, &stage.expected_console_errors).await,
        failed => failed,
    };
    let result = match result {
        Ok(()) => Ok(()),
        // The cause comes first, where a log that is cut keeps it.
        Err(error) => Err(anyhow!("{error:#}\n\n{}", report(name, &stage).await)),
    };
    let Stage { browser, .. } = stage;
    browser.driver.quit().await.context("closing the browser")?;
    result
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}

/// What the page showed, what the console said, what the companion said.
async fn report(name: &str, stage: &Stage) -> String {
    let browser = &stage.browser;
    let page = browser.run::<String>("return location.href + '\\n' + document.body.innerText", Vec::new()).await;
    let console = console::lines(browser).await.map(|lines| lines.join("\n"));
    let picture = browser.screenshot(&format!("failed-{name}")).await;
    let shown = |result: Result<String>| result.unwrap_or_else(|error| format!("({error:#})"));
    format!(
        "picture: {}\n\nwhat the page showed:\n{}\n\nthe console:\n{}\n\nthe companion:\n{}",
        shown(picture.map(|path| path.display().to_string())),
        shown(page),
        shown(console),
        stage.companion.log(),
    )
}
