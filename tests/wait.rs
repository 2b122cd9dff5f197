//! Waiting for a condition, with a deadline; never for a time.

use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// For what the page does by itself: opening, drawing, a click's effect.
pub const SOON: Duration = Duration::from_secs(20);

/// For what takes computing: loading a model, an answer, on two slow cores with others beside.
pub const EVENTUALLY: Duration = Duration::from_secs(240);

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a look at the page found.
pub enum Look<T> {
    /// What was waited for.
    Found(T),
    /// Not yet; what was there instead goes into the error.
    NotYet(String),
}

/// Looks until it is there.
///
/// # Errors
/// The deadline passed, or looking failed.
pub async fn until<T>(
    what: impl Display,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<Look<T>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        let instead = match look().await? {
            Look::Found(found) => return Ok(found),
            Look::NotYet(instead) => instead,
        };
        if started.elapsed() > deadline {
            bail!("waited {} s for {what}; there was: {instead}", deadline.as_secs());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
