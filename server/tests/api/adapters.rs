//! One model in memory serves requests with several adapters and without one.

use std::path::PathBuf;
use std::sync::Arc;

use futures::stream::StreamExt;
use server::config::Inference;
use server::database::Database;
use server::inference::{ModelToServe, ServedModels};
use shared::model_call::{GenerationLimits, GenerationRequest, Prompt};
use shared::sampling::SamplingParameters;

use crate::support::echo_model::EchoBackend;

#[tokio::test]
async fn adapters_share_the_model_that_they_belong_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("echo.gguf");
    std::fs::write(&path, "a model").unwrap();
    let backend = EchoBackend::default();
    let database = Database::open(&folder.path().join("database")).unwrap();
    let served = ServedModels::new(Arc::new(backend.clone()), database, Inference::default());
    let model = |adapter: Option<&str>| ModelToServe {
        name: "echo".to_owned(),
        path: path.clone(),
        adapter: adapter.map(PathBuf::from),
    };
    served.preload(&model(Some("one")));
    for adapter in [None, Some("one"), Some("other"), None, Some("one")] {
        let request = GenerationRequest::new(
            Prompt::Text("hello".to_owned()),
            SamplingParameters::GREEDY,
            GenerationLimits::default(),
        );
        for stream in served.submit(&model(adapter), vec![request]).unwrap() {
            let events: Vec<_> = stream.collect().await;
            assert!(events.iter().all(Result::is_ok), "{events:?}");
        }
    }
    served.embed(&model(Some("other")), vec![Prompt::Text("hello".to_owned())]).unwrap().await.unwrap();
    assert_eq!(served.loaded_names(), ["echo"]);
    let mut happened = backend.happened();
    happened.retain(|event| event != "finished");
    let expected = ["load echo", "generate", "use one", "generate", "use other", "generate", "generate", "use one"];
    assert_eq!(happened, [&expected[..], &["generate", "use other", "embed"]].concat());
}
