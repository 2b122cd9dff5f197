//! The Datasets page: files, rows, checks, split, export.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};
use thirtyfour::By;

use super::{AppPage, named};
use crate::companion::Companion;
use crate::wait::{self, EVENTUALLY, Look};

/// The Datasets page.
#[derive(Clone, Copy)]
pub struct DatasetsPage<'a> {
    /// What is on every page.
    pub app: AppPage<'a>,
}

impl<'a> DatasetsPage<'a> {
    pub(super) async fn wait_until_open(&self) -> Result<()> {
        self.app.element(&named("new-dataset")).await.map(drop)
    }

    /// Begins a dataset.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn begin(&self, name: &str) -> Result<()> {
        self.app.click(&named("new-dataset")).await?;
        self.app.fill("#dataset-name", name).await
    }

    /// Shows one of the views: `files`, `rows`, `checks`, `quality`, `more`, `learned`, `export` or `steps`.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn show(&self, view: &str) -> Result<()> {
        self.app.click(&named(&format!("dataset-{view}"))).await
    }

    /// Brings a file by the input of that selector.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn bring(&self, input: &str, file: &Path) -> Result<()> {
        let input = self.app.browser.driver.find(By::Css(input)).await?;
        Ok(input.send_keys(file.to_str().context("the file's path is text")?).await?)
    }

    /// Waits until nothing is being done; fails with what went wrong.
    ///
    /// # Errors
    /// It takes too long, or the page shows a problem.
    pub async fn wait_until_done(&self, what: &str) -> Result<()> {
        wait::until(what.to_owned(), EVENTUALLY, async || {
            if let Some(problem) = self.app.text(&named("dataset-problem")).await? {
                anyhow::bail!("{what}: {problem}");
            }
            Ok(match self.app.text(&named("dataset-work")).await? {
                Some(work) => Look::NotYet(work),
                None => Look::Found(()),
            })
        })
        .await
    }

    /// Clicks, and waits until what that began is done.
    ///
    /// # Errors
    /// As [`Self::wait_until_done`].
    pub async fn run(&self, testid: &str) -> Result<()> {
        let steps = self.steps().await?;
        self.app.click(&named(testid)).await?;
        wait::until(format!("a step after {testid}"), EVENTUALLY, async || {
            if let Some(problem) = self.app.text(&named("dataset-problem")).await? {
                anyhow::bail!("{testid}: {problem}");
            }
            let now = self.steps().await?;
            Ok(if now > steps { Look::Found(()) } else { Look::NotYet(format!("{now} steps")) })
        })
        .await?;
        self.wait_until_done(testid).await
    }

    /// How many steps were done.
    async fn steps(&self) -> Result<u64> {
        self.count_in("dataset-steps").await
    }

    /// How many rows are kept.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn kept(&self) -> Result<u64> {
        self.count_in("dataset-rows").await
    }

    /// The number in a tab's words.
    async fn count_in(&self, tab: &str) -> Result<u64> {
        let words = self.app.text(&named(tab)).await?.unwrap_or_default();
        Ok(words.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0))
    }

    /// Does the exported recipe again with `quern data run`, on the files in `folder`, and holds every file to the bytes
    /// that the page wrote. How many lines they have.
    ///
    /// # Errors
    /// A file differs or is missing.
    pub async fn replayed(&self, companion: &Companion, folder: &Path) -> Result<usize> {
        let exported = self.exported().await?;
        for (name, _, text) in exported.iter().filter(|(name, ..)| ["recipe.yaml", "answers.jsonl"].contains(&&**name))
        {
            std::fs::write(folder.join(name), text.as_deref().context("recipe and answers are short here")?)?;
        }
        let path = |name: &str| folder.join(name).to_str().map(str::to_owned).context("paths are text");
        companion.quern(&["data", "run", &path("recipe.yaml")?, "-o", &path("replayed")?]).await?;
        let mut lines = 0;
        for (name, hash, _) in exported.iter().filter(|(name, ..)| name != "recipe.yaml") {
            // Answers are what the command goes by, and are not written again.
            let made = if name == "answers.jsonl" { path(name)? } else { path(&format!("replayed/{name}"))? };
            let bytes = std::fs::read(made).with_context(|| format!("{name} was not made natively"))?;
            let found = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            ensure!(found == *hash, "{name} differs");
            lines += bytes.iter().filter(|byte| **byte == b'\n').count();
        }
        Ok(lines)
    }

    /// SHA-256 and text (of short ones) of every file that was written, by name.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn exported(&self) -> Result<Vec<(String, String, Option<String>)>> {
        let body = "
            const root = await navigator.storage.getDirectory();
            const datasets = await root.getDirectoryHandle('datasets');
            const files = [];
            for await (const dataset of datasets.values()) {
                const folder = await dataset.getDirectoryHandle('exports').catch(() => null);
                if (!folder) continue;
                for await (const handle of folder.values()) {
                    const file = await handle.getFile();
                    const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
                    const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
                    files.push([handle.name, hex, file.size < 100000 ? await file.text() : null]);
                }
            }
            return files;";
        self.app.browser.run_async(body, vec![json!(null)]).await
    }
}
