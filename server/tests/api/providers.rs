//! `/api/providers`, and requests for the models of one.

use std::time::Duration;

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use server::providers::Patience;

use crate::fake_provider::{FakeProvider, KEY};
use crate::sse::chunks;
use crate::support::{Answer, TestCompanion};

const CHAT: &str = "/v1/chat/completions";

/// Everything that the fake can do.
const MODELS: [&str; 15] = [
    "yes",
    "echo",
    "refused-429",
    "refused-500",
    "refused-422",
    "redirect",
    "huge",
    "endless-line",
    "hang",
    "pause",
    "breaks",
    "error-amid",
    "error-text",
    "no-done",
    "words/and/slashes",
];

async fn put(companion: &TestCompanion, name: &str, change: &Value) -> Answer {
    Answer::read(companion.request(Method::PUT, &format!("/api/providers/{name}")).json(change)).await
}

async fn delete(companion: &TestCompanion, name: &str) -> Answer {
    Answer::read(companion.request(Method::DELETE, &format!("/api/providers/{name}"))).await
}

/// A companion that has the fake as a provider.
async fn start() -> (FakeProvider, TestCompanion) {
    let companion = TestCompanion::start().await;
    (with_fake(&companion).await, companion)
}

async fn with_fake(companion: &TestCompanion) -> FakeProvider {
    let fake = FakeProvider::start().await;
    let answer = put(companion, "fake", &json!({"base_url": fake.base_url(), "key": KEY, "models": MODELS})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    fake
}

fn conversation(model: &str) -> Value {
    json!({"model": format!("fake/{model}"), "messages": [{"role": "user", "content": "one two three"}]})
}

fn streamed(model: &str) -> Value {
    let mut body = conversation(model);
    body["stream"] = json!(true);
    body
}

fn text_of(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
}

/// The error that ends a stream, and the text before it.
#[track_caller]
fn broken(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.text.contains("[DONE]"), "{}", answer.text);
    let events: Vec<Value> = answer
        .text
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let (last, chunks) = events.split_last().unwrap();
    (text_of(chunks), last["error"]["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn providers_come_and_go() {
    let companion = TestCompanion::start().await;
    let list = || async { companion.get("/api/providers").await.json() };
    assert_eq!(list().await, json!({"providers": [], "can_change": true}));
    let change = json!({"base_url": "https://API.example.com/v1/", "key": KEY, "models": ["b", "a", "b"]});
    let entry = json!({"name": "far", "base_url": "https://api.example.com/v1", "has_key": true, "models": ["b", "a"]});
    assert_eq!(put(&companion, "far", &change).await.json(), entry);
    let near = json!({"base_url": "http://localhost:1/v1", "models": []});
    assert_eq!(put(&companion, "near", &near).await.json()["has_key"], false);
    let near = json!({"name": "near", "base_url": "http://localhost:1/v1", "has_key": false, "models": []});
    assert_eq!(list().await, json!({"providers": [entry, near], "can_change": true}));
    let deleted = delete(&companion, "far").await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    assert_eq!(list().await, json!({"providers": [near], "can_change": true}));
    for answer in [delete(&companion, "far").await, companion.get("/api/providers/far/models").await] {
        let (status, code, ..) = answer.error();
        assert_eq!((status, code.as_str()), (404, "provider_not_found"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_provider_is_named() {
    let companion = TestCompanion::start().await;
    let good = json!({"base_url": "https://a.example/v1", "key": "k", "models": ["m"]});
    let with = |field: &str, value: Value| {
        let mut change = good.clone();
        change[field] = value;
        change
    };
    for (name, change, expected) in [
        ("Far", good.clone(), "name"),
        ("a.b", good.clone(), "name"),
        ("far", with("base_url", json!("http://a.example/v1")), "base_url"),
        ("far", with("base_url", json!("https://me:hunter2@a.example/v1")), "base_url"),
        ("far", with("base_url", json!("https://a.example/v1?x=1")), "base_url"),
        ("far", with("key", json!("two words")), "key"),
        ("far", with("models", json!(["m", ""])), "models"),
        ("far", with("surprise", json!(1)), "surprise"),
    ] {
        let (status, _, param, message) = put(&companion, name, &change).await.error();
        assert_eq!((status, param.as_str()), (400, expected), "{message}");
        assert!(!message.contains("hunter2") && !message.contains("two words"), "{message}");
    }
    assert_eq!(
        companion.get("/api/providers").await.json(),
        json!({"providers": [], "can_change": true}),
        "nothing was kept"
    );
}

#[tokio::test]
async fn a_key_goes_to_no_other_address() {
    let (fake, companion) = start().await;
    let other = FakeProvider::start().await;
    let moved = |key: Option<&str>| {
        let mut change = json!({"base_url": other.base_url(), "models": ["echo"]});
        key.into_iter().for_each(|key| change["key"] = json!(key));
        change
    };
    let (status, _, param, message) = put(&companion, "fake", &moved(None)).await.error();
    assert_eq!((status, param.as_str()), (400, "key"), "{message}");
    let listed = companion.get("/api/providers").await.json();
    assert_eq!(listed["providers"][0]["base_url"], fake.base_url(), "nothing has changed");

    // The same address keeps it.
    let same = put(&companion, "fake", &json!({"base_url": fake.base_url() + "/", "models": ["echo"]})).await;
    assert_eq!(same.json()["has_key"], true);
    assert_eq!(companion.post(CHAT, &conversation("echo")).await.status, 200);

    assert_eq!(put(&companion, "fake", &moved(Some(""))).await.json()["has_key"], false);
    assert_eq!(companion.post(CHAT, &conversation("echo")).await.status, 401);
    let asked = other.diary().headers;
    assert!(asked.len() == 1 && !asked[0].contains_key("authorization"), "{asked:?}");
    assert_eq!(put(&companion, "fake", &moved(None)).await.json()["has_key"], false, "there is none to keep");
}

#[tokio::test]
async fn no_answer_ever_holds_the_key() {
    let (fake, companion) = start().await;
    let entry = json!({"base_url": fake.base_url(), "models": MODELS});
    let mut answers = vec![
        put(&companion, "fake", &entry).await,
        companion.get("/api/providers").await,
        companion.get("/api/providers/fake/models").await,
        companion.get("/v1/models").await,
        companion.get("/v1/models/fake/echo").await,
        companion.get("/api/models").await,
        companion.get("/health").await,
        companion.post("/api/preview", &json!({"model": "fake/echo", "messages": []})).await,
        companion.post("/v1/embeddings", &json!({"model": "fake/echo", "input": "a"})).await,
        companion.post("/v1/completions", &json!({"model": "fake/echo", "prompt": "a"})).await,
        companion.post(CHAT, &streamed("error-amid")).await,
        put(&companion, "fake", &json!({"base_url": "https://elsewhere.example", "models": []})).await,
    ];
    for model in ["echo", "refused-429", "refused-500", "refused-422", "redirect"] {
        answers.push(companion.post(CHAT, &conversation(model)).await);
        answers.push(companion.post(CHAT, &streamed(model)).await);
    }
    // One that is wrong is repeated by the fake.
    let wrong = json!({"base_url": fake.base_url(), "key": "sk-wrong-secret-key", "models": MODELS});
    answers.push(put(&companion, "fake", &wrong).await);
    let refused = companion.post(CHAT, &conversation("echo")).await;
    let (status, code, _, message) = refused.error();
    assert_eq!((status, code.as_str()), (401, "invalid_api_key"));
    assert_eq!(message, "Incorrect API key provided: Bearer [key]");
    answers.extend([refused, companion.get("/api/providers/fake/models").await, delete(&companion, "fake").await]);
    for answer in answers {
        let everything = format!("{} {:?}", answer.text, answer.headers);
        assert!(!everything.contains("secret"), "{everything}");
    }
}

#[tokio::test]
async fn models_are_asked_for_live_and_offered_by_choice() {
    let (fake, companion) = start().await;
    let models = companion.get("/api/providers/fake/models").await;
    assert_eq!(models.json(), json!({"models": ["echo", "redirect", "yes"]}));
    put(&companion, "fake", &json!({"base_url": fake.base_url(), "models": ["yes", "words/and/slashes"]})).await;
    let listed = companion.get("/v1/models").await.json();
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["echo", "fake/yes", "fake/words/and/slashes"]);
    let one = companion.get("/v1/models/fake/words/and/slashes").await.json();
    assert_eq!((&one["id"], &one["owned_by"]), (&json!("fake/words/and/slashes"), &json!("fake")));
    assert_eq!(companion.post(CHAT, &conversation("words/and/slashes")).await.status, 200);
    let (status, code, param, message) = companion.post(CHAT, &conversation("echo")).await.error();
    assert_eq!((status, code.as_str(), param.as_str()), (404, "model_not_found", "model"));
    assert!(message.contains("quern providers add"), "{message}");
    assert_eq!(companion.get("/v1/models/fake/echo").await.error().0, 404);
    assert_eq!(companion.get("/v1/models/nobody/echo").await.error().0, 404);
}

#[tokio::test]
async fn an_answer_in_one_piece_is_passed_on_under_its_name_here() {
    let (fake, companion) = start().await;
    let mut body = conversation("echo");
    body["top_k"] = json!(0);
    body["min_p"] = json!(0.25);
    body["repetition_penalty"] = json!(1.0);
    body["temperature"] = json!(0.7);
    body["max_completion_tokens"] = json!(2);
    let request = companion.request(Method::POST, CHAT).header("cookie", "a=b").header("x-stainless-os", "Linux");
    let request = request.header("authorization", "Bearer unused").header("origin", "http://localhost:1");
    let answer = Answer::read(request.json(&body)).await.json();
    assert_eq!(answer["model"], "fake/echo");
    assert_eq!(answer["choices"][0]["message"]["content"], "one two");
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"]["total_tokens"], 9);
    let diary = fake.diary();
    let expected = json!({"model": "echo", "messages": [{"role": "user", "content": "one two three"}],
        "temperature": 0.7, "min_p": 0.25, "max_tokens": 2});
    assert_eq!(diary.requests, [expected]);
    let headers = &diary.headers[0];
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    for name in ["cookie", "x-stainless-os", "origin", "referer", "x-forwarded-for"] {
        assert!(!headers.contains_key(name), "{name} was passed on");
    }
    assert_eq!(companion.backend.happened(), [] as [&str; 0], "no model of this machine was asked");
}

#[tokio::test]
async fn what_is_not_honoured_here_is_refused_before_the_provider_is_asked() {
    let (fake, companion) = start().await;
    for (field, value) in [("tools", json!([{"type": "function"}])), ("temperature", json!(9)), ("n", json!(2))] {
        let mut body = conversation("echo");
        body[field] = value;
        let (status, _, param, _) = companion.post(CHAT, &body).await.error();
        assert_eq!((status, param.as_str()), (400, field));
    }
    assert!(fake.diary().headers.is_empty());
}

#[tokio::test]
async fn a_stream_is_passed_on_under_its_name_here() {
    let (fake, companion) = start().await;
    let mut body = streamed("echo");
    body["stream_options"] = json!({"include_usage": true});
    let answer = companion.post(CHAT, &body).await;
    assert!(answer.header("content-type").starts_with("text/event-stream"));
    let all = chunks(&answer.text);
    assert!(all.iter().all(|chunk| chunk["model"] == "fake/echo" && chunk["id"] == "c-1"), "{all:?}");
    assert_eq!(text_of(&all), "one two three");
    assert_eq!(all.last().unwrap()["usage"]["completion_tokens"], 3);
    assert_eq!(fake.diary().left, 0, "read to its end");
    assert_eq!(text_of(&chunks(&companion.post(CHAT, &streamed("no-done")).await.text)), "one two three");
}

#[tokio::test]
async fn pieces_come_at_once_and_a_client_that_leaves_closes_the_connection() {
    let (fake, companion) = start().await;
    let response = companion.request(Method::POST, CHAT).json(&streamed("pause")).send().await.unwrap();
    let mut pieces = response.bytes_stream();
    let mut text = String::new();
    while !text.contains("\"content\":\"one\"") {
        text.push_str(std::str::from_utf8(&pieces.next().await.unwrap().unwrap()).unwrap());
    }
    assert_eq!(fake.diary().left, 0);
    drop(pieces);
    fake.reader_left().await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_closes_the_connection() {
    let (fake, companion) = start().await;
    tokio::select! {
        answer = companion.request(Method::POST, CHAT).json(&conversation("hang")).send() => panic!("{answer:?}"),
        () = fake.until(|diary| !diary.requests.is_empty()) => {}
    }
    fake.reader_left().await;
}

#[tokio::test]
async fn completions_and_embeddings_are_passed_on() {
    let (fake, companion) = start().await;
    let body = json!({"model": "fake/echo", "prompt": "a b", "max_tokens": 1, "top_k": 0});
    let answer = companion.post("/v1/completions", &body).await.json();
    assert_eq!((&answer["model"], &answer["choices"][0]["text"]), (&json!("fake/echo"), &json!("a")));
    let body = json!({"model": "fake/echo", "input": ["abc", "d"], "encoding_format": "float"});
    let answer = companion.post("/v1/embeddings", &body).await.json();
    assert_eq!(answer["model"], "fake/echo");
    assert_eq!(answer["data"][0]["embedding"], json!([3.0, 1.5]));
    assert_eq!(
        fake.diary().requests,
        [
            json!({"model": "echo", "prompt": "a b", "max_tokens": 1}),
            json!({"model": "echo", "input": ["abc", "d"], "encoding_format": "float"})
        ]
    );
}

#[tokio::test]
async fn refusals_keep_their_status_and_words_and_get_an_envelope_where_they_have_none() {
    let (fake, companion) = start().await;
    for body in [conversation, streamed] {
        let busy = companion.post(CHAT, &body("refused-429")).await;
        let (status, code, _, message) = busy.error();
        assert_eq!((status, code.as_str(), message.as_str()), (429, "rate_limit_exceeded", "Rate limit reached"));
        assert_eq!((busy.header("retry-after"), &busy.json()["error"]["type"]), ("7", &json!("requests")));
        let (status, _, _, message) = companion.post(CHAT, &body("refused-500")).await.error();
        assert!(status == 500 && message.contains("fake") && message.contains("500"), "{message}");
        assert!(!message.contains("html"), "{message}");
        let (status, _, _, message) = companion.post(CHAT, &body("refused-422")).await.error();
        assert!(status == 422 && message.contains("fake") && message.contains("no such field"), "{message}");
        let (status, _, _, message) = companion.post(CHAT, &body("error-text")).await.error();
        assert_eq!((status, message.as_str()), (502, "no credit is left"));
        let (status, _, _, message) = companion.post(CHAT, &body("redirect")).await.error();
        assert!(status == 502 && message.contains("redirect"), "{message}");
    }
    assert_eq!(fake.diary().redirected, 0);
}

#[tokio::test]
async fn a_stream_that_goes_wrong_ends_with_the_reason() {
    let (_fake, companion) = start().await;
    let (text, reason) = broken(&companion.post(CHAT, &streamed("breaks")).await);
    assert!(text == "one" && reason.contains("broke off"), "{text}: {reason}");
    let (text, reason) = broken(&companion.post(CHAT, &streamed("error-amid")).await);
    assert_eq!((text.as_str(), reason.as_str()), ("one", "overloaded, [key]"));
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let patience = Patience {
        connect: Duration::from_secs(5),
        idle: Duration::from_millis(500),
        whole: Duration::from_millis(500),
        list: Duration::from_millis(250),
    };
    let companion = TestCompanion::builder().with_patience(patience).start().await;
    let fake = with_fake(&companion).await;
    for body in [conversation("hang"), streamed("hang")] {
        let (status, code, _, message) = companion.post(CHAT, &body).await.error();
        assert_eq!((status, code.as_str()), (504, "provider_timeout"), "{message}");
    }
    let (text, reason) = broken(&companion.post(CHAT, &streamed("pause")).await);
    assert!(text == "one" && reason.contains("sent nothing for 0.5 seconds"), "{text}: {reason}");
    fake.reader_left().await;

    // Connections are taken, and nothing more happens.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v1", silent.local_addr().unwrap());
    put(&companion, "silent", &json!({"base_url": base_url, "models": []})).await;
    let (status, code, _, message) = companion.get("/api/providers/silent/models").await.error();
    assert_eq!((status, code.as_str()), (504, "provider_timeout"));
    assert!(message.contains("within 0.25 seconds"), "{message}");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = json!({"base_url": format!("http://{nobody}/v1"), "models": ["m"]});
    put(&companion, "gone", &gone).await;
    let (status, code, _, message) = companion.get("/api/providers/gone/models").await.error();
    assert_eq!((status, code.as_str()), (502, "provider_failed"));
    assert!(message.contains("can't be reached"), "{message}");
}

#[tokio::test]
async fn no_answer_fills_the_memory() {
    let (_fake, companion) = start().await;
    let (_, reason) = broken(&companion.post(CHAT, &streamed("endless-line")).await);
    assert!(reason.contains("1 MiB"), "{reason}");
    let (status, _, _, message) = companion.post(CHAT, &conversation("huge")).await.error();
    assert!(status == 502 && message.contains("64 MiB"), "{message}");
}

#[tokio::test]
async fn other_machines_neither_use_nor_change_providers_unless_they_are_shared() {
    let listen = |companion: &mut server::config::Config| {
        companion.listen.allowed_hosts = vec!["quern.lan".to_owned()];
    };
    let companion = TestCompanion::builder().with_config(listen).start().await;
    let fake = with_fake(&companion).await;
    let change = json!({"base_url": fake.base_url(), "models": MODELS});
    let requests = |companion: &TestCompanion| {
        [
            companion.request(Method::GET, "/api/providers"),
            companion.request(Method::PUT, "/api/providers/fake").json(&change),
            companion.request(Method::GET, "/api/providers/fake/models"),
            companion.request(Method::POST, CHAT).json(&conversation("echo")),
            companion.request(Method::POST, "/v1/completions").json(&json!({"model": "fake/echo", "prompt": "a"})),
            companion.request(Method::POST, "/v1/embeddings").json(&json!({"model": "fake/echo", "input": "a"})),
            companion.request(Method::GET, "/v1/models/fake/echo"),
            companion.request(Method::DELETE, "/api/providers/fake"),
        ]
    };
    // As a proxy passes them on, and as the network names this machine.
    for header in [("x-forwarded-for", "10.0.0.7"), ("host", "quern.lan")] {
        for request in requests(&companion) {
            let (status, code, _, message) = Answer::read(request.header(header.0, header.1)).await.error();
            assert_eq!((status, code.as_str()), (403, "forbidden"));
            assert!(message.contains("own machine only"), "{message}");
        }
        let listed = companion.request(Method::GET, "/v1/models").header(header.0, header.1);
        assert!(!Answer::read(listed).await.text.contains("fake/"));
    }
    assert!(fake.diary().headers.is_empty());
    let own = json!({"model": "echo", "messages": [{"role": "user", "content": "hello"}]});
    let own = companion.request(Method::POST, CHAT).header("host", "quern.lan").json(&own);
    assert_eq!(Answer::read(own).await.status, 200, "models of this machine are for all");

    let share = |config: &mut server::config::Config| {
        listen(config);
        config.listen.share_providers = true;
    };
    let companion = TestCompanion::builder().with_config(share).start().await;
    let _fake = with_fake(&companion).await;
    let statuses: Vec<u16> = {
        let mut statuses = Vec::new();
        for request in requests(&companion) {
            statuses.push(Answer::read(request.header("host", "quern.lan")).await.status.into());
        }
        statuses
    };
    assert_eq!(statuses, [200, 403, 200, 200, 200, 200, 200, 403], "shared is what is asked, not what is changed");
    let listed = companion.request(Method::GET, "/api/providers").header("host", "quern.lan");
    assert_eq!(Answer::read(listed).await.json()["can_change"], false);
}

#[tokio::test]
async fn pages_of_other_sites_change_no_provider() {
    let (fake, companion) = start().await;
    let change = json!({"base_url": "https://evil.example/v1", "key": "x", "models": ["echo"]});
    for method in [Method::PUT, Method::DELETE] {
        let request = companion.request(method, "/api/providers/fake").header("origin", "https://evil.example");
        assert_eq!(Answer::read(request.json(&change)).await.error().0, 403);
    }
    assert_eq!(companion.get("/api/providers").await.json()["providers"][0]["base_url"], fake.base_url());
    let preflight = companion
        .request(Method::OPTIONS, "/api/providers/fake")
        .header("origin", "http://localhost:8080")
        .header("access-control-request-method", "PUT");
    assert!(Answer::read(preflight).await.header("access-control-allow-methods").contains("PUT"));
}
