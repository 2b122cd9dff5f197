//! Walks a [`super::program::Program`] forwards and back on an NVIDIA GPU: products in 16 bits (bfloat16) with 32-bit sums.
//!
//! The residual stream and its derivative have 32 bits: each half of a layer adds a little to them, which 16 bits would lose,
//! and they are a small part of what is held. Everything else between steps has 16. Trained parameters have 32, with a copy of
//! 16 to multiply with.

mod attention;
mod compiler;
mod dequantization;
mod driver;
#[cfg(all(test, target_os = "linux"))]
mod emulation;
mod head;
#[cfg(all(test, target_os = "linux"))]
mod kernel_tests;
mod kernels;
mod nvidia;
mod operations;
mod tensor;
mod trainer;
#[cfg(all(test, target_os = "linux"))]
mod trainer_tests;
mod walk;
mod weight;

pub use compiler::LIBRARIES_VARIABLE;
pub use nvidia::CudaDevice;
pub use trainer::CudaTrainer;

use std::ops::Range;
use std::sync::Arc;

use self::driver::{Driver, Element};
use self::tensor::Tensor;
use crate::error::EngineError;

/// Tokens and sequence of each tile of attention, `[tiles, 4]`.
fn tiles_of(driver: &Arc<dyn Driver>, sequences: &[Range<usize>], rows: usize) -> Result<Tensor, EngineError> {
    let of = |sequence: &Range<usize>| {
        let sequence = sequence.clone();
        sequence.clone().step_by(rows).flat_map(move |first| {
            [first, sequence.end.min(first + rows), sequence.start, sequence.end].map(|token| token as u32)
        })
    };
    let tiles: Vec<u32> = sequences.iter().flat_map(of).collect();
    Ok(Tensor::of(driver, Element::U32, &tiles)?.matrix(&(0..tiles.len()), tiles.len() / 4, 4))
}
