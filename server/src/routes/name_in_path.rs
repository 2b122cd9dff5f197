//! The name at the end of a path, with refusals in OpenAI's envelope.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::state::AppState;

/// The name of a model in the path.
pub(crate) struct NameInPath(pub(crate) String);

impl FromRequestParts<AppState> for NameInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(rejection) => Err(ApiError::invalid(format!("the path can't be read: {rejection}"))),
        }
    }
}
