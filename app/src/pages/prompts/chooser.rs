//! Which prompt is open; new ones, from the library, from files and to files.

use leptos::prelude::*;
use shared::prompt::{PromptTemplate, tasks};
use shared::workspace::DocumentKind;
use wasm_bindgen_futures::spawn_local;

use crate::browser::read_file;
use crate::browser::save_file::save_text;
use crate::components::{
    Button, ButtonKind, Dialog, FileButton, IconButton, IconName, Notice, Select, SelectGroup, SelectOption, Tone,
};
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
    let heads = stores.workspace.heads_signal(DocumentKind::Prompt);
    let is_asking = RwSignal::new(false);
    let fault = RwSignal::new(None::<String>);
    let open_id = Signal::derive(move || prompt.id().unwrap_or_default());
    let groups = Signal::derive(move || {
        let heads = heads.get().and_then(Result::ok).unwrap_or_default();
        let mut options: Vec<_> = heads.into_iter().map(|head| SelectOption::new(head.id, head.title)).collect();
        if open_id.with(String::is_empty) {
            let words = if options.is_empty() { "No prompt yet" } else { "Choose a prompt" };
            options.insert(0, SelectOption { is_enabled: false, ..SelectOption::new("", words) });
        }
        vec![SelectGroup { heading: String::new(), options }]
    });
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
        if save_text(&name, "application/yaml", &text).is_err() {
            stores.toaster.warn("The browser did not save the file; check whether it blocks downloads.");
        }
    };
    view! {
        <div class="chooser">
            <Select
                id="open-prompt"
                aria_label="Prompt"
                groups=groups
                value=open_id
                on_change=move |id: String| prompt.open(id)
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
                <IconButton
                    icon=IconName::Delete
                    label="Delete this prompt"
                    testid="delete-prompt"
                    on_press=move |()| is_asking.set(true)
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
        <Dialog open=is_asking title="Delete this prompt?">
            <p>"Its versions go with it. This can't be undone."</p>
            <div class="dialog-actions">
                <Button kind=ButtonKind::Quiet on_press=move |()| is_asking.set(false)>"Keep it"</Button>
                <Button
                    kind=ButtonKind::Danger
                    testid="confirm-delete-prompt"
                    on_press=move |()| {
                        is_asking.set(false);
                        stores.prompts.delete_open();
                    }
                >
                    "Delete"
                </Button>
            </div>
        </Dialog>
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
