//! `quern providers`, and the commands that use them: over HTTP, to a provider of our own.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::fake_provider::{FakeProvider, KEY};
use crate::quern::{Quern, Ran, text};

const ADD: [&str; 4] = ["providers", "add", "fake", "--base-url"];

/// Prices of the fake's models, dear enough that rounding is seen.
const INPUT_PER_TOKEN: f64 = 1e-5;
const OUTPUT_PER_TOKEN: f64 = 4e-5;

/// A `quern` that has the fake as a provider.
async fn start() -> (FakeProvider, Quern) {
    let (fake, quern) = (FakeProvider::start().await, Quern::new());
    let printed = quern.run_with_input(&[&ADD[..], &[&fake.base_url()]].concat(), KEY.as_bytes()).good();
    assert!(printed.contains("key kept") && !printed.contains(KEY), "{printed}");
    (fake, quern)
}

/// Whether an animal can fly, twelve times; the fake says yes each time.
fn suite() -> String {
    let case = |index: usize| {
        let expected = if index.is_multiple_of(2) { "yes" } else { "no" };
        let check = json!({"one": {"assertion": {"type": "icontains", "value": expected}, "is_negated": false,
            "weight": 1.0, "metric": null}});
        let variables = json!({"animal": format!("animal number {index}")});
        json!({"description": null, "variables": variables, "checks": [check], "threshold": null, "tags": []})
    };
    let cases: Vec<Value> = (0..12).map(case).collect();
    let variable = json!({"name": "animal", "type": "text", "required": true});
    let messages = json!([{"role": "user", "text": "Can an {{ animal }} fly? Answer yes or no."}]);
    let prompt = json!({"name": "flight", "variables": [variable], "messages": messages});
    json!({"description": "flight", "prompts": [prompt], "cases": cases}).to_string()
}

fn prices() -> String {
    let entry = json!({"litellm_provider": "fake", "mode": "chat", "input_cost_per_token": INPUT_PER_TOKEN,
        "output_cost_per_token": OUTPUT_PER_TOKEN});
    json!({"fake/yes": entry}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_added_asked_listed_and_removed() {
    let (fake, quern) = start().await;
    assert_eq!(quern.run(&["providers", "models", "fake"]).good(), "echo\nredirect\nyes\n");
    let base_url = fake.base_url();
    let keep = [&ADD[..], &[&base_url, "--keep-key", "--model", "yes", "--model", "echo"]].concat();
    assert!(quern.run(&keep).good().contains("offers yes, echo"));
    let same_models = quern.run(&[&ADD[..], &[&base_url, "--keep-key"]].concat()).good();
    assert!(same_models.contains("offers yes, echo"), "{same_models}");
    let listed: Value = serde_json::from_str(&quern.run(&["providers", "list", "--json"]).good()).unwrap();
    let entry = json!({"name": "fake", "base_url": fake.base_url(), "has_key": true, "models": ["yes", "echo"]});
    assert_eq!(listed, json!([entry]));
    let lines = quern.run(&["providers", "list"]).good();
    assert!(lines.contains(&fake.base_url()) && !lines.contains(KEY), "{lines}");
    assert!(quern.run(&["providers", "remove", "fake"]).good().contains("key deleted"));
    assert_eq!(quern.run(&["providers", "list"]).good(), "");
    assert!(quern.run(&["providers", "models", "fake"]).bad().contains("no provider called"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_added_is_explained_without_the_key() {
    let quern = Quern::new();
    let add = |more: &[&str], input: &str| quern.run_with_input(&[&ADD[..], more].concat(), input.as_bytes()).bad();
    assert!(add(&["https://a.example/v1"], "\n").contains("--no-key"));
    assert!(add(&["http://a.example/v1"], KEY).contains("expected https:"));
    let spaces = add(&["https://a.example/v1"], &format!("{KEY} {KEY}"));
    assert!(spaces.contains("key can't be used") && !spaces.contains(KEY), "{spaces}");
    let name = quern.run(&["providers", "add", "Open_AI", "--base-url", "https://a.example/v1", "--no-key"]).bad();
    assert!(name.contains("small letters"), "{name}");
    let kept = quern.run(&[&ADD[..], &["https://a.example/v1", "--no-key"]].concat()).good();
    assert!(kept.contains("no key"), "{kept}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_in_a_file_that_nobody_else_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let (_fake, quern) = start().await;
    let path = quern.path("quern/providers/fake.json");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert!(std::fs::read_to_string(path).unwrap().contains(KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_holds_the_key_or_what_is_asked() {
    let (fake, quern) = (FakeProvider::start().await, Quern::new());
    let log = quern.file("log.txt", b"");
    let mut command = quern.command(&["serve", "--port", "0", "--device", "cpu"]);
    command.env("QUERN_LOG", "trace").stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("quern is at ").unwrap().to_owned();
    let client = reqwest::Client::new();
    let change = json!({"base_url": fake.base_url(), "key": KEY, "models": ["echo", "refused-500"]});
    let put = client.put(format!("{address}/api/providers/fake")).json(&change).send().await.unwrap();
    assert_eq!(put.status(), 200);
    for (model, status) in [("echo", 200), ("refused-500", 500)] {
        let messages = json!([{"role": "user", "content": "whispered words"}]);
        let body = json!({"model": format!("fake/{model}"), "messages": messages});
        let answer = client.post(format!("{address}/v1/chat/completions")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("/v1/chat/completions"), "the log tells nothing at all: {log}");
    assert!(!log.contains(KEY) && !log.contains("whispered"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_with_a_providers_model() {
    let (fake, quern) = start().await;
    let said =
        quern.run_with_input(&["chat", "--model", "fake/echo", "--max-tokens", "2"], b"hello far world\n").good();
    assert_eq!(said, "hello far\n");
    let asked = &fake.diary().requests[0];
    assert_eq!((&asked["model"], &asked["max_tokens"], &asked["stream"]), (&json!("echo"), &json!(2), &json!(true)));
    let refused = quern.run_with_input(&["chat", "--model", "fake/refused-422"], b"hello\n").bad();
    assert!(refused.contains("fake answered with 422"), "{refused}");
    let absent = quern.run(&["chat", "--model", "nobody/gpt"]).bad();
    assert!(absent.contains("nor a provider called nobody"), "{absent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ends_leaves_the_provider() {
    let (fake, quern) = start().await;
    let mut command = quern.command(&["chat", "--model", "fake/pause"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"one two\n").unwrap();
    fake.until(|diary| diary.answer_tokens > 0).await;
    child.kill().unwrap();
    child.wait().unwrap();
    fake.reader_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_of_a_providers_model_with_its_costs() {
    let (fake, quern) = start().await;
    let file = quern.file("suite.json", suite().as_bytes());
    let table = quern.file("prices.json", prices().as_bytes());
    let output = quern.path("run.json");
    let options = ["eval", text(&file), "--model", "fake/yes", "--least-pass-rate", "0.5", "--output", text(&output)];
    let printed = quern.run(&[&options[..], &["--prices", text(&table)]].concat()).good();
    assert!(printed.contains("6 of 12 passed"), "{printed}");
    let diary = fake.diary();
    assert_eq!((diary.requests.len(), diary.answer_tokens), (12, 12));
    let tokens = diary.prompt_tokens + diary.answer_tokens;
    let cost = diary.prompt_tokens as f64 * INPUT_PER_TOKEN + diary.answer_tokens as f64 * OUTPUT_PER_TOKEN;
    assert!(printed.contains(&format!("{tokens}")) && printed.contains(&format!("{cost:.6} USD")), "{printed}");
    assert!(!std::fs::read_to_string(&output).unwrap().contains(KEY));

    // Without a table nothing is known, and nothing is invented.
    let unpriced = quern.run(&options).good();
    assert!(unpriced.contains("unknown"), "{unpriced}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_costs_and_one_of_meanings_ask_the_provider() {
    let (fake, quern) = start().await;
    let config = "prompts: ['Say {{word}}']\nproviders: ['companion:fake/echo']\ntests:\n- vars: {word: hi}\n  assert:\n  \
                  - {type: similar, value: Say ho, threshold: 0.9}\n  - {type: cost, threshold: 0.001}\n";
    let file = quern.file("promptfooconfig.yaml", config.as_bytes());
    let table = json!({"echo": {"litellm_provider": "fake", "mode": "chat", "input_cost_per_token": 1e-6,
        "output_cost_per_token": 2e-6}});
    let table = quern.file("prices.json", table.to_string().as_bytes());
    let options = ["eval", text(&file), "--embedder", "fake/echo", "--prices", text(&table)];
    let printed = quern.run(&options).good();
    assert!(printed.contains("1 of 1 passed"), "{printed}");
    assert_eq!(fake.diary().requests.iter().filter(|request| !request["input"].is_null()).count(), 1, "{printed}");
}

fn optimize(quern: &Quern, model: &str, more: &[&str]) -> (Ran, Option<Value>) {
    let file = quern.file("suite.json", suite().as_bytes());
    let output = quern.path("outcome.json");
    let fixed = [
        "optimize",
        text(&file),
        "--model",
        model,
        "--most-tokens",
        "1000000",
        "--rounds",
        "1",
        "--answer-tokens",
        "6",
    ];
    let search = ["--proposals", "2", "--demonstration-sets", "1", "--output", text(&output)];
    let ran = quern.command(&[&fixed[..], &search, more].concat()).output().unwrap().into();
    let outcome = std::fs::read(&output).ok().map(|bytes| serde_json::from_slice(&bytes).unwrap());
    (ran, outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_never_spends_more_money_than_it_may() {
    let (fake, quern) = start().await;
    let table = quern.file("prices.json", prices().as_bytes());
    let mut spent_before = 0.0;
    // The first ends the search early, the second does not.
    for most_money in [0.16, 2.0] {
        let before = fake.diary();
        let amount = most_money.to_string();
        let (ran, outcome) = optimize(&quern, "fake/yes", &["--most-money", &amount, "--prices", text(&table)]);
        let outcome = outcome.unwrap_or_else(|| panic!("{}", ran.errors));
        let after = fake.diary();
        let prompt_tokens = (after.prompt_tokens - before.prompt_tokens) as f64;
        let answer_tokens = (after.answer_tokens - before.answer_tokens) as f64;
        let billed = prompt_tokens * INPUT_PER_TOKEN + answer_tokens * OUTPUT_PER_TOKEN;
        let counted = outcome["spent"]["money"].as_f64().unwrap();
        assert!(billed > 0.0 && billed <= counted && counted <= most_money, "{billed} {counted} {most_money}");
        assert!(counted > spent_before, "a larger budget is used: {counted} after {spent_before}");
        spent_before = counted;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_price_no_money_is_spent() {
    let (fake, quern) = start().await;
    let table = quern.file("prices.json", prices().as_bytes());
    let (ran, _) = optimize(&quern, "fake/yes", &["--most-money", "5"]);
    let errors = ran.bad();
    assert!(errors.contains("fake/yes") && errors.contains("--prices"), "{errors}");
    let (ran, _) = optimize(&quern, "fake/echo", &["--most-money", "5", "--prices", text(&table)]);
    let errors = ran.bad();
    assert!(errors.contains("litellm_provider fake") && errors.contains("prices.json"), "{errors}");
    let (ran, _) = optimize(&quern, "fake/yes", &["--most-money", "0.001", "--prices", text(&table)]);
    let errors = ran.bad();
    assert!(errors.contains("budget is too small") && errors.contains("USD"), "{errors}");
    assert!(optimize(&quern, "fake/yes", &["--most-money", "lots"]).0.bad().contains("--most-money"));
    assert!(fake.diary().headers.is_empty(), "nobody was asked");
}
