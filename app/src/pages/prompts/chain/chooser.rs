//! Which chain is open; new ones, from files and to files.

use leptos::prelude::*;
use shared::prompt::chain::Chain;
use shared::workspace::{ChainRecord, DocumentKind};
use wasm_bindgen_futures::spawn_local;

use super::view::{beginning, first_model};
use crate::browser::read_file;
use crate::browser::save_file::save_text;
use crate::components::{Button, FileButton, IconName, Notice, Tone};
use crate::pages::document_chooser::{DeleteDocument, DocumentSelect};
use crate::stores::Stores;

/// A chain that somebody wrote is smaller than this.
const MOST_FILE_BYTES: f64 = 16e6;

/// Which chain is open, and what can be done with it as a whole.
#[component]
pub fn ChainChooser() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let chain = stores.chains.chain;
    let fault = RwSignal::new(None::<String>);
    let import = move |file: web_sys::File| {
        spawn_local(async move {
            let name = file.name();
            let read = read_file::text(&file, MOST_FILE_BYTES).await;
            let read = read.and_then(|text| {
                serde_json::from_str::<Chain>(&text).map_err(|error| format!("{name} is no chain: {error}"))
            });
            match read {
                Ok(read) => {
                    fault.set(None);
                    chain.create(ChainRecord { chain: read, ..ChainRecord::default() });
                }
                Err(message) => fault.set(Some(message)),
            }
        });
    };
    let export = move |()| {
        let Some(draft) = chain.draft.get_untracked() else { return };
        let text = draft.value.with_untracked(|record| serde_json::to_string_pretty(&record.chain));
        if let Err(message) = save_text("chain.json", "application/json", &text.unwrap_or_default()) {
            stores.toaster.warn(message);
        }
    };
    view! {
        <div class="chooser">
            <DocumentSelect
                id="open-chain"
                label="Chain"
                none_yet="No chain yet"
                choose="Choose a chain"
                heads=stores.workspace.heads_signal(DocumentKind::Chain)
                document=chain
            />
            <Button
                icon=IconName::Plus
                testid="new-chain"
                on_press=move |()| chain.create(beginning(untrack(|| first_model(stores))))
            >
                "New"
            </Button>
            <FileButton id="import-chain" accept=".json" icon=IconName::Upload words="Import" on_file=import />
            <Show when=move || chain.draft.with(Option::is_some)>
                <Button icon=IconName::Download testid="export-chain" on_press=export>"Export"</Button>
                <DeleteDocument
                    noun="chain"
                    what_goes="Its answers go with it."
                    on_delete=move |()| stores.chains.delete_open()
                />
            </Show>
        </div>
        {move || {
            fault
                .get()
                .map(|fault| {
                    view! {
                        <Notice tone=Tone::Danger testid="chain-file-fault">
                            <p>{fault}</p>
                        </Notice>
                    }
                })
        }}
    }
}
