//! The Prompts page: prompts, their parts, and what models see of them.

use anyhow::Result;
use serde_json::json;

use super::{AppPage, named};

/// The Prompts page.
#[derive(Clone, Copy)]
pub struct PromptsPage<'a> {
    /// What is on every page.
    pub app: AppPage<'a>,
}

impl<'a> PromptsPage<'a> {
    pub(super) async fn wait_until_open(&self) -> Result<()> {
        self.app.element(&named("new-prompt")).await.map(drop)
    }

    /// Begins a prompt with one of the library's.
    ///
    /// # Errors
    /// There is no such task.
    pub async fn new_from_task(&self, task: &str) -> Result<()> {
        self.app.click(&named("new-prompt")).await?;
        self.app.click(&named(&format!("task-{task}"))).await?;
        self.app.element("#prompt-name").await.map(drop)
    }

    /// Shows one of the views: `write`, `examples`, `try` or `versions`.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn show(&self, view: &str) -> Result<()> {
        self.app.click(&named(&format!("prompt-{view}"))).await
    }

    /// Writes the text of a turn, from 0.
    ///
    /// # Errors
    /// There is no such turn.
    pub async fn write_message(&self, turn: usize, text: &str) -> Result<()> {
        self.app.fill(&format!("#message-text-{turn}"), text).await
    }

    /// Adds an example after those that are there.
    ///
    /// # Errors
    /// The page did not take it.
    pub async fn add_example(&self, values: &[(&str, &str)], answer: &str) -> Result<()> {
        let script = "return document.querySelectorAll('[data-testid=example]').length";
        let index: usize = self.app.browser.run(script, Vec::new()).await?;
        self.app.click(&named("add-example")).await?;
        for (name, value) in values {
            self.app.fill(&format!("#example-{index}-{name}"), value).await?;
        }
        self.app.fill(&format!("#example-{index}-answer"), answer).await
    }

    /// Waits until what the model sees has these words.
    ///
    /// # Errors
    /// It has not in time.
    pub async fn wait_for_preview(&self, words: &str) -> Result<()> {
        let script = "return document.querySelector('[data-testid=preview-text]')?.textContent ?? ''";
        crate::wait::until(format!("{words:?} in the preview"), crate::wait::SOON, async || {
            let text: String = self.app.browser.run(script, Vec::new()).await?;
            Ok(match text.contains(words) {
                true => crate::wait::Look::Found(()),
                false => crate::wait::Look::NotYet(text),
            })
        })
        .await
    }

    /// The ids of the tokens that the model sees.
    ///
    /// # Errors
    /// There is no preview.
    pub async fn preview_ids(&self) -> Result<Vec<u32>> {
        let script = "return document.querySelector(arguments[0]).textContent.trim().split(' ').map(Number)";
        self.app.browser.run(script, vec![json!(named("preview-ids"))]).await
    }

    /// Shows chains of prompts.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn show_chains(&self) -> Result<()> {
        self.app.click("label[for='prompts-or-chains-chains']").await
    }

    /// The texts of all elements of a name, seen or not.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn texts(&self, testid: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((element) => element.textContent)";
        self.app.browser.run(script, vec![json!(named(testid))]).await
    }
}
