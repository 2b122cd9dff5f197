//! `quern models`: the catalogue, fetching and removing.

use anyhow::Result;
use serde_json::json;

use super::opening::{open_database, open_store, pull};
use crate::arguments::ModelsCommand;
use crate::config::Config;
use crate::model_store::{ListedModel, ModelStore};
use crate::terminal::{print, print_line};

/// Lists, fetches or removes.
pub(super) async fn run(config: Config, command: ModelsCommand) -> Result<()> {
    let store = open_store(&config, open_database(&config)?)?;
    match command {
        ModelsCommand::List { json } => list(&store, json).await,
        ModelsCommand::Pull { model, accept_licence } => {
            let stored = pull(&store, &model, accept_licence).await?;
            Ok(print_line(&format!("{}: {}", stored.name, stored.path.display()))?)
        }
        ModelsCommand::Remove { model } => {
            let removed = store.remove(&model).await?;
            let done = if removed.is_our_file { "deleted" } else { "forgotten; the file is not quern's and stays" };
            Ok(print_line(&format!("{}: {done} ({})", removed.name, removed.path.display()))?)
        }
    }
}

async fn list(store: &ModelStore, json: bool) -> Result<()> {
    let models = store.list().await?;
    if json {
        let values: Vec<_> = models.iter().map(to_json).collect();
        return Ok(print_line(&serde_json::to_string_pretty(&values)?)?);
    }
    let widest = models.iter().map(|model| model.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for model in &models {
        let entry = model.known.as_ref().map(|known| &known.entry);
        let size =
            size_bytes(model).map_or_else(|| "?".to_owned(), |bytes| format!("{} MB", bytes.div_ceil(1_000_000)));
        let place = model.stored.as_ref().map_or("not fetched".to_owned(), |stored| stored.path.display().to_string());
        let licence = entry.map_or("", |entry| entry.licence.id.as_str());
        text.push_str(&format!("{:widest$}  {size:>8}  {licence:20}  {place}\n", model.name));
    }
    Ok(print(&text)?)
}

fn size_bytes(model: &ListedModel) -> Option<u64> {
    let stored = model.stored.as_ref().map(|stored| stored.size_bytes);
    stored.or(model.known.as_ref().map(|known| known.entry.size_bytes))
}

fn to_json(model: &ListedModel) -> serde_json::Value {
    let (known, stored) = (model.known.as_ref(), model.stored.as_ref());
    json!({
        "name": model.name,
        "title": known.map(|known| &known.entry.title),
        "source": known.map(|known| known.source_text()).or_else(|| stored.map(|stored| stored.source.clone())),
        "size_bytes": size_bytes(model),
        "sha256": stored.map(|stored| stored.checksum.to_string()),
        "licence": known.map(|known| &known.entry.licence.id),
        "fetched": stored.is_some(),
        "path": stored.map(|stored| &stored.path),
    })
}
