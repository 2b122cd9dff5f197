//! What a client may ask for, and how long it is waited for.

use serde::{Deserialize, Serialize};

/// Flags and the `[limits]` table.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Limits ([limits] in the configuration file)")]
pub struct LimitsOptions {
    /// Largest request body in bytes [default: 8388608]
    #[arg(long, env = "QUERN_MAX_BODY_BYTES")]
    pub max_body_bytes: Option<usize>,
    /// Largest uploaded file in bytes [default: 8589934592]
    #[arg(long, env = "QUERN_MAX_FILE_BYTES")]
    pub max_file_bytes: Option<u64>,
    /// Fine-tuning jobs that run at once; others wait [default: 1]
    #[arg(long, env = "QUERN_MAX_FINE_TUNING_JOBS", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_fine_tuning_jobs: Option<u16>,
    /// Silence after which a stream gets a comment line that keeps the connection open, in seconds [default: 10]
    #[arg(long, env = "QUERN_KEEP_ALIVE_SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub keep_alive_seconds: Option<u64>,
    /// Time that running answers get to finish after a signal to stop, in seconds [default: 10]
    #[arg(long, env = "QUERN_SHUTDOWN_GRACE_SECONDS")]
    pub shutdown_grace_seconds: Option<u64>,
}

/// What a client may ask for, and how long it is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Largest uploaded file.
    pub max_file_bytes: u64,
    /// Fine-tuning jobs that run at once.
    pub max_fine_tuning_jobs: u16,
    /// Silence after which a stream gets a comment line.
    pub keep_alive_seconds: u64,
    /// Time that running answers get to finish after a signal to stop.
    pub shutdown_grace_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 8 << 20,
            max_file_bytes: 8 << 30,
            max_fine_tuning_jobs: 1,
            keep_alive_seconds: 10,
            shutdown_grace_seconds: 10,
        }
    }
}

impl LimitsOptions {
    pub(super) fn decide(self, file: Self) -> Limits {
        let default = Limits::default();
        Limits {
            max_body_bytes: self.max_body_bytes.or(file.max_body_bytes).unwrap_or(default.max_body_bytes),
            max_file_bytes: self.max_file_bytes.or(file.max_file_bytes).unwrap_or(default.max_file_bytes),
            max_fine_tuning_jobs: self
                .max_fine_tuning_jobs
                .or(file.max_fine_tuning_jobs)
                .unwrap_or(default.max_fine_tuning_jobs)
                .max(1),
            keep_alive_seconds: self
                .keep_alive_seconds
                .or(file.keep_alive_seconds)
                .unwrap_or(default.keep_alive_seconds)
                .max(1),
            shutdown_grace_seconds: self
                .shutdown_grace_seconds
                .or(file.shutdown_grace_seconds)
                .unwrap_or(default.shutdown_grace_seconds),
        }
    }
}
