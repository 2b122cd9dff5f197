//! `GET /v1/models`.

use serde::{Deserialize, Serialize};

/// The list of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelList {
    /// Always `list`.
    pub object: String,
    /// The models.
    pub data: Vec<ModelObject>,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelObject {
    /// The name requests use.
    pub id: String,
    /// Always `model`.
    pub object: String,
    /// When it was fetched, or its provider last changed, in seconds since 1970.
    pub created: i64,
    /// Whose it is.
    pub owned_by: String,
    /// The model that this one was fine-tuned from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

impl ModelList {
    /// A list of `data`.
    pub fn new(data: Vec<ModelObject>) -> Self {
        Self { object: "list".to_owned(), data }
    }
}

impl ModelObject {
    /// A model called `id`, fetched at `created`.
    pub fn new(id: impl Into<String>, created: i64) -> Self {
        Self { id: id.into(), object: "model".to_owned(), created, owned_by: "quern".to_owned(), parent: None }
    }

    /// The same, run by somebody else.
    pub fn owned_by(self, owner: impl Into<String>) -> Self {
        Self { owned_by: owner.into(), ..self }
    }

    /// The same, fine-tuned from `parent`.
    pub fn from_parent(self, parent: impl Into<String>) -> Self {
        Self { parent: Some(parent.into()), ..self }
    }
}
