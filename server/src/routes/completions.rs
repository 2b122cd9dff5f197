//! `POST /v1/completions`: plain continuation, one choice for each prompt.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::api::completions::CompletionRequest;
use shared::model_call::{FinishReason, GenerationRequest, GenerationUsage, Prompt, TokenLogProbability};

use super::log_probabilities::{TextOffsets, completion_log_probabilities};
use super::request_body::JsonBody;
use super::streaming::{AnswerShape, Choice, Delivery, respond};
use super::usage::usage as usage_json;
use crate::database::now_unix_s;
use crate::error::ApiError;
use crate::inference::ModelToServe;
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
    let choices = if request.echo || request.logprobs.is_some() {
        let texts = texts_of(&state, &model, &prompts).await?;
        texts.into_iter().map(|prompt| ChoiceText::new(prompt, request.echo)).collect()
    } else {
        prompts.iter().map(|_| ChoiceText::default()).collect()
    };
    let shape = CompletionShape {
        id: random::identifier("cmpl"),
        created: now_unix_s(),
        model: request.model,
        choices,
    };
    respond(&state, &model, prompts, delivery, shape).await
}

/// The prompts as texts.
async fn texts_of(
    state: &AppState,
    model: &ModelToServe,
    prompts: &[GenerationRequest],
) -> Result<Vec<String>, ApiError> {
    let (state, path) = (state.clone(), model.path.clone());
    let text = tokio::task::spawn_blocking(move || state.served().text(&path)).await;
    let text = text.map_err(|_| ApiError::internal("the model's header could not be read"))??;
    let in_words = |request: &GenerationRequest| match &request.prompt {
        Prompt::Text(text) => text.clone(),
        Prompt::Tokens(ids) => text.tokenizer().decode_with_special(ids),
        Prompt::Chat(_) => String::new(),
    };
    Ok(prompts.iter().map(in_words).collect())
}

/// How far the text of a choice is.
#[derive(Default)]
struct ChoiceText {
    /// What is still to be given back before the answer.
    echo: String,
    offsets: TextOffsets,
}

impl ChoiceText {
    fn new(prompt: String, is_echoed: bool) -> Self {
        if is_echoed {
            Self { offsets: TextOffsets::of_prompt(&prompt), echo: prompt }
        } else {
            Self { offsets: TextOffsets::after(&prompt), echo: String::new() }
        }
    }
}

struct CompletionShape {
    id: String,
    created: i64,
    model: String,
    choices: Vec<ChoiceText>,
}

impl CompletionShape {
    /// What is new of a choice: the echo comes with the first of it.
    fn choice(
        &mut self,
        index: usize,
        new: &str,
        tokens: &[TokenLogProbability],
        reason: Option<FinishReason>,
    ) -> Value {
        let so_far = &mut self.choices[index];
        let text = std::mem::take(&mut so_far.echo) + new;
        let logprobs = completion_log_probabilities(tokens, &mut so_far.offsets);
        json!({"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason})
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

impl AnswerShape for CompletionShape {
    fn prompt_field(&self) -> &'static str {
        "prompt"
    }

    fn first_chunk(&self, _: usize) -> Option<Value> {
        None
    }

    fn text_chunk(&mut self, index: usize, text: String, tokens: Vec<TokenLogProbability>) -> Value {
        let choice = self.choice(index, &text, &tokens, None);
        self.object(vec![choice])
    }

    fn last_chunk(&mut self, index: usize, reason: FinishReason) -> Value {
        let choice = self.choice(index, "", &[], Some(reason));
        self.object(vec![choice])
    }

    fn usage_chunk(&self, usage: GenerationUsage) -> Value {
        let mut chunk = self.object(Vec::new());
        chunk["usage"] = usage_json(usage);
        chunk
    }

    fn whole(&mut self, choices: Vec<Choice>, usage: GenerationUsage) -> Value {
        let choices = choices.into_iter().enumerate();
        let choices: Vec<Value> = choices
            .map(|(index, answer)| self.choice(index, &answer.text, &answer.tokens, Some(answer.reason)))
            .collect();
        let mut object = self.object(choices);
        object["usage"] = usage_json(usage);
        object
    }
}
