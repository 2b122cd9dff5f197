//! The GPU backend: WGSL kernels through plain wgpu, the same in the browser and natively.
//!
//! [`recorder`] turns a plan into [`call`]s: kernels as text with their bindings and grids, plain data that needs no
//! GPU. [`pipelines`] makes them ready once, when a model is loaded; [`GpuExecutor`] then records them into one
//! compute pass per submission. Nothing is created per token.
//!
//! Kernels use WebGPU's default limits and features only.

mod adapter;
mod buffers;
pub mod call;
mod device;
mod executor;
mod kernels;
mod pipelines;
mod planes;
mod readback;
pub mod recorder;
pub mod shader;
mod weights;

pub use device::GpuDevice;
pub use executor::GpuExecutor;
