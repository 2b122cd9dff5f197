//! The model that came of the open job.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::api::fine_tuning::JobStatus;
use shared::model_pool::ModelReference;

use super::compare::Compare;
use crate::app::Page;
use crate::components::{Button, ButtonKind, Card, Confirm, IconName, Notice, Tone};
use crate::stores::Stores;

/// Digits of a hash that tell it from others.
const HASH_DIGITS: usize = 12;

/// The model that came of the open job: its name, its proof, and what one can do with it.
#[component]
pub fn JobResult() -> impl IntoView {
    let open = expect_context::<Stores>().fine_tuning.open;
    // A model that is deleted leaves a job without one.
    let model = Memo::new(move |_| {
        let job = open.job.get()?;
        Some((job.fine_tuned_model.filter(|_| job.status == JobStatus::Succeeded)?, job.model))
    });
    move || model.get().map(|(model, base)| view! { <Model name=model base=base /> })
}

#[component]
fn Model(name: String, base: String) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let tuning = stores.fine_tuning;
    let navigate = use_navigate();
    let reference = ModelReference::companion(name.clone());
    let is_there = {
        let name = name.clone();
        Memo::new(move |_| stores.companion.models.with(|models| models.contains(&name)))
    };
    let chat = {
        let reference = reference.clone();
        move |()| {
            stores.settings.change(|data| data.runs_on = Some(reference.clone()));
            stores.chat.start_new();
            navigate(Page::Chat.path(), Default::default());
        }
    };
    let is_asking = RwSignal::new(false);
    let delete = {
        let name = name.clone();
        move |()| tuning.delete_model(name.clone())
    };
    let proof = move || {
        let details = tuning.open.job.get()?.quern;
        let difference = details.logit_difference?;
        Some(format!(
            "Checked: served, its logits differ from those of the training by at most {} of their size",
            small(difference)
        ))
    };
    let template = move || {
        let hash = tuning.open.job.get()?.quern.template_sha256?;
        Some(format!("; its chat template is {}", hash.get(..HASH_DIGITS).unwrap_or(&hash)))
    };
    let compared = (ModelReference::companion(base), reference);
    view! {
        <Card title="The new model">
            <p class="is-breakable" data-testid="job-result"><code>{name.clone()}</code></p>
            <p class="small muted" data-testid="job-proof">{proof} {template}</p>
            <Show
                when=move || is_there.get()
                fallback=|| {
                    view! {
                        <Notice tone=Tone::Neutral testid="tuned-not-there">
                            <p>"The companion does not offer this model now: it was deleted, or its base is missing."</p>
                        </Notice>
                    }
                }
            >
                <div class="row">
                    <Button kind=ButtonKind::Primary icon=IconName::Chat testid="chat-with-tuned" on_press=chat.clone()>
                        "Use in chat"
                    </Button>
                    <Button
                        kind=ButtonKind::Quiet
                        icon=IconName::Delete
                        testid="delete-tuned"
                        on_press=move |()| is_asking.set(true)
                    >
                        "Delete the model"
                    </Button>
                </div>
                <Compare base=compared.0.clone() tuned=compared.1.clone() />
            </Show>
            <Confirm
                open=is_asking
                title="Delete this model?"
                explanation="Nobody can ask it then, and it is gone from the disk. The job stays with its curves, and the base as it is."
                keep="Keep it"
                act="Delete"
                testid="confirm-delete-tuned"
                on_confirm=delete
            />
        </Card>
    }
}

/// A difference that is small, or nothing at all.
fn small(difference: f64) -> String {
    if difference == 0.0 { "nothing".to_owned() } else { format!("{difference:.0e}") }
}
