//! What this device offers to models.

use leptos::prelude::*;

use crate::components::{Card, Meter};
use crate::quantities;
use crate::stores::Stores;
use crate::stores::devices::GpuFacts;

/// What this device offers to models.
#[component]
pub fn DeviceCard() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let gpu = move || match stores.device.gpu.get() {
        None => ("…".to_owned(), String::new()),
        Some(GpuFacts::NoWebGpu) => ("Not in this browser".to_owned(), "Models run on the CPU.".to_owned()),
        Some(GpuFacts::NoAdapter) => ("No usable GPU".to_owned(), "Models run on the CPU.".to_owned()),
        Some(GpuFacts::Adapter { name, is_software: true, .. }) => {
            (name, "Computed by the CPU; models may run faster without it. That is measured.".to_owned())
        }
        Some(GpuFacts::Adapter { name, largest_buffer_bytes, .. }) => {
            (name, format!("Buffers up to {}.", quantities::bytes(largest_buffer_bytes)))
        }
    };
    let memory = move || match stores.device.memory_bytes.get() {
        Some(bytes) => format!("{} GB or more", (bytes as f64 / f64::from(1 << 30)).round()),
        None => "The browser does not say".to_owned(),
    };
    let storage = stores.device.storage;
    let used = move || {
        storage.get().map_or_else(
            || "…".to_owned(),
            |storage| {
                format!(
                    "{} used, {} free",
                    quantities::bytes(storage.used_bytes),
                    quantities::bytes(storage.free_bytes())
                )
            },
        )
    };
    let fraction = Signal::derive(move || {
        storage.get().map_or(0.0, |storage| storage.used_bytes as f64 / storage.quota_bytes.max(1) as f64)
    });
    let kept = move || {
        storage.get().map(|storage| {
            if storage.is_persisted {
                "The browser keeps it until you delete it."
            } else {
                "The browser may clear it when the disk is full."
            }
        })
    };
    view! {
        <Card title="This device">
            <dl class="device-facts">
                <div class="fact">
                    <dt>"WebGPU"</dt>
                    <dd data-testid="device-gpu">{move || gpu().0}</dd>
                    <dd class="field-hint">{move || gpu().1}</dd>
                </div>
                <div class="fact">
                    <dt>"Memory"</dt>
                    <dd>{memory}</dd>
                    <dd class="field-hint">"As the browser reports it."</dd>
                </div>
                <div class="fact">
                    <dt>"Storage for this app"</dt>
                    <dd data-testid="device-storage">{used}</dd>
                    <dd>
                        <Meter label="Storage used" fraction=fraction />
                    </dd>
                    <dd class="field-hint">{kept}</dd>
                </div>
            </dl>
        </Card>
    }
}
