//! A model of a provider.

use super::provider::Provider;

/// A model of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderModel {
    /// Who runs it.
    pub provider: Provider,
    /// What the provider calls it.
    pub id: String,
}

impl ProviderModel {
    /// What it is called here.
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider.name, self.id)
    }
}
