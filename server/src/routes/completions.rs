//! `POST /v1/completions`: plain continuation, one choice for each prompt.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::api::completions::CompletionRequest;
use shared::model_call::{FinishReason, GenerationUsage};

use super::request_body::JsonBody;
use super::streaming::{AnswerShape, Delivery, respond};
use super::usage::usage as usage_json;
use crate::database::now_unix_s;
use crate::error::ApiError;
use crate::random;
use crate::state::AppState;

/// Continues one or more prompts.
pub(crate) async fn create(
    State(state): State<AppState>,
    JsonBody(request): JsonBody<CompletionRequest>,
) -> Result<Response, ApiError> {
    let prompts = request.to_generation_requests(random::seed())?;
    let delivery = Delivery::asked_for(request.stream, request.stream_options)?;
    let model = state.model_to_serve(&request.model).await?;
    let shape = CompletionShape { id: random::identifier("cmpl"), created: now_unix_s(), model: request.model };
    respond(&state, &model, prompts, delivery, shape).await
}

#[derive(Clone)]
struct CompletionShape {
    id: String,
    created: i64,
    model: String,
}

impl CompletionShape {
    fn object(&self, choices: Vec<Value>) -> Value {
        json!({
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        })
    }
}

fn choice(index: usize, text: &str, reason: Option<FinishReason>) -> Value {
    json!({"index": index, "text": text, "logprobs": null, "finish_reason": reason})
}

impl AnswerShape for CompletionShape {
    fn prompt_field(&self) -> &'static str {
        "prompt"
    }

    fn first_chunk(&self, _: usize) -> Option<Value> {
        None
    }

    fn text_chunk(&self, index: usize, text: String) -> Value {
        self.object(vec![choice(index, &text, None)])
    }

    fn last_chunk(&self, index: usize, reason: FinishReason) -> Value {
        self.object(vec![choice(index, "", Some(reason))])
    }

    fn usage_chunk(&self, usage: GenerationUsage) -> Value {
        let mut chunk = self.object(Vec::new());
        chunk["usage"] = usage_json(usage);
        chunk
    }

    fn whole(&self, choices: Vec<(String, FinishReason)>, usage: GenerationUsage) -> Value {
        let choices = choices.iter().enumerate().map(|(index, (text, reason))| choice(index, text, Some(*reason)));
        let mut object = self.object(choices.collect());
        object["usage"] = usage_json(usage);
        object
    }
}
