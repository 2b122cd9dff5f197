//! The models one can have in this browser: the catalogue, files of one's own, and what the device offers.

use leptos::prelude::*;
use shared::catalog::CatalogEntry;

use super::add_own::AddOwn;
use super::device_card::DeviceCard;
use super::dialogs::{DeleteDialog, LicenceDialog};
use super::model_card::ModelCard;
use super::row::{ModelRow, rows};
use crate::stores::Stores;

/// The models one can have in this browser.
#[component]
pub fn YourModels() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let rows = Memo::new(move |_| rows(stores));
    let to_accept = RwSignal::new(None::<CatalogEntry>);
    let to_delete = RwSignal::new(None::<String>);
    let download = move |entry: CatalogEntry| {
        let is_accepted = stores.settings.now(|data| data.accepted_licences.contains(&entry.licence.id));
        if entry.licence.must_accept && !is_accepted {
            to_accept.set(Some(entry));
        } else {
            stores.models.download(entry);
        }
    };
    view! {
        <ul class="model-list">
                <For
                    each=move || rows.get()
                    key=|row: &ModelRow| (row.name.clone(), row.entry.is_some())
                    children=move |row| {
                        view! {
                            <ModelCard
                                row=row
                                on_download=download
                                on_delete=move |name| to_delete.set(Some(name))
                            />
                        }
                    }
                />
            </ul>
            <AddOwn />
            <DeviceCard />
        <LicenceDialog
            entry=to_accept
            on_accept=move |entry: CatalogEntry| {
                stores
                    .settings
                    .change(|data| {
                        if !data.accepted_licences.contains(&entry.licence.id) {
                            data.accepted_licences.push(entry.licence.id.clone());
                        }
                    });
                stores.models.download(entry);
            }
        />
        <DeleteDialog name=to_delete on_delete=move |name| stores.models.delete(name) />
    }
}
