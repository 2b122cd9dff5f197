//! What is being done, how far it is, and a way to stop it.

use leptos::prelude::*;

use crate::components::{Button, IconName, ProgressBar};
use crate::quantities::time_left;
use crate::stores::Stores;
use crate::stores::datasets::Work;

/// Nothing while nothing is being done.
#[component]
pub fn WorkBar() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let title = Memo::new(move |_| datasets.work.with(|work| work.as_ref().map(|work| work.title.clone())));
    let fraction = Signal::derive(move || datasets.work.with(|work| work.as_ref().and_then(|work| work.fraction())));
    let is_held = Memo::new(move |_| datasets.work.with(|work| work.as_ref().is_some_and(Work::is_held)));
    let can_be_held = Memo::new(move |_| datasets.work.with(|work| work.as_ref().is_some_and(|work| work.can_be_held)));
    let words = move || {
        datasets.work.with(|work| {
            let work = work.as_ref()?;
            let stage = work.progress.as_ref().map_or("", |progress| &progress.stage);
            let left = work.seconds_left().map(|seconds| format!(", {}", time_left(seconds))).unwrap_or_default();
            let left = if work.is_held() { ", waiting".to_owned() } else { left };
            let percent = work.fraction().map(|fraction| format!(" {:.0} %", fraction * 100.0)).unwrap_or_default();
            Some(format!("{stage}{percent}{left}"))
        })
    };
    move || {
        title.get().map(|title| {
            let label = title.clone();
            view! {
                <div class="work-bar" data-testid="dataset-work" aria-live="polite">
                    <div class="work-about">
                        <strong>{title}</strong>
                        <span class="small muted numbers">{words}</span>
                        <ProgressBar label=Signal::derive(move || label.clone()) fraction=fraction />
                    </div>
                    {move || {
                        let (icon, words) = if is_held.get() { (IconName::Resume, "Go on") } else { (IconName::Pause, "Pause") };
                        can_be_held
                            .get()
                            .then(|| {
                                view! {
                                    <Button
                                        icon=icon
                                        testid="hold-dataset-work"
                                        on_press=move |()| datasets.hold(!is_held.get_untracked())
                                    >
                                        {words}
                                    </Button>
                                }
                            })
                    }}
                    <Button icon=IconName::Stop testid="stop-dataset-work" on_press=move |()| datasets.stop()>
                        "Stop"
                    </Button>
                </div>
            }
        })
    }
}
