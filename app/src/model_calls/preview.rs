//! What a model sees of a prompt: the exact text and its tokens. Nothing is loaded for it.

use shared::api::companion::PreviewRequest;
use shared::model_call::ChatMessage;
use shared::model_pool::{ModelPlace, ModelReference};
use shared::prompt::Preview;

use crate::companion;
use crate::engine_worker::client::WorkerClient;
use crate::engine_worker::protocol::{Reply, Request};

/// What `model` sees of `messages`.
///
/// # Errors
/// The model is out of reach, or its chat template refuses the messages; what to tell the person.
pub async fn preview(
    worker: &WorkerClient,
    model: &ModelReference,
    messages: Vec<ChatMessage>,
) -> Result<Preview, String> {
    let request = PreviewRequest { model: model.name.clone(), messages };
    match model.place {
        ModelPlace::Browser => match worker.ask(Request::Preview(request), |_| {}).await {
            Ok(Reply::Preview(preview)) => Ok(*preview),
            Ok(_) => Err("the engine answered something else than was asked".to_owned()),
            Err(failure) => Err(failure.message),
        },
        ModelPlace::Companion => companion::preview(&request).await.map_err(|error| error.message),
    }
}
