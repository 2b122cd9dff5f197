//! The models that judging may ask, and how they are asked.

use std::rc::Rc;

use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::observation::{JudgeError, quoted};
use crate::model_call::{
    ChatMessage, FinishReason, GenerationEvent, GenerationLimits, GenerationRequest, ModelCall, OutputConstraint,
    Prompt,
};
use crate::sampling::SamplingParameters;

/// The models that judging may ask.
#[derive(Clone, Default)]
pub struct Graders {
    /// Reads answers and says how good they are.
    pub grader: Option<Rc<dyn ModelCall>>,
    /// Turns texts into vectors.
    pub embedder: Option<Rc<dyn ModelCall>>,
}

/// Most tokens of a grader's answer. One that talks longer is cut off, which is an error.
const MOST_TOKENS: u32 = 1024;

impl Graders {
    /// Asks the grading model for JSON of this schema. What stands in `question` is data for it, not instructions.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        instruction: &str,
        question: String,
        schema: Value,
        sampling: SamplingParameters,
    ) -> Result<T, JudgeError> {
        let grader = self.grader.as_ref().ok_or_else(|| {
            JudgeError::new("this check asks a model for its judgement, but no grading model is set; choose one (`--grader` in a terminal)")
        })?;
        let message = |role: &str, content: String| ChatMessage { role: role.to_owned(), content };
        let messages = vec![message("system", instruction.to_owned()), message("user", question)];
        let limits = GenerationLimits { max_tokens: Some(MOST_TOKENS), ..GenerationLimits::default() };
        let mut request = GenerationRequest::new(Prompt::Chat(messages), sampling, limits);
        request.constraint = Some(OutputConstraint::JsonSchema(schema));
        let mut events = grader.generate(request);
        let mut text = String::new();
        let mut end = None;
        while let Some(event) = events.next().await {
            match event.map_err(|error| JudgeError::new(format!("the grading model failed: {error}")))? {
                GenerationEvent::Text { text: piece, .. } => text.push_str(&piece),
                GenerationEvent::Finished { reason, .. } => end = Some(reason),
                _ => {}
            }
        }
        serde_json::from_str(&text).map_err(|error| {
            let why = match end {
                Some(FinishReason::Stop) => error.to_string(),
                Some(FinishReason::Length) => format!("it was cut off after {MOST_TOKENS} tokens or a full context"),
                None => "it ended without a reason".to_owned(),
            };
            JudgeError::new(format!(
                "the grading model did not answer with the JSON that it was asked for, but with {}: {why}. Choose one \
                 that follows instructions better",
                quoted(&text)
            ))
        })
    }

    /// The vectors of these texts, in their order.
    pub(super) async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, JudgeError> {
        let embedder = self.embedder.as_ref().ok_or_else(|| {
            JudgeError::new(
                "this check compares meanings, but no embedding model is set; choose one (`--embedder` in a terminal)",
            )
        })?;
        let count = texts.len();
        let embeddings = embedder
            .embed(texts)
            .await
            .map_err(|error| JudgeError::new(format!("the embedding model failed: {error}")))?;
        if embeddings.vectors.len() != count {
            let given = embeddings.vectors.len();
            return Err(JudgeError::new(format!("the embedding model gave {given} vectors for {count} texts")));
        }
        Ok(embeddings.vectors)
    }
}

/// A part of a question, between tags that name it.
pub(super) fn section(name: &str, text: &str) -> String {
    format!("<{name}>\n{text}\n</{name}>\n")
}
