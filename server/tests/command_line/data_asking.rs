//! `quern data run` with steps that a model answers, asked of a provider of our own.

use std::io::Write;
use std::process::Stdio;

use shared::dataset::preparation::FileHash;

use crate::fake_provider::{FakeProvider, KEY};
use crate::quern::{Quern, text};

const RECIPE: &str = "quern-recipe: 1
files:
- name: texts.jsonl
steps:
- questions:
    model: companion:fake/pairs
    count: 1
    grounded: 0.6
- deduplicate-by-meaning:
    model: companion:fake/echo
    similarity: 1.0
- paraphrase:
    model: companion:fake/echo
- score:
    model: companion:fake/score-4
    criterion: It is a good one.
    at-least: 3
exports:
- file: train.jsonl
  format: openai-chat
";

/// A `quern` that has the fake as a provider, a recipe and its file.
async fn start() -> (FakeProvider, Quern) {
    let (fake, quern) = (FakeProvider::start().await, Quern::new());
    let add = ["providers", "add", "fake", "--base-url", &fake.base_url()];
    quern.run_with_input(&add, KEY.as_bytes()).good();
    let line =
        |number: usize| format!("{{\"text\":\"Geese{} swim.\",\"source\":\"a.pdf\"}}\n", " and geese".repeat(number));
    quern.file("texts.jsonl", (0..6).map(line).collect::<String>().as_bytes());
    quern.file("recipe.yaml", RECIPE.as_bytes());
    (fake, quern)
}

fn asked(fake: &FakeProvider, model: &str) -> usize {
    fake.diary().requests.iter().filter(|request| request["model"].as_str().unwrap().starts_with(model)).count()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_models_answered_is_never_asked_again_and_makes_the_same_bytes_without_them() {
    let (fake, quern) = start().await;
    let run = |more: &[&str]| quern.run(&[&["data", "run", "recipe.yaml"], more].concat());
    let read = |name: &str| std::fs::read_to_string(quern.path(name)).unwrap();

    let refused = run(&["-o", "refused"]).bad();
    assert!(refused.contains("6 requests to companion:fake/pairs have no answer yet"), "{refused}");
    assert!(refused.contains("--ask") && fake.diary().headers.is_empty(), "{refused}");

    // Stopped amid its work, and with a line that is half there.
    let options = ["--model", "fake/pairs-until-3", "--at-a-time", "1"];
    let mut command = quern.command(&[&["data", "run", "recipe.yaml", "-o", "stopped"], &options[..]].concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fake.until(|diary| diary.requests.len() == 4).await;
    let pressed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(pressed.success());
    let stopped: crate::quern::Ran = child.wait_with_output().unwrap().into();
    let errors = stopped.bad();
    assert!(errors.contains("stopped; 3 new answers are in answers.jsonl"), "{errors}");
    assert!(read("answers.jsonl").lines().count() == 3 && !quern.path("stopped/train.jsonl").exists());
    let mut answers = std::fs::OpenOptions::new().append(true).open(quern.path("answers.jsonl")).unwrap();
    answers.write_all(b"{\"key\":\"0123").unwrap();

    let ran = run(&["-o", "asked", "--ask"]);
    assert!(ran.success, "{}", ran.errors);
    for part in ["asking fake/pairs for 3 answers", "3 new answers are in answers.jsonl", "6 dropped, 6 made"] {
        assert!(ran.errors.contains(part), "{part}: {}", ran.errors);
    }
    assert_eq!(asked(&fake, "pairs"), 3 + 1 + 3);
    let (answers, rows) = (read("answers.jsonl"), read("asked/train.jsonl"));
    let first = r#"{"messages":[{"role":"user","content":"What of Geese swim.?"},{"role":"assistant","content":"Geese swim."}],"source":"a.pdf","made_from":"texts.jsonl:1"}"#;
    assert_eq!(rows.lines().next().unwrap(), first);
    // One of six means what another means, and five are said in other words.
    assert_eq!((rows.lines().count(), rows.matches("<text>").count()), (10, 5), "{rows}");

    // With the answers no model is needed, nor by a recipe that is held to them.
    let before = fake.diary().requests.len();
    let mut hash = FileHash::default();
    hash.add(answers.as_bytes());
    let held =
        format!("answers:\n  name: answers.jsonl\n  bytes: {}\n  xxh128: {}\nsteps:\n", hash.bytes(), hash.to_text());
    quern.file("recipe.yaml", RECIPE.replace("steps:\n", &held).as_bytes());
    for (folder, more) in [("again", &[][..]), ("all-known", &["--ask"])] {
        let ran = run(&[&["-o", folder], more].concat());
        assert!(ran.success, "{}", ran.errors);
        assert_eq!(read(&format!("{folder}/train.jsonl")), rows);
    }
    assert_eq!((fake.diary().requests.len(), read("answers.jsonl")), (before, answers.clone()));

    quern.file("answers.jsonl", answers.replace("it is so", "it is no").as_bytes());
    let errors = run(&["-o", "other"]).bad();
    assert!(errors.contains("have the hash") && errors.contains("same answers only"), "{errors}");
    quern.file("answers.jsonl", b"");
    let errors = run(&["-o", "other"]).bad();
    assert!(errors.contains("answers.jsonl has 0 bytes"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_is_told_and_what_was_answered_is_kept() {
    let (fake, quern) = start().await;
    let run = |model: &str| quern.run(&["data", "run", "recipe.yaml", "-o", "out", "--model", model]).bad();
    let errors = run("fake/refused-422");
    assert!(errors.contains("asking fake/refused-422; 0 new answers are in answers.jsonl"), "{errors}");
    assert!(errors.contains("422") && !errors.contains(KEY), "{errors}");
    let errors = run("nobody/m");
    assert!(errors.contains("nor a provider called nobody"), "{errors}");
    // What answers with something else than is asked for makes no rows, and it is said why.
    let ran = quern.run(&["data", "run", text(&quern.path("recipe.yaml")), "-o", "out", "--model", "fake/yes"]);
    assert!(ran.success, "{}", ran.errors);
    assert!(ran.errors.contains("6 not used: the answer is no list of questions with answers"), "{}", ran.errors);
    assert_eq!(asked(&fake, "yes"), 6);
}
