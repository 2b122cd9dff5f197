//! How long work says how far it is, and hears that it should stop.

use std::future::Future;

/// Somebody asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// What is told of long work while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, in a few words: "reading messy.jsonl".
    pub stage: &'static str,
    /// How much of it is done, in units of its own.
    pub done: u64,
    /// How much there is.
    pub total: u64,
}

/// Listens to long work. It is called many times a second, between two rows.
pub trait Pulse {
    /// Hears how far it is; in a tab this is where the event loop runs.
    ///
    /// # Errors
    /// The work should stop.
    fn beat(&self, progress: Progress) -> impl Future<Output = Result<(), Stopped>>;

    /// The same, where one more of many small things is done: only some of these are heard.
    ///
    /// # Errors
    /// The work should stop.
    fn beat_at(&self, place: usize, progress: Progress) -> impl Future<Output = Result<(), Stopped>> {
        async move { if place.is_multiple_of(PLACES_PER_BEAT) { self.beat(progress).await } else { Ok(()) } }
    }
}

/// Rows, or what is as small, between two beats.
const PLACES_PER_BEAT: usize = 256;

/// Nobody listens.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Pulse for Silent {
    async fn beat(&self, _: Progress) -> Result<(), Stopped> {
        Ok(())
    }
}
