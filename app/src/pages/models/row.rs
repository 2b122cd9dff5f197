//! One line of the list of models: a known model, or a file of the person's own.

use std::collections::HashSet;

use leptos::prelude::*;
use shared::catalog::{CatalogEntry, DeviceFit, MemoryNeed};

use crate::engine_worker::protocol::StoredState;
use crate::stores::Stores;
use crate::stores::catalogue;

/// One line of the list of models.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRow {
    /// Its name.
    pub name: String,
    /// What the catalogue says, for known models.
    pub entry: Option<CatalogEntry>,
}

/// Known models first, in the catalogue's order, then what else is stored or on its way; tracked.
pub fn rows(stores: Stores) -> Vec<ModelRow> {
    let known = catalogue::entries(stores.companion)
        .into_iter()
        .map(|entry| ModelRow { name: entry.name.clone(), entry: Some(entry) });
    let mut rows: Vec<ModelRow> = known.collect();
    let mut names: HashSet<String> = rows.iter().map(|row| row.name.clone()).collect();
    let stored = stores.models.stored.get().unwrap_or_default().into_iter().map(|model| model.name);
    let on_their_way = stores.models.transfers.with(|transfers| transfers.keys().cloned().collect::<Vec<_>>());
    let failed = stores.models.problems.with(|problems| problems.keys().cloned().collect::<Vec<_>>());
    for name in stored.chain(on_their_way).chain(failed) {
        if names.insert(name.clone()) {
            rows.push(ModelRow { name, entry: None });
        }
    }
    rows
}

/// Whether a known model fits this device; tracked.
pub fn fit(stores: Stores, entry: &CatalogEntry, state: Option<&StoredState>) -> DeviceFit {
    let context_tokens = stores.settings.get(|data| data.context_tokens).min(entry.context_tokens);
    let mut limits = stores.device.limits();
    if matches!(state, Some(StoredState::Complete(_))) {
        // It has its place in the storage already.
        limits.storage_bytes = None;
    }
    let device = limits.compute_device();
    limits.fit(&MemoryNeed::of(&entry.dimensions, entry.size_bytes, context_tokens, device), device)
}
