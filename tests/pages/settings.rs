//! The Settings page: external APIs.

use anyhow::Result;

use super::{AppPage, named};

/// The Settings page.
#[derive(Clone, Copy)]
pub struct SettingsPage<'a> {
    /// What is on every page.
    pub app: AppPage<'a>,
}

impl SettingsPage<'_> {
    pub(super) async fn wait_until_open(&self) -> Result<()> {
        self.app.element(&named("add-provider")).await.map(drop)
    }

    /// Begins an external API: its name, address and key are typed, and it is asked which models there are.
    ///
    /// # Errors
    /// The form is not there in time.
    pub async fn begin_provider(&self, name: &str, address: &str, key: &str) -> Result<()> {
        self.app.click(&named("add-provider")).await?;
        for (field, text) in [("provider-name", name), ("provider-address", address), ("provider-key", key)] {
            self.app.fill(&named(field), text).await?;
        }
        self.app.click(&named("ask-provider-models")).await
    }

    /// Offers a model, or takes it back.
    ///
    /// # Errors
    /// There is no such model in time.
    pub async fn tick_model(&self, model: &str) -> Result<()> {
        self.app.click(&named(&format!("offer-{model}"))).await
    }

    /// Removes an external API, and says yes when asked.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn remove_provider(&self, name: &str) -> Result<()> {
        let item = named(&format!("provider-{name}"));
        self.app.click(&format!("{item} {}", named("remove-provider"))).await?;
        self.app.click(&named("confirm-remove-provider")).await
    }
}
