//! One answer: read the prompt, choose tokens, stop, and tell what happens as it happens.

use std::collections::VecDeque;

use shared::model_call::{
    FinishReason, GenerationEvent, GenerationLimits, GenerationRequest, GenerationUsage, LogProbabilitiesWanted,
    ModelCallError, ModelCallErrorKind,
};
use shared::sampling::Sampler;
use shared::tokenizer::{StopMatcher, Stopped, StreamDecoder};

use crate::clock::now_seconds;
use crate::constraint::Constraint;
use crate::error::EngineError;
use crate::log_probabilities::{Score, first_token};
use crate::model::Model;

/// A constrained answer has the last quarter of its tokens to come to an end, and no more than so many.
const MOST_ENDING_TOKENS: u32 = 128;

/// An answer in the making. Dropping it stops the work; what was computed stays in the model's cache.
pub struct Generation<'m> {
    model: &'m mut Model,
    prompt: Vec<u32>,
    limits: GenerationLimits,
    decoder: StreamDecoder,
    stops: StopMatcher,
    /// There where each token is chosen from its logits, here, instead of by the backend on its own.
    chooser: Option<Chooser>,
    /// What the answer must look like.
    constraint: Option<Constraint>,
    /// Tokens that the constraint forces are taken without asking the model. Not where each is to be looked at: its
    /// log-probability is wanted, or the backend counts it against repetition.
    takes_forced: bool,
    stage: Stage,
    /// Events that are due before the stage goes on.
    due: VecDeque<GenerationEvent>,
    usage: GenerationUsage,
    most_tokens: u32,
    started_seconds: f64,
    first_token_seconds: f64,
}

enum Stage {
    Starting,
    /// The prompt is being read.
    Prefill,
    /// `unread` are taken, but not yet run.
    Decode {
        unread: Vec<u32>,
    },
    /// Text is complete; the last event is due.
    Finishing(FinishReason),
    Done,
}

/// Chooses tokens from logits that others want to see first.
struct Chooser {
    sampler: Sampler,
    wanted: LogProbabilitiesWanted,
}

impl<'m> Generation<'m> {
    pub(crate) fn start(model: &'m mut Model, request: &GenerationRequest) -> Result<Self, ModelCallError> {
        let started_seconds = now_seconds();
        request.sampling.validate().map_err(|error| ModelCallError {
            kind: ModelCallErrorKind::InvalidRequest,
            message: error.to_string(),
            param: Some(error.field.to_owned()),
        })?;
        let prompt = model.prompt_tokens(&request.prompt, "prompt")?;
        let room = model.context_tokens() - prompt.len();
        if room == 0 {
            let full = EngineError::ContextFull { tokens: prompt.len() + 1, context_tokens: model.context_tokens() };
            return Err(full.into());
        }
        let most_tokens = request.limits.max_tokens.unwrap_or(u32::MAX).min(room as u32);
        let chooser = request.log_probabilities.map(|wanted| {
            let mut sampler = Sampler::new(request.sampling, model.summary().vocabulary_size as usize);
            prompt.iter().for_each(|&token| sampler.observe(token));
            Chooser { sampler, wanted }
        });
        let constraint = match &request.constraint {
            Some(wanted) => Some(model.begin_constraint(wanted)?),
            None => None,
        };
        if chooser.is_none() {
            model.begin_answer(request.sampling, &prompt);
        }
        let cached = match request.log_probabilities {
            Some(LogProbabilitiesWanted { top, of_prompt: true }) => model.keep_scored_prefix(&prompt, top as usize),
            _ => model.keep_common_prefix(&prompt),
        };
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
            takes_forced: chooser.is_none() && request.sampling.repetition_penalty == 1.0,
            chooser,
            constraint,
            stage: Stage::Starting,
            due: VecDeque::new(),
            usage,
            most_tokens,
            started_seconds,
            first_token_seconds: started_seconds,
        })
    }

    /// The next event; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<GenerationEvent, ModelCallError>> {
        while self.due.is_empty() {
            let progress = match &mut self.stage {
                Stage::Starting => {
                    self.stage = Stage::Prefill;
                    self.due.push_back(GenerationEvent::Started { prompt_ids: self.prompt.clone() });
                    self.tell_scores(0);
                    Ok(())
                }
                Stage::Prefill => self.prefill().await,
                Stage::Decode { unread } => {
                    let unread = std::mem::take(unread);
                    self.decode(unread).await
                }
                &mut Stage::Finishing(reason) => {
                    self.stage = Stage::Done;
                    self.due.push_back(GenerationEvent::Finished { reason, usage: self.usage });
                    Ok(())
                }
                Stage::Done => return None,
            };
            if let Err(error) = progress {
                self.stage = Stage::Done;
                return Some(Err(error.into()));
            }
        }
        self.due.pop_front().map(Ok)
    }

    async fn prefill(&mut self) -> Result<(), EngineError> {
        let done = self.model.cached_tokens();
        let scored_top = self.chooser.as_ref().filter(|it| it.wanted.of_prompt).map(|it| it.wanted.top as usize);
        let batch = match scored_top {
            Some(_) => self.model.executor().scored_tokens(),
            None => self.model.executor().batch_tokens(),
        };
        // Without an answer to write, nobody needs what follows the last token.
        let needed = self.prompt.len() - usize::from(self.most_tokens == 0);
        let end = needed.min(done + batch);
        let is_last = end == needed;
        if done < end {
            match scored_top {
                Some(top) => {
                    let told = 1 + self.model.scores().len();
                    let logits = self.model.read_scored(&self.prompt, end, top).await?;
                    self.tell_scores(told);
                    if is_last && self.most_tokens > 0 {
                        let token = self.choose(logits)?;
                        return self.begin_answer(&[token]);
                    }
                }
                None if is_last && self.most_tokens > 0 => {
                    let tokens = self.write(self.prompt[done..end].to_vec(), 1).await?;
                    return self.begin_answer(&tokens);
                }
                None => self.model.read(&self.prompt[done..end]).await?,
            }
        }
        if is_last {
            self.usage.prefill_seconds = now_seconds() - self.started_seconds;
            self.stage = Stage::Finishing(FinishReason::Length);
        } else {
            let (done_tokens, total_tokens) = (end as u32, self.prompt.len() as u32);
            self.due.push_back(GenerationEvent::Prefill { done_tokens, total_tokens });
        }
        Ok(())
    }

    /// The prompt is read, and the first tokens are chosen.
    fn begin_answer(&mut self, tokens: &[u32]) -> Result<(), EngineError> {
        self.first_token_seconds = now_seconds();
        self.usage.prefill_seconds = self.first_token_seconds - self.started_seconds;
        self.take(tokens)
    }

    async fn decode(&mut self, mut unread: Vec<u32>) -> Result<(), EngineError> {
        let batch = self.model.executor().batch_tokens();
        while unread.len() > batch {
            let rest = unread.split_off(batch);
            self.model.read(&unread).await?;
            unread = rest;
        }
        let tokens = self.write(unread, (self.most_tokens - self.usage.completion_tokens) as usize).await?;
        self.usage.decode_seconds = now_seconds() - self.first_token_seconds;
        self.take(&tokens)
    }

    /// Reads tokens and chooses at least one more, at most `most_tokens`.
    async fn write(&mut self, tokens: Vec<u32>, most_tokens: usize) -> Result<Vec<u32>, EngineError> {
        if self.chooser.is_none() {
            let ends_soon = self.ends_soon();
            let allowed = self.constraint.as_mut().map(|it| it.allowed(ends_soon)).transpose()?;
            return self.model.write(&tokens, most_tokens, allowed.as_ref()).await;
        }
        let logits = self.model.read_for_logits(&tokens).await?;
        Ok(vec![self.choose(logits)?])
    }

    /// Chooses the token that follows those in the cache by its `logits` `[vocabulary]`, and tells how probable it was.
    fn choose(&mut self, mut logits: Vec<f32>) -> Result<u32, EngineError> {
        let ends_soon = self.ends_soon();
        let Some(chooser) = &mut self.chooser else { return Ok(shared::sampling::argmax(&logits)) };
        // The constraint and the sampler change what is chosen from.
        let original = logits.clone();
        if let Some(constraint) = &mut self.constraint {
            constraint.allowed(ends_soon)?.apply(&mut logits);
        }
        let token = chooser.sampler.choose(&mut logits, self.model.cached_tokens() as u32);
        let top = chooser.wanted.top as usize;
        let tokens = vec![Score::of(token, &original, top).describe(self.model.tokenizer(), top)];
        self.due.push_back(GenerationEvent::LogProbabilities { tokens });
        Ok(token)
    }

    /// An answer that must be whole has few tokens left.
    fn ends_soon(&self) -> bool {
        let left = self.most_tokens - self.usage.completion_tokens;
        left <= (self.most_tokens / 4).min(MOST_ENDING_TOKENS)
    }

    /// Tells how probable the prompt's tokens from the one with index `first` on were, as far as that is known.
    fn tell_scores(&mut self, first: usize) {
        let Some(LogProbabilitiesWanted { top, of_prompt: true }) = self.chooser.as_ref().map(|it| it.wanted) else {
            return;
        };
        let tokenizer = self.model.tokenizer();
        let beginning = (first == 0).then(|| first_token(tokenizer, self.prompt[0]));
        let scores = self.model.scores().iter().skip(first.saturating_sub(1));
        let following = scores.map(|score| score.describe(tokenizer, top as usize));
        let tokens: Vec<_> = beginning.into_iter().chain(following).collect();
        if !tokens.is_empty() {
            self.due.push_back(GenerationEvent::LogProbabilities { tokens });
        }
    }

    /// Accounts for chosen tokens up to the end of the answer; what the backend chose beyond it is dropped.
    fn take(&mut self, tokens: &[u32]) -> Result<(), EngineError> {
        let mut tokens = tokens.to_vec();
        if let (Some(constraint), &[token]) = (&mut self.constraint, tokens.as_slice()) {
            constraint.accept(token)?;
            if self.takes_forced {
                tokens.extend(constraint.take_forced()?);
            }
        }
        let (mut text, mut ids) = (String::new(), Vec::with_capacity(tokens.len()));
        let mut finish = None;
        for &token in &tokens {
            let (piece, ends) = self.take_one(token);
            text += &piece;
            ids.push(token);
            finish = ends;
            if finish.is_some() {
                break;
            }
        }
        // Nothing can follow: the model need not be asked for the token that says so. An answer that is whole with its
        // last allowed token is whole.
        let is_complete = ids.len() == tokens.len() && self.constraint.as_ref().is_some_and(Constraint::is_complete);
        if is_complete && finish != Some(FinishReason::Stop) {
            if finish.is_none() {
                text += &self.rest();
            }
            finish = Some(FinishReason::Stop);
        }
        // With the backend's own choices, all but the last are in its cache already.
        let unread = if self.constraint.is_some() { ids.clone() } else { ids.last().copied().into_iter().collect() };
        self.stage = finish.map_or(Stage::Decode { unread }, Stage::Finishing);
        self.due.push_back(GenerationEvent::Text { text, ids });
        Ok(())
    }

    /// Accounts for a chosen token: its text, and why it is the last, if it is.
    fn take_one(&mut self, token: u32) -> (String, Option<FinishReason>) {
        self.usage.completion_tokens += 1;
        let goes_on = self.limits.ignore_end_of_sequence && self.constraint.is_none();
        let ends = !goes_on && self.model.tokenizer().is_end_of_generation(token);
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
        (text, finish)
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
