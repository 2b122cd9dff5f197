//! `/v1/fine_tuning/jobs`, with a script in the worker's place.

use std::io;
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use server::fine_tuning::{StartWorker, WorkerEvent};
use tokio::process::Command;

use crate::sse;
use crate::support::{Answer, TestCompanion};

const JOBS: &str = "/v1/fine_tuning/jobs";

const ROW: &str = r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#;

/// Leaves what a job with adapters leaves.
const WRITE_ADAPTER: &str = "touch adapter.gguf adapter_config.json adapter_model.safetensors\n";

/// Waits for a command that never comes; it ends when the worker is killed.
const WAIT: &str = "read command\n";

/// A shell script, run in the job's folder.
struct Script(String);

impl StartWorker for Script {
    fn command(&self, folder: &Path) -> io::Result<Command> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.0).current_dir(folder);
        Ok(command)
    }
}

/// The line of a script that says something.
fn say(event: &WorkerEvent) -> String {
    format!("printf '%s\\n' '{}'\n", serde_json::to_string(event).unwrap())
}

fn started(done_steps: u64) -> String {
    say(&WorkerEvent::Started { steps: 2, done_steps, learned_tokens: 5, cut_rows: 1, memory_bytes: 1000 })
}

fn step(step: u64) -> String {
    let (loss, accuracy) = (3.0 - step as f64, Some(0.25 * step as f64));
    let (learning_rate, gradient_norm, learned_tokens, tokens_per_second) = (0.5, 1.0, 5 * step, 100.0);
    say(&WorkerEvent::Step { step, loss, accuracy, learning_rate, gradient_norm, learned_tokens, tokens_per_second })
}

fn finished(logit_difference: f64) -> String {
    say(&WorkerEvent::Finished { trained_tokens: 10, logit_difference, template_sha256: "5e".repeat(32) })
}

async fn start(script: impl IntoIterator<Item = String>) -> TestCompanion {
    TestCompanion::builder().with_worker(Script(script.into_iter().collect())).start().await
}

/// Uploads a file and returns its id.
async fn upload(companion: &TestCompanion, purpose: &str, content: &str) -> String {
    let file = companion.post_form("/v1/files", &[("purpose", purpose), ("file", content)]).await.json();
    file["id"].as_str().unwrap_or_else(|| panic!("no file: {file}")).to_owned()
}

/// Asks for a job with these fields beyond the usual ones and returns its path.
async fn create(companion: &TestCompanion, content: &str, more: Value) -> String {
    let file = upload(companion, "fine-tune", content).await;
    let mut request = json!({"model": "echo", "training_file": file});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let job = companion.post(JOBS, &request).await.json();
    assert_eq!((&job["object"], &job["status"]), (&"fine_tuning.job".into(), &"validating_files".into()), "{job}");
    format!("{JOBS}/{}", job["id"].as_str().unwrap())
}

/// The job once `is_so`.
async fn job_when(companion: &TestCompanion, job: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..3000 {
        let now = companion.get(job).await.json();
        if is_so(&now) {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it takes too long: {}", companion.get(job).await.text);
}

/// The job once it has ended.
async fn end_of(companion: &TestCompanion, job: &str) -> Value {
    job_when(companion, job, |job| job["finished_at"].is_i64()).await
}

/// What events say.
fn messages(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["message"].as_str().unwrap()).collect()
}

async fn post(companion: &TestCompanion, path: &str) -> Answer {
    Answer::read(companion.request(Method::POST, path)).await
}

#[tokio::test]
async fn a_job_tells_what_it_does_and_its_model_is_served() {
    let companion = start([
        started(0),
        step(1),
        step(2),
        say(&WorkerEvent::Validation { step: 2, loss: 1.75 }),
        say(&WorkerEvent::Sample { step: 2, prompt: "a".to_owned(), text: "b".to_owned() }),
        "mkdir -p step-2; touch step-2/adapter.gguf\n".to_owned(),
        say(&WorkerEvent::Checkpoint { step: 2, folder: "step-2".to_owned() }),
        WRITE_ADAPTER.to_owned(),
        finished(0.01),
    ])
    .await;
    let more = json!({"suffix": "facts", "seed": 42, "metadata": {"who": "me"}, "quern": {"rank": 4}});
    let path = create(&companion, ROW, more).await;
    // Live, from the first event to the end of the job.
    let live = sse::chunks(&companion.get(&format!("{path}/events?stream=true")).await.text);
    let job = companion.get(&path).await.json();
    let id = job["id"].as_str().unwrap();
    let model = format!("ft:echo:quern:facts:{}", &id["ftjob-".len()..][..8]);
    let checkpoint = format!("{model}:ckpt-step-2");
    for (pointer, expected) in [
        ("/status", json!("succeeded")),
        ("/fine_tuned_model", json!(model)),
        ("/seed", json!(42)),
        ("/trained_tokens", json!(10)),
        ("/hyperparameters/batch_size", json!(1)),
        ("/method/type", json!("supervised")),
        ("/metadata/who", json!("me")),
        ("/error", Value::Null),
        ("/quern/step", json!(2)),
        ("/quern/options/rank", json!(4)),
        ("/quern/logit_difference", json!(0.01)),
        ("/quern/template_sha256", json!("5e".repeat(32))),
    ] {
        assert_eq!(job.pointer(pointer), Some(&expected), "{pointer}");
    }
    let file = job["training_file"].as_str().unwrap();
    let told = [
        &format!("Created fine-tuning job: {id}"),
        &format!("Validating training file: {file}"),
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        "1 rows are longer than quern.sequence_tokens, and were cut there",
        "Step 1/2: training loss=2.0000",
        "Step 2/2: training loss=1.0000",
        "Step 2: validation loss=1.7500",
        "After step 2 the model answers \"a\" with \"b\"",
        &format!("Checkpoint created at step 2 with Snapshot ID: {checkpoint}"),
        &format!("New fine-tuned model created: {model}"),
        "The job has successfully completed",
    ];
    assert_eq!(messages(&live), told);
    assert_eq!((&live[5]["type"], &live[5]["data"]["train_loss"]), (&"metrics".into(), &2.0.into()));

    let mut pages: Vec<Value> = Vec::new();
    let mut after = String::new();
    loop {
        let page = companion.get(&format!("{path}/events?limit=5{after}")).await.json();
        pages.extend(page["data"].as_array().unwrap().iter().cloned());
        after = format!("&after={}", page["last_id"].as_str().unwrap());
        if page["has_more"] == false {
            break;
        }
    }
    pages.reverse();
    assert_eq!(pages, live);

    let checkpoints = companion.get(&format!("{path}/checkpoints")).await.json();
    let [only] = &checkpoints["data"].as_array().unwrap()[..] else { panic!("{checkpoints}") };
    assert_eq!((&only["fine_tuned_model_checkpoint"], &only["step_number"]), (&json!(checkpoint), &json!(2)));
    assert_eq!((&only["metrics"]["train_loss"], &only["metrics"]["valid_loss"]), (&json!(1.0), &json!(1.75)));

    let results = companion.get(&format!("/v1/files/{}/content", job["result_files"][0].as_str().unwrap())).await;
    let expected = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,2,0.25,,\n2,1,0.5,1.75,\n";
    assert_eq!(results.text, expected);

    for name in [&model, &checkpoint] {
        let listed = companion.get("/v1/models").await.json();
        let of_name = |listed: &Value| listed["data"].as_array().unwrap().iter().any(|it| it["id"] == json!(name));
        assert!(of_name(&listed), "{name} in {listed}");
        let request = json!({"model": name, "messages": [{"role": "user", "content": "hello"}]});
        let answer = companion.post("/v1/chat/completions", &request).await.json();
        assert_eq!(answer["choices"][0]["message"]["content"], "hello", "{answer}");
        assert!(companion.backend.happened().iter().any(|it| it.starts_with("use ") && it.ends_with("adapter.gguf")));
        let deleted = Answer::read(companion.request(Method::DELETE, &format!("/v1/models/{name}"))).await.json();
        assert_eq!(deleted, json!({"id": name, "object": "model", "deleted": true}));
        assert!(!of_name(&companion.get("/v1/models").await.json()));
        assert_eq!(companion.post("/v1/chat/completions", &request).await.error().0, 404);
    }
    let (status, _, param, _) = Answer::read(companion.request(Method::DELETE, "/v1/models/echo")).await.error();
    assert_eq!((status, param.as_str()), (400, "model"));
}

#[tokio::test]
async fn a_job_that_fails_says_why() {
    let failed = WorkerEvent::Failed {
        code: "loss_is_nan".to_owned(),
        message: "the loss is no number".to_owned(),
        param: Some("quern.learning_rate".to_owned()),
    };
    for (script, content, code, param, words) in [
        ("echo no memory left >&2; exit 7".to_owned(), ROW, "worker_died", None, "ended with code 7"),
        ("echo no memory left >&2; kill -9 $$".to_owned(), ROW, "worker_died", None, "log: no memory left"),
        ("echo words".to_owned(), ROW, "worker_failed", None, "no event"),
        (say(&failed), ROW, "loss_is_nan", Some("quern.learning_rate"), "the loss is no number"),
        (WRITE_ADAPTER.to_owned() + &finished(0.2), ROW, "logits_differ", None, "differ by up to 0.200"),
        (finished(0.0), ROW, "worker_failed", None, "adapter.gguf is not in its folder"),
        (WAIT.to_owned(), "{\"a\": 1}", "invalid_training_file", Some("training_file"), "line 1: "),
    ] {
        let companion = start([started(0), step(1), script]).await;
        let path = create(&companion, content, json!({})).await;
        let job = end_of(&companion, &path).await;
        let (error, message) = (&job["error"], job["error"]["message"].as_str().unwrap_or_default());
        assert_eq!((&job["status"], &error["code"], &error["param"]), (&json!("failed"), &json!(code), &json!(param)));
        assert!(message.contains(words), "{code}: {message}");
        let last = &companion.get(&format!("{path}/events?limit=1")).await.json()["data"][0];
        assert_eq!(last["level"], "error", "{last}");
        assert!(last["message"].as_str().unwrap().contains(words), "{last}");
        assert_eq!(companion.get("/v1/models").await.json()["data"].as_array().unwrap().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_job_is_paused_and_goes_on() {
    let companion = start([
        "if test -e paused; then\n".to_owned(),
        started(1),
        step(2),
        WRITE_ADAPTER.to_owned(),
        finished(0.0),
        "else\n".to_owned(),
        started(0),
        step(1),
        "read command; test \"$command\" = '\"pause\"' || exit 1\ntouch paused\n".to_owned(),
        say(&WorkerEvent::Paused { step: 1 }),
        "fi\n".to_owned(),
    ])
    .await;
    let path = create(&companion, ROW, json!({})).await;
    job_when(&companion, &path, |job| job["quern"]["step"] == 1).await;
    let (status, code, _, message) = post(&companion, &format!("{path}/resume")).await.error();
    assert_eq!((status, code.as_str()), (400, "invalid_status"), "{message}");
    let asked = post(&companion, &format!("{path}/pause")).await.json();
    assert_eq!((&asked["status"], &asked["quern"]["pausing"]), (&"running".into(), &true.into()));
    let paused = job_when(&companion, &path, |job| job["status"] != "running").await;
    assert_eq!((&paused["status"], &paused["quern"]["pausing"]), (&"paused".into(), &false.into()), "{paused}");
    assert_eq!(post(&companion, &format!("{path}/resume")).await.json()["status"], "queued");
    let job = end_of(&companion, &path).await;
    assert_eq!((&job["status"], &job["quern"]["step"]), (&"succeeded".into(), &2.into()), "{job}");
    let live = sse::chunks(&companion.get(&format!("{path}/events?stream=true")).await.text);
    let told = messages(&live);
    for expected in [
        "The job was paused after step 1",
        "The job was resumed, and waits for its turn",
        "Fine-tuning goes on from the last checkpoint",
    ] {
        assert_eq!(told.iter().filter(|message| **message == expected).count(), 1, "{expected} in {told:?}");
    }
}

#[tokio::test]
async fn a_cancelled_job_makes_way_for_the_next() {
    let companion = start([started(0), step(1), WAIT.to_owned()]).await;
    let first = create(&companion, ROW, json!({"metadata": {"number": "1"}})).await;
    job_when(&companion, &first, |job| job["quern"]["step"] == 1).await;
    let second = create(&companion, ROW, json!({"metadata": {"number": "2"}})).await;
    job_when(&companion, &second, |job| job["status"] == "queued").await;
    assert_eq!(post(&companion, &format!("{first}/cancel")).await.json()["status"], "cancelled");
    job_when(&companion, &second, |job| job["status"] == "running").await;
    let (status, code, ..) = post(&companion, &format!("{first}/cancel")).await.error();
    assert_eq!((status, code.as_str()), (400, "invalid_status"));
    assert_eq!(companion.get(&first).await.json()["status"], "cancelled");

    let id = |path: &str| path.strip_prefix(JOBS).unwrap()[1..].to_owned();
    for (query, expected) in [
        (String::new(), vec![&second, &first]),
        ("limit=1".to_owned(), vec![&second]),
        (format!("after={}", id(&second)), vec![&first]),
        ("metadata[number]=1".to_owned(), vec![&first]),
        ("metadata=null".to_owned(), vec![]),
    ] {
        let list = companion.get(&format!("{JOBS}?{query}")).await.json();
        let listed: Vec<&str> =
            list["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
        assert_eq!(listed, expected.iter().map(|path| id(path)).collect::<Vec<_>>(), "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_honoured_is_refused() {
    let companion = start([]).await;
    let (fine, other) = (upload(&companion, "fine-tune", ROW).await, upload(&companion, "user_data", ROW).await);
    let deleted = upload(&companion, "fine-tune", ROW).await;
    Answer::read(companion.request(Method::DELETE, &format!("/v1/files/{deleted}"))).await;
    for (more, expected_status, expected) in [
        (json!({"model": "nobody"}), 404, "model"),
        (json!({"training_file": other}), 400, "training_file"),
        (json!({"training_file": deleted}), 400, "training_file"),
        (json!({"validation_file": "file-1"}), 400, "validation_file"),
        (json!({"suffix": "x".repeat(65)}), 400, "suffix"),
        (json!({"metadata": {"key": "x".repeat(513)}}), 400, "metadata"),
        (json!({"metadata": {"key": 1}}), 400, "metadata.key"),
        (json!({"integrations": [{"type": "wandb"}]}), 400, "integrations"),
        (json!({"more": 1}), 400, "more"),
        (json!({"quern": {"more": 1}}), 400, "quern.more"),
        (json!({"quern": {"rank": 0}}), 400, "quern.rank"),
        (json!({"method": {"type": "reinforcement"}}), 400, "method.type"),
        (json!({"hyperparameters": {"n_epochs": 0}}), 400, "hyperparameters.n_epochs"),
    ] {
        let mut request = json!({"model": "echo", "training_file": fine});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, _, param, message) = companion.post(JOBS, &request).await.error();
        assert_eq!((status, param.as_str()), (expected_status, expected), "{more}: {message}");
    }
    assert_eq!(companion.get(JOBS).await.json()["data"], json!([]));
    for path in ["", "/events", "/checkpoints"] {
        let (status, code, ..) = companion.get(&format!("{JOBS}/ftjob-1{path}")).await.error();
        assert_eq!((status, code.as_str()), (404, "fine_tune_not_found"), "{path}");
    }
}
