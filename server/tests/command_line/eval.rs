//! `quern eval`, with a real model on the CPU, and what it says before it asks one.

use crate::quern::{Quern, smollm2, text};

const CONFIGURATION: &str = r#"
prompts: ["Repeat this word: {{word}}"]
PROVIDERS
tests:
  - { vars: { word: sea }, assert: [{ type: icontains, value: sea }] }
"#;

fn evaluate(quern: &Quern, file: &str, more: &[&str]) -> crate::quern::Ran {
    let fixed = ["eval", file, "--device", "cpu", "--context-tokens", "256"];
    quern.run(&[&fixed[..], more].concat())
}

#[test]
fn models_are_named_in_the_file_as_on_the_command_line_or_not_at_all() {
    let quern = Quern::new();
    let printed = quern.run(&["models", "pull", &smollm2()]).good();
    let name = printed.split_once(':').unwrap().0;
    let providers = format!("providers: [{name}]");
    for (providers, more) in [(&*providers, &[][..]), ("", &["--model", name][..])] {
        let file = quern.file("a.yaml", CONFIGURATION.replace("PROVIDERS", providers).as_bytes());
        let printed = evaluate(&quern, text(&file), more).good();
        assert!(printed.contains("1 of 1 passed"), "{printed}");
    }
    let file = quern.file("a.yaml", CONFIGURATION.replace("PROVIDERS", "").as_bytes());
    let errors = evaluate(&quern, text(&file), &[]).bad();
    assert!(errors.contains("there is no model; add one (`--model` in a terminal)"), "{errors}");
}

#[test]
fn what_can_not_begin_is_explained_before_a_model_is_asked() {
    let quern = Quern::new();
    let file = quern.file("a.yaml", CONFIGURATION.replace("PROVIDERS", "providers: [openai:gpt-4.1]").as_bytes());
    let file = text(&file);
    for (arguments, reason) in [
        (&["--output", "nowhere/a.json"][..], "there is no folder nowhere"),
        (&["--least-pass-rate", "80"][..], "a share from 0 to 1"),
        (&[][..], "choose which one takes its place (`--model` in a terminal)"),
    ] {
        let errors = evaluate(&quern, file, arguments).bad();
        assert!(errors.contains(reason), "{errors}");
    }
    let cases = quern.file("cases.csv", b"word,__expected\nsea,sea\n");
    let errors = evaluate(&quern, text(&cases), &[]).bad();
    assert!(errors.contains("with --cases"), "{errors}");
}
