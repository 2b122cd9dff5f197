//! `quern models`: the catalogue, fetching and removing.

use serde_json::Value;

use crate::quern::{Quern, text};
use crate::tiny_model::tiny_model;

fn listed(quern: &Quern, name: &str) -> Option<Value> {
    let models: Vec<Value> = serde_json::from_str(&quern.run(&["models", "list", "--json"]).good()).unwrap();
    models.into_iter().find(|model| model["name"] == name)
}

#[test]
fn the_catalogue_is_listed() {
    let quern = Quern::new();
    let smollm2 = listed(&quern, "smollm2-135m-instruct-q4_1").unwrap();
    assert_eq!((&smollm2["fetched"], &smollm2["size_bytes"]), (&false.into(), &98_362_432.into()));
    assert_eq!(smollm2["licence"], "Apache-2.0");
    let lines = quern.run(&["models", "list"]).good();
    assert!(lines.contains("gemma-3-270m-q4_k_m") && lines.contains("not fetched"), "{lines}");
}

#[test]
fn terms_that_nobody_accepted_are_named() {
    let errors = Quern::new().run(&["models", "pull", "gemma-3-270m-q4_k_m"]).bad();
    assert!(errors.contains("https://ai.google.dev/gemma/terms") && errors.contains("--accept-licence"), "{errors}");
}

#[test]
fn a_file_is_added_used_by_name_and_forgotten() {
    let quern = Quern::new();
    let file = quern.file("Tiny.gguf", &tiny_model());
    let printed = quern.run(&["models", "pull", text(&file)]).good();
    assert!(printed.starts_with("tiny: "), "{printed}");
    assert_eq!(listed(&quern, "tiny").unwrap()["fetched"], true);
    assert_eq!(quern.run_with_input(&["tokenize", "--model", "tiny"], b"ab").good(), "3\n");
    let printed = quern.run(&["models", "remove", "tiny"]).good();
    assert!(printed.contains("the file is not quern's and stays"), "{printed}");
    assert!(file.exists() && listed(&quern, "tiny").is_none());
}

#[test]
fn a_file_in_another_folder_of_models_is_not_deleted() {
    let quern = Quern::new();
    let ours = quern.path("ours");
    std::fs::create_dir(&ours).unwrap();
    let file = quern.file("ours/tiny.gguf", &tiny_model());
    let run = |folder: &str, arguments: &[&str]| quern.run(&[&["models", "--models-dir", folder], arguments].concat());
    run(text(&ours), &["pull", text(&file)]).good();
    let errors = run(text(&quern.path("others")), &["remove", "tiny"]).bad();
    assert!(errors.contains("nothing was deleted") && file.exists(), "{errors}");
    assert!(run(text(&ours), &["remove", "tiny"]).good().contains("deleted") && !file.exists());
}

#[test]
fn a_name_that_is_none_gets_advice() {
    let quern = Quern::new();
    for arguments in [["models", "pull", "nothing"], ["models", "remove", "nothing"]] {
        let errors = quern.run(&arguments).bad();
        assert!(errors.contains("quern models list"), "{errors}");
    }
}
