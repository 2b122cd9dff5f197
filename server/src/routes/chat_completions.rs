//! `POST /v1/chat/completions`.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::api::chat::ChatCompletionRequest;
use shared::model_call::{FinishReason, GenerationUsage, TokenLogProbability};

use super::forwarding::forward;
use super::log_probabilities::chat_log_probabilities;
use super::request_body::JsonBody;
use super::streaming::{AnswerShape, Choice, Delivery, respond};
use crate::database::now_unix_s;
use crate::error::ApiError;
use crate::protection::Caller;
use crate::random;
use crate::state::AppState;

/// Answers a conversation.
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(request): JsonBody<ChatCompletionRequest>,
) -> Result<Response, ApiError> {
    let prompt = request.to_generation_request(random::seed())?;
    let delivery = Delivery::asked_for(request.stream, request.stream_options)?;
    if let Some(model) = state.provider_model(&request.model, caller).await? {
        return forward(&state, &model, "chat/completions", &request, delivery).await;
    }
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

    fn delta(&self, choice: usize, delta: Value, logprobs: Value, reason: Option<FinishReason>) -> Value {
        self.chunk(json!([{"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": reason}]))
    }
}

impl AnswerShape for ChatShape {
    fn prompt_field(&self) -> &'static str {
        "messages"
    }

    fn first_chunk(&self, choice: usize) -> Option<Value> {
        Some(self.delta(choice, json!({"role": "assistant", "content": ""}), Value::Null, None))
    }

    fn text_chunk(&self, choice: usize, text: String, tokens: Vec<TokenLogProbability>) -> Value {
        self.delta(choice, json!({"content": text}), chat_log_probabilities(&tokens), None)
    }

    fn last_chunk(&self, choice: usize, reason: FinishReason) -> Value {
        self.delta(choice, json!({}), Value::Null, Some(reason))
    }

    fn usage_chunk(&self, usage: GenerationUsage) -> Value {
        let mut chunk = self.chunk(json!([]));
        chunk["usage"] = super::usage::usage(usage);
        chunk
    }

    fn whole(&self, choices: Vec<Choice>, usage: GenerationUsage) -> Value {
        let choices = choices.into_iter().enumerate().map(|(index, choice)| {
            json!({
                "index": index,
                "message": {"role": "assistant", "content": choice.text},
                "logprobs": chat_log_probabilities(&choice.tokens),
                "finish_reason": choice.reason,
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
