//! The GPU backend: WGSL kernels through plain wgpu.

mod device;
mod executor;

pub use device::GpuDevice;
pub use executor::GpuExecutor;
