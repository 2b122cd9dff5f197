//! Lists that come in pages, as OpenAI cuts them.

use serde::{Deserialize, Serialize};

/// A page of a list. The next one is asked for with `after` and the id of this one's last item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// Always `list`.
    pub object: String,
    /// The items.
    pub data: Vec<T>,
    /// Id of the first item.
    #[serde(default)]
    pub first_id: Option<String>,
    /// Id of the last item.
    #[serde(default)]
    pub last_id: Option<String>,
    /// Whether another page follows.
    #[serde(default)]
    pub has_more: bool,
}

/// What has an id.
pub trait Identified {
    /// The id.
    fn id(&self) -> &str;
}

impl<T: Identified> Page<T> {
    /// A page of `data`.
    pub fn new(data: Vec<T>, has_more: bool) -> Self {
        let id = |item: Option<&T>| item.map(|item| item.id().to_owned());
        let (first_id, last_id) = (id(data.first()), id(data.last()));
        Self { object: "list".to_owned(), data, first_id, last_id, has_more }
    }
}
