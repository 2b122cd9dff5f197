//! The Evaluate page: evaluations, their cases and runs, and the search for a better prompt.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use thirtyfour::By;

use super::{AppPage, named};

/// The Evaluate page.
#[derive(Clone, Copy)]
pub struct EvaluatePage<'a> {
    /// What is on every page.
    pub app: AppPage<'a>,
}

impl<'a> EvaluatePage<'a> {
    pub(super) async fn wait_until_open(&self) -> Result<()> {
        self.app.element(&named("new-evaluation")).await.map(drop)
    }

    /// Begins an evaluation.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn begin(&self, name: &str) -> Result<()> {
        self.app.click(&named("new-evaluation")).await?;
        self.app.fill("#evaluation-name", name).await
    }

    /// Shows one of the views: `setup`, `cases`, `results` or `optimize`.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn show(&self, view: &str) -> Result<()> {
        self.app.click(&named(&format!("evaluation-{view}"))).await
    }

    /// Hands a file to a file button.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn bring_file(&self, input: &str, file: &Path) -> Result<()> {
        let input = self.app.browser.driver.find(By::Css(input)).await?;
        Ok(input.send_keys(file.to_str().context("the file's path is text")?).await?)
    }

    /// A document as the browser keeps it: its body, by kind and title.
    ///
    /// # Errors
    /// There is none.
    pub async fn kept_document(&self, kind: &str, title_part: &str) -> Result<Value> {
        let body = "
            const database = await new Promise((done, failed) => {
                const request = indexedDB.open('quern');
                request.onsuccess = () => done(request.result);
                request.onerror = () => failed(request.error);
            });
            const read = (store, key) => new Promise((done, failed) => {
                const request = database.transaction(store).objectStore(store)[key ? 'get' : 'getAll'](key);
                request.onsuccess = () => done(request.result);
                request.onerror = () => failed(request.error);
            });
            const heads = await new Promise((done) => {
                const found = [];
                const request = database.transaction('heads').objectStore('heads').openCursor();
                request.onsuccess = () => {
                    const cursor = request.result;
                    if (!cursor) return done(found);
                    found.push([cursor.key, cursor.value]);
                    cursor.continue();
                };
            });
            const title = (head) => head instanceof Map ? head.get('title') : head.title;
            const [key] = heads.find(([key, head]) => key[0] === arguments[0] && title(head).includes(arguments[1]));
            const text = await read('bodies', key);
            database.close();
            return text;";
        let text: String = self.app.browser.run_async(body, vec![json!(kind), json!(title_part)]).await?;
        serde_json::from_str(&text).context("reading a document")
    }
}
