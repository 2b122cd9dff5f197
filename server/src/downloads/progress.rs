//! What a caller hears while a model is fetched.

/// A step of fetching a model, with how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is happening.
    pub step: Step,
    /// Bytes done of this step.
    pub done_bytes: u64,
    /// Bytes of this step in all, where known.
    pub total_bytes: Option<u64>,
}

/// What is happening while a model is fetched, in order; several parts repeat the middle ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another process is fetching the same model.
    Waiting,
    /// Bytes are coming in.
    Downloading,
    /// The model is taken out of the package it came in.
    Unpacking,
    /// The SHA-256 is computed.
    Verifying,
}

/// Hears each [`Progress`].
pub type Listener<'a> = &'a (dyn Fn(Progress) + Send + Sync);
