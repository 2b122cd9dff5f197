//! promptfoo's configuration, `promptfooconfig.yaml`: read so that the same file gives the same verdicts here and
//! there, and written so that promptfoo reads it.
//!
//! What would execute code (JavaScript, Python, transforms) is refused; what has no meaning here comes back as a
//! warning. Formats and their meaning: promptfoo's configuration reference and version 0.121 of its program.

mod cases;
mod checks;
mod prompts;
mod providers;
mod reader;
mod variables;
mod writer;

use self::reader::Reader;
use super::finding::{Findings, Imported, Place, Refused};
use super::yaml::{Node, Shape};
use crate::evaluation::{Case, EvaluationSuite};

pub(super) use self::cases::tag_key;
pub use self::reader::FindFile;
pub(super) use self::writer::case_json;
pub use self::writer::write;

/// Reads a configuration. Providers of OpenAI's API at `companion_url` (such as `http://127.0.0.1:8642/v1`) are the
/// companion's models. `find_file` gives the text of the files that it names.
///
/// # Errors
/// All that is broken or can't be done, each with its place.
pub fn read(
    text: &str,
    companion_url: &str,
    find_file: &mut FindFile<'_>,
) -> Result<Imported<EvaluationSuite>, Refused> {
    let document = Node::read(text, "")?;
    let mut reader = Reader::new(companion_url, find_file);
    let root = reader.follow_references(document.clone());
    let Shape::Map(entries) = &root.shape else {
        return Err(Refused::at(
            root.place,
            "this is not a promptfoo configuration: it must be a map with prompts, providers and tests",
        ));
    };
    let mut suite = EvaluationSuite::default();
    for (key, node) in entries {
        match key.as_str() {
            "description" => suite.description = reader.text(node, "description").unwrap_or_default(),
            "prompts" | "providers" | "targets" | "tests" | "defaultTest" | "scenarios" => {}
            "evaluateOptions" => suite.concurrency = concurrency(&mut reader, node),
            "env" => reader.ignore(key, node, "environment variables are not used"),
            "outputPath" | "sharing" | "writeLatestResults" | "commandLineOptions" | "tags" | "metadata"
            | "tracing" => {
                reader.ignore(key, node, "it is about promptfoo's own program");
            }
            "derivedMetrics" => reader.ignore(key, node, "metrics are not computed from other ones"),
            "extensions" if matches!(node.shape, Shape::Null) => {}
            "extensions" | "nunjucksFilters" => {
                reader.findings.refuse(&node.place, format!("{key} are programs; nothing is executed here"));
            }
            "redteam" | "plugins" | "strategies" => {
                reader.findings.refuse(&node.place, format!("{key}: attacks on models are not written here"));
            }
            "$schema" => {}
            // A home for what `$ref` names.
            _ if text.contains(&format!("#/{key}")) => {}
            _ => reader.unknown(key, node, "a configuration"),
        }
    }
    let prompts = match root.get("prompts") {
        Some(node) => reader.prompts(node),
        None => {
            reader.findings.refuse(&root.place, "the configuration has no prompts");
            Vec::new()
        }
    };
    match root.get("providers").or_else(|| root.get("targets")) {
        Some(node) => suite.models = reader.providers(node, &prompts),
        None => reader.findings.warn(&root.place, "the configuration has no providers; choose which models are asked"),
    }
    let (mut cases, graders) = reader.cases(&root);
    suite.grader = graders.grader;
    suite.embedder = graders.embedder;
    suite.prompts = variables::declare(&mut reader, prompts, &mut cases);
    suite.cases = cases;
    reader.findings.finish(suite)
}

/// `maxConcurrency`, the only option of a run that is the suite's.
fn concurrency(reader: &mut Reader<'_>, node: &Node) -> Option<usize> {
    let mut concurrency = None;
    for (key, value) in reader.entries(node, "evaluateOptions") {
        match (key.as_str(), value.number()) {
            ("maxConcurrency", Some(number)) if number >= 1.0 => concurrency = Some(number as usize),
            ("repeat", Some(1.0)) => {}
            ("repeat", _) => reader.ignore(key, value, "every case is asked once"),
            ("maxConcurrency", _) => reader.findings.refuse(&value.place, "maxConcurrency must be a number, 1 or more"),
            _ => reader.ignore(key, value, "it is about promptfoo's own program"),
        }
    }
    concurrency
}

/// Reads one test that stands by itself in a file of cases, and adds the cases that it stands for.
pub(super) fn read_test(test: &str, place: &Place, findings: &mut Findings, cases: &mut Vec<Case>) {
    let mut find_file = |path: &str| Err(format!("a row can't name a file ({path}); write its text"));
    let mut reader = Reader::new("", &mut find_file);
    std::mem::swap(&mut reader.findings, findings);
    match Node::read_json_line(test, &place.file, place.line) {
        Ok(node) => reader.lone_test(&node, cases),
        Err(refused) => reader.findings.refuse_all(refused),
    }
    std::mem::swap(&mut reader.findings, findings);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Check, ModelSource};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const COMPANION: &str = "http://127.0.0.1:8642/v1";

    /// Reads a configuration whose further files are these.
    fn read_with(text: &str, files: &[(&str, &str)]) -> Result<Imported<EvaluationSuite>, Refused> {
        read(text, COMPANION, &mut |path| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "there is no such file".to_owned())
        })
    }

    const FULL: &str = r##"
description: Translations
prompts:
  - "Say in {{language}}: {{text}}"
  - id: polite
    label: Polite
    raw: |
      - role: system
        content: Be polite, {{ name | upper }}.
      - role: user
        content: "{% if text === 'x' %}{{text}}{% endif %}"
  - file://chat.json
providers:
  - openai:gpt-4.1
  - id: openai:chat:smollm2
    label: small
    prompts: [Polite]
    config: {apiBaseUrl: "http://localhost:8642/v1/", temperature: 0.5, top_p: 0.9, seed: 7, max_tokens: 20, stop: ["\n"], passthrough: {top_k: 4}}
  - browser:gemma:
      config: {response_format: {type: json_schema, json_schema: {name: a, schema: {type: object}}}}
assertionTemplates:
  short: {type: levenshtein, value: "{{text}}", threshold: 9}
defaultTest:
  vars: {name: ada}
  threshold: 0.5
  assert: [{$ref: "#/assertionTemplates/short"}]
  options: {provider: companion:judge}
tests:
  - description: numbers
    vars: {language: [French, German], text: "one {{name}}", level: 3}
    metadata: {topic: [a, b], tags: quick}
    assert:
      - type: not-icontains
        value: error
        weight: 2
        metric: "tone {{language}}"
      - type: assert-set
        threshold: 0.5
        assert: [{type: is-json, value: {type: object}}, {type: equals, value: file://answer.txt}]
  - vars: {text: x}
    options: {prefix: "[{{level}}] ", disableDefaultAsserts: true}
    threshold: 1
  - file://more.csv
  - file://more.yaml
evaluateOptions: {maxConcurrency: 3}
"##;

    const FILES: [(&str, &str); 4] = [
        ("chat.json", r#"[{"role": "user", "content": "{{text}} & \"{{language}}\""}]"#),
        ("answer.txt", "yes\n"),
        ("more.csv", "text,__expected\n\"a, b\",\"contains-all: a, b\"\n"),
        ("more.yaml", "- vars: {text: file://answer.txt}\n"),
    ];

    #[test]
    fn a_configuration_becomes_a_suite() {
        let imported = read_with(FULL, &FILES).unwrap();
        assert_eq!(imported.warnings, []);
        let suite = imported.value;
        let names: Vec<&str> = suite.prompts.iter().map(|prompt| prompt.name.as_str()).collect();
        assert_eq!(names, ["Say in {{language}}: {{text}}", "Polite", "chat.json"]);
        assert_eq!(suite.prompts[1].messages[1].text, "{% if text == 'x' %}{{text}}{% endif %}");
        assert_eq!(suite.prompts[2].messages[0].text, "{{text}} & \"{{language}}\"");
        let variables = serde_json::to_value(&suite.prompts[0].variables).unwrap();
        assert_eq!(
            variables,
            json!([
                {"name": "language", "type": "text", "default": "", "required": false},
                {"name": "level", "type": "text", "default": "", "required": false},
                {"name": "text", "type": "text", "default": "", "required": false},
            ])
        );
        let models = serde_json::to_value(&suite.models).unwrap();
        assert_eq!(models[0]["model"], json!({"foreign": {"id": "openai:gpt-4.1"}}));
        assert_eq!(
            models[1],
            json!({
                "model": {"known": "companion:smollm2"}, "label": "small", "max_tokens": 20, "stop": ["\n"], "prompts": ["Polite"],
                "sampling": {"temperature": 0.5, "top_k": 4, "top_p": 0.9f32, "min_p": 0.0, "repetition_penalty": 1.0, "seed": 7},
            })
        );
        assert_eq!(models[2]["output"], json!({"json_schema": {"type": "object"}}));
        assert_eq!(suite.grader, Some(ModelSource::Known("companion:judge".parse().unwrap())));
        assert_eq!(suite.concurrency, Some(3));
        assert_eq!(suite.cases.len(), 5);
        let german = &suite.cases[1];
        assert_eq!(
            Value::Object(german.variables.clone()),
            json!({"name": "ada", "language": "German", "text": "one ada", "level": 3})
        );
        assert_eq!(german.tags, ["topic: a", "topic: b", "quick"]);
        assert_eq!(german.threshold, Some(0.5));
        let checks: Vec<Value> = german.checks.iter().map(checks::check_json).collect();
        assert_eq!(
            json!(checks),
            json!([
                {"type": "levenshtein", "value": "{{text}}", "threshold": 9.0},
                {"type": "not-icontains", "value": "error", "weight": 2.0, "metric": "tone German"},
                {"type": "assert-set", "threshold": 0.5, "assert": [
                    {"type": "is-json", "value": {"type": "object"}}, {"type": "equals", "value": "yes"},
                ]},
            ])
        );
        assert_eq!((suite.cases[2].checks.len(), &*suite.cases[2].prompt_prefix), (0, "[{{level}}] "));
        assert!(
            matches!(&suite.cases[3].checks[..], [Check::One(_), Check::One(all)] if all.type_name() == "contains-all")
        );
        assert_eq!(suite.cases[4].variables["text"], "yes");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let suite = read_with(FULL, &FILES).unwrap().value;
        let written = write(&suite, COMPANION);
        let warnings: Vec<String> = written.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, ["promptfoo can't ask \"browser:gemma\": it runs in this browser only"]);
        let again = read_with(&written.value, &[]).unwrap();
        assert_eq!(again.value, suite, "{}", written.value);
    }

    #[test]
    fn scenarios_are_every_data_with_every_test() {
        let text = "
prompts: ['{{a}} {{b}}']
providers: [browser:x]
scenarios:
  - config:
      - vars: {a: 1}
        assert: [{type: contains, value: '1'}]
      - vars: {a: 2}
    tests:
      - vars: {b: x}
        assert: [{type: contains, value: x}]
      - vars: {b: y}
";
        let suite = read_with(text, &[]).unwrap().value;
        let values: Vec<String> =
            suite.cases.iter().map(|case| format!("{}{}", case.variables["a"], case.variables["b"])).collect();
        assert_eq!(values, ["1\"x\"", "1\"y\"", "2\"x\"", "2\"y\""]);
        assert_eq!(suite.cases.iter().map(|case| case.checks.len()).collect::<Vec<_>>(), [2, 1, 1, 0]);
    }

    #[test]
    fn what_executes_code_or_has_no_meaning_is_refused_with_its_place() {
        let config = |tests: &str| format!("prompts: [\"{{{{x}}}}\"]\nproviders: [browser:a]\n{tests}\n");
        for (text, expected) in [
            (config("tests: [{assert: [{type: javascript, value: 'true'}]}]"), "line 3, column 19: there is no assertion type \"javascript\" here: it runs code"),
            (config("tests: [{options: {transform: 'output.trim()'}}]"), "line 3, column 31: transform is a program"),
            (config("tests: file://make.py:tests"), "line 3, column 8: file://make.py:tests is a program"),
            (config("tests: [{x: 1}]"), "line 3, column 9: this test has neither vars nor assert"),
            (config("tests: file://gone.yaml"), "line 3, column 8: gone.yaml can't be read: there is no such file"),
            (config("tests: file://bad.jsonl"), "bad.jsonl, line 2, column 2: this is not JSON"),
            (config("tests: [{assert: [{$ref: '#/nowhere'}]}]"), "line 3, column 19: this $ref names nothing"),
            (config("a: {$ref: '#/a'}\ntests: [{assert: [{$ref: '#/a'}]}]"), "line 3, column 4: $ref \"#/a\" leads to itself"),
            (config("extensions: ['file://x.js:hook']"), "line 3, column 13: extensions are programs"),
            ("prompts: ['{{ env.X }}']\nproviders: [python:x.py]".into(), "line 1, column 11: `{{ env.X }}` reads an environment variable"),
            ("prompts: ['- role: user\\n  content: {{x}}\\n{% for y in z %}- role: user{% endfor %}']\nproviders: [browser:a]".into(), "line 1"),
            ("- a".into(), "line 1, column 1: this is not a promptfoo configuration"),
        ] {
            let refused = read_with(&text, &[("bad.jsonl", "{\"vars\": {}}\n{]\n")]).unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{text}\n{refused}");
        }
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let text = "
prompts: ['{{x}}']
providers: [{id: browser:a, config: {apiKey: secret, wibble: 1}}]
sharing: true
colour: blue
tests: [{vars: {x: [1, 2], y: null}, option: {}}]
";
        let warnings = read_with(text, &[]).unwrap().warnings;
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "line 4, column 10: `sharing` has no effect here: it is about promptfoo's own program",
                "line 5, column 9: `colour` is not a known part of a configuration; it has no effect",
                "line 3, column 46: `apiKey` has no effect here: keys are kept by the companion, never in a file",
                "line 3, column 62: `wibble` is not a known part of a provider's config; it has no effect",
                "line 6, column 31: the variable y has no value and is left out",
                "line 6, column 46: `option` is not a known part of a test; it has no effect",
                "the prompt \"{{x}}\" writes x out as a whole, which looks otherwise in promptfoo; write `| dump` or a loop",
            ]
        );
    }

    #[test]
    fn a_list_that_multiplies_beyond_reason_is_refused_before_memory_is_spent() {
        let list = vec!["a"; 300];
        let tests = json!([{"vars": {"x": list, "y": list, "z": list}}]);
        let text = format!("prompts: ['{{{{x}}}}']\nproviders: [browser:a]\ntests: {tests}");
        let refused = read_with(&text, &[]).unwrap_err().to_string();
        assert!(refused.starts_with("line 3, column 9: the file has more than 50000 cases"), "{refused}");
    }

    proptest! {
        #[test]
        fn any_text_survives_being_written_and_read(
            text in any::<String>(), hard in "[-{}%#'\":a \n]{0,12}", label in "[a-z: #-]{1,9}", system in "[a-z\n ]{0,9}",
        ) {
            let mut suite = read_with(FULL, &FILES).unwrap().value;
            suite.cases[2].variables.insert("text".into(), text.clone().into());
            suite.cases[2].variables.insert("other".into(), hard.into());
            suite.cases[2].description = Some(text);
            suite.prompts[1].messages[0].text = format!("{{{{ name }}}}{system}");
            suite.prompts[0].name.clone_from(&label);
            suite.models[1].label = format!("{label}!");
            let written = write(&suite, COMPANION);
            prop_assert_eq!(read_with(&written.value, &[]).unwrap().value, suite, "{}", written.value);
        }
    }
}
