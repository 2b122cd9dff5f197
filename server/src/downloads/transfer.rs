//! Gets one URL into one `.part` file: resumed where it stopped, retried while it makes progress, and verified.
//!
//! A server may truncate, stall, ignore `Range` or change the file in between; none of that gets past [`Transfer::run`].

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt, BufWriter};

use super::checksum::Checksum;
use super::error::DownloadError;
use super::progress::{Listener, Progress, Step};

/// What is known about a file before it is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its size.
    pub size_bytes: Option<u64>,
    /// Its content.
    pub checksum: Option<Checksum>,
}

/// When a silent or failing server is given up.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest silence within one answer.
    pub stall: Duration,
    /// Attempts in a row that brought nothing new.
    pub attempts: u32,
    /// Pause after the first failure; it doubles with each further one.
    pub first_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { stall: Duration::from_secs(30), attempts: 6, first_pause: Duration::from_millis(500) }
    }
}

/// One URL on its way into one file.
pub(crate) struct Transfer<'a> {
    pub(crate) client: &'a Client,
    pub(crate) url: Url,
    /// Sent as `Authorization: Bearer`; redirects to another host do not see it.
    pub(crate) bearer_token: Option<&'a str>,
    pub(crate) expected: Expected,
    /// Where the bytes go. It may hold the beginning already.
    pub(crate) part: &'a Path,
    pub(crate) patience: Patience,
    pub(crate) listener: Listener<'a>,
}

/// How one attempt failed.
enum Failure {
    /// Asking again may help.
    Transient(String),
    /// It won't.
    Final(DownloadError),
}

impl From<DownloadError> for Failure {
    fn from(error: DownloadError) -> Self {
        Self::Final(error)
    }
}

impl Transfer<'_> {
    /// Returns when the whole, verified file is on the disk at `part`; a file that is not the expected one is deleted.
    pub(crate) async fn run(&self) -> Result<Checksum, DownloadError> {
        let mut longest_bytes = self.part_bytes().await;
        let mut failures = 0;
        while let Err(failure) = self.attempt().await {
            let reason = match failure {
                Failure::Final(error) => return Err(error),
                Failure::Transient(reason) => reason,
            };
            let done_bytes = self.part_bytes().await;
            failures = if done_bytes > longest_bytes { 1 } else { failures + 1 };
            longest_bytes = longest_bytes.max(done_bytes);
            if failures >= self.patience.attempts {
                return Err(DownloadError::Interrupted { url: self.url.to_string(), done_bytes, reason });
            }
            tracing::debug!(url = %self.url, done_bytes, reason, "download interrupted, trying again");
            tokio::time::sleep(self.patience.first_pause * 2_u32.pow(failures - 1)).await;
        }
        // Where the part is wrong it must not be resumed, and where it is right the note on its version has served.
        remove_if_there(&validator_path(self.part)).await?;
        let actual = checksum_of(self.part, self.listener).await?;
        match self.expected.checksum {
            Some(expected) if expected != actual => {
                remove_if_there(self.part).await?;
                Err(DownloadError::WrongChecksum { what: self.url.to_string(), expected, actual })
            }
            _ => Ok(actual),
        }
    }

    async fn part_bytes(&self) -> u64 {
        tokio::fs::metadata(self.part).await.map_or(0, |metadata| metadata.len())
    }

    /// One request, from the end of what is there to the end of the file.
    async fn attempt(&self) -> Result<(), Failure> {
        let mut start_bytes = self.part_bytes().await;
        if start_bytes > 0 && self.expected.size_bytes == Some(start_bytes) {
            return Ok(());
        }
        let validator = tokio::fs::read_to_string(validator_path(self.part)).await.ok();
        let is_too_long = self.expected.size_bytes.is_some_and(|expected_bytes| start_bytes > expected_bytes);
        // Without a hash or a validator nothing would tell whether the rest belongs to the same file.
        if is_too_long || (self.expected.checksum.is_none() && validator.is_none()) {
            start_bytes = 0;
        }
        let response = self.ask(start_bytes, validator.as_deref()).await?;
        let total_bytes = match response.status() {
            StatusCode::PARTIAL_CONTENT => match content_range(response.headers()) {
                Some((first_byte, total_bytes)) if first_byte == start_bytes => total_bytes,
                _ => return self.start_over("the server sent another range than it was asked for").await,
            },
            StatusCode::RANGE_NOT_SATISFIABLE if unsatisfied_total(response.headers()) == Some(start_bytes) => {
                return Ok(());
            }
            StatusCode::RANGE_NOT_SATISFIABLE => return self.start_over("the server has a shorter file").await,
            _ => {
                start_bytes = 0;
                response.content_length()
            }
        };
        if let (Some(expected_bytes), Some(actual_bytes)) = (self.expected.size_bytes, total_bytes)
            && expected_bytes != actual_bytes
        {
            let url = self.url.to_string();
            return Err(DownloadError::WrongSize { url, expected_bytes, actual_bytes }.into());
        }
        self.note_validator(response.headers()).await?;
        self.receive(response, start_bytes, total_bytes.or(self.expected.size_bytes)).await
    }

    async fn ask(&self, start_bytes: u64, validator: Option<&str>) -> Result<Response, Failure> {
        let mut request = self.client.get(self.url.clone());
        if let Some(token) = self.bearer_token {
            request = request.bearer_auth(token);
        }
        if start_bytes > 0 {
            request = request.header(RANGE, format!("bytes={start_bytes}-"));
            if let Some(validator) = validator {
                request = request.header(IF_RANGE, validator);
            }
        }
        let response = tokio::time::timeout(self.patience.stall, request.send())
            .await
            .map_err(|_| Failure::Transient(format!("no answer for {} s", self.patience.stall.as_secs_f32())))?
            .map_err(|error| Failure::Transient(describe(&error)))?;
        let status = response.status();
        match status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => Ok(response),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Err(Failure::Transient(format!("the server answered {status}")))
            }
            _ if status.is_server_error() => Err(Failure::Transient(format!("the server answered {status}"))),
            _ => Err(refused(&self.url, status).into()),
        }
    }

    async fn receive(&self, response: Response, start_bytes: u64, total_bytes: Option<u64>) -> Result<(), Failure> {
        let writing = || DownloadError::io("writing", self.part);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.part)
            .await
            .map_err(DownloadError::io("creating", self.part))?;
        file.set_len(start_bytes).await.map_err(writing())?;
        file.seek(io::SeekFrom::Start(start_bytes)).await.map_err(writing())?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        let received = self.copy(response, &mut file, start_bytes, total_bytes).await;
        // Whatever came is kept, also when the connection broke: the next attempt goes on from there.
        file.flush().await.map_err(writing())?;
        file.get_ref().sync_all().await.map_err(writing())?;
        received
    }

    async fn copy(
        &self,
        response: Response,
        file: &mut BufWriter<File>,
        start_bytes: u64,
        total_bytes: Option<u64>,
    ) -> Result<(), Failure> {
        let mut done_bytes = start_bytes;
        let mut chunks = response.bytes_stream();
        loop {
            (self.listener)(Progress { step: Step::Downloading, done_bytes, total_bytes });
            let chunk = match tokio::time::timeout(self.patience.stall, chunks.next()).await {
                Err(_) => {
                    let silence = self.patience.stall.as_secs_f32();
                    return Err(Failure::Transient(format!("the server was silent for {silence} s")));
                }
                Ok(Some(Err(error))) => return Err(Failure::Transient(describe(&error))),
                Ok(Some(Ok(chunk))) => chunk,
                Ok(None) => break,
            };
            done_bytes += chunk.len() as u64;
            if total_bytes.is_some_and(|total_bytes| done_bytes > total_bytes) {
                return Err(Failure::Transient("the server sent more than it announced".to_owned()));
            }
            file.write_all(&chunk).await.map_err(DownloadError::io("writing", self.part))?;
        }
        match total_bytes {
            Some(total_bytes) if done_bytes < total_bytes => {
                Err(Failure::Transient(format!("the answer ended at {done_bytes} of {total_bytes} bytes")))
            }
            _ => Ok(()),
        }
    }

    async fn start_over(&self, reason: &str) -> Result<(), Failure> {
        remove_if_there(self.part).await?;
        Err(Failure::Transient(reason.to_owned()))
    }

    /// Remembers which version of the file the part belongs to. Weak validators can't vouch for ranges (RFC 9110).
    async fn note_validator(&self, headers: &HeaderMap) -> Result<(), DownloadError> {
        let path = validator_path(self.part);
        match headers.get(ETAG).and_then(|etag| etag.to_str().ok()).filter(|etag| !etag.starts_with("W/")) {
            Some(etag) => tokio::fs::write(&path, etag).await.map_err(DownloadError::io("writing", &path)),
            None => remove_if_there(&path).await,
        }
    }
}

/// Computes a file's sum off the async threads.
pub(crate) async fn checksum_of(path: &Path, listener: Listener<'_>) -> Result<Checksum, DownloadError> {
    let total_bytes = tokio::fs::metadata(path).await.ok().map(|metadata| metadata.len());
    let owned_path = path.to_owned();
    off_async_threads(
        move |progress| Checksum::of_file(&owned_path, &|done_bytes| progress(done_bytes)),
        |done_bytes| listener(Progress { step: Step::Verifying, done_bytes, total_bytes }),
    )
    .await
    .map_err(DownloadError::io("reading", path))
}

/// Runs blocking work on a thread for it and passes its progress, the latest figure only, to a listener that stays here.
pub(crate) async fn off_async_threads<T: Send + 'static>(
    work: impl FnOnce(&dyn Fn(u64)) -> T + Send + 'static,
    listen: impl Fn(u64),
) -> T {
    let (done, mut hear) = tokio::sync::watch::channel(0);
    let mut work = tokio::task::spawn_blocking(move || {
        work(&|done_bytes| {
            done.send_replace(done_bytes);
        })
    });
    loop {
        tokio::select! {
            result = &mut work => match result {
                Ok(result) => return result,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                // The runtime is going down, and this task with it.
                Err(_) => std::future::pending().await,
            },
            Ok(()) = hear.changed() => listen(*hear.borrow_and_update()),
        }
    }
}

/// Deletes a file that may not exist.
pub(crate) async fn remove_if_there(path: &Path) -> Result<(), DownloadError> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DownloadError::io("deleting", path)(error)),
        _ => Ok(()),
    }
}

fn validator_path(part: &Path) -> PathBuf {
    let mut name = part.as_os_str().to_owned();
    name.push(".etag");
    name.into()
}

/// `bytes 5-9/10` is (5, Some(10)).
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, total) = headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?.split_once('/')?;
    let (first_byte, _) = range.split_once('-')?;
    Some((first_byte.parse().ok()?, total.parse().ok()))
}

/// The size in `bytes */10`, the answer to a range past the end.
fn unsatisfied_total(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes */")?.parse().ok()
}

fn refused(url: &Url, status: StatusCode) -> DownloadError {
    let advice = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "The file is not public: accept its terms on the site, and set HF_TOKEN if it is on Hugging Face"
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            "Check the spelling of the source: owner, repository, version, file"
        }
        _ => "Open the address in a browser to see what the server has to say",
    };
    DownloadError::Refused { url: url.to_string(), status: status.as_u16(), advice }
}

/// An error with its causes; reqwest's own text stops at "error sending request".
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
