//! What is on every page: the shell, the ways to other pages, clicking and typing.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::{By, Key, WebElement};

use super::{ChatPage, DatasetsPage, EvaluatePage, FineTunePage, ModelsPage, PromptsPage, SettingsPage, named};
use crate::browser::Browser;
use crate::wait::{self, Look, SOON};

/// Every page of the app, by address, with the heading or words that show it has opened.
pub const SHELL: [&str; 7] = ["/models", "/chat", "/prompts", "/datasets", "/fine-tune", "/evaluate", "/settings"];

/// The app in a browser, on whatever page.
#[derive(Clone, Copy)]
pub struct AppPage<'a> {
    /// The browser that shows it.
    pub browser: &'a Browser,
}

impl<'a> AppPage<'a> {
    /// Opens an address of the app.
    ///
    /// # Errors
    /// The app did not start.
    pub async fn open(browser: &'a Browser, url: &str) -> Result<Self> {
        browser.driver.goto(url).await?;
        let app = Self { browser };
        app.wait_until_started().await?;
        Ok(app)
    }

    /// Reloads the page.
    ///
    /// # Errors
    /// The app did not start again.
    pub async fn reload(&self) -> Result<()> {
        self.browser.driver.refresh().await?;
        self.wait_until_started().await
    }

    async fn wait_until_started(&self) -> Result<()> {
        let script = "return document.querySelector('#splash') === null && document.querySelector('main') !== null";
        self.wait_for_script("the app to start", script).await
    }

    /// Waits until a script returns true.
    ///
    /// # Errors
    /// It does not in time.
    pub async fn wait_for_script(&self, what: &str, script: &str) -> Result<()> {
        wait::until(what, SOON, async || {
            Ok(match self.browser.run::<bool>(script, Vec::new()).await? {
                true => Look::Found(()),
                false => Look::NotYet(self.body_text().await?),
            })
        })
        .await
    }

    /// All words in sight.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn body_text(&self) -> Result<String> {
        self.browser.run("return document.body.innerText", Vec::new()).await
    }

    /// Waits for words in the element with this name.
    ///
    /// # Errors
    /// They do not appear in time.
    pub async fn wait_for_words(&self, testid: &str, words: &str) -> Result<String> {
        let what = format!("{words:?} in {testid}");
        wait::until(what, SOON, async || {
            let text = self.text(&named(testid)).await?.unwrap_or_else(|| "no such element".to_owned());
            Ok(if text.contains(words) { Look::Found(text) } else { Look::NotYet(text) })
        })
        .await
    }

    /// The words of the first element that a selector finds.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn text(&self, selector: &str) -> Result<Option<String>> {
        self.browser.run("return document.querySelector(arguments[0])?.innerText", vec![json!(selector)]).await
    }

    /// Goes to the Models page by the navigation.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn go_to_models(&self) -> Result<ModelsPage<'a>> {
        self.click(&named("nav-models")).await?;
        let page = ModelsPage { app: *self };
        page.wait_until_open().await?;
        Ok(page)
    }

    /// Goes to the Chat page by the navigation.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn go_to_chat(&self) -> Result<ChatPage<'a>> {
        self.click(&named("nav-chat")).await?;
        self.chat().await
    }

    /// Goes to the Prompts page by the navigation.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn go_to_prompts(&self) -> Result<PromptsPage<'a>> {
        self.click(&named("nav-prompts")).await?;
        let page = PromptsPage { app: *self };
        page.wait_until_open().await?;
        Ok(page)
    }

    /// Goes to the Datasets page by the navigation.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn go_to_datasets(&self) -> Result<DatasetsPage<'a>> {
        self.click(&named("nav-datasets")).await?;
        let page = DatasetsPage { app: *self };
        page.wait_until_open().await?;
        Ok(page)
    }

    /// Goes to the Fine-tune page by the navigation.
    ///
    /// # Errors
    /// It can't be clicked, or the companion is not there.
    pub async fn go_to_fine_tune(&self) -> Result<FineTunePage<'a>> {
        self.click(&named("nav-fine-tune")).await?;
        let page = FineTunePage { app: *self };
        page.wait_until_open().await?;
        Ok(page)
    }

    /// Goes to the Evaluate page by the navigation.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn go_to_evaluate(&self) -> Result<EvaluatePage<'a>> {
        self.click(&named("nav-evaluate")).await?;
        let page = EvaluatePage { app: *self };
        page.wait_until_open().await?;
        Ok(page)
    }

    /// Goes to the Settings page by the navigation.
    ///
    /// # Errors
    /// It can't be clicked.
    pub async fn go_to_settings(&self) -> Result<SettingsPage<'a>> {
        self.click(&named("nav-settings")).await?;
        let page = SettingsPage { app: *self };
        page.wait_until_open().await?;
        Ok(page)
    }

    /// The Chat page, which is open or about to be.
    ///
    /// # Errors
    /// It does not open.
    pub async fn chat(&self) -> Result<ChatPage<'a>> {
        self.element(&named("composer")).await?;
        Ok(ChatPage { app: *self })
    }

    /// The element that a selector finds, once it can be clicked.
    ///
    /// # Errors
    /// There is none in time.
    pub async fn element(&self, selector: &str) -> Result<WebElement> {
        wait::until(selector, SOON, async || {
            let Ok(element) = self.browser.driver.find(By::Css(selector)).await else {
                return Ok(Look::NotYet("no such element".to_owned()));
            };
            // An element that was drawn anew in between is as good as absent.
            Ok(match element.is_clickable().await {
                Ok(true) => Look::Found(element),
                Ok(false) => Look::NotYet("it can't be clicked".to_owned()),
                Err(error) => Look::NotYet(error.to_string()),
            })
        })
        .await
    }

    /// Clicks what a selector finds, as soon as it is there, in sight and enabled.
    ///
    /// # Errors
    /// It is not in time.
    pub async fn click(&self, selector: &str) -> Result<()> {
        wait::until(format!("{selector} to be clicked"), SOON, async || {
            let clicked = match self.browser.driver.find(By::Css(selector)).await {
                Ok(element) if element.is_enabled().await.unwrap_or_default() => element.click().await,
                Ok(_) => return Ok(Look::NotYet("it is disabled".to_owned())),
                Err(error) => Err(error),
            };
            match clicked {
                Ok(()) => Ok(Look::Found(())),
                Err(error) if is_passing(error.as_inner()) => Ok(Look::NotYet(error.to_string())),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Puts text into a field, in the place of what is there, by typing.
    ///
    /// # Errors
    /// There is no such field in time.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let field = self.element(selector).await?;
        field.click().await?;
        field.send_keys(Key::Control + "a").await?;
        field.send_keys(text).await?;
        Ok(())
    }

    /// Chooses what a list calls `words`.
    ///
    /// # Errors
    /// There is no such choice in time.
    pub async fn choose(&self, select: &str, words: &str) -> Result<()> {
        let script = "
            const select = document.querySelector(arguments[0]);
            const option = [...(select?.options ?? [])].find((option) => option.text === arguments[1]);
            if (!option) return false;
            select.value = option.value;
            select.dispatchEvent(new Event('change', { bubbles: true }));
            return true;";
        wait::until(format!("{words:?} in {select}"), SOON, async || {
            Ok(match self.browser.run::<bool>(script, vec![json!(select), json!(words)]).await? {
                true => Look::Found(()),
                false => Look::NotYet(self.text(select).await?.unwrap_or_default()),
            })
        })
        .await
    }

    /// Scrolls until the first element of that name is in the middle of what is seen.
    ///
    /// # Errors
    /// There is none.
    pub async fn bring_into_sight(&self, testid: &str) -> Result<()> {
        let script = format!(
            "const found = document.querySelector({}); found?.scrollIntoView({{block: 'center'}}); return found !== null",
            json!(named(testid))
        );
        self.wait_for_script(&format!("{testid} in sight"), &script).await
    }

    /// Waits until as many elements have that name.
    ///
    /// # Errors
    /// They have not in time.
    pub async fn wait_for_count(&self, testid: &str, count: usize, deadline: Duration) -> Result<()> {
        let script = "return document.querySelectorAll(arguments[0]).length";
        wait::until(format!("{count} of {testid}"), deadline, async || {
            let found: usize = self.browser.run(script, vec![json!(named(testid))]).await?;
            Ok(match found == count {
                true => Look::Found(()),
                false => Look::NotYet(format!("{found} of them in\n{}", self.body_text().await?)),
            })
        })
        .await
    }

    /// Presses a key.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn press(&self, key: Key) -> Result<()> {
        Ok(self.browser.driver.action_chain().send_keys(key).perform().await?)
    }
}

/// True for what passes while a page draws itself anew.
fn is_passing(error: &WebDriverErrorInner) -> bool {
    use WebDriverErrorInner as E;
    matches!(
        error,
        E::NoSuchElement(_)
            | E::StaleElementReference(_)
            | E::ElementClickIntercepted(_)
            | E::ElementNotInteractable(_)
    )
}
