//! A provider as it is kept.

use serde::{Deserialize, Serialize};
use shared::api::providers::{ProviderEntry, is_provider_name};

use super::api_key::ApiKey;
use super::base_url::BaseUrl;
use super::error::ProviderError;

/// The most models that one provider may offer, and the longest id.
const MOST_MODELS: usize = 10_000;
const MOST_ID_BYTES: usize = 256;

/// An external address with OpenAI's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What its models' names begin with.
    pub name: String,
    /// Where it is.
    pub base_url: BaseUrl,
    /// What it asks for.
    pub key: Option<ApiKey>,
    /// The models to offer, by its own ids.
    pub models: Vec<String>,
    /// When it was last changed.
    pub changed_at_unix_s: i64,
}

/// A provider in its file. It holds the key, and has no `Debug`.
#[derive(Serialize, Deserialize)]
struct KeptProvider {
    base_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    models: Vec<String>,
    changed_at_unix_s: i64,
}

impl Provider {
    /// What those may know of it who may use it.
    pub fn entry(&self) -> ProviderEntry {
        ProviderEntry {
            name: self.name.clone(),
            base_url: self.base_url.to_string(),
            has_key: self.key.is_some(),
            models: self.models.clone(),
        }
    }

    /// A text that the provider sent, without the key: some repeat it when they refuse it.
    pub(super) fn without_key(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.hidden_in(text))
    }

    /// For its file.
    pub(super) fn to_json(&self) -> String {
        let kept = KeptProvider {
            base_url: self.base_url.to_string(),
            key: self.key.as_ref().map(|key| key.as_kept().to_owned()),
            models: self.models.clone(),
            changed_at_unix_s: self.changed_at_unix_s,
        };
        serde_json::to_string_pretty(&kept).expect("plain data has a JSON form")
    }

    /// From its file; says what is wrong with it.
    pub(super) fn from_json(name: &str, json: &str) -> Result<Self, String> {
        // An error's position is told, its text is not: it could hold the key.
        let kept: KeptProvider = serde_json::from_str(json)
            .map_err(|error| format!("it can't be read at line {}, column {}", error.line(), error.column()))?;
        let reason = |error: ProviderError| error.to_string();
        Ok(Self {
            name: checked_name(name).map_err(reason)?.to_owned(),
            base_url: BaseUrl::parse(&kept.base_url).map_err(reason)?,
            key: ApiKey::parse(&kept.key.unwrap_or_default()).map_err(reason)?,
            models: checked_models(kept.models).map_err(reason)?,
            changed_at_unix_s: kept.changed_at_unix_s,
        })
    }
}

/// The name, if it is one.
pub(super) fn checked_name(name: &str) -> Result<&str, ProviderError> {
    if is_provider_name(name) { Ok(name) } else { Err(ProviderError::Name(name.to_owned())) }
}

/// Each id once, in their order.
pub(super) fn checked_models(models: Vec<String>) -> Result<Vec<String>, ProviderError> {
    let refuse = |reason: String| Err(ProviderError::Models { reason });
    if models.len() > MOST_MODELS {
        return refuse(format!("there are {} of them; at most {MOST_MODELS} are offered", models.len()));
    }
    let mut checked: Vec<String> = Vec::with_capacity(models.len());
    let mut seen = std::collections::BTreeSet::new();
    for model in models {
        if model.is_empty() || model.len() > MOST_ID_BYTES || model.chars().any(|letter| letter.is_control()) {
            return refuse(format!("{model:?} is no id of a model; expected 1 to {MOST_ID_BYTES} visible letters"));
        }
        if seen.insert(model.clone()) {
            checked.push(model);
        }
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> Provider {
        Provider {
            name: "openai".to_owned(),
            base_url: BaseUrl::parse("https://api.openai.com/v1").unwrap(),
            key: ApiKey::parse("sk-secret").unwrap(),
            models: vec!["gpt-x".to_owned()],
            changed_at_unix_s: 7,
        }
    }

    #[test]
    fn the_key_is_in_the_file_and_nowhere_else() {
        let provider = provider();
        assert_eq!(Provider::from_json("openai", &provider.to_json()).unwrap(), provider);
        assert!(provider.to_json().contains("sk-secret"));
        assert!(!format!("{provider:?}").contains("secret"), "{provider:?}");
        assert!(!serde_json::to_string(&provider.entry()).unwrap().contains("secret"));
        assert!(provider.entry().has_key);
    }

    #[test]
    fn a_damaged_file_is_told_without_the_key() {
        for json in [r#"{"key": "sk-secret""#, r#"{"base_url": 1, "key": "sk-secret", "models": []}"#, "sk-secret"] {
            let reason = Provider::from_json("openai", json).unwrap_err();
            assert!(!reason.contains("secret"), "{reason}");
        }
    }

    #[test]
    fn models_are_ids_and_each_comes_once() {
        let models = |ids: &[&str]| checked_models(ids.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(models(&["b", "a", "b"]).unwrap(), ["b", "a"]);
        assert!(models(&["meta/llama:free"]).is_ok());
        for wrong in ["", "a\nb", &"x".repeat(257)] {
            assert!(models(&[wrong]).is_err(), "{wrong:?}");
        }
    }
}
