//! `quern providers`: external addresses with OpenAI's API.

use std::io::{IsTerminal, Read};

use anyhow::{Context, Result, bail};
use shared::api::providers::ProviderChange;

use super::opening::open_providers;
use crate::arguments::{AddProviderArguments, ProvidersCommand};
use crate::config::Config;
use crate::providers::{Provider, ProviderStore};
use crate::terminal::{ask_secret, is_interactive, print, print_line};

/// A key has no more; what else comes on standard input is none.
const MOST_INPUT_BYTES: u64 = 64 << 10;

/// Adds, lists, asks or removes.
pub(super) async fn run(config: Config, command: ProvidersCommand) -> Result<()> {
    let providers = open_providers(&config)?;
    match command {
        ProvidersCommand::Add(arguments) => add(&providers.store, arguments).await,
        ProvidersCommand::List { json } => list(&providers.store, json).await,
        ProvidersCommand::Remove { name } => {
            providers.store.remove(&name).await?;
            Ok(print_line(&format!("{name}: removed, and its key deleted"))?)
        }
        ProvidersCommand::Models { name } => {
            let models = providers.client.models(&providers.store.get(&name).await?).await?;
            Ok(print(&models.iter().map(|model| format!("{model}\n")).collect::<String>())?)
        }
    }
}

async fn add(store: &ProviderStore, arguments: AddProviderArguments) -> Result<()> {
    let AddProviderArguments { name, base_url, model: mut models, no_key, keep_key } = arguments;
    // What can't be read is written anew.
    if models.is_empty()
        && let Ok(Some(kept)) = store.find(&name).await
    {
        models = kept.models;
    }
    let key = match (no_key, keep_key) {
        (true, _) => Some(String::new()),
        (false, true) => None,
        (false, false) => Some(read_key(&name)?),
    };
    let provider = store.change(&name, ProviderChange { base_url, key, models }).await?;
    let key = if provider.key.is_some() { "key kept" } else { "no key" };
    print_line(&format!("{name}: {} ({key}), {}", provider.base_url, offered(&provider)))?;
    Ok(())
}

/// The key, typed unseen or piped in.
fn read_key(name: &str) -> Result<String> {
    let text = if is_interactive() {
        ask_secret(&format!("Key of {name} (it is not shown): ")).context("reading the key")?
    } else if std::io::stdin().is_terminal() {
        bail!("the key of {name} can't be asked for, because standard error is no terminal; pipe it in, or --no-key");
    } else {
        let mut text = String::new();
        let mut input = std::io::stdin().take(MOST_INPUT_BYTES);
        input.read_to_string(&mut text).context("reading the key from standard input")?;
        text
    };
    if text.trim().is_empty() {
        bail!("no key was given for {name}; give one on standard input, or say --no-key where none is needed");
    }
    Ok(text)
}

async fn list(store: &ProviderStore, json: bool) -> Result<()> {
    let providers = store.all().await?;
    if json {
        let entries: Vec<_> = providers.iter().map(Provider::entry).collect();
        return Ok(print_line(&serde_json::to_string_pretty(&entries)?)?);
    }
    let widest = providers.iter().map(|provider| provider.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for provider in &providers {
        let key = if provider.key.is_some() { "key" } else { "no key" };
        text.push_str(&format!("{:widest$}  {key:6}  {}  {}\n", provider.name, provider.base_url, offered(provider)));
    }
    Ok(print(&text)?)
}

fn offered(provider: &Provider) -> String {
    match provider.models.as_slice() {
        [] => "offers no models to HTTP clients".to_owned(),
        models => format!("offers {}", models.join(", ")),
    }
}
