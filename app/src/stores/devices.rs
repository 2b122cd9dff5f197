//! What this device offers: WebGPU, memory, storage.

use js_sys::Reflect;
use leptos::prelude::*;
use shared::catalog::{DeviceLimits, DevicePeak, GpuLimits};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::browser::clock::now_ms;
use crate::browser::scope;

/// What this device offers.
#[derive(Clone, Copy)]
pub struct DeviceStore {
    /// The GPU as the page sees it; `None` until it has answered.
    pub gpu: RwSignal<Option<GpuFacts>>,
    /// Memory in bytes as the browser reports it (rounded, at most 8 GiB), where it does.
    pub memory_bytes: RwSignal<Option<u64>>,
    /// The browser's storage for this app.
    pub storage: RwSignal<Option<StorageFacts>>,
    /// What its processor can do at best; `None` until it was measured.
    pub peak: RwSignal<Option<DevicePeak>>,
}

/// The GPU as the page sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum GpuFacts {
    /// This browser has no WebGPU.
    NoWebGpu,
    /// It has, but there is no GPU behind it.
    NoAdapter,
    /// It works.
    Adapter {
        /// What the browser tells of its name.
        name: String,
        /// A GPU computed by the CPU.
        is_software: bool,
        /// Largest buffer.
        largest_buffer_bytes: u64,
        /// Largest part of a buffer that one kernel sees.
        largest_binding_bytes: u64,
    },
}

/// The browser's storage for this app.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StorageFacts {
    /// Used by this app.
    pub used_bytes: u64,
    /// Allowed to this app.
    pub quota_bytes: u64,
    /// True where the browser promised not to clear it by itself.
    pub is_persisted: bool,
}

impl StorageFacts {
    /// What still fits.
    pub fn free_bytes(&self) -> u64 {
        self.quota_bytes.saturating_sub(self.used_bytes)
    }
}

impl DeviceStore {
    /// Begins to ask.
    pub fn start() -> Self {
        let store = Self {
            gpu: RwSignal::new(None),
            memory_bytes: RwSignal::new(memory_bytes()),
            storage: RwSignal::new(None),
            peak: RwSignal::new(None),
        };
        spawn_local(async move {
            store.gpu.set(Some(gpu_facts().await.unwrap_or(GpuFacts::NoAdapter)));
        });
        store.look_at_storage();
        store
    }

    /// Measures the processor, if that was not done yet; takes about 20 milliseconds.
    pub fn measure_peak(self) {
        if self.peak.with_untracked(Option::is_none) {
            self.peak.set(DevicePeak::probe(|| now_ms() / 1000.0));
        }
    }

    /// The GPU's name as the page sees it, by which measured speeds are remembered; `None` while it is not known.
    pub fn adapter_name(self) -> Option<String> {
        self.gpu.with_untracked(|gpu| match gpu {
            Some(GpuFacts::Adapter { name, .. }) => Some(name.clone()),
            _ => None,
        })
    }

    /// Reads the storage figures again, after something was stored or deleted.
    pub fn look_at_storage(self) {
        spawn_local(async move {
            if let Some(facts) = storage_facts().await {
                self.storage.set(Some(facts));
            }
        });
    }

    /// Asks the browser not to clear the storage by itself.
    pub async fn ask_to_persist(self) {
        let Some(storage) = scope::storage_manager() else {
            return;
        };
        if let Ok(promise) = storage.persist() {
            // A refusal shows in the figures.
            let _ = JsFuture::from(promise).await;
        }
        self.look_at_storage();
    }
}

fn memory_bytes() -> Option<u64> {
    let gib = field(&window().navigator().into(), "deviceMemory")?.as_f64()?;
    Some((gib * f64::from(1 << 30)) as u64)
}

async fn storage_facts() -> Option<StorageFacts> {
    let storage = scope::storage_manager()?;
    let estimate = JsFuture::from(storage.estimate().ok()?).await.ok()?;
    let estimate: web_sys::StorageEstimate = estimate.unchecked_into();
    let is_persisted = match storage.persisted() {
        Ok(promise) => JsFuture::from(promise).await.is_ok_and(|persisted| persisted.is_truthy()),
        Err(_) => false,
    };
    Some(StorageFacts {
        used_bytes: estimate.get_usage().unwrap_or(0.0) as u64,
        quota_bytes: estimate.get_quota().unwrap_or(0.0) as u64,
        is_persisted,
    })
}

/// Read by reflection: web-sys has WebGPU behind an unstable flag, and the page must not link wgpu.
async fn gpu_facts() -> Option<GpuFacts> {
    let Some(gpu) = field(&window().navigator().into(), "gpu") else {
        return Some(GpuFacts::NoWebGpu);
    };
    let options = js_sys::Object::new();
    Reflect::set(&options, &"powerPreference".into(), &"high-performance".into()).ok()?;
    let request: js_sys::Function = field(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let promise: js_sys::Promise = request.call1(&gpu, &options).ok()?.dyn_into().ok()?;
    let adapter = JsFuture::from(promise).await.ok()?;
    if adapter.is_null() || adapter.is_undefined() {
        return Some(GpuFacts::NoAdapter);
    }
    let limits = field(&adapter, "limits")?;
    let information = field(&adapter, "info");
    let text = |key: &str| {
        information
            .as_ref()
            .and_then(|information| field(information, key)?.as_string())
            .filter(|text| !text.is_empty())
    };
    let name = text("description")
        .or_else(|| Some(format!("{} {}", text("vendor")?, text("architecture").unwrap_or_default())))
        .map_or_else(|| "GPU".to_owned(), |name| name.trim().to_owned());
    let is_fallback = information
        .as_ref()
        .and_then(|information| field(information, "isFallbackAdapter"))
        .is_some_and(|flag| flag.is_truthy());
    let is_software = is_fallback || name.to_ascii_lowercase().contains("swiftshader");
    Some(GpuFacts::Adapter {
        name,
        is_software,
        largest_buffer_bytes: field(&limits, "maxBufferSize")?.as_f64()? as u64,
        largest_binding_bytes: field(&limits, "maxStorageBufferBindingSize")?.as_f64()? as u64,
    })
}

/// A field that is there.
fn field(object: &JsValue, key: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &JsValue::from_str(key)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

impl DeviceStore {
    /// What a model may take here, as far as the browser tells; tracked.
    pub fn limits(self) -> DeviceLimits {
        /// What a tab can address for the CPU, with room for the rest.
        const LARGEST_TAB_BYTES: u64 = 3 << 30;
        let gpu = match self.gpu.get() {
            Some(GpuFacts::Adapter { is_software: false, largest_buffer_bytes, largest_binding_bytes, .. }) => {
                Some(GpuLimits { largest_buffer_bytes, largest_binding_bytes, memory_bytes: None })
            }
            _ => None,
        };
        // The system and other tabs need the other half.
        let half = self.memory_bytes.get().map(|bytes| bytes / 2);
        DeviceLimits {
            memory_bytes: if gpu.is_some() { half } else { half.map(|bytes| bytes.min(LARGEST_TAB_BYTES)) },
            storage_bytes: self.storage.get().map(|storage| storage.free_bytes()),
            gpu,
        }
    }
}
