//! One answer: read the prompt, choose tokens, stop, and tell what happens as it happens.

use shared::chat_template::RenderOptions;
use shared::model_call::{
    FinishReason, GenerationEvent, GenerationLimits, GenerationRequest, GenerationUsage, ModelCallError,
    ModelCallErrorKind, Prompt,
};
use shared::tokenizer::{SpecialTokens, StopMatcher, Stopped, StreamDecoder};

use crate::clock::{now_seconds, today};
use crate::error::EngineError;
use crate::model::Model;

/// An answer in the making. Dropping it stops the work; what was computed stays in the model's cache.
pub struct Generation<'m> {
    model: &'m mut Model,
    prompt: Vec<u32>,
    limits: GenerationLimits,
    decoder: StreamDecoder,
    stops: StopMatcher,
    stage: Stage,
    usage: GenerationUsage,
    most_tokens: u32,
    started_seconds: f64,
    first_token_seconds: f64,
}

enum Stage {
    Starting,
    /// The prompt is being read.
    Prefill,
    /// `last` is chosen, but not yet run.
    Decode {
        last: u32,
    },
    /// Text is complete; the last event is due.
    Finishing(FinishReason),
    Done,
}

impl<'m> Generation<'m> {
    pub(crate) fn start(model: &'m mut Model, request: &GenerationRequest) -> Result<Self, ModelCallError> {
        let started_seconds = now_seconds();
        let invalid = |param: &str, message: String| ModelCallError {
            kind: ModelCallErrorKind::InvalidRequest,
            message,
            param: Some(param.to_owned()),
        };
        request.sampling.validate().map_err(|error| invalid(error.field, error.to_string()))?;
        let tokenizer = model.tokenizer();
        let prompt = match &request.prompt {
            Prompt::Chat(messages) => {
                let text = model
                    .chat_template()
                    .render(messages, RenderOptions { today: &today(), ..RenderOptions::default() })
                    .map_err(|error| invalid("messages", error.to_string()))?;
                tokenizer.encode_prompt(&text, SpecialTokens::Parse)
            }
            Prompt::Text(text) => tokenizer.encode_prompt(text, SpecialTokens::AsText),
            Prompt::Tokens(ids) => ids.clone(),
        };
        if prompt.is_empty() {
            return Err(invalid("prompt", "the prompt is empty; give it some text".to_owned()));
        }
        model.check_tokens(&prompt)?;
        let room = model.context_tokens() - prompt.len();
        if room == 0 {
            let full = EngineError::ContextFull { tokens: prompt.len() + 1, context_tokens: model.context_tokens() };
            return Err(full.into());
        }
        let most_tokens = request.limits.max_tokens.unwrap_or(u32::MAX).min(room as u32);
        model.begin_answer(request.sampling, &prompt);
        let cached = model.keep_common_prefix(&prompt);
        let usage = GenerationUsage {
            prompt_tokens: prompt.len() as u32,
            cached_prompt_tokens: cached as u32,
            ..GenerationUsage::default()
        };
        Ok(Self {
            stops: StopMatcher::new(&request.limits.stop),
            limits: request.limits.clone(),
            model,
            prompt,
            decoder: StreamDecoder::default(),
            stage: Stage::Starting,
            usage,
            most_tokens,
            started_seconds,
            first_token_seconds: started_seconds,
        })
    }

    /// The next event; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<GenerationEvent, ModelCallError>> {
        let event = match self.stage {
            Stage::Starting => {
                self.stage = Stage::Prefill;
                Ok(GenerationEvent::Started { prompt_ids: self.prompt.clone() })
            }
            Stage::Prefill => self.prefill().await,
            Stage::Decode { last } => self.decode(last).await,
            Stage::Finishing(reason) => {
                self.stage = Stage::Done;
                Ok(GenerationEvent::Finished { reason, usage: self.usage })
            }
            Stage::Done => return None,
        };
        if event.is_err() {
            self.stage = Stage::Done;
        }
        Some(event.map_err(ModelCallError::from))
    }

    async fn prefill(&mut self) -> Result<GenerationEvent, EngineError> {
        let done = self.model.cached_tokens();
        let end = self.prompt.len().min(done + self.model.executor().batch_tokens());
        if end < self.prompt.len() {
            self.model.read(&self.prompt[done..end]).await?;
            return Ok(GenerationEvent::Prefill { done_tokens: end as u32, total_tokens: self.prompt.len() as u32 });
        }
        let tokens = self.model.write(&self.prompt[done..end], 1).await?;
        self.first_token_seconds = now_seconds();
        self.usage.prefill_seconds = self.first_token_seconds - self.started_seconds;
        Ok(self.take(&tokens))
    }

    async fn decode(&mut self, last: u32) -> Result<GenerationEvent, EngineError> {
        let tokens = self.model.write(&[last], (self.most_tokens - self.usage.completion_tokens) as usize).await?;
        self.usage.decode_seconds = now_seconds() - self.first_token_seconds;
        Ok(self.take(&tokens))
    }

    /// Accounts for chosen tokens up to the end of the answer; what the backend chose beyond it is dropped.
    fn take(&mut self, tokens: &[u32]) -> GenerationEvent {
        let (mut text, mut ids) = (String::new(), Vec::with_capacity(tokens.len()));
        for &token in tokens {
            text += &self.take_one(token);
            ids.push(token);
            if !matches!(self.stage, Stage::Decode { .. }) {
                break;
            }
        }
        GenerationEvent::Text { text, ids }
    }

    /// Accounts for a chosen token: its text, and whether it is the last.
    fn take_one(&mut self, token: u32) -> String {
        self.usage.completion_tokens += 1;
        let ends = !self.limits.ignore_end_of_sequence && self.model.tokenizer().is_end_of_generation(token);
        let mut text;
        let mut finish = None;
        if ends {
            text = self.rest();
            finish = Some(FinishReason::Stop);
        } else {
            let piece = self.decoder.push(self.model.tokenizer(), token);
            match self.stops.push(&piece) {
                Stopped::No(shown) => text = shown,
                Stopped::Yes(shown) => {
                    text = shown;
                    finish = Some(FinishReason::Stop);
                }
            }
            if finish.is_none() && self.usage.completion_tokens >= self.most_tokens {
                text.push_str(&self.rest());
                finish = Some(FinishReason::Length);
            }
        }
        self.stage = finish.map_or(Stage::Decode { last: token }, Stage::Finishing);
        text
    }

    /// Text that was held back, at the end of the answer.
    fn rest(&mut self) -> String {
        let undecoded = self.decoder.finish();
        match self.stops.push(&undecoded) {
            Stopped::Yes(shown) => shown,
            Stopped::No(shown) => shown + &self.stops.finish(),
        }
    }
}
