//! What devices can hold, whether a model fits, and the largest context and the most exact format that do.

use serde::{Deserialize, Serialize};

use super::dimensions::ModelDimensions;
use super::memory::{ComputeDevice, MemoryNeed, TrainingMemory};
use super::weight_format::WeightFormat;

/// What a device can hold; `None` where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLimits {
    /// Memory that a model may take: of the tab, or of the companion's machine.
    pub memory_bytes: Option<u64>,
    /// Storage that is left for the file; `None` also where the file has its place already.
    pub storage_bytes: Option<u64>,
    /// The GPU, where there is one that computes.
    pub gpu: Option<GpuLimits>,
}

/// What a GPU can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuLimits {
    /// WebGPU's `maxBufferSize`.
    pub largest_buffer_bytes: u64,
    /// WebGPU's `maxStorageBufferBindingSize`.
    pub largest_binding_bytes: u64,
    /// Its memory; browsers don't tell, and some GPUs share the machine's.
    pub memory_bytes: Option<u64>,
}

/// Whether something fits, with the sentence that explains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fit", content = "reason", rename_all = "snake_case")]
pub enum DeviceFit {
    /// With room to spare.
    Fits(String),
    /// It takes more than 80 % of what there is.
    Tight(String),
    /// It needs more than there is.
    DoesNotFit(String),
    /// The device does not say what it has.
    Unknown(String),
}

impl DeviceFit {
    /// The sentence that explains it.
    pub fn reason(&self) -> &str {
        match self {
            Self::Fits(reason) | Self::Tight(reason) | Self::DoesNotFit(reason) | Self::Unknown(reason) => reason,
        }
    }

    /// It needs more than there is.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::DoesNotFit(_))
    }
}

/// Where a model would be computed, what it takes there, and whether that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// On which processor.
    pub device: ComputeDevice,
    /// What it takes there.
    pub need: MemoryNeed,
    /// Whether that fits.
    pub fit: DeviceFit,
}

impl DeviceLimits {
    /// Where a model whose file has `weight_bytes` would be computed with room for `context_tokens`: on the GPU where
    /// there is one that holds it, else on the CPU.
    pub fn place(&self, dimensions: &ModelDimensions, weight_bytes: u64, context_tokens: u32) -> Placement {
        let on = |device| {
            let need = MemoryNeed::of(dimensions, weight_bytes, context_tokens, device);
            Placement { device, need, fit: self.fit(&need, device) }
        };
        let on_gpu = self.gpu.map(|_| on(ComputeDevice::Gpu)).filter(|placement| !placement.fit.is_too_large());
        on_gpu.unwrap_or_else(|| on(ComputeDevice::Cpu))
    }

    /// Where the engine would compute: on the GPU where there is one.
    pub fn compute_device(&self) -> ComputeDevice {
        if self.gpu.is_some() { ComputeDevice::Gpu } else { ComputeDevice::Cpu }
    }

    /// Whether a model fits that is computed on `device`.
    pub fn fit(&self, need: &MemoryNeed, device: ComputeDevice) -> DeviceFit {
        if let Some(storage) = self.storage_bytes
            && storage < need.weight_bytes
        {
            let (file, left) = (megabytes(need.weight_bytes), megabytes(storage));
            return DeviceFit::DoesNotFit(format!("the file has {file}, but only {left} of storage are left"));
        }
        if device == ComputeDevice::Gpu
            && let Some(gpu) = self.gpu
        {
            let largest = gpu.largest_buffer_bytes.min(gpu.largest_binding_bytes);
            if need.largest_buffer_bytes > largest {
                let (needed, largest) = (megabytes(need.largest_buffer_bytes), megabytes(largest));
                return DeviceFit::DoesNotFit(format!(
                    "needs a buffer of {needed}, but this GPU's largest has {largest}; a shorter context needs less"
                ));
            }
        }
        self.fit_bytes(need.total_bytes(), device)
    }

    /// Whether training fits. The largest buffers are cut to what the GPU can bind.
    pub fn fit_training(&self, memory: &TrainingMemory, device: ComputeDevice) -> DeviceFit {
        self.fit_bytes(memory.total_bytes(), device)
    }

    fn fit_bytes(&self, needed: u64, device: ComputeDevice) -> DeviceFit {
        let of_gpu = match device {
            ComputeDevice::Cpu => None,
            ComputeDevice::Gpu => self.gpu.and_then(|gpu| gpu.memory_bytes),
        };
        let (memory, whose) = match (of_gpu, self.memory_bytes) {
            (Some(memory), _) => (memory, "GPU memory"),
            (None, Some(memory)) => (memory, "memory"),
            (None, None) => {
                let needed = megabytes(needed);
                return DeviceFit::Unknown(format!("needs about {needed}; this device does not say what it has"));
            }
        };
        let sentence = format!("needs about {} of {} of {whose}", megabytes(needed), megabytes(memory));
        if needed > memory {
            DeviceFit::DoesNotFit(sentence)
        } else if needed > memory / 10 * 8 {
            DeviceFit::Tight(sentence)
        } else {
            DeviceFit::Fits(sentence)
        }
    }

    /// The largest context up to `most_tokens` with which a model fits; `None` where not even one token does.
    pub fn largest_context(
        &self,
        dimensions: &ModelDimensions,
        weight_bytes: u64,
        most_tokens: u32,
        device: ComputeDevice,
    ) -> Option<u32> {
        let is_too_large = |context_tokens| {
            self.fit(&MemoryNeed::of(dimensions, weight_bytes, context_tokens, device), device).is_too_large()
        };
        if most_tokens == 0 || is_too_large(1) {
            return None;
        }
        // More context never takes less memory: search between one that fits and one that may not.
        let (mut fits, mut bound) = (1, most_tokens);
        while fits < bound {
            let middle = fits + (bound - fits).div_ceil(2);
            if is_too_large(middle) {
                bound = middle - 1;
            } else {
                fits = middle;
            }
        }
        Some(fits)
    }

    /// The most exact format in which a model fits with room for `context_tokens`, and what it takes then; `None` where
    /// none does.
    pub fn most_exact_format(
        &self,
        dimensions: &ModelDimensions,
        context_tokens: u32,
        device: ComputeDevice,
    ) -> Option<(WeightFormat, MemoryNeed)> {
        WeightFormat::ALL
            .into_iter()
            .map(|format| (format, MemoryNeed::of(dimensions, format.file_bytes(dimensions), context_tokens, device)))
            .find(|(_, need)| !self.fit(need, device).is_too_large())
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::super::dimensions::tests::SMOLLM2_135M;
    use super::*;

    const NEED: MemoryNeed = MemoryNeed {
        weight_bytes: 100_000_000,
        cache_bytes: 20_000_000,
        scratch_bytes: 30_000_000,
        largest_buffer_bytes: 100_000_000,
    };

    #[test]
    fn the_verdict_follows_the_limits() {
        let fit = |memory_bytes, storage_bytes| {
            DeviceLimits { memory_bytes, storage_bytes, gpu: None }.fit(&NEED, ComputeDevice::Cpu)
        };
        assert_eq!(
            fit(Some(1_000_000_000), None),
            DeviceFit::Fits("needs about 150 MB of 1000 MB of memory".to_owned())
        );
        assert!(matches!(fit(Some(160_000_000), None), DeviceFit::Tight(_)));
        assert!(matches!(fit(Some(149_000_000), None), DeviceFit::DoesNotFit(_)));
        assert!(matches!(fit(Some(1_000_000_000), Some(99_000_000)), DeviceFit::DoesNotFit(_)));
        assert!(matches!(fit(None, Some(1_000_000_000)), DeviceFit::Unknown(_)));
    }

    #[test]
    fn a_gpu_is_limited_by_its_buffers_and_its_own_memory() {
        let limits = |largest_binding_bytes, memory_bytes| DeviceLimits {
            memory_bytes: Some(8_000_000_000),
            storage_bytes: None,
            gpu: Some(GpuLimits { largest_buffer_bytes: 1 << 30, largest_binding_bytes, memory_bytes }),
        };
        let fit = |limits: DeviceLimits| limits.fit(&NEED, ComputeDevice::Gpu);
        assert_eq!(fit(limits(128 << 20, None)).reason(), "needs about 150 MB of 8000 MB of memory");
        assert_eq!(fit(limits(128 << 20, Some(200_000_000))).reason(), "needs about 150 MB of 200 MB of GPU memory");
        assert_eq!(
            fit(limits(64_000_000, None)).reason(),
            "needs a buffer of 100 MB, but this GPU's largest has 64 MB; a shorter context needs less"
        );
        // The CPU has no such limit.
        assert!(matches!(limits(64_000_000, None).fit(&NEED, ComputeDevice::Cpu), DeviceFit::Fits(_)));
    }

    #[test]
    fn the_largest_context_just_fits() {
        let limits = DeviceLimits { memory_bytes: Some(200_000_000), ..DeviceLimits::default() };
        let weight_bytes = 98_362_432;
        let largest = limits.largest_context(&SMOLLM2_135M, weight_bytes, 8192, ComputeDevice::Cpu).unwrap();
        // 200 MB less 98,362,432 of weights and 3,590,400 of scratch, at 46,080 bytes a token.
        assert_eq!(largest, 2127);
        assert_eq!(limits.largest_context(&SMOLLM2_135M, weight_bytes, 512, ComputeDevice::Cpu), Some(512));
        assert_eq!(limits.largest_context(&SMOLLM2_135M, 300_000_000, 8192, ComputeDevice::Cpu), None);
    }

    #[test]
    fn the_most_exact_format_that_fits_is_found() {
        let format = |memory_bytes| {
            let limits = DeviceLimits { memory_bytes: Some(memory_bytes), ..DeviceLimits::default() };
            limits.most_exact_format(&SMOLLM2_135M, 1024, ComputeDevice::Cpu).map(|(format, _)| format)
        };
        assert_eq!(format(1_000_000_000), Some(WeightFormat::F16));
        assert_eq!(format(200_000_000), Some(WeightFormat::Q8_0));
        assert_eq!(format(145_000_000), Some(WeightFormat::Q4_0));
        assert_eq!(format(100_000_000), None);
    }
}
