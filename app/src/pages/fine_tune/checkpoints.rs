//! What the open job left on the way.

use leptos::prelude::*;
use shared::api::fine_tuning::FineTuningCheckpoint;

use crate::browser::clock::local_words;
use crate::components::Disclosure;
use crate::stores::Stores;

/// What the open job left on the way: models as they were then, ready to be asked.
#[component]
pub fn Checkpoints() -> impl IntoView {
    let open = expect_context::<Stores>().fine_tuning.open;
    let count = Memo::new(move |_| open.checkpoints.with(Vec::len));
    view! {
        <Show when=move || { count.get() > 0 }>
            <Disclosure summary=move || move || format!("Checkpoints ({})", count.get()) testid="checkpoints">
                <p class="small muted">
                    "The model as it was then. Each can be asked by its name, in Chat and by other programs; if the machine \
                     stops, the job goes on from the newest."
                </p>
                <ul class="items">
                    <For
                        each=move || open.checkpoints.get()
                        key=|checkpoint| checkpoint.id.clone()
                        children=|checkpoint| view! { <CheckpointItem checkpoint=checkpoint /> }
                    />
                </ul>
            </Disclosure>
        </Show>
    }
}

#[component]
fn CheckpointItem(checkpoint: FineTuningCheckpoint) -> impl IntoView {
    let loss = |words: &str, loss: Option<f64>| loss.map(|loss| format!(" · {words} {loss:.3}")).unwrap_or_default();
    let about = format!(
        "{}{} · {}",
        loss("loss", checkpoint.metrics.train_loss).trim_start_matches(" · "),
        loss("loss of rows not learned", checkpoint.metrics.valid_loss),
        local_words(checkpoint.created_at as f64 * 1000.0),
    );
    view! {
        <li class="item" data-testid="checkpoint">
            <div class="item-about">
                <strong>{format!("Step {}", checkpoint.step_number)}</strong>
                <p class="small is-breakable"><code>{checkpoint.fine_tuned_model_checkpoint}</code></p>
                <p class="small muted numbers">{about}</p>
            </div>
        </li>
    }
}
