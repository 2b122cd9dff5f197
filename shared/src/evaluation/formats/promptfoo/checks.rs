//! The `assert` of a test.

use serde_json::{Map, Value, json};

use super::super::expectation;
use super::super::yaml::{Node, Shape};
use super::cases::Test;
use super::reader::{Reader, is_code};
use crate::evaluation::assertions::AssertionParts;
use crate::evaluation::{AssertionSet, Check};

impl Reader<'_> {
    /// All checks of a test. A grader that one names becomes the test's.
    pub(super) fn checks(&mut self, node: &Node, test: &mut Test) -> Vec<Check> {
        self.items(node, "assert").iter().filter_map(|item| self.check(item, test, true)).collect()
    }

    fn check(&mut self, node: &Node, test: &mut Test, can_be_set: bool) -> Option<Check> {
        let entries = self.entries(node, "an assertion");
        let type_name = match node.get("type").and_then(Node::text) {
            Some(name) => name.to_owned(),
            None if node.get("$ref").is_some() => {
                self.findings.refuse(&node.place, "this $ref names nothing in the file");
                return None;
            }
            None => {
                self.findings.refuse(&node.place, "an assertion must have a type, such as `type: contains`");
                return None;
            }
        };
        let is_set = type_name == "assert-set";
        if is_set && !can_be_set {
            self.findings.refuse(&node.place, "an assert-set can't be in another one");
            return None;
        }
        let (mut value, mut threshold, mut metric, mut config) = (None, None, None, None);
        let mut inner = Vec::new();
        let mut weight = 1.0;
        for (key, field) in entries {
            match key.as_str() {
                "type" => {}
                "value" => value = self.expected_value(field),
                "threshold" => threshold = self.number(field, "an assertion's threshold"),
                "weight" => weight = self.number(field, "an assertion's weight").unwrap_or(1.0),
                "metric" => metric = self.text(field, "an assertion's metric"),
                "assert" if is_set => {
                    inner =
                        self.items(field, "assert").iter().filter_map(|item| self.check(item, test, false)).collect();
                }
                "provider" => {
                    let mut named = Test { place: field.place.clone(), ..Test::default() };
                    self.graders(field, &mut named);
                    if type_name.ends_with("similar") {
                        named.embedder = named.grader.take().or(named.embedder);
                    }
                    self.one_grader(test, &named);
                }
                "transform" | "contextTransform" => {
                    self.findings.refuse(&field.place, format!("{key} is a program; nothing is executed here"));
                }
                "rubricPrompt" => self.ignore(key, field, "grading uses prompts of its own"),
                "config" => {
                    config = match field.value() {
                        Value::Object(config) => Some(config),
                        _ => None,
                    }
                }
                _ => self.unknown(key, field, "an assertion"),
            }
        }
        if is_set {
            return Some(Check::Set(AssertionSet { checks: inner, threshold, weight, metric }));
        }
        match expectation::assertion(AssertionParts { type_name, value, threshold, config }) {
            Ok(mut one) => {
                one.weight = weight;
                one.metric = metric;
                Some(Check::One(one))
            }
            Err(why) => {
                self.findings.refuse(&node.place, why);
                None
            }
        }
    }

    /// What is expected, from its file where it names one.
    fn expected_value(&mut self, node: &Node) -> Option<Value> {
        match &node.shape {
            Shape::Null => None,
            Shape::Text(reference) if reference.starts_with("file://") => {
                let is_data = ["json", "yaml", "yml"].iter().any(|ending| reference.ends_with(&format!(".{ending}")));
                if is_data && !is_code(reference) {
                    return self.document(reference, &node.place).map(|document| document.value());
                }
                self.file(reference, &node.place).map(|(_, text)| text.trim().into())
            }
            Shape::List(items) => items.iter().map(|item| self.expected_value(item)).collect(),
            _ => Some(node.value()),
        }
    }
}

/// A check as promptfoo has it.
pub(super) fn check_json(check: &Check) -> Value {
    let mut written = Map::new();
    let (weight, metric) = match check {
        Check::One(one) => {
            let parts = one.to_parts();
            written.insert("type".into(), parts.type_name.into());
            written.extend(parts.value.map(|value| ("value".to_owned(), value)));
            written.extend(parts.threshold.map(|threshold| ("threshold".to_owned(), json!(threshold))));
            written.extend(parts.config.map(|config| ("config".to_owned(), config.into())));
            (one.weight, &one.metric)
        }
        Check::Set(set) => {
            written.insert("type".into(), "assert-set".into());
            written.extend(set.threshold.map(|threshold| ("threshold".to_owned(), json!(threshold))));
            written.insert("assert".into(), set.checks.iter().map(check_json).collect());
            (set.weight, &set.metric)
        }
    };
    if weight != 1.0 {
        written.insert("weight".into(), json!(weight));
    }
    written.extend(metric.iter().map(|metric| ("metric".to_owned(), metric.as_str().into())));
    Value::Object(written)
}
