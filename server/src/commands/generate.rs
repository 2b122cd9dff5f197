//! `quern generate`: continues a text, as text or as one JSON object for programs.

use std::ops::ControlFlow;

use anyhow::{Context, Result};
use serde_json::json;
use shared::model_call::{
    FinishReason, GenerationEvent, GenerationLimits, GenerationRequest, GenerationUsage, OutputConstraint, Prompt,
};

use super::opening::{open_database, open_store, ready_model};
use crate::arguments::GenerateArguments;
use crate::config::Config;
use crate::inference::{EngineBackend, load_on_best_device};
use crate::terminal::{print, print_line};

/// What one generation came to.
#[derive(Default)]
struct Outcome {
    prompt_ids: Vec<u32>,
    ids: Vec<u32>,
    text: String,
    finish_reason: Option<FinishReason>,
    usage: GenerationUsage,
}

/// Generates once.
pub(super) async fn run(config: Config, arguments: GenerateArguments) -> Result<()> {
    let database = open_database(&config)?;
    let store = open_store(&config, database.clone())?;
    let limits = GenerationLimits {
        max_tokens: Some(arguments.sampling.max_tokens),
        stop: arguments.sampling.stop.clone(),
        ignore_end_of_sequence: arguments.ignore_eos,
    };
    let request = GenerationRequest {
        constraint: constraint(&arguments)?,
        ..GenerationRequest::new(prompt(&arguments)?, arguments.sampling.parameters()?, limits)
    };
    let model = ready_model(&store, &arguments.model).await?;
    let json = arguments.json;
    // The model lives on one thread from beginning to end, and that must not be one of the runtime's.
    let work = move || {
        let backend = EngineBackend::new(&config.inference);
        let mut loaded = load_on_best_device(&backend, &database, config.inference.device, &model.name, &model.path)?;
        loaded.use_adapter(arguments.adapter.as_deref())?;
        let mut outcome = Outcome::default();
        let mut printing = Ok(());
        loaded.generate(&request, &mut |event| {
            match event {
                GenerationEvent::Started { prompt_ids } => outcome.prompt_ids = prompt_ids,
                GenerationEvent::Prefill { .. } | GenerationEvent::LogProbabilities { .. } => {}
                GenerationEvent::Text { text, ids } => {
                    if !json {
                        printing = print(&text);
                    }
                    outcome.ids.extend(ids);
                    outcome.text.push_str(&text);
                }
                GenerationEvent::Finished { reason, usage } => {
                    (outcome.finish_reason, outcome.usage) = (Some(reason), usage);
                }
            }
            if printing.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        printing?;
        let device = loaded.device_name().to_owned();
        anyhow::Ok((outcome, device))
    };
    let (outcome, device) = tokio::task::spawn_blocking(work).await.context("the model's thread ended early")??;
    if !json {
        return Ok(print_line("")?);
    }
    let object = json!({
        "prompt_ids": outcome.prompt_ids,
        "ids": outcome.ids,
        "text": outcome.text,
        "finish_reason": outcome.finish_reason,
        "prefill_seconds": outcome.usage.prefill_seconds,
        "decode_seconds": outcome.usage.decode_seconds,
        "device": device,
    });
    Ok(print_line(&object.to_string())?)
}

fn constraint(arguments: &GenerateArguments) -> Result<Option<OutputConstraint>> {
    let Some(path) = &arguments.json_schema else { return Ok(None) };
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let schema = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    Ok(Some(OutputConstraint::JsonSchema(schema)))
}

fn prompt(arguments: &GenerateArguments) -> Result<Prompt> {
    if let Some(ids) = &arguments.prompt_ids {
        return Ok(Prompt::Tokens(ids.clone()));
    }
    if let Some(path) = &arguments.prompt_file {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        return Ok(Prompt::Text(text));
    }
    Ok(Prompt::Text(arguments.prompt.clone().unwrap_or_default()))
}
