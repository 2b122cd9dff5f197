//! `GET /models/{name}`: the bytes of a model on this machine, for the browser's own storage. Starts no download.

use std::io::SeekFrom;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::name_in_path::NameInPath;
use crate::error::ApiError;
use crate::state::AppState;

/// Bytes read from the disk at a time.
const READ_BYTES: usize = 1 << 18;

/// Streams the file, or the part of it that `Range` asks for. The `ETag` is the file's SHA-256.
pub(crate) async fn model_file(
    State(state): State<AppState>,
    NameInPath(name): NameInPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let model = state.store().fetched(&name).await?;
    let etag = format!("\"{}\"", model.checksum);
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if header(IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    let reading = |error| ApiError::internal(format!("the file of {name} can't be read: {error}"));
    let mut file = tokio::fs::File::open(&model.path).await.map_err(reading)?;
    let size_bytes = file.metadata().await.map_err(reading)?.len();
    let is_same_file = header(IF_RANGE).is_none_or(|tag| tag == etag);
    let asked = header(RANGE).filter(|_| is_same_file).map_or(Asked::Whole, |range| parse_range(range, size_bytes));
    let answer = Response::builder()
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(ACCEPT_RANGES, "bytes")
        .header(ETAG, etag)
        // The page keeps the file in its own storage; a second copy in the browser's cache would only fill the disk.
        .header(CACHE_CONTROL, "no-store");
    let (answer, first_byte, length_bytes) = match asked {
        Asked::Whole => (answer, 0, size_bytes),
        Asked::Part { first_byte, length_bytes } => {
            let range = format!("bytes {first_byte}-{}/{size_bytes}", first_byte + length_bytes - 1);
            (answer.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, range), first_byte, length_bytes)
        }
        Asked::OutOfReach => {
            let error = ApiError::invalid(format!("the file of {name} has {size_bytes} bytes; the range lies outside"));
            let mut response = error.with_status(StatusCode::RANGE_NOT_SATISFIABLE).into_response();
            let range = format!("bytes */{size_bytes}").parse().expect("digits make a header");
            response.headers_mut().insert(CONTENT_RANGE, range);
            return Ok(response);
        }
    };
    file.seek(SeekFrom::Start(first_byte)).await.map_err(reading)?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length_bytes), READ_BYTES));
    answer.header(CONTENT_LENGTH, length_bytes).body(body).map_err(|error| ApiError::internal(error.to_string()))
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part { first_byte: u64, length_bytes: u64 },
    OutOfReach,
}

/// One range; several at once and other units are answered with the whole, as RFC 9110 allows.
fn parse_range(range: &str, size_bytes: u64) -> Asked {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Whole;
    };
    let (first_byte, end) = match (first.trim().parse::<u64>(), last.trim()) {
        (Ok(first_byte), "") => (first_byte, size_bytes),
        (Ok(first_byte), last) => match last.parse::<u64>() {
            Ok(last_byte) if last_byte >= first_byte => (first_byte, last_byte.saturating_add(1).min(size_bytes)),
            _ => return Asked::Whole,
        },
        (Err(_), last) if first.trim().is_empty() => match last.parse::<u64>() {
            Ok(suffix_bytes) => (size_bytes.saturating_sub(suffix_bytes), size_bytes),
            Err(_) => return Asked::Whole,
        },
        _ => return Asked::Whole,
    };
    match end.checked_sub(first_byte) {
        Some(length_bytes) if length_bytes > 0 => Asked::Part { first_byte, length_bytes },
        _ => Asked::OutOfReach,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &str, expected: Asked) {
        assert_eq!(parse_range(range, 1757), expected, "{range}");
    }

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        let part = |first_byte, length_bytes| Asked::Part { first_byte, length_bytes };
        check("bytes=0-", part(0, 1757));
        check("bytes=31-", part(31, 1726));
        check("bytes=31-31", part(31, 1));
        check("bytes=1756-99999999999999999999", Asked::Whole);
        check("bytes=1756-18446744073709551615", part(1756, 1));
        check("bytes=-7", part(1750, 7));
        check("bytes=-9999", part(0, 1757));
        check("bytes=1757-", Asked::OutOfReach);
        check("bytes=-0", Asked::OutOfReach);
        for whole in ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-3", "bytes=0-1,5-6", "lines=1-2"] {
            check(whole, Asked::Whole);
        }
    }
}
