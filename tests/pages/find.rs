//! Finding the right model, on the Models page: the form, the ranked list, what is ruled out, prices and costs.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use thirtyfour::By;

use super::{AppPage, named};
use crate::wait::{self, Look};

/// Finding the right model.
#[derive(Clone, Copy)]
pub struct FindPage<'a> {
    /// What is on every page.
    pub app: AppPage<'a>,
}

impl FindPage<'_> {
    pub(super) async fn wait_until_open(&self) -> Result<()> {
        self.app.element(&named("find-summary")).await.map(drop)
    }

    /// Types into a field of the form.
    ///
    /// # Errors
    /// It is not there in time.
    pub async fn require(&self, field: &str, text: &str) -> Result<()> {
        self.app.fill(&named(field), text).await
    }

    /// Chooses one of a list of the form by its words.
    ///
    /// # Errors
    /// There is no such choice.
    pub async fn choose(&self, list: &str, words: &str) -> Result<()> {
        let list = self.app.element(&named(list)).await?;
        let choice = list.find(By::XPath(format!("./option[normalize-space()='{words}']"))).await?;
        Ok(choice.click().await?)
    }

    /// Opens what is out of sight until asked for.
    ///
    /// # Errors
    /// It is not there in time.
    pub async fn open(&self, testid: &str) -> Result<()> {
        self.app.click(&format!("{} > summary", named(testid))).await
    }

    /// References of the candidates in sight, the best first.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn ranked(&self) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll('[data-testid=ranked] > li')]
            .map((card) => card.dataset.testid.replace('candidate-', ''))";
        self.app.browser.run(script, Vec::new()).await
    }

    /// Waits until the candidates in sight are what `wanted` looks for.
    ///
    /// # Errors
    /// They are not in time.
    pub async fn wait_for_ranked(&self, what: &str, wanted: impl Fn(&[String]) -> bool) -> Result<Vec<String>> {
        wait::until(what, wait::SOON, async || {
            let ranked = self.ranked().await?;
            Ok(if wanted(&ranked) { Look::Found(ranked) } else { Look::NotYet(format!("{ranked:?}")) })
        })
        .await
    }

    /// Opens why a candidate has its score.
    ///
    /// # Errors
    /// It is not there in time.
    pub async fn open_reasons(&self, reference: &str) -> Result<()> {
        let card = named(&format!("candidate-{reference}"));
        self.app.click(&format!("{card} {} > summary", named("why"))).await
    }

    /// All words of a candidate's card, those out of sight too.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn words_of(&self, reference: &str) -> Result<String> {
        let card = named(&format!("candidate-{reference}"));
        let script = "return document.querySelector(arguments[0])?.textContent ?? 'no such card'";
        self.app.browser.run(script, vec![json!(card)]).await
    }

    /// Imports a table of prices through the file chooser.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn import_prices(&self, file: &Path) -> Result<()> {
        let input = self.app.browser.driver.find(By::Css(named("import-prices"))).await?;
        Ok(input.send_keys(file.to_str().context("the file's path is text")?).await?)
    }
}
