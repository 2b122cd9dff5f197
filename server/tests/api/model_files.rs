//! `GET /models/{name}`.

use reqwest::Method;
use server::downloads::checksum::Checksum;

use crate::support::test_companion::MODEL_FILE;
use crate::support::{Answer, TestCompanion};

const PATH: &str = "/models/echo";

#[tokio::test]
async fn the_whole_file_with_its_hash() {
    let companion = TestCompanion::start().await;
    let answer = companion.get(PATH).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_bytes()), (200, MODEL_FILE));
    let etag = format!("\"{}\"", Checksum::of_bytes(MODEL_FILE));
    assert_eq!(answer.header("etag"), etag);
    assert_eq!(answer.header("content-length"), MODEL_FILE.len().to_string());
    assert_eq!(answer.header("accept-ranges"), "bytes");
    assert_eq!(answer.header("content-encoding"), "");
    let again = companion.request(Method::GET, PATH).header("if-none-match", &etag);
    assert_eq!(Answer::read(again).await.status, 304);
    let head = Answer::read(companion.request(Method::HEAD, PATH)).await;
    assert_eq!((head.header("content-length"), head.text.as_str()), (MODEL_FILE.len().to_string().as_str(), ""));
}

#[tokio::test]
async fn parts_for_a_download_that_goes_on() {
    let companion = TestCompanion::start().await;
    let part = |range: &str, validator: String| {
        Answer::read(companion.request(Method::GET, PATH).header("range", range).header("if-range", validator))
    };
    let etag = || format!("\"{}\"", Checksum::of_bytes(MODEL_FILE));
    let answer = part("bytes=28-", etag()).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (206, "0123456789"));
    assert_eq!(answer.header("content-range"), "bytes 28-37/38");
    assert_eq!(part("bytes=28-29", etag()).await.text, "01");
    assert_eq!(part("bytes=28-", "\"another file\"".to_owned()).await.status, 200);
    let answer = part("bytes=38-", etag()).await;
    assert_eq!((answer.error().0, answer.header("content-range")), (416, "bytes */38"));
}

#[tokio::test]
async fn a_model_that_is_not_here_is_not_fetched() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"x", None).start().await;
    for path in ["/models/far", "/models/none", "/models/..%2fdata%2fquern.sqlite3"] {
        assert_eq!(companion.get(path).await.error().0, 404, "{path}");
    }
}
