//! `quern chat`: a conversation in the terminal. Ctrl-C stops an answer; at the prompt it ends the program.

use std::sync::Arc;

use anyhow::{Result, bail};
use futures::stream::StreamExt;
use shared::model_call::{
    ChatMessage, GenerationEvent, GenerationLimits, GenerationRequest, GenerationUsage, ModelCall, Prompt,
};
use shared::model_pool::{ModelPool, ModelReference};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::opening::{open_database, open_providers, open_store, provider_model, ready_model};
use crate::arguments::ChatArguments;
use crate::config::Config;
use crate::inference::{EngineBackend, ModelToServe, ServedModels};
use crate::model_calls::{NamedModel, NamedModels};
use crate::terminal::{is_interactive, note, print};

/// Talks until the input ends.
pub(super) async fn run(config: Config, arguments: ChatArguments) -> Result<()> {
    let database = open_database(&config)?;
    let store = open_store(&config, database.clone())?;
    let providers = open_providers(&config)?;
    let (name, model) = match provider_model(&providers.store, &arguments.model.model).await? {
        Some(_) if arguments.adapter.is_some() => {
            bail!("--adapter is for models of this machine, and {} is a provider's", arguments.model.model)
        }
        Some(model) => (arguments.model.model.clone(), NamedModel::Provider(model)),
        None => {
            let model = ready_model(&store, &arguments.model).await?;
            let model = ModelToServe { adapter: arguments.adapter.clone(), ..model };
            (model.name.clone(), NamedModel::Local(model))
        }
    };
    let served = ServedModels::new(Arc::new(EngineBackend::new(&config.inference)), database, config.inference.clone());
    if let NamedModel::Local(model) = &model {
        served.preload(model);
    }
    let models = NamedModels::new(served, providers.client, [(name.clone(), model)].into());
    let model = models.model(&ModelReference::companion(&name))?;
    let system = arguments.system.clone().map(|content| message("system", content));
    let mut messages: Vec<ChatMessage> = system.into_iter().collect();
    let beginning = messages.len();
    if is_interactive() {
        note(&format!("{}: /clear begins anew, Ctrl-C stops an answer, Ctrl-D ends.", name));
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        if is_interactive() {
            print("> ")?;
        }
        let line = tokio::select! {
            line = lines.next_line() => line?,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                print("\n")?;
                return Ok(());
            }
        };
        let Some(line) = line else { return Ok(()) };
        match line.trim() {
            "" => continue,
            "/clear" => {
                messages.truncate(beginning);
                continue;
            }
            _ => messages.push(message("user", line)),
        }
        let request = GenerationRequest::new(
            Prompt::Chat(messages.clone()),
            arguments.sampling.parameters()?,
            GenerationLimits {
                max_tokens: Some(arguments.sampling.max_tokens),
                stop: arguments.sampling.stop.clone(),
                ignore_end_of_sequence: false,
            },
        );
        match answer(model.as_ref(), request).await {
            Ok(answer) => messages.push(message("assistant", answer)),
            // Such as a conversation that has grown too long: a person can say something else, or /clear.
            Err(error) if is_interactive() => {
                note(&format!("{error:#}"));
                messages.pop();
            }
            Err(error) => return Err(error),
        }
    }
}

/// Prints an answer as it comes, and returns it; on Ctrl-C as far as it came.
async fn answer(model: &dyn ModelCall, request: GenerationRequest) -> Result<String> {
    let mut events = model.generate(request);
    let mut answer = String::new();
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                print("\n")?;
                return Ok(answer);
            }
        };
        match event {
            Some(Ok(GenerationEvent::Text { text, .. })) => {
                print(&text)?;
                answer.push_str(&text);
            }
            Some(Ok(GenerationEvent::Finished { usage, .. })) => {
                print("\n")?;
                if is_interactive() {
                    note(&speeds(&usage));
                }
                return Ok(answer);
            }
            Some(Ok(
                GenerationEvent::Started { .. }
                | GenerationEvent::Prefill { .. }
                | GenerationEvent::LogProbabilities { .. },
            )) => {}
            Some(Err(error)) => bail!(error),
            None => return Ok(answer),
        }
    }
}

fn speeds(usage: &GenerationUsage) -> String {
    let figure = |speed: Option<f64>| speed.map_or_else(|| "-".to_owned(), |speed| format!("{speed:.1}"));
    format!(
        "[{} + {} tokens; reading {}, writing {} tokens/s]",
        usage.prompt_tokens,
        usage.completion_tokens,
        figure(usage.prefill_tokens_per_second()),
        figure(usage.decode_tokens_per_second())
    )
}

fn message(role: &str, content: String) -> ChatMessage {
    ChatMessage { role: role.to_owned(), content }
}
