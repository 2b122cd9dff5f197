//! One answer of a model, as pieces of text and an end.

use async_stream::stream;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};

use crate::model_call::{FinishReason, GenerationEvent, GenerationRequest, GenerationUsage, ModelCall, ModelCallError};

/// What a model wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Counts and times.
    pub usage: GenerationUsage,
}

/// What comes of an answer.
pub(super) enum Piece {
    /// What to append.
    Text(String),
    /// The last one.
    End(Result<Written, ModelCallError>),
}

/// The pieces of an answer. Whatever the model does, exactly one end comes, and nothing after it.
pub(super) fn answer(model: &dyn ModelCall, request: GenerationRequest) -> impl Stream<Item = Piece> + use<> {
    let mut events = model.generate(request);
    stream! {
        let mut text = String::new();
        while let Some(event) = events.next().await {
            match event {
                Ok(GenerationEvent::Text { text: piece, .. }) => {
                    text.push_str(&piece);
                    yield Piece::Text(piece);
                }
                Ok(GenerationEvent::Finished { reason, usage }) => {
                    yield Piece::End(Ok(Written { text, finish_reason: reason, usage }));
                    return;
                }
                Ok(_) => {}
                Err(error) => {
                    yield Piece::End(Err(error));
                    return;
                }
            }
        }
        yield Piece::End(Err(ModelCallError::unavailable("the model's answer broke off; try again")));
    }
}
