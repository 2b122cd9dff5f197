//! Fetches a model file into the browser's storage: resumable, hashed while it streams, verified before it counts.

use std::cell::Cell;

use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::model_files::{self, PAYLOAD, RECORD, UNFINISHED};
use super::opfs::{Directory, SyncFile};
use super::payload_hash::PayloadHash;
use crate::browser::clock::now_ms;
use crate::browser::errors::describe;
use crate::browser::event_loop::yield_to_messages;
use crate::browser::scope;
use crate::engine_worker::protocol::{DownloadRequest, StoredModel, StoredState, TransferProgress, TransferStage};

/// How often the page hears of progress.
const REPORT_EVERY_MS: f64 = 100.0;
/// How often a silent connection is checked for a Pause.
const LOOK_EVERY_MS: u32 = 200;
/// A connection that is silent for so long is given up.
const SILENCE_MS: f64 = 45_000.0;
/// Attempts in a row that bring no byte before the person is asked.
const ATTEMPTS: u32 = 4;
/// Piece size for reading an earlier part again.
const PIECE_BYTES: usize = 1 << 20;

/// Fetches `request`, going on where an earlier attempt at the same file stopped.
///
/// # Errors
/// A sentence for the person. What arrived stays for the next attempt, except when it is damaged.
pub async fn run(
    request: &DownloadRequest,
    cancelled: &Cell<bool>,
    on_progress: &dyn Fn(TransferProgress),
) -> Result<StoredModel, String> {
    model_files::check_name(&request.name)?;
    let models = model_files::directory().await?;
    let folder = models.make_directory(&request.name).await?;
    if let StoredState::Complete(record) = model_files::state(&folder).await {
        return Ok(StoredModel { name: request.name.clone(), state: StoredState::Complete(record) });
    }
    folder.remove(RECORD).await?;
    let earlier = folder.read_json::<DownloadRequest>(UNFINISHED).await;
    let payload = folder.open_to_write(PAYLOAD).await?;
    if !earlier.is_some_and(|earlier| is_same_file(&earlier, request)) {
        payload.truncate(0)?;
    }
    folder.write_json(UNFINISHED, request).await?;

    let mut transfer =
        Transfer { request, cancelled, on_progress, payload, hash: PayloadHash::default(), done_bytes: 0 };
    transfer.check_earlier_part().await?;
    check_room(request.size_bytes, transfer.done_bytes).await?;
    transfer.receive_all().await?;
    transfer.payload.flush()?;
    let Transfer { payload, hash, .. } = transfer;
    drop(payload);

    let committed =
        model_files::commit(&request.name, &folder, hash, request.sha256.as_deref(), request.url.clone()).await;
    if committed.is_err() {
        // Going on from damaged bytes can never succeed.
        discard(&folder).await?;
    }
    committed
}

/// True where the bytes of one are the bytes of the other: the hash decides, the address only where there is none.
fn is_same_file(earlier: &DownloadRequest, now: &DownloadRequest) -> bool {
    match (&earlier.sha256, &now.sha256) {
        (Some(earlier), Some(now)) => earlier.eq_ignore_ascii_case(now),
        (None, None) => earlier.url == now.url,
        _ => false,
    }
}

async fn discard(folder: &Directory) -> Result<(), String> {
    folder.remove(PAYLOAD).await?;
    folder.remove(UNFINISHED).await
}

/// Refuses a download that can't fit, before it begins.
async fn check_room(size_bytes: Option<u64>, done_bytes: u64) -> Result<(), String> {
    let (Some(size_bytes), Some(storage)) = (size_bytes, scope::storage_manager()) else {
        return Ok(());
    };
    let Ok(promise) = storage.estimate() else {
        return Ok(());
    };
    let Ok(estimate) = JsFuture::from(promise).await else {
        return Ok(());
    };
    let estimate: web_sys::StorageEstimate = estimate.unchecked_into();
    let (Some(quota), Some(usage)) = (estimate.get_quota(), estimate.get_usage()) else {
        return Ok(());
    };
    let missing = size_bytes.saturating_sub(done_bytes) as f64;
    if quota - usage < missing {
        return Err(format!(
            "the file needs {:.0} MB more, and the browser allows {:.0} MB; delete a model or free disk space",
            missing / 1e6,
            (quota - usage).max(0.0) / 1e6
        ));
    }
    Ok(())
}

struct Transfer<'a> {
    request: &'a DownloadRequest,
    cancelled: &'a Cell<bool>,
    on_progress: &'a dyn Fn(TransferProgress),
    payload: SyncFile,
    hash: PayloadHash,
    done_bytes: u64,
}

/// Why one connection ended.
enum Interruption {
    /// Worth another attempt.
    Network(String),
    /// Not worth one.
    Final(String),
}

impl Transfer<'_> {
    async fn check_earlier_part(&mut self) -> Result<(), String> {
        let total_bytes = self.payload.len_bytes()?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut reported_ms = 0.0;
        while self.done_bytes < total_bytes {
            let wanted = PIECE_BYTES.min((total_bytes - self.done_bytes) as usize);
            self.payload
                .read_at(self.done_bytes, &mut piece[..wanted])
                .map_err(|error| format!("the earlier part can't be read: {error}"))?;
            self.hash.update(&piece[..wanted]);
            self.done_bytes += wanted as u64;
            if now_ms() - reported_ms > REPORT_EVERY_MS {
                reported_ms = now_ms();
                self.report(TransferStage::CheckingEarlierPart, Some(total_bytes));
                yield_to_messages().await;
                self.stop_if_cancelled()?;
            }
        }
        Ok(())
    }

    async fn receive_all(&mut self) -> Result<(), String> {
        let mut fruitless = 0;
        loop {
            if self.request.size_bytes.is_some_and(|size_bytes| size_bytes == self.done_bytes) {
                return Ok(());
            }
            let before_bytes = self.done_bytes;
            match self.receive().await {
                Ok(()) => return Ok(()),
                Err(Interruption::Final(message)) => return Err(message),
                Err(Interruption::Network(message)) => {
                    fruitless = if self.done_bytes > before_bytes { 1 } else { fruitless + 1 };
                    if fruitless >= ATTEMPTS {
                        return Err(format!("{message}. What arrived is kept: resume when the connection is back"));
                    }
                }
            }
            for _ in 0..(1 << fruitless) * 2 {
                self.stop_if_cancelled()?;
                TimeoutFuture::new(LOOK_EVERY_MS).await;
            }
        }
    }

    /// One connection, from where the file ends to its end.
    async fn receive(&mut self) -> Result<(), Interruption> {
        let aborting = web_sys::AbortController::new().map_err(unexpected)?;
        let response = self.connect(&aborting).await?;
        let total_bytes = self.accept(&response)?;
        let body = response.body().ok_or_else(|| Interruption::Final("the answer has no body".to_owned()))?;
        let reader: web_sys::ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        let received = self.read_body(&reader, total_bytes).await;
        if received.is_err() {
            aborting.abort();
        }
        received?;
        match total_bytes {
            Some(total_bytes) if self.done_bytes < total_bytes => Err(Interruption::Network(format!(
                "the connection ended after {} of {total_bytes} bytes",
                self.done_bytes
            ))),
            Some(total_bytes) if self.done_bytes > total_bytes => Err(Interruption::Final(format!(
                "{} sent {} bytes where {total_bytes} were expected",
                self.request.url, self.done_bytes
            ))),
            _ => Ok(()),
        }
    }

    async fn connect(&self, aborting: &web_sys::AbortController) -> Result<web_sys::Response, Interruption> {
        let options = web_sys::RequestInit::new();
        options.set_method("GET");
        options.set_signal(Some(&aborting.signal()));
        let request = web_sys::Request::new_with_str_and_init(&self.request.url, &options).map_err(unexpected)?;
        if self.done_bytes > 0 {
            request.headers().set("Range", &format!("bytes={}-", self.done_bytes)).map_err(unexpected)?;
        }
        scope::fetch(&request).await.map_err(|exception| {
            Interruption::Network(format!("{} could not be reached ({})", self.request.url, describe(&exception)))
        })
    }

    /// Looks at the status, rewinds where the server does not resume, and returns the length of the whole file.
    fn accept(&mut self, response: &web_sys::Response) -> Result<Option<u64>, Interruption> {
        let header = |name: &str| response.headers().get(name).ok().flatten();
        match response.status() {
            200 => {
                if self.done_bytes > 0 {
                    self.payload.truncate(0).map_err(Interruption::Final)?;
                    self.hash = PayloadHash::default();
                    self.done_bytes = 0;
                }
                // With an encoding the length is that of the packed bytes.
                let length = if header("content-encoding").is_some() { None } else { header("content-length") };
                Ok(self.request.size_bytes.or_else(|| length?.parse().ok()))
            }
            206 => {
                let range = header("content-range").and_then(|text| parse_content_range(&text));
                match range {
                    Some((start, total)) if start == self.done_bytes => Ok(self.request.size_bytes.or(total)),
                    // Not readable across origins unless the server exposes it; the hash decides in the end.
                    None => Ok(self.request.size_bytes),
                    Some((start, _)) => Err(Interruption::Final(format!(
                        "{} answered from byte {start} where byte {} was asked for",
                        self.request.url, self.done_bytes
                    ))),
                }
            }
            // The file may already be whole, or the one on the server is shorter than ours.
            416 => {
                self.payload.truncate(0).map_err(Interruption::Final)?;
                self.hash = PayloadHash::default();
                self.done_bytes = 0;
                Err(Interruption::Network("the server refused to resume".to_owned()))
            }
            status @ (429 | 500..) => Err(Interruption::Network(format!("{} answered {status}", self.request.url))),
            status => {
                Err(Interruption::Final(format!("{} answered {status} {}", self.request.url, response.status_text())))
            }
        }
    }

    async fn read_body(
        &mut self,
        reader: &web_sys::ReadableStreamDefaultReader,
        total_bytes: Option<u64>,
    ) -> Result<(), Interruption> {
        let mut reported_ms = 0.0;
        loop {
            let step = self.next_piece(reader, total_bytes).await?;
            let field = |name: &str| js_sys::Reflect::get(&step, &JsValue::from_str(name)).map_err(unexpected);
            if field("done")?.is_truthy() {
                self.report(TransferStage::Receiving, total_bytes);
                return Ok(());
            }
            let piece = field("value")?.unchecked_into::<js_sys::Uint8Array>().to_vec();
            self.payload.write_at(self.done_bytes, &piece).map_err(Interruption::Final)?;
            self.hash.update(&piece);
            self.done_bytes += piece.len() as u64;
            if now_ms() - reported_ms > REPORT_EVERY_MS {
                reported_ms = now_ms();
                self.report(TransferStage::Receiving, total_bytes);
            }
        }
    }

    /// Waits for bytes, looking up now and then for a Pause.
    async fn next_piece(
        &self,
        reader: &web_sys::ReadableStreamDefaultReader,
        total_bytes: Option<u64>,
    ) -> Result<JsValue, Interruption> {
        let mut reading = JsFuture::from(reader.read());
        let began_ms = now_ms();
        loop {
            self.stop_if_cancelled().map_err(Interruption::Final)?;
            match select(reading, TimeoutFuture::new(LOOK_EVERY_MS)).await {
                Either::Left((step, _)) => {
                    return step.map_err(|exception| {
                        Interruption::Network(format!("the connection broke ({})", describe(&exception)))
                    });
                }
                Either::Right(((), still_reading)) => reading = still_reading,
            }
            // Pieces that came in quick succession before the silence are not all reported yet.
            self.report(TransferStage::Receiving, total_bytes);
            if now_ms() - began_ms > SILENCE_MS {
                return Err(Interruption::Network("the connection went silent".to_owned()));
            }
        }
    }

    fn stop_if_cancelled(&self) -> Result<(), String> {
        if self.cancelled.get() { Err("paused".to_owned()) } else { Ok(()) }
    }

    fn report(&self, stage: TransferStage, total_bytes: Option<u64>) {
        (self.on_progress)(TransferProgress { stage, done_bytes: self.done_bytes, total_bytes });
    }
}

fn unexpected(exception: JsValue) -> Interruption {
    Interruption::Final(describe(&exception))
}

/// Start and total of `bytes 100-199/200`; the total may be `*`.
fn parse_content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read() {
        assert_eq!(parse_content_range("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(parse_content_range("bytes 0-0/*"), Some((0, None)));
        assert_eq!(parse_content_range("bytes */200"), None);
        assert_eq!(parse_content_range("items 1-2/3"), None);
    }

    #[test]
    fn a_part_is_kept_only_for_the_same_bytes() {
        let request = |url: &str, sha256: Option<&str>| DownloadRequest {
            name: "m".to_owned(),
            url: url.to_owned(),
            size_bytes: None,
            sha256: sha256.map(str::to_owned),
        };
        assert!(is_same_file(&request("/a", Some("ff")), &request("/b", Some("FF"))));
        assert!(!is_same_file(&request("/a", Some("ff")), &request("/a", Some("fe"))));
        assert!(is_same_file(&request("/a", None), &request("/a", None)));
        assert!(!is_same_file(&request("/a", None), &request("/a", Some("ff"))));
    }
}
