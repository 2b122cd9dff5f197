//! External addresses with OpenAI's API: which there are, their keys, and asking them.
//!
//! A key leaves this machine in one place only, the `Authorization` header of a request to the address that it was given
//! for ([`ProviderClient`]); redirects are not followed. It is in no answer, no message and no log.

mod api_key;
mod base_url;
mod client;
mod error;
mod events;
mod failure;
mod model;
mod provider;
mod request_body;
mod store;

pub use api_key::ApiKey;
pub use base_url::BaseUrl;
pub use client::{Patience, ProviderClient};
pub use error::ProviderError;
pub(crate) use events::ProviderEvents;
pub use failure::ProviderFailure;
pub use model::ProviderModel;
pub use provider::Provider;
pub(crate) use request_body::{Renamed, request_body, with_model};
pub use store::ProviderStore;

/// All of it, as the companion has it.
pub struct Providers {
    /// Which there are.
    pub store: ProviderStore,
    /// What asks them.
    pub client: ProviderClient,
}
