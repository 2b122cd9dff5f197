//! Forms with a file (`multipart/form-data`), whose bytes go to the disk as they come.

use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{FromRequest, Multipart, Request};

use crate::error::ApiError;
use crate::files::{Arrived, Arriving};
use crate::state::AppState;

/// The longest value of a field that is no file.
const MOST_VALUE_BYTES: usize = 4096;

/// A form.
pub(crate) struct Form(Multipart);

impl FromRequest<AppState> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let form = Multipart::from_request(request, state).await;
        form.map(Self).map_err(|rejection: MultipartRejection| {
            ApiError::invalid(format!("a form with a file (multipart/form-data) was expected: {rejection}"))
        })
    }
}

impl Form {
    /// The next field and its name.
    pub(crate) async fn next(&mut self) -> Result<Option<(String, Field<'_>)>, ApiError> {
        let field = self.0.next_field().await.map_err(|error| broken(&error))?;
        Ok(field.map(|field| (field.name().unwrap_or_default().to_owned(), field)))
    }
}

/// The value of a field that is no file.
pub(crate) async fn text(name: &str, mut field: Field<'_>) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(more) = field.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&more);
        if bytes.len() > MOST_VALUE_BYTES {
            return Err(ApiError::invalid(format!("{name} has more than {MOST_VALUE_BYTES} bytes")).with_param(name));
        }
    }
    String::from_utf8(bytes).map_err(|_| ApiError::invalid(format!("{name} is no UTF-8")).with_param(name))
}

/// Takes the bytes of a file.
pub(crate) async fn receive(mut field: Field<'_>, mut arriving: Arriving) -> Result<Arrived, ApiError> {
    while let Some(bytes) = field.chunk().await.map_err(|error| broken(&error))? {
        arriving.write(&bytes).await?;
    }
    Ok(arriving.finish().await?)
}

/// A field that is not known.
pub(crate) fn unknown(name: &str) -> ApiError {
    ApiError::invalid(format!("{name} is not known here; leave it out")).with_param(name)
}

fn broken(error: &MultipartError) -> ApiError {
    ApiError::invalid(format!("the form could not be read: {}", error.body_text())).with_status(error.status())
}
