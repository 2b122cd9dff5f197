//! The machine's clock, for shared code.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use shared::model_pool::{Clock, Timer};
use shared::patient_model::Pause;

/// Time as the engine counts it.
pub struct EngineTimer;

impl Clock for EngineTimer {
    fn now_seconds(&self) -> f64 {
        engine::clock::now_seconds()
    }
}

impl Timer for EngineTimer {
    fn sleep(&self, seconds: f64) -> Pin<Box<dyn Future<Output = ()>>> {
        pause(seconds)
    }
}

/// Done once so many seconds have passed, on whatever thread.
pub(super) fn pause(seconds: f64) -> Pause {
    Box::pin(tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
}
