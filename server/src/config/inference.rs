//! What computes, and with how much.

use serde::{Deserialize, Serialize};

/// Flags and the `[inference]` table.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Inference ([inference] in the configuration file)")]
pub struct InferenceOptions {
    /// What computes; `auto` measures once per device and model, and remembers [default: auto]
    #[arg(long, env = "QUERN_DEVICE", value_enum)]
    pub device: Option<DeviceChoice>,
    /// CPU threads [default: one per core]
    #[arg(long, env = "QUERN_THREADS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Most tokens of prompt and answer together; the model's own limit also applies [default: 8192]
    #[arg(long, env = "QUERN_CONTEXT_TOKENS", value_parser = clap::value_parser!(u32).range(16..))]
    pub context_tokens: Option<u32>,
    /// Models in memory at once; the least recently used one makes room [default: 1]
    #[arg(long, env = "QUERN_MAX_LOADED_MODELS", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_loaded_models: Option<u16>,
    /// Requests that may wait for a model; further ones are told to come back [default: 32]
    #[arg(long, env = "QUERN_QUEUE_LENGTH", value_parser = clap::value_parser!(u16).range(1..))]
    pub queue_length: Option<u16>,
}

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// Whichever of the two is faster, as measured once.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The graphics card, through wgpu.
    Wgpu,
}

/// What computes, and with how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inference {
    /// What computes.
    pub device: DeviceChoice,
    /// CPU threads.
    pub threads: u16,
    /// Most tokens of prompt and answer together.
    pub context_tokens: u32,
    /// Models in memory at once.
    pub max_loaded_models: u16,
    /// Requests that may wait for a model.
    pub queue_length: u16,
}

impl Default for Inference {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            device: DeviceChoice::Auto,
            threads: u16::try_from(cores).unwrap_or(u16::MAX),
            context_tokens: 8192,
            max_loaded_models: 1,
            queue_length: 32,
        }
    }
}

impl InferenceOptions {
    pub(super) fn decide(self, file: Self) -> Inference {
        let default = Inference::default();
        Inference {
            device: self.device.or(file.device).unwrap_or(default.device),
            threads: self.threads.or(file.threads).unwrap_or(default.threads).max(1),
            context_tokens: self.context_tokens.or(file.context_tokens).unwrap_or(default.context_tokens),
            max_loaded_models: self
                .max_loaded_models
                .or(file.max_loaded_models)
                .unwrap_or(default.max_loaded_models)
                .max(1),
            queue_length: self.queue_length.or(file.queue_length).unwrap_or(default.queue_length).max(1),
        }
    }
}
