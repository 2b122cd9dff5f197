//! The Models page: the catalogue, downloads, files of one's own.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use thirtyfour::By;

use super::{AppPage, ChatPage, FindPage, named};
use crate::wait::{self, Look};

/// The Models page.
#[derive(Clone, Copy)]
pub struct ModelsPage<'a> {
    /// What is on every page.
    pub app: AppPage<'a>,
}

/// One model on it.
pub struct ModelCard<'a> {
    app: AppPage<'a>,
    selector: String,
}

impl<'a> ModelsPage<'a> {
    pub(super) async fn wait_until_open(&self) -> Result<()> {
        self.app.element(&named("drop-area")).await.map(drop)
    }

    /// The card of the model with this name.
    pub fn card(&self, name: &str) -> ModelCard<'a> {
        ModelCard { app: self.app, selector: named(&format!("model-{name}")) }
    }

    /// Goes to finding the right model.
    ///
    /// # Errors
    /// It does not open.
    pub async fn find(&self) -> Result<FindPage<'a>> {
        self.app.click(&named("models-find")).await?;
        let page = FindPage { app: self.app };
        page.wait_until_open().await?;
        Ok(page)
    }

    /// Names of all cards.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn names(&self) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll('[data-testid^=model-]')]
            .map((card) => card.dataset.testid.slice(6)).filter((name) => name !== 'problem')";
        self.app.browser.run(script, Vec::new()).await
    }

    /// Adds a file of one's own through the file chooser.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn choose_file(&self, file: &Path) -> Result<()> {
        let input = self.app.browser.driver.find(By::Css(named("file-input"))).await?;
        Ok(input.send_keys(file.to_str().context("the file's path is text")?).await?)
    }
}

impl<'a> ModelCard<'a> {
    /// Presses one of its buttons.
    ///
    /// # Errors
    /// It is not there in time.
    pub async fn press(&self, testid: &str) -> Result<()> {
        self.app.click(&format!("{} {}", self.selector, named(testid))).await
    }

    /// Whether it has that button.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn has(&self, testid: &str) -> Result<bool> {
        let selector = format!("{} {}", self.selector, named(testid));
        self.app.browser.run("return document.querySelector(arguments[0]) !== null", vec![json!(selector)]).await
    }

    /// Waits until it has that button.
    ///
    /// # Errors
    /// It has not in time, or reports a problem instead.
    pub async fn wait_for(&self, testid: &str, deadline: Duration) -> Result<()> {
        wait::until(format!("{testid} in {}", self.selector), deadline, async || {
            // Asked in this order: what is looked for may appear between two looks.
            let has_problem = self.has("model-problem").await?;
            if self.has(testid).await? {
                return Ok(Look::Found(()));
            }
            let text = self.text().await?;
            ensure!(!has_problem, "waited for {testid}, and there was a problem: {text}");
            Ok(Look::NotYet(text))
        })
        .await
    }

    /// All its words.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn text(&self) -> Result<String> {
        Ok(self.app.text(&self.selector).await?.unwrap_or_else(|| "no such card".to_owned()))
    }

    /// Waits until its words have what `wanted` looks for.
    ///
    /// # Errors
    /// They have not in time.
    pub async fn wait_for_words(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        wait::until(what, wait::SOON, async || {
            let text = self.text().await?;
            Ok(if wanted(&text) { Look::Found(text) } else { Look::NotYet(text) })
        })
        .await
    }

    /// Waits until the model is stored, then goes to chat with it.
    ///
    /// # Errors
    /// It is not in time.
    pub async fn chat(&self, deadline: Duration) -> Result<ChatPage<'a>> {
        self.wait_for("use-model", deadline).await?;
        self.press("use-model").await?;
        self.app.chat().await
    }
}
