//! Which chain is open; new ones, from files and to files.

use leptos::prelude::*;
use shared::prompt::chain::Chain;
use shared::workspace::{ChainRecord, DocumentKind};
use wasm_bindgen_futures::spawn_local;

use super::view::{beginning, first_model};
use crate::browser::read_file;
use crate::browser::save_file::save_text;
use crate::components::{
    Button, ButtonKind, Dialog, FileButton, IconButton, IconName, Notice, Select, SelectGroup, SelectOption, Tone,
};
use crate::stores::Stores;

/// A chain that somebody wrote is smaller than this.
const MOST_FILE_BYTES: f64 = 16e6;

/// Which chain is open, and what can be done with it as a whole.
#[component]
pub fn ChainChooser() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let chain = stores.chains.chain;
    let heads = stores.workspace.heads_signal(DocumentKind::Chain);
    let is_asking = RwSignal::new(false);
    let fault = RwSignal::new(None::<String>);
    let open_id = Signal::derive(move || chain.id().unwrap_or_default());
    let groups = Signal::derive(move || {
        let heads = heads.get().and_then(Result::ok).unwrap_or_default();
        let mut options: Vec<_> = heads.into_iter().map(|head| SelectOption::new(head.id, head.title)).collect();
        if open_id.with(String::is_empty) {
            let words = if options.is_empty() { "No chain yet" } else { "Choose a chain" };
            options.insert(0, SelectOption { is_enabled: false, ..SelectOption::new("", words) });
        }
        vec![SelectGroup { heading: String::new(), options }]
    });
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
        if save_text("chain.json", "application/json", &text.unwrap_or_default()).is_err() {
            stores.toaster.warn("The browser did not save the file; check whether it blocks downloads.");
        }
    };
    view! {
        <div class="chooser">
            <Select
                id="open-chain"
                aria_label="Chain"
                groups=groups
                value=open_id
                on_change=move |id: String| chain.open(id)
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
                <IconButton
                    icon=IconName::Delete
                    label="Delete this chain"
                    testid="delete-chain"
                    on_press=move |()| is_asking.set(true)
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
        <Dialog open=is_asking title="Delete this chain?">
            <p>"Its answers go with it. This can't be undone."</p>
            <div class="dialog-actions">
                <Button kind=ButtonKind::Quiet on_press=move |()| is_asking.set(false)>"Keep it"</Button>
                <Button
                    kind=ButtonKind::Danger
                    testid="confirm-delete-chain"
                    on_press=move |()| {
                        is_asking.set(false);
                        stores.chains.delete_open();
                    }
                >
                    "Delete"
                </Button>
            </div>
        </Dialog>
    }
}
