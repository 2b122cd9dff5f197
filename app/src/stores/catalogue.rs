//! The models one can get: the companion's catalogue where there is one, else the one the app was built with.

use leptos::prelude::With;
use shared::catalog::{Catalog, CatalogEntry};
use shared::model_pool::{ExternalModel, ModelPlace, ModelReference};
use shared::model_source::ModelSource;

use super::companion::CompanionStore;
use crate::companion;

/// Every known model, in the order to show them.
pub fn entries(companion: CompanionStore) -> Vec<CatalogEntry> {
    let from_companion: Vec<CatalogEntry> =
        companion.catalogue.with(|models| models.iter().filter_map(|model| model.entry.clone()).collect());
    if from_companion.is_empty() { Catalog::built_in().models } else { from_companion }
}

/// What people call the model `name`: its title in the catalogue, or the name itself; tracked.
pub fn title(companion: CompanionStore, name: &str) -> String {
    entries(companion).into_iter().find(|entry| entry.name == name).map_or_else(|| name.to_owned(), |entry| entry.title)
}

/// What people call `model` in a closed list, where no heading says where it runs: a model of somebody else's is named
/// with who has it; tracked.
pub fn title_with_place(companion: CompanionStore, model: &ModelReference) -> String {
    if let Some(ExternalModel { provider, model }) = model.external() {
        return format!("{model} · {provider}");
    }
    let title = title(companion, &model.name);
    match model.place {
        ModelPlace::Browser => title,
        ModelPlace::Companion => format!("{title} · companion"),
    }
}

/// How the browser can get a model's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The companion fetches it from its source and hands it on.
    ThroughCompanion {
        /// Where it hands it on.
        url: String,
    },
    /// The browser fetches it from its source.
    Direct {
        /// Its address.
        url: String,
    },
    /// Only a companion could fetch it, and there is none.
    NeedsCompanion,
}

/// How to get `entry`. A companion goes first: it keeps a copy, and knows every kind of source.
pub fn route(entry: &CatalogEntry, is_companion_connected: bool) -> Route {
    if is_companion_connected {
        return Route::ThroughCompanion { url: companion::model_url(&entry.name) };
    }
    match entry.sources.as_slice() {
        [source] => direct_url(source).map_or(Route::NeedsCompanion, |url| Route::Direct { url }),
        _ => Route::NeedsCompanion,
    }
}

/// The address of a source that browsers may read.
pub fn direct_url(source: &ModelSource) -> Option<String> {
    match source {
        ModelSource::Https { url } => Some(url.clone()),
        ModelSource::HuggingFace { owner, repository, path } => {
            Some(format!("https://huggingface.co/{owner}/{repository}/resolve/main/{path}"))
        }
        ModelSource::Pypi { .. } | ModelSource::File { .. } => None,
    }
}

/// A name to store the file of an address or of the person's own under: letters, digits, `-`, `_` and `.`.
pub fn name_from_file(file: &str, taken: &[String]) -> String {
    let file = file.split(['?', '#']).next().unwrap_or_default();
    let file = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.strip_suffix(".gguf").or_else(|| file.strip_suffix(".GGUF")).unwrap_or(file);
    let plain: String = stem
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
        .take(80)
        .collect();
    let plain = plain.trim_matches(['-', '.']).to_owned();
    let plain = if plain.is_empty() { "model".to_owned() } else { plain };
    let mut name = plain.clone();
    let mut number = 2;
    while taken.contains(&name) {
        name = format!("{plain}-{number}");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_model_has_a_route() {
        let catalogue = Catalog::built_in();
        let smollm2 = &catalogue.models[0];
        assert_eq!(route(smollm2, true), Route::ThroughCompanion { url: format!("/models/{}", smollm2.name) });
        assert_eq!(route(smollm2, false), Route::NeedsCompanion, "a wheel can't be read by a browser");
        let mut hosted = smollm2.clone();
        hosted.sources = vec!["hf:owner/repo/dir/m.gguf".parse().unwrap()];
        let url = "https://huggingface.co/owner/repo/resolve/main/dir/m.gguf".to_owned();
        assert_eq!(route(&hosted, false), Route::Direct { url });
    }

    #[test]
    fn names_come_from_files_and_addresses() {
        let taken = vec!["b".to_owned(), "b-2".to_owned()];
        for (file, name) in [
            ("SmolLM2-135M.Q4_1.gguf", "SmolLM2-135M.Q4_1"),
            ("https://example.org/dir/a%20b.gguf?download=1", "a-20b"),
            ("C:\\models\\b.gguf", "b-3"),
            ("...", "model"),
            ("", "model"),
        ] {
            assert_eq!(name_from_file(file, &taken), name, "{file}");
            assert!(crate::storage::model_files::check_name(name).is_ok());
        }
    }
}
