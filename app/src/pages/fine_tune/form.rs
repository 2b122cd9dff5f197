//! What is chosen before a job begins, and its beginning.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use wasm_bindgen_futures::spawn_local;

use super::data_choice::DataChoice;
use super::options::Options;
use super::page::job_path;
use crate::app::Page;
use crate::components::{Button, ButtonKind, IconName, Notice, ProgressBar, Tone};
use crate::stores::Stores;

/// What is chosen before a job begins, and its beginning.
#[component]
pub fn JobForm() -> impl IntoView {
    let tuning = expect_context::<Stores>().fine_tuning;
    let navigate = StoredValue::new_local(use_navigate());
    let begin = move |()| {
        spawn_local(async move {
            let Some(id) = tuning.begin().await else { return };
            // Who went elsewhere meanwhile stays there; the list has the job.
            let is_here = location().pathname().is_ok_and(|path| Page::from_path(&path) == Some(Page::FineTune));
            if is_here {
                navigate.try_with_value(|navigate| navigate(&job_path(&id), Default::default()));
            }
        });
    };
    let is_busy = Signal::derive(move || tuning.is_starting.get() || tuning.sending.with(Option::is_some));
    view! {
        <DataChoice />
        <Options />
        <SendingBar />
        {move || {
            tuning
                .problem
                .get()
                .map(|problem| {
                    view! {
                        <Notice tone=Tone::Danger testid="tune-problem">
                            <p class="is-lines">{problem}</p>
                        </Notice>
                    }
                })
        }}
        <div class="row">
            <Button
                kind=ButtonKind::Primary
                icon=IconName::FineTune
                testid="start-job"
                disabled=is_busy
                on_press=begin
            >
                "Start"
            </Button>
        </div>
    }
}

/// The file that is on its way to the companion.
#[component]
fn SendingBar() -> impl IntoView {
    let tuning = expect_context::<Stores>().fine_tuning;
    let name = Memo::new(move |_| tuning.sending.with(|sending| sending.as_ref().map(|sending| sending.name.clone())));
    let fraction =
        Signal::derive(move || tuning.sending.with(|sending| sending.as_ref().map(|sending| sending.fraction)));
    let percent = move || fraction.get().map(|fraction| format!("{:.0} %", fraction * 100.0));
    move || {
        name.get().map(|name| {
            let label = format!("Sending {name} to the companion");
            view! {
                <div class="work-bar" data-testid="sending" aria-live="polite">
                    <div class="work-about">
                        <strong class="is-breakable">{label.clone()}</strong>
                        <span class="small muted numbers">{percent}</span>
                        <ProgressBar label=Signal::stored(label) fraction=fraction />
                    </div>
                </div>
            }
        })
    }
}
