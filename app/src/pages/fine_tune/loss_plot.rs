//! How the numbers of the open job change, step by step.

use leptos::prelude::*;

use crate::components::{Card, Disclosure, LinePlot, PlottedLine};
use crate::stores::Stores;
use crate::stores::fine_tuning::Measure;

/// The losses, and behind a line what few people look at.
#[component]
pub fn Curves() -> impl IntoView {
    let open = expect_context::<Stores>().fine_tuning.open;
    let has_steps = Memo::new(move |_| open.history.with(|history| history.step().is_some()));
    view! {
        <Show when=move || has_steps.get()>
            <Card
                title="Loss"
                lead="How surprised the model is by each token of the answers, in nats. It should fall. Where that of rows that are not learned begins to rise, the model learns by heart."
            >
                <div data-testid="losses">
                    <Curve
                        label="Loss by step"
                        unit="nats per token"
                        lines=&[("rows that are learned", Measure::TrainLoss), ("rows that are not learned", Measure::ValidLoss)]
                    />
                </div>
                <Disclosure summary=|| "Learning rate, gradient and speed" testid="more-curves">
                    <Curve label="Learning rate by step" unit="learning rate" lines=&[("learning rate", Measure::LearningRate)] />
                    <p class="small muted">"How far each step goes, by the schedule."</p>
                    <Curve
                        label="Gradient norm by step"
                        unit="norm"
                        lines=&[("norm of the gradient, before it is clipped", Measure::GradientNorm)]
                    />
                    <p class="small muted">"How much the rows of a step ask for. High jumps say that the learning rate is too high."</p>
                    <Curve label="Speed by step" unit="tokens per second" lines=&[("tokens per second", Measure::TokensPerSecond)] />
                </Disclosure>
            </Card>
        </Show>
    }
}

/// Numbers over the steps; those that no step has are left out.
#[component]
fn Curve(label: &'static str, unit: &'static str, lines: &'static [(&'static str, Measure)]) -> impl IntoView {
    let open = expect_context::<Stores>().fine_tuning.open;
    let plotted = Memo::new(move |_| {
        open.history.with(|history| {
            let line = |(label, measure): &(&str, Measure)| {
                let points = history.curve(*measure);
                (!points.is_empty()).then(|| PlottedLine { label: (*label).to_owned(), points })
            };
            lines.iter().filter_map(line).collect::<Vec<_>>()
        })
    });
    view! {
        <LinePlot
            label=label
            x_label="step"
            y_label=Signal::stored(unit.to_owned())
            lines=plotted
            markers=Signal::stored(Vec::new())
        />
    }
}
