//! `/api/providers`: the external addresses with OpenAI's API whose models the companion passes on as
//! `PROVIDER/MODEL`. A key goes in by a [`ProviderChange`], and nothing here ever brings one out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name of a provider.
const MOST_NAME_BYTES: usize = 32;

/// `GET /api/providers`: all of them, by name, for callers who may use them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Providers {
    /// One entry per provider.
    pub providers: Vec<ProviderEntry>,
    /// Whether this caller may add, change and remove them; companions that do not say let everybody try.
    #[serde(default = "may_try")]
    pub can_change: bool,
}

fn may_try() -> bool {
    true
}

/// A provider as those may know it who may use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEntry {
    /// What its models' names begin with; see [`is_provider_name`].
    pub name: String,
    /// Where its API is, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// Whether the companion keeps a key for it.
    pub has_key: bool,
    /// The models that the person wants offered, by the provider's own ids.
    pub models: Vec<String>,
}

/// `PUT /api/providers/{name}`: what the provider is from now on. The answer is its [`ProviderEntry`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderChange {
    /// Where its API is: `https:`, or plain `http:` on the companion's own machine.
    pub base_url: String,
    /// The key: absent keeps the one that is there, empty means none. One that is there is never kept for another
    /// address; the change is then refused with the param `key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The models that the person wants offered, by the provider's own ids.
    pub models: Vec<String>,
}

impl fmt::Debug for ProviderChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self.key.as_deref() {
            None => "kept",
            Some("") => "none",
            Some(_) => "hidden",
        };
        let mut fields = formatter.debug_struct("ProviderChange");
        fields.field("base_url", &self.base_url).field("key", &format_args!("{key}"));
        fields.field("models", &self.models).finish()
    }
}

/// `GET /api/providers/{name}/models`: every model that the provider has now, by its own ids, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderModels {
    /// The ids.
    pub models: Vec<String>,
}

/// Whether a provider can be called that: 1 to 32 small letters, digits and `-`, the first one no `-`.
pub fn is_provider_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= MOST_NAME_BYTES
        && text.bytes().next().is_some_and(is_plain)
        && text.bytes().all(|byte| is_plain(byte) || byte == b'-')
}

/// Provider and model of a name such as `openrouter/meta-llama/llama-3-8b`; `None` where the name is of another kind.
pub fn split_provider_model(name: &str) -> Option<(&str, &str)> {
    let (provider, model) = name.split_once('/')?;
    (is_provider_name(provider) && !model.is_empty()).then_some((provider, model))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_say_that_providers_can_not_be_changed_lets_them_be() {
        let can_change = |text: &str| serde_json::from_str::<Providers>(text).unwrap().can_change;
        assert!(can_change(r#"{"providers": []}"#));
        assert!(!can_change(r#"{"providers": [], "can_change": false}"#));
    }

    #[test]
    fn names_are_plain() {
        for name in ["openai", "a", "0", "my-vllm-2", &"x".repeat(32)] {
            assert!(is_provider_name(name), "{name:?}");
        }
        for name in ["", "-a", "OpenAI", "a.b", "a/b", "a b", "..", "ä", &"x".repeat(33)] {
            assert!(!is_provider_name(name), "{name:?}");
        }
    }

    #[test]
    fn a_models_name_begins_with_its_provider() {
        assert_eq!(split_provider_model("openai/gpt-x"), Some(("openai", "gpt-x")));
        assert_eq!(split_provider_model("router/meta/llama:free"), Some(("router", "meta/llama:free")));
        for name in ["smollm2", "openai/", "/gpt-x", "./model.gguf", "hf:owner/repo/file.gguf", "/models/a.gguf"] {
            assert_eq!(split_provider_model(name), None, "{name}");
        }
    }

    #[test]
    fn an_absent_key_is_kept_and_no_key_is_shown() {
        let change = |text: &str| serde_json::from_str::<ProviderChange>(text).unwrap();
        let kept = change(r#"{"base_url": "https://a/v1", "models": []}"#);
        assert_eq!(kept.key, None);
        assert_eq!(serde_json::to_string(&kept).unwrap(), r#"{"base_url":"https://a/v1","models":[]}"#);
        let given = change(r#"{"base_url": "https://a/v1", "key": "sk-secret", "models": ["m"]}"#);
        assert_eq!(format!("{given:?}"), r#"ProviderChange { base_url: "https://a/v1", key: hidden, models: ["m"] }"#);
    }
}
