//! Which prompt is open; new ones, from the library, from files and to files.

use leptos::prelude::*;
use shared::prompt::{PromptTemplate, tasks};
use shared::workspace::DocumentKind;
use wasm_bindgen_futures::spawn_local;

use crate::browser::read_file;
use crate::browser::save_file::save_text;
use crate::components::{Button, Dialog, FileButton, IconName, Notice, Tone};
use crate::pages::document_chooser::{DeleteDocument, DocumentSelect};
use crate::stores::Stores;

/// A prompt that somebody wrote is smaller than this.
const MOST_FILE_BYTES: f64 = 16e6;

/// Which prompt is open, and what can be done with it as a whole.
#[component]
pub fn Chooser(
    /// The library is wanted.
    #[prop(into)]
    on_library: Callback<()>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let prompt = stores.prompts.prompt;
    let fault = RwSignal::new(None::<String>);
    let import = move |file: web_sys::File| {
        spawn_local(async move {
            let read = read_file::text(&file, MOST_FILE_BYTES).await;
            let template = read.and_then(|text| {
                PromptTemplate::from_yaml(&text).map_err(|error| format!("{} is no prompt: {error}", file.name()))
            });
            match template {
                Ok(template) => {
                    fault.set(None);
                    stores.prompts.create(template);
                }
                Err(message) => fault.set(Some(message)),
            }
        });
    };
    let export = move |()| {
        let Some(draft) = prompt.draft.get_untracked() else { return };
        let (name, text) = draft.value.with_untracked(|prompt| {
            (format!("{}.prompt.yaml", file_stem(&prompt.template.name)), prompt.template.to_yaml())
        });
        if let Err(message) = save_text(&name, "application/yaml", &text) {
            stores.toaster.warn(message);
        }
    };
    view! {
        <div class="chooser">
            <DocumentSelect
                id="open-prompt"
                label="Prompt"
                none_yet="No prompt yet"
                choose="Choose a prompt"
                heads=stores.workspace.heads_signal(DocumentKind::Prompt)
                document=prompt
            />
            <Button icon=IconName::Plus testid="new-prompt" on_press=on_library>"New"</Button>
            <FileButton
                id="import-prompt"
                accept=".yaml,.yml,.json"
                icon=IconName::Upload
                words="Import"
                on_file=import
            />
            <Show when=move || prompt.draft.with(Option::is_some)>
                <Button icon=IconName::Download testid="export-prompt" on_press=export>"Export"</Button>
                <DeleteDocument
                    noun="prompt"
                    what_goes="Its versions go with it."
                    on_delete=move |()| stores.prompts.delete_open()
                />
            </Show>
        </div>
        {move || {
            fault
                .get()
                .map(|fault| {
                    view! {
                        <Notice tone=Tone::Danger testid="prompt-file-fault">
                            <p>{fault}</p>
                        </Notice>
                    }
                })
        }}
    }
}

/// Prompts for everyday tasks.
#[component]
pub fn Library(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let take = move |task: tasks::Task| {
        open.set(false);
        stores.prompts.create_from_task(task);
    };
    view! {
        <Dialog open=open title="A prompt for what?" testid="library">
            <ul class="items">
                {move || {
                    tasks::all()
                        .into_iter()
                        .map(|task| {
                            let name = task.template.name.clone();
                            let testid = format!("task-{}", name.replace(' ', "-"));
                            let description = task.description;
                            view! {
                                <li>
                                    <button
                                        type="button"
                                        class="item is-button"
                                        data-testid=testid
                                        on:click=move |_| take(task.clone())
                                    >
                                        <span class="item-about">
                                            <strong>{name}</strong>
                                            <span class="muted">{description}</span>
                                        </span>
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
            <div class="dialog-actions">
                <Button
                    testid="empty-prompt-here"
                    on_press=move |()| {
                        open.set(false);
                        stores.prompts.create(PromptTemplate::default());
                    }
                >
                    "Empty prompt"
                </Button>
            </div>
        </Dialog>
    }
}

fn file_stem(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '-' }).collect();
    let plain = plain.trim_matches('-').to_owned();
    if plain.is_empty() { "prompt".to_owned() } else { plain }
}
