//! The one way in which a run calls models: reserve, write down, call, count, write down, settle. Calls that the log
//! knows are answered from it.
//!
//! What a provider may do without harming the budget: fail, stop half-way, answer forever, ignore `max_tokens`, or
//! report any usage. Tokens are counted as they come, an answer is cut off where its reservation ends, and what can't
//! be counted costs the whole reservation. What no client can prevent is a bill for tokens that never came.

use std::collections::VecDeque;
use std::pin::pin;

use futures::future::{Either, select};
use futures::stream::StreamExt;
use serde::Serialize;

use super::budget::{Ledger, Limit, Refusal, Spend};
use super::call_log::{
    CallHistory, CallLog, CallLogError, CallResult, LOG_VERSION, LogEntry, LoggedCall, Moment, Purpose, Reservation,
    microseconds, seconds, stable_hash,
};
use crate::catalog::{Money, TokenPrice};
use crate::model_call::{
    FinishReason, GenerationEvent, GenerationRequest, GenerationStream, GenerationUsage, ModelCallError,
    ModelCallErrorKind, OutputConstraint, Prompt,
};
use crate::model_pool::{ModelPool, ModelReference, Timer};

/// Tokens that one event of a stream may carry beyond the limit before it can be cut off.
const CHUNK_TOKENS: u32 = 16;

/// With less time than this a call is not worth its tokens.
const FEWEST_SECONDS: f64 = 0.1;

/// After so many failures one after the other the model is taken to be out of order.
const MOST_FAILURES_IN_A_ROW: usize = 8;

/// What is known of a model's costs before it is called.
pub trait CallCosts {
    /// At least as many tokens as the model will read for this prompt, its chat template included. The closer, the
    /// more of the budget can be used; [`most_tokens_in`] does where no tokenizer is at hand.
    fn most_prompt_tokens(&self, model: &ModelReference, prompt: &Prompt) -> u32;

    /// What its tokens cost; `None` where that is unknown, which a budget in money refuses.
    fn price(&self, model: &ModelReference) -> Option<TokenPrice>;

    /// True where the counts that it reports are what is billed. Otherwise a prompt counts as the most it can have, and
    /// an answer whose tokens can't be counted as it comes as the most it may have.
    fn is_usage_trusted(&self, model: &ModelReference) -> bool;
}

/// An upper bound of a prompt's tokens without a tokenizer: byte-level and byte-fallback vocabularies never make more
/// tokens than bytes, and a chat template adds a few for each turn and perhaps a system message of its own.
pub fn most_tokens_in(prompt: &Prompt) -> u32 {
    const TURN_TOKENS: usize = 16;
    const TEMPLATE_TOKENS: usize = 64;
    let tokens = match prompt {
        Prompt::Chat(messages) => {
            let turns = messages.iter().map(|message| message.role.len() + message.content.len() + TURN_TOKENS);
            turns.sum::<usize>() + TEMPLATE_TOKENS
        }
        Prompt::Text(text) => text.len() + 2,
        Prompt::Tokens(ids) => ids.len(),
    };
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

/// An upper bound of the tokens that a provider bills for what an answer must look like, which it reads with the prompt:
/// never more than bytes. Models of one's own do not read it, and count what they read.
pub(crate) fn most_tokens_of(constraint: Option<&OutputConstraint>) -> u32 {
    let Some(constraint) = constraint else { return 0 };
    // It can't fail: a constraint is plain data with text keys.
    let bytes = serde_json::to_string(constraint).map_or(usize::MAX, |json| json.len());
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// The most that one call may take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct CallLimits {
    pub(crate) prompt_tokens: u32,
    pub(crate) answer_tokens: u32,
    pub(crate) seconds: f64,
}

impl CallLimits {
    /// What the most expensive call at `price` can spend.
    pub(crate) fn worst(&self, price: Option<&TokenPrice>) -> Spend {
        worst_spend(self.prompt_tokens, self.answer_tokens.saturating_add(CHUNK_TOKENS), self.seconds, price)
    }
}

/// What so much costs. Prompt tokens are taken at the full price, whether they were cached or not.
fn worst_spend(prompt_tokens: u32, answer_tokens: u32, seconds: f64, price: Option<&TokenPrice>) -> Spend {
    let money = price.map_or(0.0, |price| {
        let prompt_price = price
            .cached_input_per_million
            .map_or(price.input_per_million, |cached| cached.max(price.input_per_million));
        (f64::from(prompt_tokens) * prompt_price + f64::from(answer_tokens) * price.output_per_million) / 1e6
    });
    Spend { tokens: u64::from(prompt_tokens) + u64::from(answer_tokens), money, seconds }
}

/// Why a run makes no more calls.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Stop {
    /// The search has used what it may: an ordinary end, never shown.
    #[error("the budget is spent ({0:?})")]
    Spent(Limit),
    /// Interruptions have used more than was set aside for them.
    #[error(
        "the budget is spent: interruptions have used what was set aside for them and all that was left ({0:?}). \
         Start a new run, with a larger budget if the device is often interrupted"
    )]
    LostToInterruptions(Limit),
    /// The log could not be written; no call is made that isn't written down.
    #[error("the call log can't be written, so no more calls are made ({0}). Make room for it, then resume")]
    Log(#[from] CallLogError),
    /// The log is another run's.
    #[error(
        "this call log belongs to another run: its prompt, cases, models, settings or budget were others. \
         Resume with the same ones, or start a new log"
    )]
    AnotherRun,
    /// The model fails again and again.
    #[error(
        "the model {model} failed {count} times one after the other, the last time because: {reason}. \
         What was found is kept; resume once it works"
    )]
    OutOfOrder { model: ModelReference, count: usize, reason: String },
    /// A person asked for it.
    #[error("the run was stopped; resume it to go on")]
    Asked,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Spent(limit) => Self::Spent(limit),
            Refusal::LostToInterruptions(limit) => Self::LostToInterruptions(limit),
        }
    }
}

/// What came of a metered call, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MeteredResult {
    pub(crate) result: CallResult,
    pub(crate) spent: Spend,
}

impl MeteredResult {
    /// A call that was never made.
    fn refused(reason: String) -> Self {
        Self { result: CallResult::Failed { reason }, spent: Spend::default() }
    }
}

/// What meters need from outside.
#[derive(Clone, Copy)]
pub(crate) struct Outside<'a> {
    pub(crate) models: &'a dyn ModelPool,
    pub(crate) costs: &'a dyn CallCosts,
    pub(crate) timer: &'a dyn Timer,
    pub(crate) log: &'a dyn CallLog,
}

/// Calls models within a budget.
pub(crate) struct MeteredCalls<'a> {
    outside: Outside<'a>,
    limits: CallLimits,
    ledger: Ledger,
    replay: VecDeque<LoggedCall>,
    next_call: u64,
    /// Where logical time was when the first call was made that the log does not answer.
    resumes_at_microseconds: u64,
    started_at_seconds: f64,
    live_since_seconds: Option<f64>,
    failures_in_a_row: usize,
}

/// What to ask a model for.
enum Request {
    Generate(GenerationRequest),
    Embed(Vec<String>),
}

impl<'a> MeteredCalls<'a> {
    /// Begins a run, or goes on with one from its history.
    pub(crate) async fn begin(
        outside: Outside<'a>,
        limits: CallLimits,
        mut ledger: Ledger,
        fingerprint: String,
        history: CallHistory,
    ) -> Result<Self, Stop> {
        match &history.fingerprint {
            Some(logged) if *logged != fingerprint => return Err(Stop::AnotherRun),
            Some(_) => {}
            None => {
                append(outside.log, &LogEntry::Begun { version: LOG_VERSION, fingerprint }).await?;
            }
        }
        ledger.lose(history.lost);
        Ok(Self {
            outside,
            limits,
            ledger,
            replay: history.calls.into(),
            next_call: 0,
            resumes_at_microseconds: history.resumes_at.logical_microseconds,
            started_at_seconds: outside.timer.now_seconds(),
            live_since_seconds: None,
            failures_in_a_row: 0,
        })
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) fn calls(&self) -> u64 {
        self.next_call
    }

    pub(crate) fn most_prompt_tokens(&self, model: &ModelReference, prompt: &Prompt) -> u32 {
        self.outside.costs.most_prompt_tokens(model, prompt)
    }

    /// So much in the currency of the model's price; `None` where that is unknown.
    pub(crate) fn cost(&self, model: &ModelReference, amount: f64) -> Option<Money> {
        self.outside.costs.price(model).map(|price| Money { amount, currency: price.currency })
    }

    /// Asks a model for text, so that `set_aside` of the budget is left.
    ///
    /// # Errors
    /// The call is not made. A call that was made and failed is a result.
    pub(crate) async fn generate(
        &mut self,
        model: &ModelReference,
        purpose: Purpose,
        mut request: GenerationRequest,
        set_aside: Spend,
    ) -> Result<MeteredResult, Stop> {
        let most = self.limits.answer_tokens;
        request.limits.max_tokens = Some(request.limits.max_tokens.map_or(most, |tokens| tokens.min(most)));
        self.call(model, purpose, Request::Generate(request), set_aside).await
    }

    /// Asks a model for vectors, so that `set_aside` of the budget is left.
    pub(crate) async fn embed(
        &mut self,
        model: &ModelReference,
        purpose: Purpose,
        texts: Vec<String>,
        set_aside: Spend,
    ) -> Result<MeteredResult, Stop> {
        self.call(model, purpose, Request::Embed(texts), set_aside).await
    }

    async fn call(
        &mut self,
        model: &ModelReference,
        purpose: Purpose,
        request: Request,
        set_aside: Spend,
    ) -> Result<MeteredResult, Stop> {
        let (prompt_tokens, answer_tokens) = self.most_tokens(model, &request);
        if prompt_tokens > self.limits.prompt_tokens {
            return Ok(MeteredResult::refused(format!(
                "the prompt may have {prompt_tokens} tokens; a call of this run may have {}",
                self.limits.prompt_tokens
            )));
        }
        let price = self.outside.costs.price(model);
        let left_seconds = self.ledger.left_beside(set_aside).seconds;
        let mut worst =
            worst_spend(prompt_tokens, answer_tokens, left_seconds.min(self.limits.seconds), price.as_ref());
        self.ledger.admit(worst, set_aside)?;
        if left_seconds < FEWEST_SECONDS {
            return Err(Stop::Spent(Limit::Time));
        }
        let request_hash = stable_hash(request_text(model, &request).as_bytes());
        if let Some(logged) = self.replay.pop_front() {
            if logged.reservation.request_hash != request_hash || logged.reservation.purpose != purpose {
                return Err(Stop::AnotherRun);
            }
            return self.settle(logged).await;
        }

        let begun = self.now();
        // Time also passes between calls, so what was left when the last one ended is not all there still.
        let since_last = seconds(begun.logical_microseconds) - self.ledger.logical().seconds;
        worst.seconds = worst.seconds.min(left_seconds - since_last).max(0.0);
        self.ledger.admit_hard(worst, seconds(begun.logical_microseconds))?;
        let reservation =
            Reservation { call: self.next_call, model: model.clone(), purpose, request_hash, worst, at: begun };
        let LogEntry::Reserved(reservation) = append(self.outside.log, &LogEntry::Reserved(reservation)).await? else {
            return Err(Stop::AnotherRun);
        };
        let (result, prompt_spent, answer_spent) = if worst.seconds <= 0.0 {
            (CallResult::Failed { reason: "no time was left for it".to_owned() }, 0, 0)
        } else {
            let reserved = Reserved { prompt_tokens, answer_tokens, seconds: worst.seconds };
            self.ask(model, request, reserved).await
        };
        let ended = self.now();
        let took = ended.logical_microseconds.saturating_sub(begun.logical_microseconds);
        let spent = worst_spend(prompt_spent, answer_spent, seconds(took), price.as_ref());
        let entry = LogEntry::Ended { call: self.next_call, result, spent, at: ended };
        let LogEntry::Ended { result, spent, at, .. } = append(self.outside.log, &entry).await? else {
            return Err(Stop::AnotherRun);
        };
        self.settle(LoggedCall { reservation, result, spent, at }).await
    }

    /// Takes a call's end into the ledger, whether it comes from the log or was just made.
    async fn settle(&mut self, call: LoggedCall) -> Result<MeteredResult, Stop> {
        self.next_call += 1;
        self.ledger.settle(call.spent, seconds(call.at.logical_microseconds));
        let CallResult::Failed { reason } = &call.result else {
            self.failures_in_a_row = 0;
            return Ok(MeteredResult { result: call.result, spent: call.spent });
        };
        self.failures_in_a_row += 1;
        if self.failures_in_a_row < MOST_FAILURES_IN_A_ROW {
            return Ok(MeteredResult { result: call.result, spent: call.spent });
        }
        let count = self.failures_in_a_row;
        append(self.outside.log, &LogEntry::Retracted { from_call: self.next_call - count as u64 }).await?;
        Err(Stop::OutOfOrder { model: call.reservation.model, count, reason: reason.clone() })
    }

    /// At most how many tokens are read and written.
    fn most_tokens(&self, model: &ModelReference, request: &Request) -> (u32, u32) {
        let costs = self.outside.costs;
        match request {
            Request::Generate(request) => (
                costs
                    .most_prompt_tokens(model, &request.prompt)
                    .saturating_add(most_tokens_of(request.constraint.as_ref())),
                request.limits.max_tokens.unwrap_or(self.limits.answer_tokens).saturating_add(CHUNK_TOKENS),
            ),
            Request::Embed(texts) => {
                let of_each = texts.iter().map(|text| costs.most_prompt_tokens(model, &Prompt::Text(text.clone())));
                (of_each.fold(0, u32::saturating_add), 0)
            }
        }
    }

    fn now(&mut self) -> Moment {
        let now = self.outside.timer.now_seconds();
        let live_since = *self.live_since_seconds.get_or_insert_with(|| {
            // Running the search over its log takes time, which an uninterrupted run does not need.
            let replay_seconds = if self.next_call == 0 { 0.0 } else { now - self.started_at_seconds };
            self.ledger.lose(Spend { seconds: replay_seconds, ..Spend::default() });
            if self.next_call == 0 { self.started_at_seconds } else { now }
        });
        let logical_microseconds = self.resumes_at_microseconds + microseconds(now - live_since);
        let working_microseconds = logical_microseconds + microseconds(self.ledger.lost().seconds);
        Moment { logical_microseconds, working_microseconds }
    }

    /// Calls the model. Also gives the tokens to charge, of the prompt and of the answer.
    async fn ask(&self, model: &ModelReference, request: Request, reserved: Reserved) -> (CallResult, u32, u32) {
        let is_trusted = self.outside.costs.is_usage_trusted(model);
        let failed = |reason| (CallResult::Failed { reason }, reserved.prompt_tokens, reserved.answer_tokens);
        let model = match self.outside.models.model(model) {
            Ok(model) => model,
            // Nobody was asked, so nobody can send a bill.
            Err(error) => return (CallResult::Failed { reason: error.message }, 0, 0),
        };
        let deadline = self.outside.timer.sleep(reserved.seconds);
        let too_late = format!("it was cut off after {:.1} seconds, the time that was left for it", reserved.seconds);
        match request {
            Request::Generate(request) => {
                let answering = pin!(collect(model.generate(request), reserved, is_trusted));
                match select(answering, deadline).await {
                    Either::Left((outcome, _)) => outcome,
                    Either::Right(_) => failed(too_late),
                }
            }
            Request::Embed(texts) => match select(model.embed(texts), deadline).await {
                Either::Left((Ok(embeddings), _)) => {
                    let reported = embeddings.prompt_tokens;
                    let charged =
                        if is_trusted { reported.min(reserved.prompt_tokens) } else { reserved.prompt_tokens };
                    (CallResult::Embedded(embeddings), charged, 0)
                }
                Either::Left((Err(error), _)) if is_unbilled(&error) => {
                    (CallResult::Failed { reason: error.message }, 0, 0)
                }
                Either::Left((Err(error), _)) => failed(error.message),
                Either::Right(_) => failed(too_late),
            },
        }
    }
}

/// What a call has reserved.
#[derive(Clone, Copy)]
struct Reserved {
    prompt_tokens: u32,
    /// Of the answer, with [`CHUNK_TOKENS`].
    answer_tokens: u32,
    seconds: f64,
}

/// Whether nobody bills a call that failed like this before its answer began. It still counts as a failure: a model that
/// refuses again and again would otherwise be asked for ever, at no cost.
fn is_unbilled(error: &ModelCallError) -> bool {
    error.kind == ModelCallErrorKind::RateLimited
}

/// Reads an answer while counting it.
async fn collect(mut events: GenerationStream, reserved: Reserved, is_trusted: bool) -> (CallResult, u32, u32) {
    let most_answer_tokens = reserved.answer_tokens - CHUNK_TOKENS;
    let failed = |reason: String| (CallResult::Failed { reason }, reserved.prompt_tokens, reserved.answer_tokens);
    let mut text = String::new();
    let mut prompt_seen = None;
    let mut answer_seen: u32 = 0;
    let mut is_counted = true;
    let mut has_begun = false;
    while let Some(event) = events.next().await {
        let is_first = !std::mem::replace(&mut has_begun, true);
        match event {
            Ok(GenerationEvent::Started { prompt_ids }) => {
                let tokens = u32::try_from(prompt_ids.len()).unwrap_or(u32::MAX);
                if tokens > reserved.prompt_tokens {
                    return failed(format!(
                        "its prompt has {tokens} tokens where at most {} were expected",
                        reserved.prompt_tokens
                    ));
                }
                prompt_seen = (tokens > 0).then_some(tokens);
            }
            Ok(GenerationEvent::Text { text: piece, ids }) => {
                is_counted &= !ids.is_empty() || piece.is_empty();
                let tokens =
                    u32::try_from(ids.len()).unwrap_or(u32::MAX).max(u32::from(!piece.is_empty() && ids.is_empty()));
                answer_seen = answer_seen.saturating_add(tokens);
                if answer_seen > most_answer_tokens {
                    let usage = GenerationUsage {
                        prompt_tokens: prompt_seen.unwrap_or(reserved.prompt_tokens),
                        completion_tokens: most_answer_tokens,
                        ..GenerationUsage::default()
                    };
                    let result = CallResult::Answered { text, finish_reason: FinishReason::Length, usage };
                    return (result, reserved.prompt_tokens, reserved.answer_tokens);
                }
                text.push_str(&piece);
            }
            Ok(GenerationEvent::Finished { reason, mut usage }) => {
                let prompt = match prompt_seen {
                    Some(seen) if is_trusted => seen,
                    None if is_trusted && usage.prompt_tokens > 0 => usage.prompt_tokens,
                    Some(_) | None => reserved.prompt_tokens,
                };
                let answer = if is_trusted || is_counted {
                    usage.completion_tokens.max(answer_seen)
                } else {
                    reserved.answer_tokens
                };
                let charged = (prompt.min(reserved.prompt_tokens), answer.min(reserved.answer_tokens));
                usage.prompt_tokens = charged.0;
                usage.completion_tokens = charged.1;
                return (CallResult::Answered { text, finish_reason: reason, usage }, charged.0, charged.1);
            }
            Ok(GenerationEvent::Prefill { .. } | GenerationEvent::LogProbabilities { .. }) => {}
            Err(error) if is_first && is_unbilled(&error) => {
                return (CallResult::Failed { reason: error.message }, 0, 0);
            }
            Err(error) => return failed(error.message),
        }
    }
    failed("its answer broke off".to_owned())
}

/// Writes an entry and gives it back as it will be read: a number may lose its last digit on the way, and a resumed run
/// must see the same one.
async fn append(log: &dyn CallLog, entry: &LogEntry) -> Result<LogEntry, Stop> {
    let unwritable = |error: serde_json::Error| Stop::Log(CallLogError(error.to_string()));
    let mut line = serde_json::to_string(entry).map_err(unwritable)?;
    let read_back = serde_json::from_str(&line).map_err(unwritable)?;
    line.push('\n');
    log.append(line).await?;
    Ok(read_back)
}

fn request_text(model: &ModelReference, request: &Request) -> String {
    let json = match request {
        Request::Generate(request) => serde_json::to_string(request),
        Request::Embed(texts) => serde_json::to_string(texts),
    };
    // Neither can fail: both are plain data with text keys.
    format!("{model}\n{}", json.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budget;
    use super::super::simulation::{FAULTS, Simulation, World};
    use super::*;
    use crate::model_call::{ChatMessage, GenerationLimits};
    use crate::sampling::SamplingParameters;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const LIMITS: CallLimits = CallLimits { prompt_tokens: 300, answer_tokens: 16, seconds: 5.0 };

    fn budget(most_tokens: u64, amount: f64, most_seconds: f64) -> Budget {
        Budget { most_tokens, most_money: Some(Money { amount, currency: "USD".to_owned() }), most_seconds }
    }

    /// Calls until nothing more may be called, with a log from an earlier life.
    async fn spend_all(simulation: &Simulation, budget: &Budget, interruptions: u32, history: CallHistory) -> Stop {
        let outside = Outside { models: simulation, costs: simulation, timer: simulation, log: simulation };
        let model: ModelReference = "companion:large".parse().unwrap();
        let worst = LIMITS.worst(simulation.price(&model).as_ref());
        let ledger = Ledger::new(budget, worst, interruptions);
        let mut calls = MeteredCalls::begin(outside, LIMITS, ledger, "f".to_owned(), history).await.unwrap();
        for number in 0.. {
            let content = format!("{} word {number}", "long ".repeat(number * 7 % 90));
            let prompt = Prompt::Chat(vec![ChatMessage { role: "user".to_owned(), content }]);
            let request = GenerationRequest::new(prompt, SamplingParameters::GREEDY, GenerationLimits::default());
            let purpose = Purpose::Demonstrate { case: number };
            if let Err(stop) = calls.generate(&model, purpose, request, Spend::default()).await {
                return stop;
            }
        }
        unreachable!("there is always a next number")
    }

    #[test]
    fn even_a_run_that_spends_all_it_can_exceeds_no_limit_whatever_the_provider_does_and_however_often_it_dies() {
        let mut nearly_spent = [0; 3];
        for seed in 0..400 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            // In a third of the runs each of the three is the one that binds.
            let loose = |which| if seed % 3 == which { 1.0 } else { 20.0 };
            let tokens = random.random_range(3_000..15_000) as f64 * loose(0);
            let limits = budget(
                tokens as u64,
                random.random_range(0.004..0.02) * loose(1),
                random.random_range(20.0..100.0) * loose(2),
            );
            // In half of the runs all sorts of faults, in the others one sort without end, so that its harm adds up.
            let only_fault = random.random::<bool>().then(|| FAULTS[random.random_range(0..FAULTS.len())]);
            let faults_per_hundred = if only_fault.is_some() { 100 } else { random.random_range(0..70) };
            let simulation = Simulation::new(World { faults_per_hundred, only_fault, ..World::default() });
            let lives = if random.random::<bool>() { random.random_range(2..40) } else { 1 };
            let interruptions = random.random_range(0..4);
            for life in 1..=lives {
                simulation.world().steps_to_death = (life < lives).then(|| random.random_range(1..120));
                let history = CallHistory::read(&simulation.world().log).unwrap();
                simulation.world().log.truncate(history.whole_bytes);
                let stop = simulation.run(spend_all(&simulation, &limits, interruptions, history));
                let world = simulation.world();
                let used = [
                    (world.prompt_tokens + world.answer_tokens) as f64 / limits.most_tokens as f64,
                    world.true_money() / limits.most_money.as_ref().unwrap().amount,
                    world.now_microseconds as f64 / 1e6 / limits.most_seconds,
                ];
                assert!(used.iter().all(|used| *used <= 1.0), "seed {seed}, life {life}: {used:?} of the limits");
                if matches!(stop, Some(Stop::LostToInterruptions(_) | Stop::Spent(_))) {
                    for (count, used) in nearly_spent.iter_mut().zip(used) {
                        *count += usize::from(used > 0.9);
                    }
                    break;
                }
                assert!(matches!(stop, None | Some(Stop::OutOfOrder { .. })), "{stop:?}");
            }
        }
        // Limits are come close to, so an error in counting would show.
        assert!(nearly_spent.iter().all(|count| *count >= 5), "{nearly_spent:?}");
    }

    #[test]
    fn a_call_that_is_refused_for_now_costs_nothing_and_one_that_breaks_all_that_it_reserved() {
        let charged = |events: Vec<Result<GenerationEvent, ModelCallError>>| {
            let reserved = Reserved { prompt_tokens: 7, answer_tokens: 2 + CHUNK_TOKENS, seconds: 1.0 };
            let (result, prompt, answer) =
                pollster::block_on(collect(Box::pin(futures::stream::iter(events)), reserved, true));
            assert!(matches!(result, CallResult::Failed { .. }), "{result:?}");
            (prompt, answer)
        };
        let error = |kind| Err(ModelCallError { kind, message: "no".to_owned(), param: None });
        let started = || Ok(GenerationEvent::Started { prompt_ids: vec![1] });
        let all = (7, 2 + CHUNK_TOKENS);
        assert_eq!(charged(vec![error(ModelCallErrorKind::RateLimited)]), (0, 0));
        assert_eq!(charged(vec![started(), error(ModelCallErrorKind::RateLimited)]), all);
        assert_eq!(charged(vec![error(ModelCallErrorKind::Unavailable)]), all);
    }

    #[test]
    fn what_an_answer_must_look_like_is_reserved_as_a_part_of_the_prompt() {
        let simulation = Simulation::default();
        let outside = Outside { models: &simulation, costs: &simulation, timer: &simulation, log: &simulation };
        let ledger = Ledger::new(&budget(10_000, 1.0, 100.0), LIMITS.worst(None), 0);
        let begin = MeteredCalls::begin(outside, LIMITS, ledger, "f".to_owned(), CallHistory::default());
        let calls = pollster::block_on(begin).unwrap();
        let model: ModelReference = "companion:large".parse().unwrap();
        let most = |constraint: Option<OutputConstraint>| {
            let prompt = Prompt::Text("a".to_owned());
            let request = GenerationRequest::new(prompt, SamplingParameters::GREEDY, GenerationLimits::default());
            calls.most_tokens(&model, &Request::Generate(GenerationRequest { constraint, ..request })).0
        };
        let schema = serde_json::json!({"type": "object", "description": "x".repeat(50)});
        let more = most(Some(OutputConstraint::JsonSchema(schema.clone()))) - most(None);
        assert!(more as usize >= schema.to_string().len(), "{more}");
    }

    #[test]
    fn the_bound_without_a_tokenizer_is_above_what_byte_level_and_byte_fallback_vocabularies_make() {
        let chat =
            |content: &str| Prompt::Chat(vec![ChatMessage { role: "user".to_owned(), content: content.to_owned() }]);
        assert!(most_tokens_in(&chat("")) >= 64);
        assert_eq!(most_tokens_in(&chat("\u{1F600}")) - most_tokens_in(&chat("")), 4, "an emoji can be four tokens");
        assert_eq!(most_tokens_in(&Prompt::Tokens(vec![1, 2, 3])), 3);
    }
}
