//! Hooks for benchmarks and exactness tests, at `/?bench` only: what a script drives the engine by.
//!
//! Each is a function of `window` that takes options as JSON and returns a promise of JSON:
//!
//! - `quern_bench({"model", "prompt_ids", "decode_tokens", "backend": "cpu" | "gpu" | "auto", "json_schema"})` loads the
//!   model and writes exactly `decode_tokens` tokens, greedily; where a schema is given, held to it, and fewer if that
//!   ends the answer. Answer: [`BenchResult`].
//! - `quern_score({"model", "ids", "backend", "watched": [[ids], ...]})` reads `ids` and reports, for each position,
//!   what the model thinks comes next. Answer: `{"backend", "device_name", "positions": [PositionScore, ...]}`.
//! - `quern_answer({"model", "request", "context_tokens", "backend"})` answers a [`GenerationRequest`].
//!   Answer: `{"text", "finish_reason"}`.
//! - `quern_log_likelihoods({"model", "requests": [{"ids", "context_tokens"}, ...], "backend"})` reads each request's ids,
//!   all but the first `context_tokens` of which are what the log-likelihood is of. Answer: one number per request.
//!
//! A model that is not in this browser yet is fetched from the companion first, which must have it.

use std::rc::Rc;

use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::catalog::Catalog;
use shared::model_call::{
    FinishReason, GenerationEvent, GenerationLimits, GenerationRequest, LogProbabilitiesWanted, ModelCall,
    OutputConstraint, Prompt,
};
use shared::sampling::SamplingParameters;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;

use crate::browser::clock::now_ms;
use crate::browser::http::get_json;
use crate::companion;
use crate::engine_worker::client::{CallMessage, WorkerClient};
use crate::engine_worker::protocol::{
    Backend, BackendChoice, DownloadRequest, Event, Failure, LoadRequest, LoadedModel, Measurement, MemoryFigures,
    PositionScore, Reply, Request, ScoreRequest, StoredState, WithAdapter,
};
use crate::model_calls::BrowserEngine;
use crate::storage::model_files;

/// True where the page was opened for a script.
pub fn wanted() -> bool {
    web_sys::window()
        .and_then(|window| window.location().search().ok())
        .and_then(|search| web_sys::UrlSearchParams::new_with_str(&search).ok())
        .is_some_and(|parameters| parameters.has("bench"))
}

/// Puts the hooks on `window`.
pub fn install() {
    let client = Rc::new(WorkerClient::new("measured engine", "measure a smaller model", |message| {
        leptos::logging::error!("the engine stopped: {message}");
    }));
    let for_bench = client.clone();
    expose("quern_bench", move |options| {
        let client = for_bench.clone();
        async move { bench(&client, parse(&options)?).await }
    });
    let for_score = client.clone();
    expose("quern_score", move |options| {
        let client = for_score.clone();
        async move { score(&client, parse(&options)?).await }
    });
    let for_answer = client.clone();
    expose("quern_answer", move |options| {
        let client = for_answer.clone();
        async move { answer(&client, parse(&options)?).await }
    });
    expose("quern_log_likelihoods", move |options| {
        let client = client.clone();
        async move { log_likelihoods(&client, parse(&options)?).await }
    });
}

fn expose<F, T>(name: &str, hook: impl Fn(String) -> F + 'static)
where
    F: Future<Output = Result<T, String>> + 'static,
    T: Serialize + 'static,
{
    let callback = Closure::<dyn Fn(String) -> js_sys::Promise>::new(move |options: String| {
        let answer = hook(options);
        future_to_promise(async move {
            let answer = answer.await.map_err(|message| js_sys::Error::new(&message))?;
            let json = serde_json::to_string(&answer).map_err(|error| js_sys::Error::new(&error.to_string()))?;
            Ok(JsValue::from_str(&json))
        })
    });
    let set = js_sys::Reflect::set(&js_sys::global(), &JsValue::from_str(name), callback.as_ref().unchecked_ref());
    if set.is_err() {
        leptos::logging::error!("window.{name} can't be set");
    }
    callback.forget();
}

fn parse<T: DeserializeOwned>(options: &str) -> Result<T, String> {
    serde_json::from_str(options).map_err(|error| format!("the options can't be read: {error}"))
}

/// Options of `quern_bench`.
#[derive(Deserialize)]
struct BenchOptions {
    model: String,
    prompt_ids: Vec<u32>,
    decode_tokens: u32,
    #[serde(default)]
    backend: BackendChoice,
    json_schema: Option<serde_json::Value>,
}

/// Answer of `quern_bench`.
#[derive(Serialize)]
struct BenchResult {
    backend: Backend,
    device_name: String,
    /// From the request to a model that can answer; the download is not in it.
    load_seconds: f64,
    prefill_tokens_per_second: Option<f64>,
    decode_tokens_per_second: Option<f64>,
    /// From the request to the first token in the page.
    time_to_first_token_seconds: f64,
    memory: MemoryFigures,
    /// Present where `backend` was `auto` and both were measured.
    measurement: Option<Measurement>,
    ids: Vec<u32>,
}

async fn bench(client: &WorkerClient, options: BenchOptions) -> Result<BenchResult, String> {
    let context_tokens = options.prompt_ids.len() as u32 + options.decode_tokens + 1;
    let loaded = load(client, &options.model, options.backend, context_tokens).await?;
    let limits =
        GenerationLimits { max_tokens: Some(options.decode_tokens), stop: Vec::new(), ignore_end_of_sequence: true };
    let request = GenerationRequest {
        constraint: options.json_schema.map(OutputConstraint::JsonSchema),
        ..GenerationRequest::new(Prompt::Tokens(options.prompt_ids), SamplingParameters::GREEDY, limits)
    };
    let started_ms = now_ms();
    let mut first_token_ms = None;
    let mut ids = Vec::new();
    let mut usage = None;
    let mut call = client.call(Request::Generate(WithAdapter::none(request)));
    while let Some(message) = call.next().await {
        match message {
            CallMessage::Event(Event::Generation(GenerationEvent::Text { ids: new, .. })) => {
                first_token_ms.get_or_insert_with(now_ms);
                ids.extend(new);
            }
            CallMessage::Event(Event::Generation(GenerationEvent::Finished { usage: counted, .. })) => {
                usage = Some(counted);
            }
            CallMessage::Event(_) => {}
            CallMessage::Ended(result) => {
                result.map_err(message_of)?;
                break;
            }
        }
    }
    let usage = usage.ok_or("the generation ended without its figures")?;
    Ok(BenchResult {
        backend: loaded.backend,
        device_name: loaded.device_name,
        load_seconds: loaded.load_seconds,
        prefill_tokens_per_second: usage.prefill_tokens_per_second(),
        decode_tokens_per_second: usage.decode_tokens_per_second(),
        time_to_first_token_seconds: (first_token_ms.unwrap_or_else(now_ms) - started_ms) / 1000.0,
        memory: loaded.memory,
        measurement: loaded.measurement,
        ids,
    })
}

/// Options of `quern_answer`.
#[derive(Deserialize)]
struct AnswerOptions {
    model: String,
    request: GenerationRequest,
    context_tokens: u32,
    #[serde(default)]
    backend: BackendChoice,
}

/// Answer of `quern_answer`.
#[derive(Serialize)]
struct AnswerResult {
    text: String,
    finish_reason: FinishReason,
}

async fn answer(client: &WorkerClient, options: AnswerOptions) -> Result<AnswerResult, String> {
    load(client, &options.model, options.backend, options.context_tokens).await?;
    let mut text = String::new();
    let mut events = BrowserEngine::new(client.clone(), |_| {}).generate(options.request);
    while let Some(event) = events.next().await {
        match event.map_err(|error| error.message)? {
            GenerationEvent::Text { text: piece, .. } => text.push_str(&piece),
            GenerationEvent::Finished { reason, .. } => return Ok(AnswerResult { text, finish_reason: reason }),
            _ => {}
        }
    }
    Err("the generation ended without saying why".to_owned())
}

/// Options of `quern_score`.
#[derive(Deserialize)]
struct ScoreOptions {
    model: String,
    ids: Vec<u32>,
    #[serde(default)]
    backend: BackendChoice,
    #[serde(default)]
    watched: Vec<Vec<u32>>,
}

/// Answer of `quern_score`.
#[derive(Serialize)]
struct ScoreResult {
    backend: Backend,
    device_name: String,
    positions: Vec<PositionScore>,
}

async fn score(client: &WorkerClient, options: ScoreOptions) -> Result<ScoreResult, String> {
    let loaded = load(client, &options.model, options.backend, options.ids.len() as u32 + 1).await?;
    let request = ScoreRequest { ids: options.ids, watched: options.watched };
    let request = Request::Score(WithAdapter::none(request));
    match client.ask(request, |_| {}).await.map_err(message_of)? {
        Reply::Scores(positions) => {
            Ok(ScoreResult { backend: loaded.backend, device_name: loaded.device_name, positions })
        }
        _ => Err("the worker answered something else".to_owned()),
    }
}

/// Options of `quern_log_likelihoods`.
#[derive(Deserialize)]
struct LogLikelihoodOptions {
    model: String,
    requests: Vec<LogLikelihoodRequest>,
    #[serde(default)]
    backend: BackendChoice,
}

/// What the log-likelihood is of: the tokens after the context's.
#[derive(Deserialize)]
struct LogLikelihoodRequest {
    ids: Vec<u32>,
    context_tokens: usize,
}

async fn log_likelihoods(client: &WorkerClient, options: LogLikelihoodOptions) -> Result<Vec<f64>, String> {
    let longest = options.requests.iter().map(|request| request.ids.len()).max().unwrap_or(0);
    load(client, &options.model, options.backend, longest as u32 + 1).await?;
    let mut sums = Vec::with_capacity(options.requests.len());
    for LogLikelihoodRequest { ids, context_tokens } in options.requests {
        let limits = GenerationLimits { max_tokens: Some(0), ..GenerationLimits::default() };
        let mut request = GenerationRequest::new(Prompt::Tokens(ids), SamplingParameters::GREEDY, limits);
        request.log_probabilities = Some(LogProbabilitiesWanted { top: 0, of_prompt: true });
        let mut tokens = Vec::new();
        let mut call = client.call(Request::Generate(WithAdapter::none(request)));
        while let Some(message) = call.next().await {
            match message {
                CallMessage::Event(Event::Generation(GenerationEvent::LogProbabilities { tokens: new })) => {
                    tokens.extend(new);
                }
                CallMessage::Event(_) => {}
                CallMessage::Ended(result) => {
                    result.map_err(message_of)?;
                    break;
                }
            }
        }
        // The very first token follows nothing, and has none.
        let told = tokens.iter().skip(context_tokens).filter_map(|token| token.log_probability);
        sums.push(told.map(f64::from).sum());
    }
    Ok(sums)
}

async fn load(
    client: &WorkerClient,
    model: &str,
    backend: BackendChoice,
    context_tokens: u32,
) -> Result<Box<LoadedModel>, String> {
    ensure_stored(client, model).await?;
    let request =
        LoadRequest { name: model.to_owned(), backend, remembered: None, context_tokens: context_tokens.max(256) };
    match client.ask(Request::Load(request), |_| {}).await.map_err(message_of)? {
        Reply::Loaded(loaded) => Ok(loaded),
        _ => Err("the worker answered something else".to_owned()),
    }
}

async fn ensure_stored(client: &WorkerClient, model: &str) -> Result<(), String> {
    let stored = model_files::list().await?;
    if stored.iter().any(|stored| stored.name == model && matches!(stored.state, StoredState::Complete(_))) {
        return Ok(());
    }
    let catalogue: Option<Catalog> = get_json("/catalog.json", 4000).await.ok();
    let entry = catalogue.unwrap_or_else(Catalog::built_in).get(model).cloned();
    let request = DownloadRequest {
        name: model.to_owned(),
        url: companion::model_url(model),
        size_bytes: entry.as_ref().map(|entry| entry.size_bytes),
        sha256: entry.map(|entry| entry.sha256),
    };
    client.ask(Request::Download(request), |_| {}).await.map_err(message_of)?;
    Ok(())
}

fn message_of(failure: Failure) -> String {
    failure.message
}
