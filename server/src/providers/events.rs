//! The events of a provider's streamed answer.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::Response;
use shared::api::event_stream::EventStreamReader;

use super::client::{MOST_ANSWER_BYTES, next_piece};
use super::failure::ProviderFailure;
use super::provider::Provider;

/// The longest event.
const MOST_EVENT_BYTES: usize = 1 << 20;

/// The events of a streamed answer. Dropping them closes the connection.
pub(crate) struct ProviderEvents {
    provider: Provider,
    response: Response,
    idle: Duration,
    reader: EventStreamReader,
    ready: VecDeque<String>,
    read_bytes: usize,
}

impl ProviderEvents {
    /// Those of an answer whose head is here.
    pub(super) fn new(provider: Provider, response: Response, idle: Duration) -> Self {
        let (reader, ready) = (EventStreamReader::default(), VecDeque::new());
        Self { provider, response, idle, reader, ready, read_bytes: 0 }
    }

    /// Whose they are.
    pub(crate) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Data of the next event, `None` at the end of the answer.
    ///
    /// # Errors
    /// The connection broke, nothing came for too long, or too much came.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, ProviderFailure> {
        loop {
            if let Some(data) = self.ready.pop_front() {
                return Ok(Some(data));
            }
            let Some(piece) = next_piece(&self.provider, &mut self.response, self.idle).await? else { return Ok(None) };
            self.read_bytes += piece.len();
            self.ready.extend(self.reader.push(&piece));
            let is_too_long = self.reader.pending_bytes() > MOST_EVENT_BYTES;
            if is_too_long || self.read_bytes > MOST_ANSWER_BYTES {
                let (what, most_bytes) =
                    if is_too_long { ("one event", MOST_EVENT_BYTES) } else { ("its answer", MOST_ANSWER_BYTES) };
                let message = format!(
                    "{} sent more than {} MiB in {what}, which is too much; the rest was not read",
                    self.provider.name,
                    most_bytes >> 20
                );
                return Err(ProviderFailure::bad_gateway(&self.provider, message));
            }
        }
    }
}
