//! `POST /v1/completions`: plain continuation, one choice for each prompt.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::api::completions::CompletionRequest;
use shared::model_call::{FinishReason, GenerationRequest, GenerationUsage, Prompt, TokenLogProbability};

use super::forwarding::forward;
use super::log_probabilities::completion_log_probabilities;
use super::request_body::JsonBody;
use super::streaming::{AnswerShape, Choice, Delivery, respond};
use super::usage::usage as usage_json;
use crate::database::now_unix_s;
use crate::error::ApiError;
use crate::inference::ModelToServe;
use crate::protection::Caller;
use crate::random;
use crate::state::AppState;

/// Continues one or more prompts.
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(request): JsonBody<CompletionRequest>,
) -> Result<Response, ApiError> {
    let prompts = request.to_generation_requests(random::seed())?;
    let delivery = Delivery::asked_for(request.stream, request.stream_options)?;
    if let Some(model) = state.provider_model(&request.model, caller).await? {
        return forward(&state, &model, "completions", &request, delivery).await;
    }
    let model = state.model_to_serve(&request.model).await?;
    let echoed = if request.echo { echoed_texts(&state, &model, &prompts).await? } else { Vec::new() };
    let shape = CompletionShape {
        id: random::identifier("cmpl"),
        created: now_unix_s(),
        model: request.model,
        echoed: Arc::new(echoed),
    };
    respond(&state, &model, prompts, delivery, shape).await
}

/// The prompts as texts.
async fn echoed_texts(
    state: &AppState,
    model: &ModelToServe,
    prompts: &[GenerationRequest],
) -> Result<Vec<String>, ApiError> {
    let text = state.text_of(model).await?;
    let in_words = |request: &GenerationRequest| match &request.prompt {
        Prompt::Text(text) => text.clone(),
        Prompt::Tokens(ids) => text.tokenizer().decode_with_special(ids),
        Prompt::Chat(_) => String::new(),
    };
    Ok(prompts.iter().map(in_words).collect())
}

#[derive(Clone)]
struct CompletionShape {
    id: String,
    created: i64,
    model: String,
    /// What each choice begins with; empty where nothing is echoed.
    echoed: Arc<Vec<String>>,
}

impl CompletionShape {
    fn echo(&self, choice: usize) -> &str {
        self.echoed.get(choice).map_or("", String::as_str)
    }

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

fn choice(index: usize, text: &str, logprobs: Value, reason: Option<FinishReason>) -> Value {
    json!({"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason})
}

impl AnswerShape for CompletionShape {
    fn prompt_field(&self) -> &'static str {
        "prompt"
    }

    fn first_chunk(&self, index: usize) -> Option<Value> {
        let echo = self.echo(index);
        (!echo.is_empty()).then(|| self.object(vec![choice(index, echo, Value::Null, None)]))
    }

    fn text_chunk(&self, index: usize, text: String, tokens: Vec<TokenLogProbability>) -> Value {
        self.object(vec![choice(index, &text, completion_log_probabilities(&tokens), None)])
    }

    fn last_chunk(&self, index: usize, reason: FinishReason) -> Value {
        self.object(vec![choice(index, "", Value::Null, Some(reason))])
    }

    fn usage_chunk(&self, usage: GenerationUsage) -> Value {
        let mut chunk = self.object(Vec::new());
        chunk["usage"] = usage_json(usage);
        chunk
    }

    fn whole(&self, choices: Vec<Choice>, usage: GenerationUsage) -> Value {
        let choices = choices.into_iter().enumerate().map(|(index, answer)| {
            let text = format!("{}{}", self.echo(index), answer.text);
            choice(index, &text, completion_log_probabilities(&answer.tokens), Some(answer.reason))
        });
        let mut object = self.object(choices.collect());
        object["usage"] = usage_json(usage);
        object
    }
}
