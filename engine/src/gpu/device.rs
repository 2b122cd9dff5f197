//! The GPU as wgpu gives it: chosen, opened, and watched for faults.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::channel::oneshot;

use crate::error::EngineError;

/// A GPU that takes longer than this for one submission is taken for dead.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// An open GPU device.
pub struct GpuDevice {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    name: String,
    is_software: bool,
    faults: Arc<Mutex<Option<Fault>>>,
}

/// What went wrong outside of any call.
#[derive(Clone, Debug)]
enum Fault {
    Lost(String),
    Refused(String),
    OutOfMemory(String),
}

impl GpuDevice {
    /// Opens the GPU that the system prefers for heavy work; a software GPU where there is no other.
    ///
    /// # Errors
    /// There is no WebGPU, or no adapter that has WebGPU's default limits.
    pub async fn request() -> Result<Self, EngineError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends: wgpu::Backends::PRIMARY,
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                ..Default::default()
            })
            .await
            .map_err(|error| EngineError::NoGpu(error.to_string()))?;
        let offered = adapter.limits();
        // Kernels work within the default limits; a long context may need a larger buffer than they allow.
        let required_limits = wgpu::Limits {
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let descriptor = wgpu::DeviceDescriptor { label: Some("engine"), required_limits, ..Default::default() };
        let (device, queue) =
            adapter.request_device(&descriptor).await.map_err(|error| EngineError::NoGpu(error.to_string()))?;
        let faults: Arc<Mutex<Option<Fault>>> = Arc::default();
        let lost = Arc::clone(&faults);
        device.set_device_lost_callback(move |reason, message| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                note(&lost, Fault::Lost(message));
            }
        });
        let refused = Arc::clone(&faults);
        device.on_uncaptured_error(Arc::new(move |error| {
            note(
                &refused,
                match error {
                    wgpu::Error::OutOfMemory { .. } => Fault::OutOfMemory(error.to_string()),
                    _ => Fault::Refused(error.to_string()),
                },
            );
        }));
        let info = adapter.get_info();
        let name = if info.name.is_empty() { browser_name(&device) } else { info.name };
        let is_software = info.device_type == wgpu::DeviceType::Cpu || name.to_lowercase().contains("swiftshader");
        Ok(Self { device, queue, name, is_software, faults })
    }

    /// The adapter's name, for people and for remembering speeds by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True for a GPU that is computed by the CPU.
    pub fn is_software(&self) -> bool {
        self.is_software
    }

    /// What it allows.
    pub fn limits(&self) -> wgpu::Limits {
        self.device.limits()
    }

    /// Lets the GPU work until nothing is left to do, where the system does not do that by itself.
    ///
    /// # Errors
    /// It takes unreasonably long.
    pub(super) fn wait(&self) -> Result<(), EngineError> {
        // On the web this does nothing: the event loop runs the callbacks.
        let everything = wgpu::PollType::Wait { submission_index: None, timeout: Some(LONGEST_WAIT) };
        match self.device.poll(everything) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.check()?;
                Err(EngineError::DeviceLost(format!("no answer within {} s: {error}", LONGEST_WAIT.as_secs())))
            }
        }
    }

    /// Waits until everything submitted is done.
    ///
    /// # Errors
    /// The device failed.
    pub(super) async fn finish_work(&self) -> Result<(), EngineError> {
        self.queue.submit([]);
        let (sender, receiver) = oneshot::channel();
        self.queue.on_submitted_work_done(move || {
            // The receiver is gone only where nobody waits any more.
            let _ = sender.send(());
        });
        self.wait()?;
        let done = receiver.await;
        self.check()?;
        done.map_err(|_| EngineError::DeviceLost("it never answered".to_owned()))
    }

    /// The first thing that went wrong since the device was opened, if anything did.
    ///
    /// # Errors
    /// That.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        match self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            None => Ok(()),
            Some(Fault::Lost(message)) => Err(EngineError::DeviceLost(message)),
            Some(Fault::Refused(message)) => Err(EngineError::Gpu(message)),
            Some(Fault::OutOfMemory(message)) => {
                Err(EngineError::OutOfMemory { what: "the model".to_owned(), needed_bytes: 0, limit: message })
            }
        }
    }
}

fn note(faults: &Mutex<Option<Fault>>, fault: Fault) {
    // The first fault explains the later ones.
    faults.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
}

/// Browsers hide the description of most adapters, but tell vendor and architecture.
#[cfg(target_arch = "wasm32")]
fn browser_name(device: &wgpu::Device) -> String {
    let name = device.as_webgpu().map(|device| {
        let info = device.adapter_info();
        format!("{} {}", info.vendor(), info.architecture()).trim().to_owned()
    });
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "WebGPU".to_owned())
}

#[cfg(not(target_arch = "wasm32"))]
fn browser_name(_device: &wgpu::Device) -> String {
    "GPU".to_owned()
}
