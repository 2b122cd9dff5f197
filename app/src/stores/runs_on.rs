//! Who answers: a model in this browser, or one of the companion's.

use serde::{Deserialize, Serialize};

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunsOn {
    /// A stored model, computed in this browser.
    Browser {
        /// The stored model's name.
        model: String,
    },
    /// A model of the companion.
    Companion {
        /// The model's id there.
        model: String,
    },
}

impl RunsOn {
    /// The model's name.
    pub fn model(&self) -> &str {
        match self {
            Self::Browser { model } | Self::Companion { model } => model,
        }
    }

    /// One word that `from_key` understands.
    pub fn key(&self) -> String {
        match self {
            Self::Browser { model } => format!("browser:{model}"),
            Self::Companion { model } => format!("companion:{model}"),
        }
    }

    /// The reverse of `key`.
    pub fn from_key(key: &str) -> Option<Self> {
        match key.split_once(':')? {
            ("browser", model) => Some(Self::Browser { model: model.to_owned() }),
            ("companion", model) => Some(Self::Companion { model: model.to_owned() }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_reversible() {
        for model in ["smollm2", "a:b"] {
            for place in [RunsOn::Browser { model: model.to_owned() }, RunsOn::Companion { model: model.to_owned() }] {
                assert_eq!(RunsOn::from_key(&place.key()), Some(place));
            }
        }
        assert_eq!(RunsOn::from_key("elsewhere:m"), None);
        assert_eq!(RunsOn::from_key(""), None);
    }
}
