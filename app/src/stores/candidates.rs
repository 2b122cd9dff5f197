//! Every model that could be chosen, at every place, and the devices they would run on; all of it tracked.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shared::api::companion::CompanionModelState;
use shared::catalog::{
    Candidate, CandidatePlace, Device, DevicePeak, Devices, ImportedPrices, ModelFacts, ModelFile, Pricing, Ranking,
    rank,
};
use shared::model_pool::ModelReference;

use super::Stores;
use super::catalogue;
use crate::engine_worker::protocol::StoredState;

/// Every candidate: this browser's, the companion's, then the providers'.
pub fn candidates(stores: Stores) -> Vec<Candidate> {
    let mut candidates = in_browser(stores);
    candidates.extend(on_companion(stores));
    let offered = stores.companion.external_models();
    let external = stores.prices.table.with(|table| external(table.as_ref().map(|table| &table.imported), &offered));
    candidates.extend(external.into_iter().map(|mut candidate| {
        candidate.speed = stores.speeds.of(&candidate.reference());
        candidate
    }));
    candidates
}

/// Models of somebody else's: those that are offered, with what the table says of them, then the others of the table.
fn external(table: Option<&ImportedPrices>, offered: &[ModelReference]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut entries_of_offered = BTreeSet::new();
    for model in offered.iter().filter_map(ModelReference::external) {
        let entry = table.and_then(|table| table.entry_of(model));
        entries_of_offered.extend(entry.map(|entry| entry.name.as_str()));
        let (facts, price) = entry.map(|entry| (entry.facts.clone(), entry.price.clone())).unwrap_or_default();
        found.push(Candidate {
            name: model.model.to_owned(),
            title: model.model.to_owned(),
            place: CandidatePlace::External { provider: model.provider.to_owned() },
            facts,
            file: None,
            speed: None,
            pricing: price.map_or(Pricing::Unknown, Pricing::Tokens),
        });
    }
    let others = table.iter().flat_map(|table| &table.models);
    let others = others.filter(|entry| !entries_of_offered.contains(entry.name.as_str()));
    found.extend(others.map(|entry| Candidate::of_provider(entry, None)));
    // Two names of one model would be one to ask for.
    let mut seen = BTreeSet::new();
    found.retain(|candidate| seen.insert(candidate.reference()));
    found
}

/// The devices, with what to expect of models that have not run there.
pub fn devices(stores: Stores, candidates: &[Candidate]) -> Devices {
    let peak = |place: CandidatePlace, probed: Option<DevicePeak>| measured_peak(candidates, &place).or(probed);
    let browser =
        Device { limits: stores.device.limits(), peak: peak(CandidatePlace::Browser, stores.device.peak.get()) };
    let companion = stores.companion.limits().map(|limits| {
        let probed = stores.companion.device.with(|device| device.as_ref().and_then(|device| device.peak.clone()));
        Device { limits, peak: peak(companion_place(), probed) }
    });
    Devices { browser, companion }
}

/// All candidates, judged.
pub fn ranking(stores: Stores) -> Ranking {
    let candidates = candidates(stores);
    let devices = devices(stores, &candidates);
    stores.requirements.get(|data| rank(&data.requirements, &candidates, &devices))
}

/// What a device can do, by a model that has run there: better than any small measurement.
fn measured_peak(candidates: &[Candidate], place: &CandidatePlace) -> Option<DevicePeak> {
    let mut measured = candidates.iter().filter(|candidate| candidate.place == *place);
    measured.find_map(|candidate| {
        let (file, speed) = (candidate.file.as_ref()?, candidate.speed.as_ref()?);
        DevicePeak::of_measured(&file.dimensions, file.size_bytes, 0, speed)
    })
}

fn in_browser(stores: Stores) -> Vec<Candidate> {
    let entries = catalogue::entries(stores.companion);
    let stored = stores.models.stored.get().unwrap_or_default();
    let own = stored.iter().filter(|model| entries.iter().all(|entry| entry.name != model.name));
    let own: Vec<Candidate> = own
        .filter_map(|model| {
            let StoredState::Complete(record) = &model.state else { return None };
            Some(Candidate {
                name: model.name.clone(),
                title: model.name.clone(),
                place: CandidatePlace::Browser,
                facts: ModelFacts { context_tokens: Some(record.facts.context_tokens), ..ModelFacts::default() },
                file: record.facts.dimensions.map(|dimensions| ModelFile {
                    dimensions,
                    size_bytes: record.size_bytes,
                    is_stored: true,
                }),
                speed: stores.speeds.of(&ModelReference::browser(&model.name)),
                pricing: Pricing::Nothing,
            })
        })
        .collect();
    let known = entries.iter().map(|entry| {
        let is_stored =
            stored.iter().any(|model| model.name == entry.name && matches!(model.state, StoredState::Complete(_)));
        let speed = stores.speeds.of(&ModelReference::browser(&entry.name));
        Candidate::of_catalog(entry, CandidatePlace::Browser, is_stored, speed, Pricing::Nothing)
    });
    known.chain(own).collect()
}

fn on_companion(stores: Stores) -> Vec<Candidate> {
    let pricing = stores.requirements.get(|data| {
        let plan = &data.hardware;
        if plan.is_companion { Pricing::Hardware(plan.hardware.clone()) } else { Pricing::Nothing }
    });
    let place = companion_place();
    let models = stores.companion.catalogue.get();
    let candidate = |name: &str, is_stored, entry: Option<&shared::catalog::CatalogEntry>| {
        let speed = stores.speeds.of(&ModelReference::companion(name));
        match entry {
            Some(entry) => Candidate::of_catalog(entry, place.clone(), is_stored, speed, pricing.clone()),
            None => Candidate {
                name: name.to_owned(),
                title: name.to_owned(),
                place: place.clone(),
                facts: ModelFacts::default(),
                file: None::<ModelFile>,
                speed,
                pricing: pricing.clone(),
            },
        }
    };
    if models.is_empty() {
        // Not connected, so that each is ruled out with that reason.
        let entries = catalogue::entries(stores.companion);
        return entries.iter().map(|entry| candidate(&entry.name, false, Some(entry))).collect();
    }
    let is_there = |state: &CompanionModelState| matches!(state, CompanionModelState::Installed { .. });
    models.iter().map(|model| candidate(&model.name, is_there(&model.state), model.entry.as_ref())).collect()
}

/// The companion, and whether it runs on the device that the page is on: then the page has a loopback address.
fn companion_place() -> CandidatePlace {
    let host = window().location().hostname().unwrap_or_default();
    let is_this_device = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost");
    CandidatePlace::Companion { is_this_device }
}

#[cfg(test)]
mod tests {
    use shared::catalog::import_litellm;

    use super::*;

    #[test]
    fn offered_models_have_their_prices_and_are_there_once() {
        let table = r#"{
            "gpt-x": {
                "mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06,
                "max_input_tokens": 128000
            },
            "openrouter/meta/llama-x": {
                "mode": "chat", "litellm_provider": "openrouter", "input_cost_per_token": 3e-06,
                "output_cost_per_token": 4e-06
            },
            "gpt-y": {"mode": "chat", "litellm_provider": "openai"}
        }"#;
        let table = import_litellm(table, "2026-11-26".parse().unwrap()).unwrap();
        let offered =
            ["openai/gpt-x", "work/gpt-x", "openrouter/meta/llama-x", "local/own"].map(ModelReference::companion);
        let shown = |candidates: &[Candidate]| {
            let one = |candidate: &Candidate| {
                let price = match &candidate.pricing {
                    Pricing::Tokens(price) => price.input_per_million.to_string(),
                    _ => "unknown".to_owned(),
                };
                format!("{} {price} {:?}", candidate.reference(), candidate.facts.context_tokens)
            };
            candidates.iter().map(one).collect::<Vec<_>>()
        };
        let expected = [
            "companion:openai/gpt-x 1 Some(128000)",
            "companion:work/gpt-x unknown None",
            "companion:openrouter/meta/llama-x 3 None",
            "companion:local/own unknown None",
            "companion:openai/gpt-y unknown None",
        ];
        assert_eq!(shown(&external(Some(&table), &offered)), expected);
        let without_table = shown(&external(None, &offered[..1]));
        assert_eq!(without_table, ["companion:openai/gpt-x unknown None"], "offered, whatever is known of it");
        assert_eq!(external(Some(&table), &[]).len(), 3, "the table's models, none of them offered");
    }
}
