//! The query of a list, with refusals in OpenAI's envelope: what is not known of it is refused by its name.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::state::AppState;

/// The pairs of a query, until they are asked for.
pub(crate) struct ListQuery(Vec<(String, String)>);

impl FromRequestParts<AppState> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(rejection) => Err(ApiError::invalid(format!("the query can't be read: {rejection}"))),
        }
    }
}

impl ListQuery {
    /// The value of a name.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(index).1)
    }

    /// All `name[key]=value`.
    pub(crate) fn take_pairs(&mut self, name: &str) -> Vec<(String, String)> {
        let key_of = |text: &str| Some(text.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?.to_owned());
        let pairs = self.0.iter().filter_map(|(text, value)| Some((key_of(text)?, value.clone()))).collect();
        self.0.retain(|(text, _)| key_of(text).is_none());
        pairs
    }

    /// How many items a page may have.
    pub(crate) fn limit(&mut self, usual: usize, most: usize) -> Result<usize, ApiError> {
        let Some(text) = self.take("limit") else { return Ok(usual) };
        match text.parse() {
            Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
            _ => Err(ApiError::invalid(format!("limit is {text}; it must be from 1 to {most}")).with_param("limit")),
        }
    }

    /// Refuses what was not asked for.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                Err(ApiError::invalid(format!("{name} is not known here; leave it out")).with_param(name))
            }
        }
    }
}
