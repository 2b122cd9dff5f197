//! The job that is open.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::api::fine_tuning::{Auto, FineTuningJob, JobStatus, MethodKind};

use super::checkpoints::Checkpoints;
use super::happenings::Happenings;
use super::job_actions::JobActions;
use super::loss_plot::Curves;
use super::result::JobResult;
use super::samples::Samples;
use super::status::{self, StatusBadge};
use crate::app::Page;
use crate::components::{Card, Icon, IconName, Notice, ProgressBar, Tone};
use crate::quantities::{bytes, grouped, rate, time_left};
use crate::stores::Stores;
use crate::stores::catalogue::title;
use crate::stores::fine_tuning::{Measure, NewsFrom};

/// The job that is open.
#[component]
pub fn JobView() -> impl IntoView {
    let open = expect_context::<Stores>().fine_tuning.open;
    let is_known = Memo::new(move |_| open.job.with(Option::is_some));
    view! {
        <div class="row">
            <A href=Page::FineTune.path() attr:class="button button-quiet" attr:data-testid="new-job">
                <Icon name=IconName::Back />
                <span>"Begin another"</span>
            </A>
        </div>
        <NewsNotice />
        <Show
            when=move || is_known.get()
            fallback=move || {
                let is_refused = matches!(open.news_from.get(), NewsFrom::Refused(_));
                (!is_refused).then(|| view! { <p class="muted">"Asking the companion for the job."</p> })
            }
        >
            <JobHead />
            <JobResult />
            <Curves />
            <Samples />
            <Checkpoints />
            <Happenings />
        </Show>
    }
}

/// Why nothing new is seen.
#[component]
fn NewsNotice() -> impl IntoView {
    let open = expect_context::<Stores>().fine_tuning.open;
    move || match open.news_from.get() {
        NewsFrom::Lost(reason) => Some(view! {
            <Notice tone=Tone::Warning testid="job-lost">
                <p>{format!("{reason}. What is below is what was known last; the companion is asked again every few seconds, and \
                             goes on with the job by itself once it is started again.")}</p>
            </Notice>
        }),
        NewsFrom::Refused(reason) => Some(view! {
            <Notice tone=Tone::Danger testid="job-lost">
                <p>{reason}</p>
            </Notice>
        }),
        NewsFrom::Nobody | NewsFrom::Stream | NewsFrom::Asking => None,
    }
}

/// What it is, how far it is, and what can be done with it.
#[component]
fn JobHead() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let tuning = stores.fine_tuning;
    let job = move || tuning.open.job.get();
    let name = move || {
        let job = job()?;
        Some(tuning.files.with(|files| status::name(&job, files)))
    };
    let about = move || Some(about(&job()?, |name| title(stores.companion, name)));
    let facts = move || Some(facts(&job()?));
    let state = Memo::new(move |_| job().map(|job| job.status));
    let fault = Memo::new(move |_| job()?.error);
    view! {
        <Card>
            <div class="row" data-testid="job-status" data-status=move || state.get().map(JobStatus::name)>
                <h2 class="is-breakable">{name}</h2>
                {move || job().map(|job| view! { <StatusBadge job=job /> })}
            </div>
            <p class="small muted is-breakable">{about}</p>
            <Progress />
            {move || {
                fault
                    .get()
                    .map(|fault| {
                        view! {
                            <Notice tone=Tone::Danger testid="job-fault">
                                <p class="is-lines">{fault.message}</p>
                                {fault.param.map(|param| view! { <p class="small muted">{format!("It is about {param}.")}</p> })}
                            </Notice>
                        }
                    })
            }}
            <p class="small muted numbers" data-testid="job-facts">{facts}</p>
            <JobActions />
        </Card>
    }
}

/// A bar with words: how far, how long, how fast.
#[component]
fn Progress() -> impl IntoView {
    let open = expect_context::<Stores>().fine_tuning.open;
    let is_running =
        Memo::new(move |_| open.job.with(|job| job.as_ref().is_some_and(|job| job.status == JobStatus::Running)));
    let is_over = Memo::new(move |_| open.job.with(|job| job.as_ref().is_some_and(|job| job.status.is_final())));
    let fraction = Signal::derive(move || {
        let (step, total) = open.steps()?;
        Some(step as f64 / total as f64)
    });
    let words = move || {
        let mut words = Vec::new();
        match open.steps() {
            Some((step, total)) => words.push(format!("Step {} of {}", grouped(step), grouped(total))),
            None if is_running.get() => words.push("Getting ready".to_owned()),
            None => {}
        }
        let latest = |measure| open.history.with(|history| history.latest(measure));
        if is_running.get() {
            words.extend(open.seconds_left().map(time_left));
        }
        words.extend(latest(Measure::TrainLoss).map(|loss| format!("loss {loss:.3}")));
        words.extend(latest(Measure::ValidLoss).map(|loss| format!("loss of rows not learned {loss:.3}")));
        words.extend(latest(Measure::TokensPerSecond).map(|speed| format!("{} tokens/s", rate(speed))));
        words.join(" · ")
    };
    // A bar of a job that is over before its first step would promise more to come.
    let has_bar = move || is_running.get() || fraction.get().is_some() && !is_over.get();
    view! {
        <div class="stack is-tight">
            <p class="small numbers" data-testid="job-progress">{words}</p>
            <Show when=has_bar>
                <ProgressBar label="Steps made" fraction=fraction />
            </Show>
        </div>
    }
}

/// What learns, from what, and how.
fn about(job: &FineTuningJob, title: impl Fn(&str) -> String) -> String {
    let options = &job.quern.options;
    let output = match (options.full, options.rank) {
        (Some(true), _) => "all weights".to_owned(),
        (_, Some(rank)) => format!("adapter of rank {rank}"),
        _ => "adapter".to_owned(),
    };
    let (kind, epochs, batch) =
        match (&job.method.kind, job.method.dpo.as_ref().and_then(|dpo| dpo.hyperparameters.as_ref())) {
            (MethodKind::Dpo, Some(numbers)) => ("preferences", numbers.n_epochs, numbers.batch_size),
            (MethodKind::Dpo, None) => ("preferences", Auto::Auto, Auto::Auto),
            (MethodKind::Supervised, _) => ("answers", job.hyperparameters.n_epochs, job.hyperparameters.batch_size),
        };
    let mut words = vec![title(&job.model), output, kind.to_owned()];
    words.extend(
        epochs.number().map(|epochs| if epochs == 1 { "1 epoch".to_owned() } else { format!("{epochs} epochs") }),
    );
    words.extend(batch.number().map(|rows| format!("steps of {rows} rows")));
    words.extend(options.learning_rate.map(|rate| format!("learning rate {rate}")));
    words.push(format!("seed {}", job.seed));
    words.push(job.id.clone());
    words.join(" · ")
}

/// What became known of it.
fn facts(job: &FineTuningJob) -> String {
    let details = &job.quern;
    let mut words = Vec::new();
    words.extend(details.learned_tokens.map(|tokens| format!("An epoch learns {} tokens", grouped(tokens))));
    words.extend(details.cut_rows.filter(|rows| *rows > 0).map(|rows| format!("{} rows were cut", grouped(rows))));
    words.extend(details.memory_bytes.map(|size| format!("Estimated to take {} of memory", bytes(size))));
    words.extend(job.trained_tokens.map(|tokens| format!("{} tokens were learned in all", grouped(tokens))));
    words.join(" · ")
}
