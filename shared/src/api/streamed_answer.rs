//! A call of a model over OpenAI's chat completions: the request on the wire, and what comes back as events. The
//! connection is somebody else's.

use super::chat::{ChatCompletionChunk, ChatCompletionRequest, Message};
use super::error::ErrorEnvelope;
use super::request::{Stop, StreamOptions};
use super::response_format::ResponseFormat;
use crate::model_call::{
    FinishReason, GenerationEvent, GenerationRequest, GenerationUsage, ModelCallError, ModelCallErrorKind, Prompt,
    TokenLogProbability,
};

impl ChatCompletionRequest {
    /// The request that asks for a streamed answer with its usage; `who` is asked.
    ///
    /// # Errors
    /// It can't be asked of a chat.
    pub fn streamed(model: &str, request: GenerationRequest, who: &str) -> Result<Self, ModelCallError> {
        let Prompt::Chat(messages) = request.prompt else {
            return Err(error(ModelCallErrorKind::InvalidRequest, format!("{who} is called with conversations only")));
        };
        let (sampling, limits) = (request.sampling, request.limits);
        let log_probabilities = request.log_probabilities;
        if log_probabilities.is_some_and(|wanted| wanted.of_prompt) {
            let message =
                format!("{who} tells log-probabilities of answers here, not those of a conversation's prompt");
            return Err(error(ModelCallErrorKind::InvalidRequest, message));
        }
        Ok(Self {
            model: model.to_owned(),
            messages: messages.into_iter().map(|message| Message::new(message.role, message.content)).collect(),
            temperature: Some(sampling.temperature),
            top_p: Some(sampling.top_p),
            top_k: Some(sampling.top_k),
            min_p: Some(sampling.min_p),
            repetition_penalty: Some(sampling.repetition_penalty),
            max_completion_tokens: limits.max_tokens,
            logprobs: log_probabilities.is_some(),
            top_logprobs: log_probabilities.map(|wanted| wanted.top),
            response_format: request.constraint.as_ref().map(ResponseFormat::from),
            stop: (!limits.stop.is_empty()).then_some(Stop::Many(limits.stop)),
            seed: Some(sampling.seed.cast_signed()),
            stream: true,
            stream_options: Some(StreamOptions { include_usage: true }),
            ..Self::default()
        })
    }
}

/// What is known of an answer so far; times are the caller's own, the network included.
#[derive(Clone, Debug)]
pub struct StreamedAnswer {
    who: String,
    started_ms: f64,
    first_text_ms: Option<f64>,
    last_text_ms: f64,
    reason: Option<FinishReason>,
    usage: GenerationUsage,
}

impl StreamedAnswer {
    /// Nothing yet of the answer of `who`, who was asked at `started_ms`.
    pub fn new(who: impl Into<String>, started_ms: f64) -> Self {
        Self {
            who: who.into(),
            started_ms,
            first_text_ms: None,
            last_text_ms: started_ms,
            reason: None,
            usage: GenerationUsage::default(),
        }
    }

    /// What the data of an event, which came at `now_ms`, tells.
    ///
    /// # Errors
    /// It is an error, no chunk, or an end that is none.
    pub fn take(&mut self, data: &str, now_ms: f64) -> Result<Vec<GenerationEvent>, ModelCallError> {
        // An error can come after the head of the answer.
        if let Some(envelope) = ErrorEnvelope::read(data, "server_error") {
            return Err(envelope.into());
        }
        let chunk: ChatCompletionChunk = serde_json::from_str(data).map_err(|cause| {
            let message = format!("{} sent something else than a chunk of an answer: {cause}", self.who);
            ModelCallError::unavailable(message)
        })?;
        if let Some(usage) = chunk.usage {
            self.usage.prompt_tokens = usage.prompt_tokens;
            self.usage.completion_tokens = usage.completion_tokens;
            self.usage.cached_prompt_tokens = usage.prompt_tokens_details.cached_tokens;
        }
        let mut events = Vec::new();
        for choice in chunk.choices {
            if let Some(reason) = choice.finish_reason {
                self.reason = Some(self.finish_reason(&reason)?);
            }
            if let Some(tokens) = choice.logprobs.and_then(|logprobs| logprobs.content) {
                let tokens = tokens.into_iter().map(TokenLogProbability::from).collect();
                events.push(GenerationEvent::LogProbabilities { tokens });
            }
            if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
                self.first_text_ms.get_or_insert(now_ms);
                self.last_text_ms = now_ms;
                events.push(GenerationEvent::Text { text, ids: Vec::new() });
            }
        }
        Ok(events)
    }

    /// The last event, once no more data comes.
    ///
    /// # Errors
    /// The answer has no end.
    pub fn finish(mut self) -> Result<GenerationEvent, ModelCallError> {
        let reason = self
            .reason
            .ok_or_else(|| ModelCallError::unavailable(format!("the answer of {} broke off; try again", self.who)))?;
        let first_ms = self.first_text_ms.unwrap_or(self.last_text_ms);
        self.usage.prefill_seconds = (first_ms - self.started_ms) / 1000.0;
        self.usage.decode_seconds = (self.last_text_ms - first_ms) / 1000.0;
        Ok(GenerationEvent::Finished { reason, usage: self.usage })
    }

    fn finish_reason(&self, text: &str) -> Result<FinishReason, ModelCallError> {
        let who = &self.who;
        match text {
            "stop" => Ok(FinishReason::Stop),
            "length" => Ok(FinishReason::Length),
            "content_filter" => {
                let message = format!("{who} withheld the answer: its content filter says no. Ask otherwise");
                Err(error(ModelCallErrorKind::InvalidRequest, message))
            }
            other => {
                let message = format!("{who} ended the answer with {other:?}; expected \"stop\" or \"length\"");
                Err(ModelCallError::unavailable(message))
            }
        }
    }
}

fn error(kind: ModelCallErrorKind, message: String) -> ModelCallError {
    ModelCallError { kind, message, param: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_call::{ChatMessage, GenerationLimits, LogProbabilitiesWanted, OutputConstraint, TopToken};
    use crate::sampling::SamplingParameters;

    #[test]
    fn a_streamed_answer_becomes_events() {
        let mut progress = StreamedAnswer::new("the companion", 1000.0);
        let mut texts = Vec::new();
        for (data, ms) in [
            (
                r#"{"id":"c","object":"x","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
                1100.0,
            ),
            (
                r#"{"id":"c","object":"x","choices":[{"index":0,"delta":{"content":"Pa"},"finish_reason":null}],"usage":null}"#,
                1500.0,
            ),
            (
                r#"{"id":"c","object":"x","choices":[{"index":0,"delta":{"content":"ris"},"finish_reason":null}],"usage":null}"#,
                2500.0,
            ),
            (
                r#"{"id":"c","object":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
                2600.0,
            ),
            (
                r#"{"id":"c","object":"x","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#,
                2600.0,
            ),
        ] {
            texts.extend(progress.take(data, ms).unwrap());
        }
        let text = |text: &str| GenerationEvent::Text { text: text.to_owned(), ids: Vec::new() };
        assert_eq!(texts, [text("Pa"), text("ris")]);
        let GenerationEvent::Finished { reason, usage } = progress.finish().unwrap() else { panic!("finished") };
        assert_eq!(reason, FinishReason::Stop);
        assert_eq!((usage.prompt_tokens, usage.completion_tokens), (7, 3));
        assert_eq!((usage.prefill_seconds, usage.decode_seconds), (0.5, 1.0));
    }

    #[test]
    fn log_probabilities_come_with_their_texts() {
        let data = r#"{"id":"c","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null,"logprobs":
            {"content":[{"token":"a","logprob":-1.5,"bytes":[97],
            "top_logprobs":[{"token":"b","logprob":-0.5,"bytes":[98]}]}],"refusal":null}}]}"#;
        let events = StreamedAnswer::new("the companion", 0.0).take(data, 1.0).unwrap();
        let top = vec![TopToken { id: None, text: "b".to_owned(), log_probability: -0.5 }];
        let token = TokenLogProbability { id: None, text: "a".to_owned(), log_probability: Some(-1.5), top };
        let text = GenerationEvent::Text { text: "a".to_owned(), ids: Vec::new() };
        assert_eq!(events, [GenerationEvent::LogProbabilities { tokens: vec![token] }, text]);
    }

    #[test]
    fn an_error_amid_the_stream_is_an_error() {
        let mut progress = StreamedAnswer::new("the companion", 0.0);
        let data = r#"{"error":{"message":"out of memory","type":"server_error","param":null,"code":null}}"#;
        assert_eq!(progress.take(data, 1.0).unwrap_err().message, "out of memory");
        assert!(progress.finish().is_err(), "an answer without an end is not finished");
    }

    #[test]
    fn what_others_leave_out_or_set_to_null_is_no_matter() {
        let mut progress = StreamedAnswer::new("router", 0.0);
        let last = r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"length","logprobs":null}],
            "usage":{"prompt_tokens":2,"completion_tokens":1,"prompt_tokens_details":null}}"#;
        assert_eq!(progress.take(last, 1.0).unwrap().len(), 1);
        assert!(matches!(
            progress.finish().unwrap(),
            GenerationEvent::Finished { reason: FinishReason::Length, usage } if usage.completion_tokens == 1
        ));
    }

    #[test]
    fn an_end_that_is_none_is_an_error() {
        let end = |reason: &str| {
            let data = format!(r#"{{"choices":[{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
            StreamedAnswer::new("router", 0.0).take(&data, 1.0).unwrap_err()
        };
        assert_eq!(end("content_filter").kind, ModelCallErrorKind::InvalidRequest);
        assert!(end("tool_calls").message.contains("router ended the answer with \"tool_calls\""));
    }

    #[test]
    fn every_choice_of_the_person_is_sent() {
        let request = GenerationRequest::new(
            Prompt::Chat(vec![ChatMessage { role: "user".to_owned(), content: "Hi".to_owned() }]),
            SamplingParameters { seed: u64::MAX, top_k: 5, ..SamplingParameters::default() },
            GenerationLimits { max_tokens: Some(9), ..GenerationLimits::default() },
        );
        let request = GenerationRequest {
            constraint: Some(OutputConstraint::JsonSchema(serde_json::json!({"type": "integer"}))),
            log_probabilities: Some(LogProbabilitiesWanted { top: 2, of_prompt: false }),
            ..request
        };
        let wire = ChatCompletionRequest::streamed("m", request.clone(), "the companion").unwrap();
        assert_eq!(wire.to_generation_request(0).unwrap(), request);
    }
}
