//! Whether a model fits a device, from what the engine will allocate.

use serde::{Deserialize, Serialize};

use super::CatalogEntry;

/// Working memory of the engine beside weights and cache: activations of a batch, logits, the vocabulary.
const SCRATCH_BYTES: u64 = 64 << 20;

/// What running a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryNeed {
    /// Weights, as stored in the file.
    pub weight_bytes: u64,
    /// Keys and values at the chosen context.
    pub cache_bytes: u64,
    /// Activations, logits, vocabulary.
    pub scratch_bytes: u64,
}

/// What a device can hold; `None` where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLimits {
    /// Memory that a model may take.
    pub memory_bytes: Option<u64>,
    /// Storage that is left for the file.
    pub storage_bytes: Option<u64>,
}

/// Whether a model fits, with the sentence that explains it.
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

impl MemoryNeed {
    /// What `entry` takes with room for `context_tokens`.
    pub fn of(entry: &CatalogEntry, context_tokens: u32) -> Self {
        Self {
            weight_bytes: entry.size_bytes,
            cache_bytes: entry.cache_bytes_per_token * u64::from(context_tokens.min(entry.context_tokens)),
            scratch_bytes: SCRATCH_BYTES,
        }
    }

    /// All of it.
    pub fn total_bytes(&self) -> u64 {
        self.weight_bytes + self.cache_bytes + self.scratch_bytes
    }

    /// Whether it fits a device.
    pub fn fit(&self, limits: DeviceLimits) -> DeviceFit {
        let megabytes = |bytes: u64| format!("{} MB", bytes.div_ceil(1_000_000));
        let needed = self.total_bytes();
        if let Some(storage) = limits.storage_bytes
            && storage < self.weight_bytes
        {
            let (file, left) = (megabytes(self.weight_bytes), megabytes(storage));
            return DeviceFit::DoesNotFit(format!("the file has {file}, but only {left} of storage are left"));
        }
        let Some(memory) = limits.memory_bytes else {
            return DeviceFit::Unknown(format!(
                "needs about {}; this device does not say what it has",
                megabytes(needed)
            ));
        };
        let sentence = format!("needs about {} of {} of memory", megabytes(needed), megabytes(memory));
        if needed > memory {
            DeviceFit::DoesNotFit(sentence)
        } else if needed > memory / 10 * 8 {
            DeviceFit::Tight(sentence)
        } else {
            DeviceFit::Fits(sentence)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_the_limits() {
        let need = MemoryNeed { weight_bytes: 100_000_000, cache_bytes: 20_000_000, scratch_bytes: 30_000_000 };
        let fit = |memory_bytes, storage_bytes| need.fit(DeviceLimits { memory_bytes, storage_bytes });
        assert_eq!(
            fit(Some(1_000_000_000), None),
            DeviceFit::Fits("needs about 150 MB of 1000 MB of memory".to_owned())
        );
        assert!(matches!(fit(Some(160_000_000), None), DeviceFit::Tight(_)));
        assert!(matches!(fit(Some(149_000_000), None), DeviceFit::DoesNotFit(_)));
        assert!(matches!(fit(Some(1_000_000_000), Some(99_000_000)), DeviceFit::DoesNotFit(_)));
        assert!(matches!(fit(None, Some(1_000_000_000)), DeviceFit::Unknown(_)));
    }
}
