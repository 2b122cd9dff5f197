//! External addresses that the companion asks models of. Their keys are kept there; the page sends one once and never
//! sees it again.

use leptos::prelude::*;
use shared::api::providers::{ProviderChange, ProviderEntry, is_provider_name};
use shared::model_pool::ModelReference;
use wasm_bindgen_futures::spawn_local;

use super::companion::CompanionStore;
use crate::companion;

/// External addresses.
#[derive(Clone, Copy)]
pub struct ProviderStore {
    /// Those that the companion knows, without their keys.
    pub entries: RwSignal<Vec<ProviderEntry>>,
    /// Whether this page may change them: only pages on the companion's own machine may.
    pub can_change: RwSignal<bool>,
    /// Why they are not known.
    pub problem: RwSignal<Option<String>>,
    companion: CompanionStore,
}

impl ProviderStore {
    /// Asks the companion whenever it is looked at.
    pub fn start(companion: CompanionStore) -> Self {
        let store = Self {
            entries: RwSignal::new(Vec::new()),
            can_change: RwSignal::new(true),
            problem: RwSignal::new(None),
            companion,
        };
        Effect::new(move |_| {
            // Told anew whenever the companion is looked at: another page or program may have changed an address.
            companion.device.track();
            if companion.is_connected() {
                store.look();
            } else {
                store.entries.set(Vec::new());
                store.problem.set(None);
            }
        });
        store
    }

    /// Asks which there are.
    pub fn look(self) {
        spawn_local(async move {
            match companion::providers().await {
                Ok(known) => {
                    if self.entries.with_untracked(|entries| *entries != known.providers) {
                        self.entries.set(known.providers);
                    }
                    self.can_change.set(known.can_change);
                    self.problem.set(None);
                }
                Err(error) => self.problem.set(Some(format!("External APIs can't be listed: {}", error.message))),
            }
        });
    }

    /// Adds one, or changes it.
    ///
    /// # Errors
    /// What to tell the person.
    pub async fn change(self, name: &str, change: ProviderChange) -> Result<ProviderEntry, String> {
        let entry = companion::change_provider(name, &change).await.map_err(|error| error.message)?;
        self.refresh();
        Ok(entry)
    }

    /// Forgets one, and its key.
    ///
    /// # Errors
    /// What to tell the person.
    pub async fn remove(self, name: &str) -> Result<(), String> {
        companion::remove_provider(name).await.map_err(|error| error.message)?;
        self.refresh();
        Ok(())
    }

    /// Which models there are at one: the companion asks it now.
    ///
    /// # Errors
    /// What to tell the person.
    pub async fn models_of(self, name: &str) -> Result<Vec<String>, String> {
        companion::provider_models(name).await.map(|answer| answer.models).map_err(|error| error.message)
    }

    /// The offered models changed too.
    fn refresh(self) {
        self.look();
        self.companion.look();
    }

    /// Where texts for `model` go, in words; `None` for models of one's own. Tracked.
    pub fn destination(self, model: &ModelReference) -> Option<String> {
        let external = model.external()?;
        Some(self.entries.with(|entries| {
            let entry = entries.iter().find(|entry| entry.name == external.provider);
            entry.map_or_else(|| format!("leaves this device: goes to {}", external.provider), destination_words)
        }))
    }

    /// The heading of a provider's models in a list. Tracked.
    pub fn heading(self, provider: &str) -> String {
        self.entries.with(|entries| {
            let is_near = entries.iter().any(|entry| entry.name == provider && is_loopback(host_of(&entry.base_url)));
            if is_near {
                format!("{provider}, on the companion's machine")
            } else {
                format!("{provider}, over the internet")
            }
        })
    }
}

/// Where texts for a provider's models go.
pub fn destination_words(entry: &ProviderEntry) -> String {
    let host = host_of(&entry.base_url);
    if is_loopback(host) {
        format!("goes to {host} on the companion's machine")
    } else {
        format!("leaves this device: goes to {host}")
    }
}

/// What is wrong with a provider's name; `None` if it will do.
pub fn name_fault(name: &str) -> Option<String> {
    (!is_provider_name(name)).then(|| {
        format!(
            "“{name}” can't be its name, because names of models begin with it. Use small letters from a to z, digits and \
             -, at most 32, and begin with a letter or digit."
        )
    })
}

/// The host of an address, with its port where one is written.
fn host_of(base_url: &str) -> &str {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// Whether a host, perhaps with a port, is the very machine that asks it.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    match name.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_where_texts_go() {
        let words = |base_url: &str| {
            let base_url = base_url.to_owned();
            destination_words(&ProviderEntry { name: "a".to_owned(), base_url, has_key: true, models: Vec::new() })
        };
        assert_eq!(words("https://api.openai.com/v1"), "leaves this device: goes to api.openai.com");
        assert_eq!(
            words("https://127.0.0.1.example.com:8443"),
            "leaves this device: goes to 127.0.0.1.example.com:8443"
        );
        for near in ["127.0.0.1:8000", "[::1]:8000", "localhost", "box.localhost:1"] {
            assert_eq!(words(&format!("http://{near}/v1")), format!("goes to {near} on the companion's machine"));
        }
    }
}
