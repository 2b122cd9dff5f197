//! The machine's clock, for shared code.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use shared::model_pool::{Clock, Timer};

/// Time as the engine counts it.
pub struct EngineTimer;

impl Clock for EngineTimer {
    fn now_seconds(&self) -> f64 {
        engine::clock::now_seconds()
    }
}

impl Timer for EngineTimer {
    fn sleep(&self, seconds: f64) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
    }
}
