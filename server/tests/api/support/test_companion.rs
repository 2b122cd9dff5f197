//! Starts a companion for one test and talks to it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use server::config::{Config, Inference, Limits, Listen, Storage};
use server::database::Database;
use server::downloads::checksum::Checksum;
use server::downloads::hugging_face::HuggingFaceSettings;
use server::downloads::{Downloader, Patience};
use server::files::FileStore;
use server::fine_tuning::{FineTuning, StartWorker, ThisProgram};
use server::inference::ServedModels;
use server::model_store::{KnownModel, ModelStore};
use server::providers::{Patience as ProviderPatience, ProviderClient, ProviderStore, Providers};
use server::serving::serve;
use server::state::AppState;
use shared::catalog::{Capabilities, CatalogEntry, Licence, ModelDimensions, NormLayout};
use shared::model_source::ModelSource;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::echo_model::{CONTEXT_WORDS, EchoBackend};

/// What the file of each model holds.
pub(crate) const MODEL_FILE: &[u8] = b"GGUF: the bytes of a model, 0123456789";

/// What a test wants to be different.
pub(crate) struct Builder {
    folder: TempDir,
    config: Config,
    known: Vec<KnownModel>,
    provider_patience: ProviderPatience,
    worker: Arc<dyn StartWorker>,
}

/// A running companion; it stops when dropped.
pub(crate) struct TestCompanion {
    pub(crate) backend: EchoBackend,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    folder: TempDir,
    client: Client,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl TestCompanion {
    /// A companion with the model `echo` on its disk.
    pub(crate) fn builder() -> Builder {
        let folder = tempfile::tempdir().unwrap();
        let storage =
            Storage { data_dir: folder.path().join("data"), models_dir: folder.path().join("models"), app_dir: None };
        std::fs::create_dir_all(&storage.data_dir).unwrap();
        std::fs::create_dir_all(&storage.models_dir).unwrap();
        let inference = Inference { threads: 1, ..Inference::default() };
        let limits = Limits { keep_alive_seconds: 3600, ..Limits::default() };
        let config = Config { listen: Listen::default(), storage, inference, limits };
        let (known, provider_patience) = (Vec::new(), ProviderPatience::default());
        Builder { folder, config, known, provider_patience, worker: Arc::new(ThisProgram) }
            .with_model("echo", MODEL_FILE)
    }

    /// A companion as most tests want it.
    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::read(self.request(Method::POST, path).json(body)).await
    }

    /// Sends a form; the fields `file` and `data` are sent as files.
    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = String::new();
        for (name, value) in fields {
            let file_name = if ["file", "data"].contains(name) { "; filename=\"rows.jsonl\"" } else { "" };
            body += &format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n{value}\r\n");
        }
        let request = self.request(Method::POST, path).header("content-type", "multipart/form-data; boundary=line");
        Answer::read(request.body(body + "--line--\r\n")).await
    }

    /// As another process does that fetches the same model: the companion waits until the file is dropped.
    pub(crate) fn hold_download_of(&self, name: &str) -> std::fs::File {
        let locks = self.folder.path().join("models/.locks");
        std::fs::create_dir_all(&locks).unwrap();
        let file = std::fs::File::create(locks.join(format!("{name}.gguf"))).unwrap();
        file.lock().unwrap();
        file
    }

    /// Waits for the companion to end after `stop`.
    pub(crate) async fn ended(mut self) -> EchoBackend {
        (&mut self.task).await.unwrap().unwrap();
        self.backend.clone()
    }
}

impl Drop for TestCompanion {
    fn drop(&mut self) {
        self.backend.release();
        self.task.abort();
    }
}

impl Builder {
    /// A model of the catalogue whose file is there already.
    pub(crate) fn with_model(mut self, name: &str, content: &[u8]) -> Self {
        let path = self.config.storage.models_dir.join(format!("{name}.gguf"));
        std::fs::write(path, content).unwrap();
        self.known.push(known(name, content, Path::new("/nowhere"), None));
        self
    }

    /// A model of the catalogue that can be fetched, from a file that stands for a far place.
    pub(crate) fn with_model_to_fetch(mut self, name: &str, content: &[u8], licence: Option<Licence>) -> Self {
        let far = self.folder.path().join(format!("{name}.far"));
        std::fs::write(&far, content).unwrap();
        self.known.push(known(name, content, &far, licence));
        self
    }

    /// Files of a built app.
    pub(crate) fn with_app(mut self, files: &[(&str, &str)]) -> Self {
        let folder = self.folder.path().join("dist");
        for (path, content) in files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self.config.storage.app_dir = Some(folder);
        self
    }

    /// Any other change of the options.
    pub(crate) fn with_config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// How long it waits for providers.
    pub(crate) fn with_patience(mut self, patience: ProviderPatience) -> Self {
        self.provider_patience = patience;
        self
    }

    /// What trains in its place.
    pub(crate) fn with_worker(mut self, worker: impl StartWorker + 'static) -> Self {
        self.worker = Arc::new(worker);
        self
    }

    pub(crate) async fn start(self) -> TestCompanion {
        let Self { folder, config, known, provider_patience, worker } = self;
        let backend = EchoBackend::default();
        let database = Database::open(&config.storage.data_dir.join("quern.sqlite3")).unwrap();
        let hub = HuggingFaceSettings {
            endpoint: "http://127.0.0.1:9".to_owned(),
            cache: folder.path().join("hub"),
            token: None,
            offline: true,
        };
        let patience = Patience { attempts: 1, first_pause: Duration::ZERO, stall: Duration::from_secs(5) };
        let downloader = Downloader::new(hub, "http://127.0.0.1:9".to_owned(), patience).unwrap();
        let store = ModelStore::new(database.clone(), downloader, known, config.storage.models_dir.clone());
        let served = ServedModels::new(Arc::new(backend.clone()), database.clone(), config.inference.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let providers = Providers {
            store: ProviderStore::new(&config.storage.data_dir),
            client: ProviderClient::new(provider_patience).unwrap(),
        };
        let files = FileStore::new(database.clone(), &config);
        let fine_tuning = FineTuning::new(&config, database, files.clone(), store.clone(), worker);
        let state = AppState::new(config, store, served, providers, files, fine_tuning);
        let task = tokio::spawn(serve(listener, state, stop.clone()));
        TestCompanion { backend, address, stop, folder, client: Client::new(), task }
    }
}

impl Answer {
    pub(crate) async fn read(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Expects OpenAI's error envelope and nothing else; returns (status, code, param, message).
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, String, String, String) {
        let json = self.json();
        let error = json["error"].as_object().unwrap_or_else(|| panic!("no envelope: {json}"));
        assert_eq!(error.keys().collect::<Vec<_>>(), ["message", "type", "param", "code"]);
        assert!(error["type"].is_string() && error["message"].is_string(), "{json}");
        let text = |key: &str| error[key].as_str().unwrap_or("null").to_owned();
        (self.status.as_u16(), text("code"), text("param"), text("message"))
    }
}

fn known(name: &str, content: &[u8], source: &Path, licence: Option<Licence>) -> KnownModel {
    let free = || Licence { id: "MIT".to_owned(), url: "https://example.com/mit".to_owned(), must_accept: false };
    KnownModel::new(CatalogEntry {
        name: name.to_owned(),
        title: format!("The {name} model"),
        description: "Says its prompt again.".to_owned(),
        file_name: format!("{name}.gguf"),
        size_bytes: content.len() as u64,
        sha256: Checksum::of_bytes(content).to_string(),
        sources: vec![ModelSource::File { path: source.to_string_lossy().into_owned() }],
        licence: licence.unwrap_or_else(free),
        architecture: "echo".to_owned(),
        quantization: "F32".to_owned(),
        parameter_count: 1,
        context_tokens: CONTEXT_WORDS as u32,
        dimensions: ModelDimensions {
            layers: 1,
            width: 1,
            feed_forward_width: 1,
            query_heads: 1,
            key_value_heads: 1,
            head_size: 1,
            vocabulary_size: 1,
            has_tied_embeddings: true,
            norms: NormLayout::BeforeBlocks,
            sliding_window: None,
        },
        template: "chatml".to_owned(),
        languages: Vec::new(),
        tasks: Vec::new(),
        capabilities: Capabilities::default(),
        quality: Vec::new(),
        tags: Vec::new(),
    })
    .unwrap()
}
