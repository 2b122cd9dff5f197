//! What can be done with the job that is open.

use leptos::prelude::*;
use shared::api::fine_tuning::JobStatus;

use crate::companion::fine_tuning::JobRequest;
use crate::components::{Button, ButtonKind, Confirm, IconName};
use crate::stores::Stores;

/// Pause, resume and cancel.
#[component]
pub fn JobActions() -> impl IntoView {
    let tuning = expect_context::<Stores>().fine_tuning;
    let state = Memo::new(move |_| tuning.open.job.get().map(|job| (job.status, job.quern.pausing)));
    let is_asking = RwSignal::new(false);
    let can_pause = move || matches!(state.get(), Some((JobStatus::Running | JobStatus::Queued, false)));
    let is_pausing = move || matches!(state.get(), Some((JobStatus::Running, true)));
    let can_resume = move || matches!(state.get(), Some((JobStatus::Paused, _)));
    let can_cancel = move || state.get().is_some_and(|(status, _)| !status.is_final());
    view! {
        <div class="row">
            <Show when=can_pause>
                <Button icon=IconName::Pause testid="pause-job" on_press=move |()| tuning.ask(JobRequest::Pause)>
                    "Pause"
                </Button>
            </Show>
            <Show when=is_pausing>
                <p class="small muted" role="status">"It is put down after the step under way."</p>
            </Show>
            <Show when=can_resume>
                <Button
                    kind=ButtonKind::Primary
                    icon=IconName::Resume
                    testid="resume-job"
                    on_press=move |()| tuning.ask(JobRequest::Resume)
                >
                    "Go on"
                </Button>
            </Show>
            <Show when=can_cancel>
                <Button
                    kind=ButtonKind::Quiet
                    icon=IconName::Stop
                    testid="cancel-job"
                    on_press=move |()| is_asking.set(true)
                >
                    "Cancel"
                </Button>
            </Show>
        </div>
        <Confirm
            open=is_asking
            title="Cancel this job?"
            explanation="It can't be taken up again. Its checkpoints stay and can be asked. To go on another time, pause it instead."
            keep="Keep learning"
            act="Cancel it"
            testid="confirm-cancel-job"
            on_confirm=move |()| tuning.ask(JobRequest::Cancel)
        />
    }
}
