//! `hf:owner/repo/file`: the local Hugging Face cache first, then the hub. Honours the variables its own tools honour.

use std::path::{Path, PathBuf};

use reqwest::Url;

use super::error::DownloadError;
use super::http_client::safe_url;

/// The revision that a source without one means.
const MAIN_REVISION: &str = "main";

/// Where the hub and its cache are, and who asks.
#[derive(Clone)]
pub struct HuggingFaceSettings {
    /// `HF_ENDPOINT`, or the public hub.
    pub endpoint: String,
    /// `HF_HUB_CACHE`, or `hub` in `HF_HOME`, or `~/.cache/huggingface/hub`.
    pub cache: PathBuf,
    /// `HF_TOKEN`, or the one that `huggingface-cli login` left in `HF_HOME`.
    pub token: Option<String>,
    /// `HF_HUB_OFFLINE`.
    pub offline: bool,
}

impl HuggingFaceSettings {
    /// Reads the environment through `variable` (a parameter, so that tests need not change their own).
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let home = variable("HF_HOME").map(PathBuf::from).unwrap_or_else(|| {
            let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
            let home = std::env::home_dir().unwrap_or_default();
            cache.unwrap_or_else(|| home.join(".cache")).join("huggingface")
        });
        let token = variable("HF_TOKEN").or_else(|| std::fs::read_to_string(home.join("token")).ok());
        Self {
            endpoint: variable("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned()),
            cache: variable("HF_HUB_CACHE").map_or_else(|| home.join("hub"), PathBuf::from),
            token: token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()),
            offline: variable("HF_HUB_OFFLINE")
                .is_some_and(|value| matches!(value.trim().to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE")),
        }
    }

    /// The file in the local cache, if other tools have fetched it.
    pub(crate) fn cached(&self, owner: &str, repository: &str, file: &str) -> Option<PathBuf> {
        let folder = self.cache.join(format!("models--{owner}--{repository}"));
        let revision = std::fs::read_to_string(folder.join("refs").join(MAIN_REVISION)).ok()?;
        let path = folder.join("snapshots").join(revision.trim()).join(Path::new(file));
        path.is_file().then_some(path)
    }

    /// Where the hub has the file.
    pub(crate) fn url(&self, owner: &str, repository: &str, file: &str) -> Result<Url, DownloadError> {
        let mut url = safe_url(&self.endpoint)?;
        let refuse = || DownloadError::BadUrl {
            url: self.endpoint.clone(),
            reason: "HF_ENDPOINT is no base address".to_owned(),
        };
        url.path_segments_mut()
            .map_err(|()| refuse())?
            .pop_if_empty()
            .extend([owner, repository, "resolve", MAIN_REVISION])
            .extend(file.split('/'));
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &'static [(&str, &str)]) -> HuggingFaceSettings {
        HuggingFaceSettings::from_environment(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_are_honoured_in_the_order_of_the_hubs_own_tools() {
        let named = settings(&[("HF_HOME", "/models/hf"), ("HF_TOKEN", " hf_secret\n"), ("HF_HUB_OFFLINE", "1")]);
        assert_eq!(named.cache, Path::new("/models/hf/hub"));
        assert_eq!(named.token.as_deref(), Some("hf_secret"));
        assert!(named.offline);
        let nearer = settings(&[("HF_HOME", "/models/hf"), ("HF_HUB_CACHE", "/cache"), ("HF_HUB_OFFLINE", "0")]);
        assert_eq!(nearer.cache, Path::new("/cache"));
        assert!(!nearer.offline);
        assert_eq!(settings(&[("XDG_CACHE_HOME", "/x")]).cache, Path::new("/x/huggingface/hub"));
    }

    #[test]
    fn addresses_are_escaped() {
        let hub = settings(&[("HF_HOME", "/none")]);
        assert_eq!(
            hub.url("HuggingFaceTB", "SmolLM2", "q4/a b?.gguf").unwrap().as_str(),
            "https://huggingface.co/HuggingFaceTB/SmolLM2/resolve/main/q4/a%20b%3F.gguf"
        );
        let mirror = settings(&[("HF_HOME", "/none"), ("HF_ENDPOINT", "http://evil.example")]);
        assert!(mirror.url("a", "b", "c").is_err());
    }

    #[test]
    fn a_file_in_the_cache_is_found_through_its_revision() {
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().join("models--o--r");
        std::fs::create_dir_all(folder.join("refs")).unwrap();
        std::fs::write(folder.join("refs/main"), "c0ffee\n").unwrap();
        std::fs::create_dir_all(folder.join("snapshots/c0ffee/q4")).unwrap();
        std::fs::write(folder.join("snapshots/c0ffee/q4/model.gguf"), "GGUF").unwrap();
        let hub = HuggingFaceSettings { cache: cache.path().to_owned(), ..settings(&[]) };
        assert_eq!(hub.cached("o", "r", "q4/model.gguf"), Some(folder.join("snapshots/c0ffee/q4/model.gguf")));
        assert_eq!(hub.cached("o", "r", "q5/model.gguf"), None);
        assert_eq!(hub.cached("o", "other", "q4/model.gguf"), None);
    }
}
