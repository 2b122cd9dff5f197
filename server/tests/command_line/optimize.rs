//! `quern optimize`, with a real model on the CPU.

use std::time::Duration;

use serde_json::{Value, json};

use crate::quern::{Quern, smollm2, text};

const MOST_TOKENS: u64 = 30_000;

/// Whether an animal can fly, twelve times.
fn suite() -> String {
    let animals = ["eagle", "horse", "duck", "fish", "owl", "dog", "crow", "pig", "swan", "cow", "bat", "cat"];
    let case = |(index, animal): (usize, &&str)| {
        let check = json!({"one": {"assertion": {"type": "icontains", "value": if index % 2 == 0 { "yes" } else { "no" }},
            "is_negated": false, "weight": 1.0, "metric": null}});
        json!({"description": null, "variables": {"animal": animal}, "checks": [check], "threshold": null, "tags": []})
    };
    let cases: Vec<Value> = animals.iter().enumerate().map(case).collect();
    let variable = json!({"name": "animal", "type": "text", "required": true});
    let messages = json!([{"role": "user", "text": "Can a {{ animal }} fly? Answer yes or no."}]);
    let prompt = json!({"name": "flight", "variables": [variable], "messages": messages});
    json!({"description": "flight", "prompts": [prompt], "cases": cases}).to_string()
}

fn arguments<'a>(file: &'a str, model: &'a str, log: &'a str, output: &'a str) -> Vec<&'a str> {
    let fixed = ["optimize", file, "--model", model, "--device", "cpu", "--context-tokens", "1024"];
    let search = ["--most-tokens", "30000", "--rounds", "1", "--proposals", "0", "--demonstration-sets", "1"];
    let search = [&search[..], &["--most-demonstrations", "1"]].concat();
    let files = ["--answer-tokens", "6", "--log", log, "--output", output];
    [&fixed[..], &search, &files].concat()
}

/// The outcome without what a clock said, and what follows from it: no two runs share that.
fn without_times(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.shift_remove("seconds");
            fields.shift_remove("pareto_front");
            fields.values_mut().for_each(|field| *field = without_times(field.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_times(item.take())),
        _ => {}
    }
    value
}

#[test]
fn a_killed_search_goes_on_to_the_same_outcome_within_its_budget() {
    let quern = Quern::new();
    let model = smollm2();
    let file = quern.file("suite.json", suite().as_bytes());
    let path = |name: &str| text(&file).replace("suite.json", name);
    let outcome = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(path(name)).unwrap()).unwrap() };

    let (log, output) = (path("whole.log"), path("whole.json"));
    let whole = quern.command(&arguments(text(&file), &model, &log, &output)).output().unwrap();
    assert!(matches!(whole.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&whole.stderr));
    let spent = outcome("whole.json")["spent"]["tokens"].as_u64().unwrap();
    assert!((1..=MOST_TOKENS).contains(&spent), "{spent} tokens");

    let (log, output) = (path("killed.log"), path("killed.json"));
    let mut options = arguments(text(&file), &model, &log, &output);
    let mut killed = quern.command(&options).spawn().unwrap();
    // Somewhere in the middle: once the log has some calls.
    while std::fs::read(&log).map_or(0, |bytes| bytes.iter().filter(|&&byte| byte == b'\n').count()) < 20 {
        assert!(killed.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!std::path::Path::new(&output).exists());

    // Not by accident: a log that is there needs to be asked for.
    let refused = quern.run(&options).bad();
    assert!(refused.contains("--resume"), "{refused}");
    options.push("--resume");
    let resumed = quern.command(&options).output().unwrap();
    assert_eq!(resumed.status.code(), whole.status.code(), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert_eq!(without_times(outcome("killed.json")), without_times(outcome("whole.json")));
}

#[test]
fn what_can_not_begin_is_explained() {
    let quern = Quern::new();
    let file = quern.file("suite.json", suite().as_bytes());
    let model = smollm2();
    let run = |more: &[&str]| {
        let fixed = ["optimize", text(&file), "--model", &model, "--device", "cpu", "--context-tokens", "512"];
        quern.run(&[&fixed[..], more].concat()).bad()
    };
    assert!(run(&[]).contains("--most-tokens"));
    let none = run(&["--most-tokens", "30000", "--prompt", "walking"]);
    assert!(none.contains("there are: flight"), "{none}");
    let little = run(&["--most-tokens", "50"]);
    assert!(little.contains("tokens"), "{little}");
    // Nothing was done, so there is nothing to go on with.
    let logged = run(&["--most-tokens", "50", "--log", "calls.log"]);
    assert!(logged.contains("the budget is too small") && !logged.contains("--resume"), "{logged}");
}
