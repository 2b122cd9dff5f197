//! The Chat page: who answers, messages, answers, and how they are made.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use thirtyfour::Key;

use super::{AppPage, named};
use crate::wait::{self, EVENTUALLY, Look, SOON};

/// The Chat page.
#[derive(Clone, Copy)]
pub struct ChatPage<'a> {
    /// What is on every page.
    pub app: AppPage<'a>,
}

/// How an answer stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The model writes.
    UnderWay,
    /// It has said all.
    Finished,
    /// The person stopped it.
    Stopped,
    /// It failed.
    Failed,
}

/// An answer as the page shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// How it stands.
    pub outcome: Outcome,
    /// Its words, or those of the failure.
    pub text: String,
    /// Tokens per second and the like, below it.
    pub figures: String,
}

const ANSWERS: &str = "
    return [...document.querySelectorAll('[data-testid=turn-assistant]')].map((turn) => ({
        outcome: turn.dataset.outcome,
        text: (turn.querySelector('.markdown, .notice')?.innerText ?? '').trim(),
        figures: turn.querySelector('[data-testid=turn-figures]')?.innerText ?? '',
    }))";

impl ChatPage<'_> {
    /// Chooses who answers: `browser:<name>` or `companion:<name>`.
    ///
    /// # Errors
    /// There is no such choice in time.
    pub async fn choose(&self, who: &str) -> Result<()> {
        let choose = "
            const select = document.querySelector('#runs-on');
            if (![...select.options].some((option) => option.value === arguments[0])) return false;
            select.value = arguments[0];
            select.dispatchEvent(new Event('change', { bubbles: true }));
            return true;";
        wait::until(format!("{who} among those who can answer"), SOON, async || {
            Ok(match self.app.browser.run::<bool>(choose, vec![json!(who)]).await? {
                true => Look::Found(()),
                false => Look::NotYet(self.app.text("#runs-on").await?.unwrap_or_default()),
            })
        })
        .await
    }

    /// Where it runs: `auto`, `cpu` or `gpu`.
    ///
    /// # Errors
    /// There is no such choice.
    pub async fn compute_on(&self, backend: &str) -> Result<()> {
        self.app.click(&format!(".chat-panel label[for='backend-{backend}']")).await
    }

    /// Temperature 0: the likeliest token, always.
    ///
    /// # Errors
    /// There is no such slider in sight.
    pub async fn be_greedy(&self) -> Result<()> {
        let slider = self.app.element(&named("temperature")).await?;
        slider.send_keys(Key::Home + "").await?;
        ensure!(slider.prop("value").await?.as_deref() == Some("0"), "the temperature did not become 0");
        Ok(())
    }

    /// Limits the length of answers.
    ///
    /// # Errors
    /// There is no such field in sight.
    pub async fn limit_tokens(&self, most: u32) -> Result<()> {
        self.app.fill(&named("max-tokens"), &format!("{most}\t")).await
    }

    /// Types a message and sends it.
    ///
    /// # Errors
    /// It can't be sent.
    pub async fn send(&self, message: &str) -> Result<()> {
        self.app.fill(&named("composer"), message).await?;
        self.app.click(&named("send")).await
    }

    /// All answers.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn answers(&self) -> Result<Vec<Answer>> {
        self.app.browser.run(ANSWERS, Vec::new()).await
    }

    /// All messages of the person.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn messages(&self) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll('[data-testid=turn-user] .turn-text')]
            .map((message) => message.innerText)";
        self.app.browser.run(script, Vec::new()).await
    }

    /// Waits until the last of `count` answers is not under way any more, and wants it to have ended as `outcome`.
    ///
    /// # Errors
    /// It did not, or ended otherwise.
    pub async fn wait_for_answer(&self, count: usize, outcome: Outcome) -> Result<Answer> {
        let what = format!("answer {count} to end");
        let answer = self.wait_for_last(&what, count, EVENTUALLY, |last| last.outcome != Outcome::UnderWay).await?;
        ensure!(answer.outcome == outcome, "answer {count} ended otherwise: {answer:?}");
        Ok(answer)
    }

    /// Waits until the last of `count` answers is under way and has words.
    ///
    /// # Errors
    /// It has none in time.
    pub async fn wait_for_first_words(&self, count: usize) -> Result<Answer> {
        let what = format!("the first words of answer {count}");
        self.wait_for_last(&what, count, EVENTUALLY, |last| !last.text.is_empty()).await
    }

    async fn wait_for_last(
        &self,
        what: &str,
        count: usize,
        deadline: Duration,
        wanted: impl Fn(&Answer) -> bool,
    ) -> Result<Answer> {
        wait::until(what, deadline, async || {
            let answers = self.answers().await?;
            Ok(match answers.last() {
                Some(last) if answers.len() == count && wanted(last) => Look::Found(last.clone()),
                _ => Look::NotYet(format!("{answers:?}")),
            })
        })
        .await
    }

    /// The text of the last answer as the model wrote it, before it became a page.
    ///
    /// # Errors
    /// The conversation is not kept.
    pub async fn last_answer_as_written(&self) -> Result<String> {
        let script = "
            const id = JSON.parse(localStorage.getItem('quern.conversation'));
            return JSON.parse(localStorage.getItem('quern.conversation.' + id)).turns.at(-1)";
        let turn: Value = self.app.browser.run(script, Vec::new()).await?;
        ensure!(turn["speaker"] == json!("assistant"), "the last turn is no answer: {turn}");
        Ok(turn["text"].as_str().unwrap_or_default().to_owned())
    }

    /// Puts another text in the place of the first message and asks again.
    ///
    /// # Errors
    /// It can't be edited.
    pub async fn edit_first_message(&self, text: &str) -> Result<()> {
        self.app.click(&named("edit")).await?;
        self.app.fill(&named("edit-text"), text).await?;
        self.app.click(&named("edit-save")).await
    }

    /// Waits until the header says where the model runs.
    ///
    /// # Errors
    /// It does not say so in time.
    pub async fn wait_for_badge(&self, words: &str) -> Result<()> {
        wait::until(format!("the badge {words:?}"), SOON, async || {
            let text = self.app.text(".chat-model .badge").await?.unwrap_or_else(|| "no badge".to_owned());
            Ok(if text == words { Look::Found(()) } else { Look::NotYet(text) })
        })
        .await
    }
}
