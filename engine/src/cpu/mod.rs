//! The CPU backend: walks the plan with plain loops, and with SIMD where the time goes.
//!
//! Weights stay in their GGUF blocks. A matrix product quantizes its input rows once to 16-bit integers
//! ([`activation`]), decodes 32 weights at a time into 16-bit lanes ([`blocks`], [`lanes`]) and multiplies in
//! integers. Sixteen bits keep the results within 1e-4 of the float product, where the customary eight lose 1e-2, and
//! cost the same: the multiply-add of 16-bit pairs is the widest integer product that WASM, AVX2, AVX-512 and NEON share.

mod activation;
mod adapter;
mod attention;
mod blocks;
pub(crate) mod elementwise;
mod executor;
pub(crate) mod lanes;
mod linear;
pub(crate) mod math;
mod parallel;
pub(crate) mod weight;

pub use executor::CpuExecutor;
pub use lanes::instruction_set;
pub use parallel::Threads;
