//! The things that can be expected of an answer, one per file.

use serde::{Deserialize, Serialize};

/// Something expected of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Assertion {
    /// The answer is this text.
    Equals {
        /// The text.
        value: String,
    },
}
