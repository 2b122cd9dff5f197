//! What a model takes of a device's memory, part by part: to run it, and to train it.

use leptos::prelude::*;
use shared::catalog::{
    ActivationStorage, ComputeDevice, DeviceFit, DeviceLimits, LinearLayer, ModelFile, TrainingMemory, TrainingMethod,
    TrainingSetup,
};

use crate::components::{Badge, Tone};
use crate::quantities::{bytes, grouped};
use crate::stores::requirements::TrainingPlan;

/// Tokens whose logits a trainer holds together.
const LOSS_CHUNK_TOKENS: u32 = 512;

/// What a model takes of a device's memory.
#[component]
pub fn MemoryTable(
    /// The model.
    file: ModelFile,
    /// Its longest context.
    most_context_tokens: u32,
    /// The device.
    limits: DeviceLimits,
    /// Room for so many tokens.
    context_tokens: u32,
    /// How it would be trained.
    training: TrainingPlan,
) -> impl IntoView {
    let limits = DeviceLimits { storage_bytes: limits.storage_bytes.filter(|_| !file.is_stored), ..limits };
    let placement = limits.place(&file.dimensions, file.size_bytes, context_tokens);
    let need = placement.need;
    let processor = match placement.device {
        ComputeDevice::Cpu => "CPU",
        ComputeDevice::Gpu => "GPU",
    };
    let running = [
        ("Weights".to_owned(), need.weight_bytes),
        (format!("Keys and values of {} tokens", grouped(context_tokens.into())), need.cache_bytes),
        ("Scratch: activations, logits, tables".to_owned(), need.scratch_bytes),
    ];
    let largest_context = limits
        .largest_context(&file.dimensions, file.size_bytes, most_context_tokens, placement.device)
        .map(|tokens| format!("Up to {} tokens of context fit.", grouped(tokens.into())));
    let most_exact =
        limits.most_exact_format(&file.dimensions, context_tokens, placement.device).map(|(format, need)| {
            format!("The most exact format that would fit is {}, with {}.", format.name(), bytes(need.total_bytes()))
        });
    let methods = training_methods(training.rank).map(|(title, method)| {
        let setup = TrainingSetup {
            method,
            sequence_tokens: training.sequence_tokens,
            sequences_per_batch: training.sequences_per_batch,
            activations: ActivationStorage::LayerInputs,
            loss_chunk_tokens: LOSS_CHUNK_TOKENS,
        };
        let memory = TrainingMemory::of(&file.dimensions, &setup);
        let fit = limits.fit_training(&memory, placement.device);
        (title, memory, fit)
    });
    let training_rows = methods
        .into_iter()
        .map(|(title, memory, fit)| {
            let parts = [
                memory.weight_bytes,
                memory.gradient_bytes,
                memory.optimizer_bytes,
                memory.activation_bytes,
                memory.loss_bytes,
                memory.total_bytes(),
            ];
            view! {
                <tr>
                    <th scope="row">{title}</th>
                    {parts.map(|part| view! { <td class="is-number">{bytes(part)}</td> }).into_iter().collect_view()}
                    <td>
                        <FitBadge fit=fit />
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="memory" data-testid="memory">
            <h3>{format!("Memory to run it, on the {processor}")} " " <FitBadge fit=placement.fit /></h3>
            <table class="table">
                <caption class="visually-hidden">"Memory to run it"</caption>
                <tbody>
                    {running
                        .map(|(title, part)| {
                            view! {
                                <tr>
                                    <th scope="row">{title}</th>
                                    <td class="is-number">{bytes(part)}</td>
                                </tr>
                            }
                        })
                        .into_iter()
                        .collect_view()}
                    <tr class="is-total">
                        <th scope="row">"All of it"</th>
                        <td class="is-number" data-testid="memory-total">{bytes(need.total_bytes())}</td>
                    </tr>
                </tbody>
            </table>
            <p class="field-hint">{largest_context} " " {most_exact}</p>
        </section>
        <section class="memory">
            <h3>"Memory to train it"</h3>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Memory to train it">
                <table class="table" data-testid="training-memory">
                    <caption class="visually-hidden">"Memory to train it"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Method"</th>
                            {["Weights", "Gradients", "Optimizer", "Activations", "Loss", "All of it"]
                                .map(|title| view! { <th scope="col" class="is-number">{title}</th> })
                                .into_iter()
                                .collect_view()}
                            <th scope="col">"Here"</th>
                        </tr>
                    </thead>
                    <tbody>{training_rows}</tbody>
                </table>
            </div>
            <p class="field-hint">
                {format!(
                    "{} sequence(s) of {} tokens; adapters of rank {} beside every matrix; layers computed again on the way back.",
                    training.sequences_per_batch,
                    grouped(training.sequence_tokens.into()),
                    training.rank,
                )}
            </p>
        </section>
    }
}

fn training_methods(rank: u32) -> [(&'static str, TrainingMethod); 3] {
    let targets = LinearLayer::ALL.to_vec();
    [
        ("Full", TrainingMethod::Full),
        ("LoRA", TrainingMethod::Lora { rank, targets: targets.clone() }),
        ("QLoRA", TrainingMethod::QuantizedLora { rank, targets }),
    ]
}

/// Whether something fits, with the reason at hand.
#[component]
fn FitBadge(fit: DeviceFit) -> impl IntoView {
    let (tone, words) = match &fit {
        DeviceFit::Fits(_) => (Tone::Good, "fits"),
        DeviceFit::Tight(_) => (Tone::Warning, "tight"),
        DeviceFit::DoesNotFit(_) => (Tone::Danger, "too large"),
        DeviceFit::Unknown(_) => (Tone::Neutral, "not known"),
    };
    let reason = fit.reason().to_owned();
    view! {
        <span title=reason.clone()>
            <Badge tone=tone>{words}</Badge>
            <span class="visually-hidden">{format!(": {reason}")}</span>
        </span>
    }
}
