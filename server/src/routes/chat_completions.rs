//! `POST /v1/chat/completions`.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::api::chat::ChatCompletionRequest;
use shared::model_call::{FinishReason, GenerationUsage};

use super::request_body::JsonBody;
use super::streaming::{AnswerShape, Delivery, respond};
use crate::database::now_unix_s;
use crate::error::ApiError;
use crate::random;
use crate::state::AppState;

/// Answers a conversation.
pub(crate) async fn create(
    State(state): State<AppState>,
    JsonBody(request): JsonBody<ChatCompletionRequest>,
) -> Result<Response, ApiError> {
    let prompt = request.to_generation_request(random::seed())?;
    let delivery = Delivery::asked_for(request.stream, request.stream_options)?;
    let model = state.model_to_serve(&request.model).await?;
    let shape = ChatShape { id: random::identifier("chatcmpl"), created: now_unix_s(), model: request.model };
    respond(&state, &model, vec![prompt], delivery, shape).await
}

#[derive(Clone)]
struct ChatShape {
    id: String,
    created: i64,
    model: String,
}

impl ChatShape {
    fn chunk(&self, choices: Value) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        })
    }

    fn delta(&self, choice: usize, delta: Value, reason: Option<FinishReason>) -> Value {
        self.chunk(json!([{"index": choice, "delta": delta, "logprobs": null, "finish_reason": reason}]))
    }
}

impl AnswerShape for ChatShape {
    fn prompt_field(&self) -> &'static str {
        "messages"
    }

    fn first_chunk(&self, choice: usize) -> Option<Value> {
        Some(self.delta(choice, json!({"role": "assistant", "content": ""}), None))
    }

    fn text_chunk(&self, choice: usize, text: String) -> Value {
        self.delta(choice, json!({"content": text}), None)
    }

    fn last_chunk(&self, choice: usize, reason: FinishReason) -> Value {
        self.delta(choice, json!({}), Some(reason))
    }

    fn usage_chunk(&self, usage: GenerationUsage) -> Value {
        let mut chunk = self.chunk(json!([]));
        chunk["usage"] = super::usage::usage(usage);
        chunk
    }

    fn whole(&self, choices: Vec<(String, FinishReason)>, usage: GenerationUsage) -> Value {
        let choices = choices.into_iter().enumerate().map(|(index, (text, reason))| {
            json!({
                "index": index,
                "message": {"role": "assistant", "content": text},
                "logprobs": null,
                "finish_reason": reason,
            })
        });
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": choices.collect::<Vec<_>>(),
            "usage": super::usage::usage(usage),
        })
    }
}
