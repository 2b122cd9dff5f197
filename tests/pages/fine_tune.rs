//! The Fine-tune page: what is chosen, the job that is open, what comes of it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use thirtyfour::By;

use super::{AppPage, ChatPage, named};
use crate::wait::{self, EVENTUALLY, Look, SOON};

/// The Fine-tune page.
#[derive(Clone, Copy)]
pub struct FineTunePage<'a> {
    /// What is on every page.
    pub app: AppPage<'a>,
}

impl<'a> FineTunePage<'a> {
    pub(super) async fn wait_until_open(&self) -> Result<()> {
        self.app.element("#tune-base").await.map(drop)
    }

    /// Takes one of two or three that are side by side: `tune-source-files`, `tune-output-full` and so on.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn take(&self, option: &str) -> Result<()> {
        self.app.click(&format!("label[for='{option}']")).await
    }

    /// Sends a file for `training-file` or `validation-file`, and waits until it is chosen there.
    ///
    /// # Errors
    /// The companion refused it, or it takes too long.
    pub async fn send(&self, choice: &str, file: &Path) -> Result<()> {
        let input = self.app.browser.driver.find(By::Css(format!("#{choice}-upload"))).await?;
        input.send_keys(file.to_str().context("the file's path is text")?).await?;
        let name = file.file_name().and_then(|name| name.to_str()).context("the file's name is text")?;
        let chosen =
            "const select = document.querySelector(arguments[0]); return select.selectedOptions[0]?.text ?? ''";
        wait::until(format!("{name} in {choice}"), EVENTUALLY, async || {
            self.fail_with_problem().await?;
            let words: String = self.app.browser.run(chosen, vec![json!(format!("#{choice}"))]).await?;
            Ok(if words.contains(name) { Look::Found(()) } else { Look::NotYet(words) })
        })
        .await
    }

    /// Shows what few people choose.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn show_more_options(&self) -> Result<()> {
        self.app.click("[data-testid='more-options'] > summary").await
    }

    /// Begins the job, and waits until it is open.
    ///
    /// # Errors
    /// The page says why it did not begin, or it takes too long.
    pub async fn start(&self) -> Result<()> {
        self.app.click(&named("start-job")).await?;
        wait::until("the job to open", EVENTUALLY, async || {
            self.fail_with_problem().await?;
            let sending = self.app.text(&named("sending")).await?.unwrap_or_default();
            Ok(if self.status().await?.is_some() { Look::Found(()) } else { Look::NotYet(sending) })
        })
        .await
    }

    async fn fail_with_problem(&self) -> Result<()> {
        match self.app.text(&named("tune-problem")).await? {
            Some(problem) => bail!("the page says: {problem}"),
            None => Ok(()),
        }
    }

    /// How the open job stands, as the API calls it.
    async fn status(&self) -> Result<Option<String>> {
        let script = "return document.querySelector('[data-testid=job-status]')?.dataset.status ?? null";
        self.app.browser.run(script, Vec::new()).await
    }

    /// Waits until the open job stands so.
    ///
    /// # Errors
    /// It failed, or it takes too long.
    pub async fn wait_for_status(&self, wanted: &str, deadline: Duration) -> Result<()> {
        wait::until(format!("the job to be {wanted}"), deadline, async || {
            let status = self.status().await?.unwrap_or_default();
            if status == wanted {
                return Ok(Look::Found(()));
            }
            if let Some(fault) = self.app.text(&named("job-fault")).await? {
                bail!("the job is {status}: {fault}");
            }
            Ok(Look::NotYet(format!("{status}: {}", self.app.text(&named("job-progress")).await?.unwrap_or_default())))
        })
        .await
    }

    /// The last step that the page tells of, once there is one.
    ///
    /// # Errors
    /// There is none in time.
    pub async fn step(&self) -> Result<u64> {
        wait::until("a step", EVENTUALLY, async || {
            let words = self.app.text(&named("job-progress")).await?.unwrap_or_default();
            let step =
                words.strip_prefix("Step ").and_then(|rest| rest.split(' ').next()?.replace(',', "").parse().ok());
            Ok(step.filter(|step| *step > 0).map_or(Look::NotYet(words), Look::Found))
        })
        .await
    }

    /// Asks the base and the new model the same; their answers.
    ///
    /// # Errors
    /// One of them does not answer in time.
    pub async fn compare(&self, question: &str) -> Result<[String; 2]> {
        self.app.fill("#compare-question", question).await?;
        self.app.click(&named("compare")).await?;
        let script = "return [...document.querySelectorAll('[data-testid=try-answer]')]
            .map((answer) => [answer.dataset.outcome, answer.innerText])";
        wait::until("both to answer", EVENTUALLY, async || {
            let answers: Vec<(String, String)> = self.app.browser.run(script, Vec::new()).await?;
            Ok(match answers.as_slice() {
                [(before, base), (after, tuned)] if before == "finished" && after == "finished" => {
                    Look::Found([base.clone(), tuned.clone()])
                }
                _ => Look::NotYet(format!("{answers:?}")),
            })
        })
        .await
    }

    /// Goes to the Chat page, to chat with the new model.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn chat_with_tuned(&self) -> Result<ChatPage<'a>> {
        self.app.click(&named("chat-with-tuned")).await?;
        self.app.chat().await
    }

    /// Deletes the new model, and waits until nobody can ask it.
    ///
    /// # Errors
    /// It can't be clicked, or can still be asked.
    pub async fn delete_tuned(&self) -> Result<()> {
        self.app.click(&named("delete-tuned")).await?;
        self.app.click(&named("confirm-delete-tuned")).await?;
        self.app.wait_for_count("chat-with-tuned", 0, SOON).await
    }
}
