//! A small world for tests: a clock that only moves when everybody waits, a log that can tear, and a provider whose true
//! spend is known and which can fail in every way that a real one does.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use futures::stream;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::call_log::{AppendFuture, CallLog, stable_hash};
use super::judge::{Judge, VerdictFuture};
use super::metered_calls::CallCosts;
use crate::catalog::{CalendarDate, TokenPrice};
use crate::evaluation::{Answer, Case, Verdict};
use crate::model_call::{
    EmbeddingFuture, Embeddings, FinishReason, GenerationEvent, GenerationRequest, GenerationStream, GenerationUsage,
    ModelCall, ModelCallError, ModelCallErrorKind, Prompt,
};
use crate::model_pool::{Clock, ModelPool, ModelReference, Timer};
use crate::sampling::SamplingParameters;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    GetsTooMany,
    FailsAtOnce,
    FailsHalfWay,
    BreaksOff,
    Hangs,
    HangsHalfWay,
    NeverEnds,
    IsSlow,
    ReportsNothing,
    ReportsTooMuch,
    ReportsTooLittle,
    SendsNoIds,
    SaysLessOfThePrompt,
}

pub(crate) const FAULTS: [Fault; 13] = [
    Fault::GetsTooMany,
    Fault::FailsAtOnce,
    Fault::FailsHalfWay,
    Fault::BreaksOff,
    Fault::Hangs,
    Fault::HangsHalfWay,
    Fault::NeverEnds,
    Fault::IsSlow,
    Fault::ReportsNothing,
    Fault::ReportsTooMuch,
    Fault::ReportsTooLittle,
    Fault::SendsNoIds,
    Fault::SaysLessOfThePrompt,
];

/// What the provider has truly spent, and what else tests look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) now_microseconds: u64,
    pub(crate) prompt_tokens: u64,
    pub(crate) answer_tokens: u64,
    pub(crate) calls: u64,
    pub(crate) faults: BTreeSet<Fault>,
    /// The log's durable bytes.
    pub(crate) log: Vec<u8>,
    /// The process dies at so many appends and events from now.
    pub(crate) steps_to_death: Option<u64>,
    pub(crate) steps: u64,
    /// How many of 100 calls go wrong, decided by the request alone.
    pub(crate) faults_per_hundred: u64,
    /// They all go wrong in this one way.
    pub(crate) only_fault: Option<Fault>,
    /// Nothing works.
    pub(crate) is_down: bool,
    /// Better instructions help.
    pub(crate) can_improve: bool,
    pub(crate) wakeups: BTreeSet<u64>,
    pub(crate) is_dead: bool,
}

pub(crate) const PRICE: (f64, f64) = (0.000_001, 0.000_003);

impl World {
    pub(crate) fn true_money(&self) -> f64 {
        self.prompt_tokens as f64 * PRICE.0 + self.answer_tokens as f64 * PRICE.1
    }

    /// Counts one step; true where it is the last.
    fn step(&mut self) -> bool {
        self.steps += 1;
        if let Some(left) = &mut self.steps_to_death {
            *left = left.saturating_sub(1);
            self.is_dead |= *left == 0;
        }
        self.is_dead
    }
}

/// Handles to the world; all of them see the same one.
#[derive(Clone, Default)]
pub(crate) struct Simulation(Arc<Mutex<World>>);

impl Simulation {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Runs to the end, or to the process's death: `None`.
    pub(crate) fn run<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let poll = future.as_mut().poll(&mut context);
            let mut world = self.world();
            if world.is_dead {
                world.is_dead = false;
                world.steps_to_death = None;
                world.wakeups.clear();
                return None;
            }
            match poll {
                Poll::Ready(output) => return Some(output),
                Poll::Pending => {
                    let next = world.wakeups.pop_first().expect("somebody waits for nothing");
                    world.now_microseconds = world.now_microseconds.max(next);
                }
            }
        }
    }

    fn until(&self, microseconds: u64) -> impl Future<Output = ()> + Send + use<> {
        let simulation = self.clone();
        std::future::poll_fn(move |_| {
            let mut world = simulation.world();
            if world.now_microseconds >= microseconds {
                return Poll::Ready(());
            }
            world.wakeups.insert(microseconds);
            Poll::Pending
        })
    }
}

impl Clock for Simulation {
    fn now_seconds(&self) -> f64 {
        self.world().now_microseconds as f64 / 1e6
    }
}

impl Timer for Simulation {
    fn sleep(&self, seconds: f64) -> Pin<Box<dyn Future<Output = ()>>> {
        let now = self.world().now_microseconds;
        Box::pin(self.until(now + (seconds * 1e6).floor() as u64))
    }
}

impl CallLog for Simulation {
    fn append(&self, line: String) -> AppendFuture<'_> {
        let mut world = self.world();
        if world.step() {
            // How much of the line is on disk is chance: nothing, a part, all.
            let mut random = ChaCha8Rng::seed_from_u64(world.steps);
            let written = random.random_range(0..=line.len());
            world.log.extend(&line.as_bytes()[..written]);
            return Box::pin(std::future::pending());
        }
        world.log.extend(line.as_bytes());
        Box::pin(std::future::ready(Ok(())))
    }
}

impl CallCosts for Simulation {
    fn most_prompt_tokens(&self, _model: &ModelReference, prompt: &Prompt) -> u32 {
        // Exact, so that a limit is reached and an error in counting shows.
        prompt_tokens(&text_of(prompt)) as u32
    }

    fn price(&self, _model: &ModelReference) -> Option<TokenPrice> {
        Some(TokenPrice {
            input_per_million: PRICE.0 * 1e6,
            output_per_million: PRICE.1 * 1e6,
            cached_input_per_million: None,
            valid_up_to_input_tokens: None,
            currency: "USD".to_owned(),
            source: "the simulation".to_owned(),
            as_of: "2026-01-01".parse::<CalendarDate>().unwrap(),
        })
    }

    fn is_usage_trusted(&self, _model: &ModelReference) -> bool {
        false
    }
}

impl ModelPool for Simulation {
    fn model(&self, reference: &ModelReference) -> Result<Rc<dyn ModelCall>, ModelCallError> {
        Ok(Rc::new(Provider { simulation: self.clone(), name: reference.to_string() }))
    }
}

struct Provider {
    simulation: Simulation,
    name: String,
}

fn text_of(prompt: &Prompt) -> String {
    match prompt {
        Prompt::Chat(messages) => messages.iter().map(|it| format!("{}: {}\n", it.role, it.content)).collect(),
        Prompt::Text(text) => text.clone(),
        Prompt::Tokens(ids) => format!("{ids:?}"),
    }
}

fn prompt_tokens(text: &str) -> u64 {
    text.len() as u64 / 2 + 3
}

/// A number from 0 that the text decides.
fn draw(text: &str, below: u64) -> u64 {
    u64::from_str_radix(&stable_hash(text.as_bytes()), 16).unwrap() % below
}

/// The right answer to a case.
pub(crate) fn parity(number: u64) -> &'static str {
    if number.is_multiple_of(2) { "even" } else { "odd" }
}

/// The answer: proposals for the proposer's questions; labels, right or wrong, for cases.
fn answer_to(text: &str, can_improve: bool) -> String {
    if text.contains("Write the new instruction") {
        return match draw(text, 4) {
            0 => String::new(),
            1 => "the same words the same words the same words the same words the same words the same".to_owned(),
            other => format!("Look closely at the word and say its parity, variant {other}{}.", draw(text, 1000)),
        };
    }
    let number: u64 = text.rsplit("word ").next().and_then(|rest| rest.trim().parse().ok()).unwrap_or(0);
    let (right, wrong) = (parity(number), parity(number + 1));
    let helps = can_improve && text.contains("exactly one of these");
    let chance = if helps { 97 } else { 45 };
    if draw(text, 100) < chance { right.to_owned() } else { wrong.to_owned() }
}

impl ModelCall for Provider {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let simulation = self.simulation.clone();
        let text = text_of(&request.prompt);
        let seed =
            draw(&format!("{}{text}{}{}", self.name, request.sampling.seed, request.sampling.temperature), u64::MAX);
        let most = u64::from(request.limits.max_tokens.unwrap());
        let (answer, fault) = {
            let mut world = simulation.world();
            world.calls += 1;
            let is_faulty = seed % 100 < world.faults_per_hundred;
            let fault = is_faulty.then(|| world.only_fault.unwrap_or(FAULTS[(seed / 100) as usize % FAULTS.len()]));
            world.faults.extend(fault);
            let fault = if world.is_down { Some(Fault::FailsAtOnce) } else { fault };
            (answer_to(&text, world.can_improve), fault)
        };
        let call = Call {
            simulation,
            fault,
            prompt_tokens: prompt_tokens(&text),
            answer,
            answer_tokens: (2 + seed / 7 % 12).min(most),
            chunk: 1 + seed / 11 % 16,
            token_microseconds: 20_000 + seed % 50_000,
            sent: 0,
            stage: Stage::New,
        };
        Box::pin(stream::unfold(call, |mut call| async move { call.next().await.map(|event| (event, call)) }))
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        let mut world = self.simulation.world();
        let tokens: u64 = texts.iter().map(|text| prompt_tokens(text)).sum();
        world.prompt_tokens += tokens;
        let vectors = texts.iter().map(|_| vec![1.0]).collect();
        Box::pin(std::future::ready(Ok(Embeddings { vectors, prompt_tokens: 0 })))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    New,
    Answering,
    Ended,
}

struct Call {
    simulation: Simulation,
    fault: Option<Fault>,
    prompt_tokens: u64,
    answer: String,
    answer_tokens: u64,
    chunk: u64,
    token_microseconds: u64,
    sent: u64,
    stage: Stage,
}

impl Call {
    async fn next(&mut self) -> Option<Result<GenerationEvent, ModelCallError>> {
        if self.simulation.world().step() {
            std::future::pending::<()>().await;
        }
        match self.stage {
            Stage::New => self.start().await,
            Stage::Answering => self.go_on().await,
            Stage::Ended => None,
        }
    }

    async fn start(&mut self) -> Option<Result<GenerationEvent, ModelCallError>> {
        match self.fault {
            Some(Fault::GetsTooMany) => return self.fail(ModelCallErrorKind::RateLimited, "too many requests"),
            Some(Fault::FailsAtOnce) => return self.fail(ModelCallErrorKind::Unavailable, "the provider is not there"),
            Some(Fault::Hangs) => std::future::pending().await,
            _ => {}
        }
        self.stage = Stage::Answering;
        self.simulation.world().prompt_tokens += self.prompt_tokens;
        self.wait(self.prompt_tokens / 10).await;
        let told = match self.fault {
            Some(Fault::SendsNoIds | Fault::ReportsNothing) => 0,
            Some(Fault::SaysLessOfThePrompt) => 1,
            _ => self.prompt_tokens,
        };
        Some(Ok(GenerationEvent::Started { prompt_ids: vec![1; told as usize] }))
    }

    async fn go_on(&mut self) -> Option<Result<GenerationEvent, ModelCallError>> {
        let is_half_way = self.sent * 2 >= self.answer_tokens;
        match self.fault {
            Some(Fault::FailsHalfWay) if is_half_way => {
                return self.fail(ModelCallErrorKind::Unavailable, "the connection broke");
            }
            Some(Fault::BreaksOff) if is_half_way => return None,
            Some(Fault::HangsHalfWay) if is_half_way => std::future::pending().await,
            _ => {}
        }
        let is_endless = self.fault == Some(Fault::NeverEnds);
        if self.sent >= self.answer_tokens && !is_endless {
            self.stage = Stage::Ended;
            let (prompt, answer) = (self.prompt_tokens as u32, self.sent as u32);
            let (prompt_tokens, completion_tokens) = match self.fault {
                Some(Fault::ReportsNothing) => (0, 0),
                Some(Fault::ReportsTooMuch) => (prompt * 100, 1_000_000),
                Some(Fault::ReportsTooLittle | Fault::SendsNoIds) => (1, 1),
                _ => (prompt, answer),
            };
            let usage = GenerationUsage { prompt_tokens, completion_tokens, ..GenerationUsage::default() };
            return Some(Ok(GenerationEvent::Finished { reason: FinishReason::Stop, usage }));
        }
        let tokens = if is_endless { self.chunk } else { self.chunk.min(self.answer_tokens - self.sent) };
        self.simulation.world().answer_tokens += tokens;
        self.wait(tokens).await;
        let text = if self.sent == 0 { self.answer.clone() } else { String::new() };
        self.sent += tokens;
        let ids = if self.fault == Some(Fault::SendsNoIds) { Vec::new() } else { vec![2; tokens as usize] };
        Some(Ok(GenerationEvent::Text { text, ids }))
    }

    async fn wait(&self, tokens: u64) {
        let slow = if self.fault == Some(Fault::IsSlow) { 100 } else { 1 };
        let now = self.simulation.world().now_microseconds;
        self.simulation.until(now + tokens * self.token_microseconds * slow).await;
    }

    fn fail(&mut self, kind: ModelCallErrorKind, message: &str) -> Option<Result<GenerationEvent, ModelCallError>> {
        self.stage = Stage::Ended;
        Some(Err(ModelCallError { kind, message: message.to_owned(), param: None }))
    }
}

/// Compares with the parity of the case's number; some judges also ask a model, and it must be paid.
pub(crate) struct ParityJudge {
    pub(crate) asks_a_model: bool,
}

impl Judge for ParityJudge {
    fn models(&self) -> Vec<ModelReference> {
        if self.asks_a_model { vec!["companion:judge".parse().unwrap()] } else { Vec::new() }
    }

    fn most_calls(&self, _case: &Case) -> u32 {
        if self.asks_a_model { 2 } else { 0 }
    }

    fn judge<'a>(&'a self, case: &'a Case, answer: &'a Answer, models: &'a dyn ModelPool) -> VerdictFuture<'a> {
        Box::pin(async move {
            let number = case.variables["number"].as_u64().unwrap();
            let expected = parity(number);
            let is_passed = answer.text == expected;
            let mut reason = format!("expected {expected}");
            if self.asks_a_model {
                use futures::StreamExt;
                let model = models.model(&self.models()[0]).unwrap();
                let request = GenerationRequest::new(
                    Prompt::Text(format!("Is {} right?", answer.text)),
                    SamplingParameters::GREEDY,
                    Default::default(),
                );
                let events: Vec<_> = model.generate(request).collect().await;
                let embedded = model.embed(vec![answer.text.clone()]).await.is_ok();
                reason += &format!(" ({} events, {embedded})", events.len());
            }
            Verdict::new(is_passed, f64::from(u8::from(is_passed)), reason)
        })
    }
}
